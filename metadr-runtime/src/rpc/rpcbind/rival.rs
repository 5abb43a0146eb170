//! Whether a server that is registered is still alive.

use super::address::loopback_like;
use super::mapping::Mapping;
use crate::rpc::{CallError, Client, ClientConfig, Procedure};
use crate::rt::Runtime;
use std::io::ErrorKind;

/// Whether it is certain that nobody serves the program at its address: no
/// connection is accepted there, or whoever accepts one refuses the program.
pub(super) async fn is_dead<R: Runtime>(
    runtime: &R,
    mapping: &Mapping,
    config: &ClientConfig,
) -> bool {
    let Ok(mut address) = mapping.socket_addr() else {
        return false;
    };
    // What is registered is on this machine.
    if address.ip().is_unspecified() {
        address.set_ip(loopback_like(address.ip()));
    }
    match Client::connect(runtime, address, config.clone()).await {
        Ok(client) => refuses(&client, mapping).await,
        Err(error) => error.kind() == ErrorKind::ConnectionRefused,
    }
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
