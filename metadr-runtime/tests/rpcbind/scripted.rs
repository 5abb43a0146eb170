//! An rpcbind whose table the tests see, and which fails as they say.

use crate::Tested;
use crate::support::{listen, serve_at};
use metadr_runtime::rpc::rpcbind::wire::rpcbind::{v2, v3, v4};
use metadr_runtime::rpc::rpcbind::wire::{self, Mapping};
use metadr_runtime::rpc::rpcbind::{Location, UniversalAddress, Version};
use metadr_runtime::rpc::{AuthFlavor, AuthStat, CallContext, ServiceError};
use metadr_runtime::xdr::{Bytes, List};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

type Answer<T> = Result<T, ServiceError>;

/// An rpcbind; a clone is the same one.
#[derive(Clone, Default)]
pub(crate) struct Scripted(Arc<State>);

/// What an rpcbind knows, and how it fails.
#[derive(Default)]
pub(crate) struct State {
    table: Mutex<Vec<Mapping>>,
    /// Takes nothing from this caller.
    pub(crate) denies: AtomicBool,
    /// Removes nothing of what is there.
    pub(crate) keeps: AtomicBool,
    /// Looks up nothing, but answers this.
    pub(crate) answer: Mutex<Option<&'static str>>,
}

impl Deref for Scripted {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl Scripted {
    /// Runs one that knows the versions up to this one.
    pub(crate) async fn start(runtime: &Tested, highest: Version) -> (Self, Location) {
        let table = Self::default();
        let listener = listen(runtime).await;
        let v2 = v2::Service(table.clone());
        let v3 = v3::Service(table.clone());
        let v4 = v4::Service(table.clone());
        let served = match highest {
            Version::V2 => serve_at(runtime, listener, v2),
            Version::V3 => serve_at(runtime, listener, (v2, v3)),
            Version::V4 => serve_at(runtime, listener, (v2, v3, v4)),
        };
        (table, Location::Tcp(served))
    }
}

impl State {
    /// What is registered, a line each.
    pub(crate) fn table(&self) -> Vec<String> {
        let table = self.table.lock().unwrap();
        let lines = table.iter().map(|mapping| {
            let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
            let (netid, address) = (text(&mapping.netid), text(&mapping.address));
            format!("{:#x} {} {netid} {address}", mapping.prog, mapping.vers)
        });
        lines.collect()
    }

    /// Registers something behind everybody's back.
    pub(crate) fn insert(&self, prog: u32, vers: u32, netid: &'static str, address: &[u8]) {
        self.table.lock().unwrap().push(Mapping {
            prog,
            vers,
            netid: Bytes::from_static(netid.as_bytes()),
            address: Bytes::copy_from_slice(address),
            owner: Bytes::from_static(b"somebody"),
        });
    }

    fn permit(&self) -> Answer<()> {
        match self.denies.load(Ordering::Relaxed) {
            true => Err(ServiceError::Unauthorized(AuthStat::AuthTooweak)),
            false => Ok(()),
        }
    }

    fn set(&self, new: Mapping) -> Answer<bool> {
        self.permit()?;
        let mut table = self.table.lock().unwrap();
        let is_place =
            |old: &&Mapping| (old.prog, old.vers, &old.netid) == (new.prog, new.vers, &new.netid);
        if let Some(old) = table.iter().find(is_place) {
            return Ok(old.address == new.address);
        }
        table.push(new);
        Ok(true)
    }

    fn unset(&self, which: &Mapping) -> Answer<bool> {
        self.permit()?;
        if self.keeps.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let is_meant = |mapping: &Mapping| {
            (mapping.prog, mapping.vers) == (which.prog, which.vers)
                && (which.netid.is_empty() || mapping.netid == which.netid)
        };
        self.table
            .lock()
            .unwrap()
            .retain(|mapping| !is_meant(mapping));
        Ok(true)
    }

    fn find(&self, which: &Mapping, any_version: bool) -> Bytes {
        if let Some(answer) = *self.answer.lock().unwrap() {
            return Bytes::from_static(answer.as_bytes());
        }
        let table = self.table.lock().unwrap();
        let mut same = table
            .iter()
            .filter(|mapping| (mapping.prog, &mapping.netid) == (which.prog, &which.netid));
        let exact = same.clone().find(|mapping| mapping.vers == which.vers);
        let found = match any_version {
            true => exact.or_else(|| same.next()),
            false => exact,
        };
        found.map_or_else(Bytes::new, |mapping| mapping.address.clone())
    }

    fn dump(&self) -> wire::Mappings {
        let table = self.table.lock().unwrap().clone();
        let elements = table
            .into_iter()
            .map(|entry| wire::MappingList { entry, next: None });
        wire::MappingList::link(elements).map(|first| *first)
    }
}

fn mapping_of(port: wire::PortMapping, netid: &'static str) -> Mapping {
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port.port as u16));
    Mapping {
        prog: port.prog,
        vers: port.vers,
        netid: Bytes::from_static(netid.as_bytes()),
        address: UniversalAddress::from(address).to_string().into(),
        owner: Bytes::new(),
    }
}

fn port_of(address: &Bytes) -> Option<u32> {
    let address = str::from_utf8(address).ok()?;
    let address: UniversalAddress = address.parse().ok()?;
    Some(SocketAddr::from(address).port().into())
}

fn unavailable<T>() -> Answer<T> {
    Err(ServiceError::ProcedureUnavailable)
}

impl v2::Server for Scripted {
    async fn set(&self, _: CallContext, port: wire::PortMapping) -> Answer<bool> {
        assert_eq!(port.protocol, wire::PROTOCOL_TCP);
        State::set(self, mapping_of(port, "tcp"))
    }

    /// It says so even if nothing was removed, as the real one does.
    async fn unset(&self, _: CallContext, port: wire::PortMapping) -> Answer<bool> {
        for netid in ["tcp", "udp"] {
            State::unset(self, &mapping_of(port, netid))?;
        }
        Ok(true)
    }

    async fn get_port(&self, _: CallContext, port: wire::PortMapping) -> Answer<u32> {
        if let Some(answer) = *self.answer.lock().unwrap() {
            return Ok(answer.parse().unwrap());
        }
        let found = self.find(&mapping_of(port, "tcp"), true);
        Ok(port_of(&found).unwrap_or(0))
    }

    async fn dump(&self, _: CallContext) -> Answer<wire::PortMappings> {
        let table = self.table.lock().unwrap().clone();
        let entries = table.into_iter().filter_map(|mapping| {
            let protocol = match &mapping.netid[..] {
                b"tcp" => wire::PROTOCOL_TCP,
                b"udp" => wire::PROTOCOL_UDP,
                _ => return None,
            };
            Some(wire::PortMapping {
                prog: mapping.prog,
                vers: mapping.vers,
                protocol,
                port: port_of(&mapping.address)?,
            })
        });
        let elements = entries.map(|entry| wire::PortMappingList { entry, next: None });
        Ok(wire::PortMappingList::link(elements).map(|first| *first))
    }

    async fn forward(
        &self,
        _: CallContext,
        _: wire::ForwardedCall,
    ) -> Answer<wire::ForwardedPortReply> {
        unavailable()
    }
}

/// Versions 3 and 4 have these in common.
macro_rules! procedures_of_version_3 {
    () => {
        async fn set(&self, _: CallContext, mapping: Mapping) -> Answer<bool> {
            State::set(self, mapping)
        }

        async fn unset(&self, _: CallContext, mapping: Mapping) -> Answer<bool> {
            State::unset(self, &mapping)
        }

        async fn get_address(&self, _: CallContext, mapping: Mapping) -> Answer<Bytes> {
            Ok(self.find(&mapping, true))
        }

        async fn dump(&self, _: CallContext) -> Answer<wire::Mappings> {
            Ok(State::dump(self))
        }

        async fn get_time(&self, _: CallContext) -> Answer<u32> {
            Ok(u32::MAX)
        }

        async fn parse_address(&self, _: CallContext, _: Bytes) -> Answer<wire::SocketAddress> {
            unavailable()
        }

        async fn format_address(&self, _: CallContext, _: wire::SocketAddress) -> Answer<Bytes> {
            unavailable()
        }

        async fn forward(
            &self,
            _: CallContext,
            _: wire::ForwardedCall,
        ) -> Answer<wire::ForwardedReply> {
            unavailable()
        }
    };
}

impl v3::Server for Scripted {
    procedures_of_version_3!();
}

impl v4::Server for Scripted {
    procedures_of_version_3!();

    async fn broadcast(
        &self,
        _: CallContext,
        _: wire::ForwardedCall,
    ) -> Answer<wire::ForwardedReply> {
        unavailable()
    }

    async fn get_version_address(&self, context: CallContext, mapping: Mapping) -> Answer<Bytes> {
        let flavor = context.credential().flavor;
        assert_eq!(flavor, AuthFlavor::AuthNone as i32, "it is for the program");
        Ok(self.find(&mapping, false))
    }

    async fn get_addresses(&self, _: CallContext, _: Mapping) -> Answer<wire::TransportAddresses> {
        unavailable()
    }

    async fn get_statistics(&self, _: CallContext) -> Answer<wire::Statistics> {
        Ok(Default::default())
    }
}
