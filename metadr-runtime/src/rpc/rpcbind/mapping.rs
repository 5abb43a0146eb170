//! What is registered with an rpcbind.

use super::address::{AddressError, UniversalAddress, tcp_netid};
use super::wire::{self, PROTOCOL_TCP, PROTOCOL_UDP};
use crate::rpc::ProgramVersion;
use crate::xdr::{Bytes, List};
use std::net::{Ipv4Addr, SocketAddr};

/// A program that is registered with an rpcbind, in one version and for one
/// transport.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mapping {
    /// The program and its version.
    pub program: ProgramVersion,
    /// The transport: `tcp`, `tcp6`, `udp`, `udp6`, `local`, or whatever else
    /// somebody has registered.
    pub netid: String,
    /// Where it is served: a [universal address](UniversalAddress) for TCP and
    /// UDP, a path for `local`. Version 2 does not say which address a port is
    /// of: then it is `0.0.0.0`.
    pub address: String,
    /// Who has registered it, in the words of that rpcbind: on Linux the number
    /// of a user, `superuser`, or `unknown` for who came by TCP. It is not said
    /// in version 2, and ignored when something is registered.
    pub owner: String,
}

impl Mapping {
    /// The program at this address over TCP.
    #[must_use]
    pub fn tcp(program: ProgramVersion, address: SocketAddr) -> Self {
        Self {
            program,
            netid: tcp_netid(address.ip()).to_owned(),
            address: UniversalAddress::from(address).to_string(),
            owner: String::new(),
        }
    }

    /// The address, if it is one of TCP or UDP.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn socket_addr(&self) -> Result<SocketAddr, AddressError> {
        Ok(self.address.parse::<UniversalAddress>()?.into())
    }

    /// Whether both are of one program, version and transport, for which an
    /// rpcbind has no more than one address.
    pub(super) fn has_place_of(&self, other: &Self) -> bool {
        self.program == other.program && self.netid == other.netid
    }

    /// Whether two servers cannot listen at both addresses at a time: they are
    /// the same, or one of them is the same port of every address.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        match (self.socket_addr(), other.socket_addr()) {
            (Ok(one), Ok(two)) => {
                let is_vague = one.ip().is_unspecified() || two.ip().is_unspecified();
                one.port() == two.port() && (is_vague || one.ip() == two.ip())
            }
            _ => self.address == other.address,
        }
    }

    /// As versions 3 and 4 have it.
    pub(super) fn to_wire(&self) -> wire::Mapping {
        wire::Mapping {
            prog: self.program.program,
            vers: self.program.version,
            netid: Bytes::copy_from_slice(self.netid.as_bytes()),
            address: Bytes::copy_from_slice(self.address.as_bytes()),
            owner: Bytes::copy_from_slice(self.owner.as_bytes()),
        }
    }

    fn from_wire(mapping: &wire::Mapping) -> Self {
        Self {
            program: ProgramVersion {
                program: mapping.prog,
                version: mapping.vers,
            },
            netid: text(&mapping.netid),
            address: text(&mapping.address),
            owner: text(&mapping.owner),
        }
    }

    /// As version 2 has it, which knows ports of IPv4 only.
    pub(super) fn to_port(&self) -> Option<wire::PortMapping> {
        let protocol = match self.netid.as_str() {
            "tcp" => PROTOCOL_TCP,
            "udp" => PROTOCOL_UDP,
            _ => return None,
        };
        let port = self.socket_addr().ok()?.port().into();
        Some(port_mapping(self.program, protocol, port))
    }

    fn from_port(mapping: wire::PortMapping) -> Self {
        let netid = match mapping.protocol {
            PROTOCOL_TCP => "tcp".to_owned(),
            PROTOCOL_UDP => "udp".to_owned(),
            other => other.to_string(),
        };
        // A port has 16 bits, whatever room the interface gives it.
        let address = match u16::try_from(mapping.port) {
            Ok(port) => {
                let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
                UniversalAddress::from(any).to_string()
            }
            Err(_) => mapping.port.to_string(),
        };
        Self {
            program: ProgramVersion {
                program: mapping.prog,
                version: mapping.vers,
            },
            netid,
            address,
            owner: String::new(),
        }
    }
}

/// A question or an order of version 2.
pub(super) fn port_mapping(program: ProgramVersion, protocol: u32, port: u32) -> wire::PortMapping {
    wire::PortMapping {
        prog: program.program,
        vers: program.version,
        protocol,
        port,
    }
}

/// The mappings of a list of versions 3 and 4.
pub(super) fn from_wire(list: wire::Mappings) -> Vec<Mapping> {
    let elements = list.iter().flat_map(|first| first.elements());
    elements
        .map(|element| Mapping::from_wire(&element.entry))
        .collect()
}

/// The mappings of a list of version 2.
pub(super) fn from_ports(list: wire::PortMappings) -> Vec<Mapping> {
    let elements = list.iter().flat_map(|first| first.elements());
    elements
        .map(|element| Mapping::from_port(element.entry))
        .collect()
}

/// What programs have registered need not be UTF-8.
pub(super) fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
