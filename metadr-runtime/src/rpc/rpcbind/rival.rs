//! Whether a server that is registered is still alive.

use super::address::loopback_like;
use super::location::{Location, for_once};
use super::mapping::Mapping;
use super::registration::RegistrationConfig;
use crate::rpc::{CallError, Client, Procedure};
use crate::rt::Runtime;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

/// Whether it is certain that nobody serves the program at its address: this
/// machine does not have the address, no connection is accepted there, or
/// whoever accepts one refuses the program.
pub(super) async fn is_dead<R: Runtime>(
    runtime: &R,
    mapping: &Mapping,
    config: &RegistrationConfig,
) -> bool {
    let Ok(mut address) = mapping.socket_addr() else {
        return false;
    };
    let is_here = config.location.is_local();
    if address.ip().is_unspecified() {
        address.set_ip(match config.location {
            Location::Tcp(peer) if !is_here => peer.ip(),
            _ => loopback_like(address.ip()),
        });
    }
    // Another machine may have it by now, and serve the program there.
    if is_here && is_gone(runtime, address.ip()).await {
        return true;
    }
    match Client::connect(runtime, address, for_once(&config.client)).await {
        Ok(client) => refuses(&client, mapping).await,
        Err(error) => error.kind() == ErrorKind::ConnectionRefused,
    }
}

/// Whether this machine does not have the address any more.
async fn is_gone<R: Runtime>(runtime: &R, ip: IpAddr) -> bool {
    let listener = runtime.listen(SocketAddr::new(ip, 0)).await;
    listener.is_err_and(|error| error.kind() == ErrorKind::AddrNotAvailable)
}

/// Whether a server answers procedure 0, which all programs have and which does
/// nothing (RFC 5531 §12.1), by saying that it does not serve the program.
async fn refuses(client: &Client, mapping: &Mapping) -> bool {
    let which = mapping.program;
    let nothing = Procedure::unnamed(which.program, which.version, 0);
    let answer = client.call(&nothing, |_| Ok(()), |_| Ok(()));
    matches!(
        answer.await,
        Err(CallError::ProgramUnavailable | CallError::ProgramMismatch { .. })
    )
}
