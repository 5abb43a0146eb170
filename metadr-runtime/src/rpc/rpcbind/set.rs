//! Registering programs with an rpcbind, and removing them.

use super::client::{Rpcbind, Version, question};
use super::error::RpcbindError;
use super::mapping::{Mapping, port_mapping};
use super::wire::PROTOCOL_TCP;
use super::wire::rpcbind::{v2, v3, v4};
use crate::rpc::ProgramVersion;

impl Rpcbind {
    /// Registers a program. False if it is registered already, in this version
    /// and for this transport, at another address. Servers should rather use
    /// [`Registration`](super::Registration).
    ///
    /// # Errors
    ///
    /// [`RpcbindError::NotPermitted`] from another machine;
    /// [`RpcbindError::OnlyVersion2`] for other transports than `tcp` and `udp`.
    pub async fn set(&self, mapping: &Mapping) -> Result<bool, RpcbindError> {
        loop {
            let version = self.version();
            let client = self.client.clone();
            let outcome = match version {
                Version::V4 => v4::Client::new(client).set(&mapping.to_wire()).await,
                Version::V3 => v3::Client::new(client).set(&mapping.to_wire()).await,
                Version::V2 => {
                    let port = mapping.to_port().ok_or_else(|| only_version_2(mapping))?;
                    v2::Client::new(client).set(port).await
                }
            };
            if let Some(is_set) = self.settle(version, outcome)? {
                return Ok(is_set);
            }
        }
    }

    /// Removes a program in this version for the transport `netid`, for all of
    /// them if that is empty. False if another user has registered it. That it
    /// is true does not always mean that it was there, or that it is gone.
    ///
    /// Version 2 removes it for TCP and UDP at once, whatever `netid` is.
    ///
    /// # Errors
    ///
    /// [`RpcbindError::NotPermitted`] from another machine.
    pub async fn unset(&self, program: ProgramVersion, netid: &str) -> Result<bool, RpcbindError> {
        loop {
            let version = self.version();
            let client = self.client.clone();
            let place = question(program, netid);
            let outcome = match version {
                Version::V4 => v4::Client::new(client).unset(&place).await,
                Version::V3 => v3::Client::new(client).unset(&place).await,
                Version::V2 => {
                    let port = port_mapping(program, PROTOCOL_TCP, 0);
                    v2::Client::new(client).unset(port).await
                }
            };
            if let Some(is_unset) = self.settle(version, outcome)? {
                return Ok(is_unset);
            }
        }
    }
}

fn only_version_2(mapping: &Mapping) -> RpcbindError {
    RpcbindError::OnlyVersion2 {
        netid: mapping.netid.clone(),
    }
}
