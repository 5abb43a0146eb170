//! Asking an rpcbind, in the highest version that it knows.

use super::address::{AddressError, UniversalAddress, loopback_like, tcp_netid};
use super::error::RpcbindError;
use super::location::Location;
use super::mapping::{Mapping, from_ports, from_wire, port_mapping, text};
use super::wire::rpcbind::{v2, v3, v4};
use super::wire::{self, PROTOCOL_TCP};
use crate::rpc::{CallError, Client, ClientConfig, ProgramVersion};
use crate::rt::Runtime;
use crate::xdr::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

/// A connection to an rpcbind.
///
/// It begins with version 4 of the protocol, and goes on with 3 or 2 when the
/// other side does not know that. A clone is another handle to the same
/// connection.
#[derive(Clone, Debug)]
pub struct Rpcbind {
    client: Client,
    peer: Option<SocketAddr>,
    version: Arc<AtomicU32>,
}

/// The versions of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The portmapper (RFC 1833 §3): ports of TCP and UDP over IPv4.
    V2 = 2,
    /// Addresses of any transport.
    V3 = 3,
    /// Looks up a version of a program and no other; has statistics.
    V4 = 4,
}

impl Rpcbind {
    /// Connects to the rpcbind at `location`. Of `config`, both times count.
    ///
    /// # Errors
    ///
    /// [`RpcbindError::Connect`].
    pub async fn connect<R: Runtime>(
        runtime: &R,
        location: &Location,
        config: &ClientConfig,
    ) -> Result<Self, RpcbindError> {
        let (client, peer) = location.connect(runtime, config).await?;
        Ok(Self::over(client, peer))
    }

    /// Asks over a connection that the caller has made: one of TCP to `peer`, or
    /// to a Unix socket of this machine if there is none.
    #[must_use]
    pub fn over(client: Client, peer: Option<SocketAddr>) -> Self {
        Self {
            client,
            peer,
            version: Arc::new(AtomicU32::new(Version::V4 as u32)),
        }
    }

    /// The same connection, with no higher version than this one.
    #[must_use]
    pub fn at_most(&self, version: Version) -> Self {
        Self {
            version: Arc::new(AtomicU32::new(self.version().min(version) as u32)),
            ..self.clone()
        }
    }

    /// The version that it speaks, as far as that is known.
    #[must_use]
    pub fn version(&self) -> Version {
        match self.version.load(Ordering::Relaxed) {
            2 => Version::V2,
            3 => Version::V3,
            _ => Version::V4,
        }
    }

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

    /// The address of a program over TCP, or `None` if it is not registered.
    ///
    /// It is one of the same protocol, IPv4 or IPv6, as the connection to
    /// rpcbind; over a Unix socket, of IPv4 if there is one. Of versions 2 and 3
    /// of rpcbind it may be that of another version of the program: a call then
    /// fails with [`CallError::ProgramMismatch`].
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

    /// Everything that is registered.
    ///
    /// # Errors
    ///
    /// [`RpcbindError::Call`].
    pub async fn dump(&self) -> Result<Vec<Mapping>, RpcbindError> {
        loop {
            let version = self.version();
            let client = self.client.clone();
            let outcome = match version {
                Version::V4 => v4::Client::new(client).dump().await.map(from_wire),
                Version::V3 => v3::Client::new(client).dump().await.map(from_wire),
                Version::V2 => v2::Client::new(client).dump().await.map(from_ports),
            };
            if let Some(mappings) = self.settle(version, outcome)? {
                return Ok(mappings);
            }
        }
    }

    /// The time of its machine, in whole seconds.
    ///
    /// # Errors
    ///
    /// [`RpcbindError::TooOld`] in version 2.
    pub async fn time(&self) -> Result<SystemTime, RpcbindError> {
        loop {
            let version = self.version();
            let client = self.client.clone();
            let outcome = match version {
                Version::V4 => v4::Client::new(client).get_time().await,
                Version::V3 => v3::Client::new(client).get_time().await,
                Version::V2 => return Err(RpcbindError::TooOld),
            };
            if let Some(seconds) = self.settle(version, outcome)? {
                return Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into()));
            }
        }
    }

    /// What it has been asked since it was started, in versions 2, 3 and 4.
    ///
    /// # Errors
    ///
    /// [`RpcbindError::TooOld`] below version 4.
    pub async fn statistics(&self) -> Result<wire::Statistics, RpcbindError> {
        let version = self.version();
        if version < Version::V4 {
            return Err(RpcbindError::TooOld);
        }
        let outcome = v4::Client::new(self.client.clone()).get_statistics().await;
        self.settle(version, outcome)?.ok_or(RpcbindError::TooOld)
    }

    /// The result of a call in `version`, or `None` if it is to be made again in
    /// a lower one.
    fn settle<T>(
        &self,
        version: Version,
        outcome: Result<T, CallError>,
    ) -> Result<Option<T>, RpcbindError> {
        match outcome {
            Ok(result) => Ok(Some(result)),
            Err(CallError::ProgramMismatch { .. }) if version > Version::V2 => {
                // Another call may have found out already, even of a lower one.
                self.version
                    .fetch_min(version as u32 - 1, Ordering::Relaxed);
                Ok(None)
            }
            Err(CallError::AuthenticationFailed(_)) => Err(RpcbindError::NotPermitted),
            Err(error) => Err(error.into()),
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

fn question(program: ProgramVersion, netid: &str) -> wire::Mapping {
    wire::Mapping {
        prog: program.program,
        vers: program.version,
        netid: Bytes::copy_from_slice(netid.as_bytes()),
        ..wire::Mapping::default()
    }
}

fn only_version_2(mapping: &Mapping) -> RpcbindError {
    RpcbindError::OnlyVersion2 {
        netid: mapping.netid.clone(),
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
