//! Where an rpcbind is, and how to get there.

use super::error::RpcbindError;
use super::wire::RPCBIND_PORT;
use crate::rpc::{Client, ClientConfig, OpaqueAuth};
use crate::rt::{Runtime, timeout};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The port of every rpcbind (RFC 1833 §2).
pub(super) const PORT: u16 = RPCBIND_PORT as u16;
/// Where rpcbind has its socket on Linux, and on other systems.
const SOCKETS: [&str; 2] = ["/run/rpcbind.sock", "/var/run/rpcbind.sock"];
/// The longest answer that is accepted, in bytes: some ten thousand mappings.
const MAX_REPLY: usize = 1 << 20;

/// Where an rpcbind is.
///
/// Whoever registers has to be on its machine, and should come by its Unix
/// socket: only then does it know as whom, and lets no other user remove the
/// mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// On this machine: at `/run/rpcbind.sock`, or else `/var/run/rpcbind.sock`,
    /// or else port 111 of 127.0.0.1 and of ::1.
    #[default]
    Local,
    /// At another Unix socket.
    Socket(PathBuf),
    /// At this address, over TCP.
    Tcp(SocketAddr),
}

impl Location {
    /// Port 111 of this machine or another one.
    #[must_use]
    pub fn host(ip: IpAddr) -> Self {
        Self::Tcp(SocketAddr::new(ip, PORT))
    }

    /// Whether it is surely on this machine.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Local | Self::Socket(_) => true,
            Self::Tcp(address) => address.ip().is_loopback(),
        }
    }

    /// A connection to it, and the address it is to unless that is a Unix socket.
    pub(super) async fn connect<R: Runtime>(
        &self,
        runtime: &R,
        config: &ClientConfig,
    ) -> Result<(Client, Option<SocketAddr>), RpcbindError> {
        let config = ClientConfig {
            max_reply: config.max_reply.min(MAX_REPLY),
            ..for_once(config)
        };
        match self {
            Self::Local => connect_local(runtime, &config).await,
            Self::Socket(path) => connect_socket(runtime, path, &config).await,
            Self::Tcp(address) => connect_tcp(runtime, *address, &config).await,
        }
        .map_err(RpcbindError::Connect)
    }
}

/// The times of `config`, for a connection that is used and dropped. What calls
/// of a program say about the caller is nobody else's business.
pub(super) fn for_once(config: &ClientConfig) -> ClientConfig {
    ClientConfig {
        credential: OpaqueAuth::none(),
        reconnect: None,
        ..config.clone()
    }
}

type Connected = (Client, Option<SocketAddr>);

async fn connect_local<R: Runtime>(runtime: &R, config: &ClientConfig) -> io::Result<Connected> {
    let mut attempts = Vec::new();
    for path in SOCKETS {
        match connect_socket(runtime, Path::new(path), config).await {
            Ok(connected) => return Ok(connected),
            Err(error) => attempts.push((path.to_owned(), error)),
        }
    }
    for ip in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
        let address = SocketAddr::new(ip, PORT);
        match connect_tcp(runtime, address, config).await {
            Ok(connected) => return Ok(connected),
            Err(error) => attempts.push((address.to_string(), error)),
        }
    }
    // The ways are alike; the kind is that of the one that every system has.
    let kind = attempts[SOCKETS.len()].1.kind();
    Err(io::Error::new(kind, Attempts(attempts)))
}

async fn connect_socket<R: Runtime>(
    runtime: &R,
    path: &Path,
    config: &ClientConfig,
) -> io::Result<Connected> {
    let connect = runtime.connect_local(path);
    let stream = timeout(runtime, config.connect_timeout, connect)
        .await
        .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))?;
    let client = Client::over(runtime, stream, config.clone());
    let peer = path.display().to_string();
    Ok((client.with_peer(peer), None))
}

async fn connect_tcp<R: Runtime>(
    runtime: &R,
    address: SocketAddr,
    config: &ClientConfig,
) -> io::Result<Connected> {
    let client = Client::connect(runtime, address, config.clone()).await?;
    Ok((client, Some(address)))
}

/// What has been tried, and what came of it.
#[derive(Debug)]
struct Attempts(Vec<(String, io::Error)>);

impl std::error::Error for Attempts {}

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (place, error)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{place}: {error}")?;
        }
        Ok(())
    }
}
