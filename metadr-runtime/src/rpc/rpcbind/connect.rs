//! Connecting to a program by its number.

use super::client::Rpcbind;
use super::error::ConnectError;
use super::location::{Location, PORT};
use crate::rpc::{Client, ClientConfig, ProgramVersion};
use crate::rt::{Runtime, timeout};
use std::io;
use std::net::SocketAddr;

/// Connects to a program on `host`, a name or an address without brackets: asks
/// the rpcbind there for the program's address, and connects to it.
///
/// Each address of the host is tried in turn, until the program answers at one:
/// it may be registered for IPv4 and not for IPv6. An rpcbind of version 2 or 3
/// may name the address of another version of the program: calls then fail with
/// [`CallError::ProgramMismatch`](crate::rpc::CallError::ProgramMismatch).
///
/// # Errors
///
/// That of the address which came furthest.
pub async fn connect_program<R: Runtime>(
    runtime: &R,
    host: &str,
    program: ProgramVersion,
    config: ClientConfig,
) -> Result<Client, ConnectError> {
    let resolve = runtime.resolve(host, PORT);
    let addresses = timeout(runtime, config.connect_timeout, resolve)
        .await
        .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
        .map_err(ConnectError::Resolve)?;
    let mut furthest = ConnectError::Resolve(io::Error::new(
        io::ErrorKind::NotFound,
        "the name has no address",
    ));
    for address in addresses {
        match connect_by(runtime, &Location::Tcp(address), program, &config).await {
            Ok(client) => return Ok(client),
            Err(error) if error.progress() > furthest.progress() => furthest = error,
            Err(_) => {}
        }
    }
    Err(furthest)
}

/// Connects to a program by the rpcbind at `location`.
///
/// # Errors
///
/// [`ConnectError::NotRegistered`] and others.
pub async fn connect_by<R: Runtime>(
    runtime: &R,
    location: &Location,
    program: ProgramVersion,
    config: &ClientConfig,
) -> Result<Client, ConnectError> {
    let rpcbind = Rpcbind::connect(runtime, location, config).await?;
    let address = rpcbind.get_address(program).await?;
    let address: SocketAddr = address.ok_or(ConnectError::NotRegistered(program))?;
    Client::connect(runtime, address, config.clone())
        .await
        .map_err(|source| ConnectError::Connect { address, source })
}

impl ConnectError {
    /// How many steps were done before it.
    fn progress(&self) -> u8 {
        match self {
            Self::Resolve(_) => 0,
            Self::Rpcbind(_) => 1,
            Self::NotRegistered(_) => 2,
            Self::Connect { .. } => 3,
        }
    }
}
