//! Connecting to a program by its number.

use super::client::Rpcbind;
use super::error::{ConnectError, RpcbindError};
use super::location::{Location, PORT};
use crate::rpc::{Client, ClientConfig, ProgramVersion};
use crate::rt::{Runtime, connect_any, timeout};
use std::io;

/// Connects to a program on `host`, a name or an address without brackets: asks
/// the rpcbind there for the program's address, and connects to it.
///
/// Each address of the host is tried in turn, until the program answers at one:
/// it may be registered for IPv4 and not for IPv6. An rpcbind of version 2 or 3
/// may name the address of another version of the program: calls then fail with
/// [`CallError::ProgramMismatch`](crate::rpc::CallError::ProgramMismatch).
///
/// With [`ClientConfig::reconnect`], the program is looked up anew for each
/// connection: it may have another port when it was started again.
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
    let place = Place::Host(host.to_owned());
    connect(runtime, place, program, config).await
}

/// Connects to a program by the rpcbind at `location`; otherwise as
/// [`connect_program`].
///
/// # Errors
///
/// [`ConnectError::NotRegistered`] and others.
pub async fn connect_by<R: Runtime>(
    runtime: &R,
    location: &Location,
    program: ProgramVersion,
    config: ClientConfig,
) -> Result<Client, ConnectError> {
    let place = Place::Rpcbind(location.clone());
    connect(runtime, place, program, config).await
}

/// Where to ask for a program.
#[derive(Clone)]
enum Place {
    Host(String),
    Rpcbind(Location),
}

impl Place {
    /// The machine, as traces call the server on it: its port may change.
    fn machine(&self) -> String {
        match self {
            Self::Host(host) => host.clone(),
            Self::Rpcbind(Location::Local | Location::Socket(_)) => "localhost".to_owned(),
            Self::Rpcbind(Location::Tcp(address)) => address.ip().to_string(),
        }
    }
}

async fn connect<R: Runtime>(
    runtime: &R,
    place: Place,
    program: ProgramVersion,
    config: ClientConfig,
) -> Result<Client, ConnectError> {
    let peer = place.machine();
    let asked = (runtime.clone(), place, config.clone());
    let connect = move || {
        let (runtime, place, config) = asked.clone();
        async move {
            let stream = match &place {
                Place::Host(host) => connect_to_host(&runtime, host, program, &config).await,
                Place::Rpcbind(at) => look_up_and_connect(&runtime, at, program, &config).await,
            };
            stream.map_err(io::Error::from)
        }
    };
    let client = Client::connect_with(runtime, connect, config)
        .await
        .map_err(ConnectError::from_io)?;
    Ok(client.with_peer(peer))
}

async fn connect_to_host<R: Runtime>(
    runtime: &R,
    host: &str,
    program: ProgramVersion,
    config: &ClientConfig,
) -> Result<R::Stream, ConnectError> {
    let resolve = runtime.resolve(host, PORT);
    let addresses = timeout(runtime, config.connect_timeout, resolve)
        .await
        .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
        .map_err(ConnectError::Resolve)?;
    let no_address = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut furthest = ConnectError::Resolve(no_address);
    for address in addresses {
        let location = Location::Tcp(address);
        match look_up_and_connect(runtime, &location, program, config).await {
            Ok(stream) => return Ok(stream),
            Err(error) if error.progress() > furthest.progress() => furthest = error,
            Err(_) => {}
        }
    }
    Err(furthest)
}

async fn look_up_and_connect<R: Runtime>(
    runtime: &R,
    location: &Location,
    program: ProgramVersion,
    config: &ClientConfig,
) -> Result<R::Stream, ConnectError> {
    let rpcbind = Rpcbind::connect(runtime, location, config).await?;
    let address = rpcbind.get_address(program).await?;
    let address = address.ok_or(ConnectError::NotRegistered(program))?;
    match connect_any(runtime, &[address], config.connect_timeout).await {
        Ok((stream, _)) => Ok(stream),
        Err(source) => Err(ConnectError::Connect { address, source }),
    }
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

    /// What it was before a [`Client`] took it for one of the system's.
    fn from_io(error: io::Error) -> Self {
        error
            .downcast()
            .unwrap_or_else(|error| RpcbindError::Connect(error).into())
    }
}

/// For those who know errors of the system only: it has the other one inside.
impl From<ConnectError> for io::Error {
    fn from(error: ConnectError) -> Self {
        let kind = match &error {
            ConnectError::Resolve(error)
            | ConnectError::Rpcbind(RpcbindError::Connect(error))
            | ConnectError::Connect { source: error, .. } => error.kind(),
            ConnectError::NotRegistered(_) => io::ErrorKind::NotFound,
            ConnectError::Rpcbind(_) => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
