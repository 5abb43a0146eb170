//! Asking an rpcbind, in the highest version that it knows.

use super::error::RpcbindError;
use super::location::Location;
use super::mapping::{Mapping, from_ports, from_wire};
use super::wire::{
    self,
    rpcbind::{v2, v3, v4},
};
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
    pub(super) client: Client,
    pub(super) peer: Option<SocketAddr>,
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
    /// Connects to the rpcbind at `location`. Of `config`, its times
    /// and its longest reply count.
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
    pub(super) fn settle<T>(
        &self,
        version: Version,
        outcome: Result<T, CallError>,
    ) -> Result<Option<T>, RpcbindError> {
        match outcome {
            Ok(result) => Ok(Some(result)),
            // Old portmappers do not always tell a version from a program.
            Err(CallError::ProgramMismatch { .. } | CallError::ProgramUnavailable)
                if version > Version::V2 =>
            {
                // Another call may have found out already, even of a lower one.
                self.version
                    .fetch_min(version as u32 - 1, Ordering::Relaxed);
                Ok(None)
            }
            Err(CallError::AuthenticationFailed(_)) => Err(RpcbindError::NotPermitted),
            Err(error) => Err(error.into()),
        }
    }
}

/// A question for this program, at this transport.
pub(super) fn question(program: ProgramVersion, netid: &str) -> wire::Mapping {
    wire::Mapping {
        prog: program.program,
        vers: program.version,
        netid: Bytes::copy_from_slice(netid.as_bytes()),
        ..wire::Mapping::default()
    }
}
