//! Asking an rpcbind where a program is.

use super::address::{AddressError, UniversalAddress, loopback_like, tcp_netid};
use super::client::{Rpcbind, Version, question};
use super::error::RpcbindError;
use super::mapping::{port_mapping, text};
use super::wire::PROTOCOL_TCP;
use super::wire::rpcbind::{v2, v3, v4};
use crate::rpc::ProgramVersion;
use crate::xdr::Bytes;
use std::net::SocketAddr;

impl Rpcbind {
    /// The address of a program over TCP, or `None` if it is not registered.
    ///
    /// It is one of the same protocol, IPv4 or IPv6, as the connection to
    /// rpcbind; over a Unix socket, of IPv4 if there is one. Of versions 2 and 3
    /// of rpcbind it may be that of another version of the program: a call then
    /// fails with [`CallError::ProgramMismatch`](crate::rpc::CallError::ProgramMismatch).
    ///
    /// # Errors
    ///
    /// [`RpcbindError::Address`] for an answer that is no address of TCP.
    pub async fn get_address(
        &self,
        program: ProgramVersion,
    ) -> Result<Option<SocketAddr>, RpcbindError> {
        let Some(peer) = self.peer else {
            return self.find_address(program).await;
        };
        let place = question(program, tcp_netid(peer.ip()));
        loop {
            let version = self.version();
            let client = self.client.clone();
            let outcome = match version {
                Version::V4 => {
                    let answer = v4::Client::new(client).get_version_address(&place).await;
                    answer.map(Found::Address)
                }
                Version::V3 => {
                    let answer = v3::Client::new(client).get_address(&place).await;
                    answer.map(Found::Address)
                }
                Version::V2 => {
                    let place = port_mapping(program, PROTOCOL_TCP, 0);
                    let answer = v2::Client::new(client).get_port(place).await;
                    answer.map(Found::Port)
                }
            };
            if let Some(found) = self.settle(version, outcome)? {
                return Ok(found.reachable_from(peer)?);
            }
        }
    }

    /// The address of a program among all that is registered: at a Unix socket,
    /// rpcbind looks up what is served at Unix sockets.
    async fn find_address(
        &self,
        program: ProgramVersion,
    ) -> Result<Option<SocketAddr>, RpcbindError> {
        let mappings = self.dump().await?;
        for netid in ["tcp", "tcp6"] {
            let mut found = mappings.iter().filter(|mapping| mapping.netid == netid);
            if let Some(mapping) = found.find(|mapping| mapping.program == program) {
                let mut address = mapping.socket_addr()?;
                if address.ip().is_unspecified() {
                    address.set_ip(loopback_like(address.ip()));
                }
                return Ok(Some(address));
            }
        }
        Ok(None)
    }
}

/// What an rpcbind knows of a program.
enum Found {
    /// A universal address, empty for none.
    Address(Bytes),
    /// A port of the machine, 0 for none.
    Port(u32),
}

impl Found {
    /// The address to connect to, where the rpcbind was reached at `peer`.
    fn reachable_from(self, peer: SocketAddr) -> Result<Option<SocketAddr>, AddressError> {
        let mut address = peer;
        match self {
            Self::Address(bytes) if bytes.is_empty() => return Ok(None),
            Self::Address(bytes) => {
                let found = SocketAddr::from(text(&bytes).parse::<UniversalAddress>()?);
                if found.ip() != peer.ip() && !found.ip().is_unspecified() {
                    address = found;
                    keep_scope(&mut address, peer);
                }
                address.set_port(found.port());
            }
            Self::Port(port) => {
                let port = u16::try_from(port).map_err(|_| AddressError::NoSuchPort(port))?;
                address.set_port(port);
            }
        }
        Ok((address.port() != 0).then_some(address))
    }
}

/// An address of a link means nothing without the link, which is not written in
/// it. It is that by which the rpcbind was reached.
fn keep_scope(address: &mut SocketAddr, peer: SocketAddr) {
    if let (SocketAddr::V6(address), SocketAddr::V6(peer)) = (address, peer)
        && address.ip().is_unicast_link_local()
    {
        address.set_scope_id(peer.scope_id());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reachable(found: &str, peer: &str) -> Option<String> {
        let found = Found::Address(Bytes::copy_from_slice(found.as_bytes()));
        let address = found.reachable_from(peer.parse().unwrap()).unwrap();
        address.map(|address| address.to_string())
    }

    #[test]
    fn an_address_is_reached_as_its_rpcbind_was() {
        let peer = "10.0.0.7:111";
        for (found, expected) in [
            ("", None),
            ("0.0.0.0.0.0", None),
            ("10.0.0.7.8.1", Some("10.0.0.7:2049")),
            ("10.0.0.8.8.1", Some("10.0.0.8:2049")),
            ("0.0.0.0.8.1", Some("10.0.0.7:2049")),
        ] {
            assert_eq!(reachable(found, peer).as_deref(), expected, "{found}");
        }
        let peer = "[fe80::7%3]:111";
        for (found, expected) in [
            ("fe80::7.8.1", "[fe80::7%3]:2049"),
            ("fe80::8.8.1", "[fe80::8%3]:2049"),
            ("::.8.1", "[fe80::7%3]:2049"),
            ("2001:db8::7.8.1", "[2001:db8::7]:2049"),
        ] {
            assert_eq!(reachable(found, peer).as_deref(), Some(expected), "{found}");
        }
    }

    #[test]
    fn a_port_of_more_than_16_bits_is_none() {
        let peer = "10.0.0.7:111".parse().unwrap();
        let reachable = |port| Found::Port(port).reachable_from(peer);
        assert_eq!(reachable(0), Ok(None));
        assert_eq!(reachable(2049), Ok(Some(([10, 0, 0, 7], 2049).into())));
        let error = reachable(65536).unwrap_err();
        assert_eq!(error.to_string(), "there is no port 65536");
    }
}
