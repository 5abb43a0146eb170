//! One replica: its listeners, its task, its connections to the others.

use crate::admin_service::{AdminFrom, StopRequest, admin_service};
use crate::config::{Config, Endpoint};
use crate::descriptors::Caps;
use crate::driver::{self, Ended, Handle, Surroundings};
use crate::kv_service::KvStore;
use crate::link::Links;
use crate::machine::Machine;
use crate::ports::Ports;
use crate::replication_service::Replication;
use crate::state::{Identity, StateDirectory, StateError, random_u64};
use crate::storage::Storage;
use crate::timers::Timers;
use crate::wire::kv_store::kvs::kv_store_api;
use crate::wire::replication::metadr_replica;
use futures::channel::oneshot;
use metadr_runtime::rpc::{Limits, Service, Shutdown};
use metadr_runtime::rt::{Listener, Runtime, timeout};
use metadr_vr::wire::{Durability, MAX_VOTERS, ReplicaId};
use metadr_vr::{Replica, Tick};
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// The largest number of replicas in a group.
pub const MAX_REPLICAS: usize = MAX_VOTERS as usize;

/// The longest record on the replication port: a PREPARE with an entry that
/// holds one operation of the largest size.
const MAX_REPLICATION_RECORD: usize = 4 << 20;

/// How long the last answers may take to reach their clients when a replica
/// has stopped.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why a replica does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A port cannot be listened on.
    #[error("cannot listen on {what} {host}:{port}: {error}")]
    Listen {
        /// Which of the two ports.
        what: &'static str,
        /// The host of the replica's own end point.
        host: String,
        /// The port.
        port: u16,
        /// What came of it.
        error: io::Error,
    },
    /// The group is too large.
    #[error("EndPoints lists {0} replicas, expected at most {MAX_REPLICAS}")]
    TooManyReplicas(usize),
    /// The system has no thread left.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// The state directory does not allow it.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The sockets of a replica, bound and not served yet.
#[derive(Debug)]
pub struct Listeners<L> {
    client: Vec<L>,
    replication: Vec<L>,
}

impl<L: Listener> Listeners<L> {
    /// Binds the ports of replica `id` of `config`: on the loopback interface
    /// alone if that is how the others reach it, else on all.
    ///
    /// # Errors
    ///
    /// [`StartError::Listen`]
    pub async fn bind<R>(runtime: &R, config: &Config, id: u16) -> Result<Self, StartError>
    where
        R: Runtime<Listener = L>,
    {
        let own = &config.endpoints[usize::from(id)];
        let bind = async |what, port| {
            let bound = listen(runtime, own, port).await;
            bound.map_err(|error| StartError::Listen {
                what,
                host: own.host.clone(),
                port,
                error,
            })
        };
        Ok(Self {
            client: bind("ClientPort", config.client_port).await?,
            replication: bind("ReplicationPort", config.replication_port).await?,
        })
    }

    /// Binds two free ports of the loopback interface.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn bind_free_loopback<R>(runtime: &R) -> io::Result<Self>
    where
        R: Runtime<Listener = L>,
    {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Ok(Self {
            client: vec![runtime.listen(any).await?],
            replication: vec![runtime.listen(any).await?],
        })
    }

    /// Where clients connect.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn client_address(&self) -> io::Result<SocketAddr> {
        self.client[0].local_addr()
    }

    /// Where the other replicas connect.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn replication_address(&self) -> io::Result<SocketAddr> {
        self.replication[0].local_addr()
    }
}

/// A replica that runs, on tasks of a runtime.
pub struct Running {
    replica: Handle,
    ended: oneshot::Receiver<Ended>,
    stop_request: StopRequest,
    shutdown: Shutdown,
    /// Closed when nothing is served any more.
    served: async_channel::Receiver<Infallible>,
}

impl Running {
    /// Waits until an operator asks for the replica's end. It stops from then
    /// on; [`Running::stop`] still has to be called.
    pub async fn asked_to_stop(&self) {
        self.stop_request.asked().await;
    }

    /// Stops the replica cleanly: a primary finishes its requests and hands
    /// over, and what is in memory is written down for the next start. Then
    /// the `shutdown` that it was started with is started.
    ///
    /// It takes about a second at most, and the time that the disk needs.
    /// [`Stopped::goodbye`] is for the clients, which have their last answers
    /// on the way.
    pub async fn stop(self) -> (Ended, Stopped) {
        self.replica.stop();
        let ended = self.ended.await;
        self.shutdown.start();
        let ended = ended.expect("a replica's task goes on as long as there is a handle");
        let served = self.served;
        (ended, Stopped { served })
    }
}

/// A replica that has stopped, and still has to part from its clients.
#[derive(Debug)]
pub struct Stopped {
    served: async_channel::Receiver<Infallible>,
}

impl Stopped {
    /// Waits until clients have taken the last answers, for a second at most:
    /// those that do not take them are not waited for.
    pub async fn goodbye<R: Runtime>(self, runtime: &R) {
        let _ = timeout(runtime, GOODBYE, self.served.recv()).await;
    }
}

/// What a replica is started with.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The group, and the ports.
    pub config: &'a Config,
    /// Which of the group it is.
    pub id: u16,
    /// Its state directory.
    pub state: &'a Path,
    /// What it keeps on disk; what its state directory was made for.
    pub mode: Durability,
    /// How soon it misses its primary.
    pub timers: Timers,
    /// After how many ops its state is written down and the log before
    /// forgotten, if not as usual.
    pub checkpoint_ops: Option<u64>,
    /// Where operators may call from.
    pub admin_from: AdminFrom,
}

/// Starts a replica on tasks of `runtime`, which go on until
/// it is stopped. Connections are served until `shutdown` starts. Dropping
/// what this returns stops nothing.
///
/// # Errors
///
/// [`StartError`] if the state directory does not allow it.
pub fn start<R: Runtime>(
    runtime: &R,
    setup: Setup<'_>,
    listeners: Listeners<R::Listener>,
    shutdown: &Shutdown,
) -> Result<Running, StartError> {
    let config = setup.config;
    if config.endpoints.len() > MAX_REPLICAS {
        return Err(StartError::TooManyReplicas(config.endpoints.len()));
    }
    let identity = Identity {
        id: setup.id,
        endpoints: config.endpoints.clone(),
        recovering: config.recovering == Some(true),
        mode: setup.mode,
    };
    let (state, boot) = StateDirectory::open(setup.state, &identity)?;
    let own = boot.id();
    let peers = (0..)
        .zip(config.endpoints.iter().cloned())
        .filter(|(peer, _)| *peer != own)
        .collect();
    let mut options = setup.timers.options();
    if let Some(ops) = setup.checkpoint_ops {
        // As much of the log is kept for those who are a little behind.
        (options.checkpoint_ops, options.retain_ops) = (ops, ops);
    }
    let (seed, wall_ms) = (random_u64()?, driver::wall_ms());
    let (replica, first) = Replica::new(boot, Machine::new(), options, seed, Tick(0), wall_ms);
    // The thread has the directory, which stays locked as long as it runs.
    let (storage, written) = Storage::start(state).map_err(StartError::Thread)?;
    let (handle, inputs) = driver::channel(written);
    let surroundings = Surroundings {
        links: Links::start(runtime, peers),
        storage,
    };
    let task = driver::drive(runtime.clone(), replica, first, inputs, surroundings);
    let (has_ended, ended) = oneshot::channel();
    let stop_request = StopRequest::default();
    let asked = stop_request.clone();
    runtime.spawn(async move {
        if let Some(how) = task.await {
            asked.tell(&how);
            drop(has_ended.send(how));
        }
    });
    let admin = admin_service(handle.clone(), stop_request.clone(), setup.admin_from);
    let clients = kv_store_api::v1::Service(KvStore::new(handle.clone()));
    let ports = (own, listeners);
    let served = serve_ports(runtime, ports, &handle, (clients, admin), shutdown);
    Ok(Running {
        replica: handle,
        ended,
        stop_request,
        shutdown: shutdown.clone(),
        served,
    })
}

/// Serves both ports until `shutdown` starts. What this returns is closed when
/// nothing is served any more.
fn serve_ports<R: Runtime>(
    runtime: &R,
    (replica, listeners): (ReplicaId, Listeners<R::Listener>),
    handle: &Handle,
    clients: impl Service,
    shutdown: &Shutdown,
) -> async_channel::Receiver<Infallible> {
    let (alive, served) = async_channel::bounded(1);
    let caps = Caps::of_this_process();
    let ports = Ports {
        runtime,
        replica,
        shutdown,
        alive: &alive,
    };
    let limits = Limits {
        max_connections: caps.clients,
        ..Limits::default()
    };
    ports.serve("ClientPort", listeners.client, clients, limits);
    let replicas = metadr_replica::v1::Service(Replication {
        replica: handle.clone(),
    });
    let limits = Limits {
        max_record: MAX_REPLICATION_RECORD,
        max_connections: caps.replication,
        ..Limits::default()
    };
    ports.serve("ReplicationPort", listeners.replication, replicas, limits);
    served
}

/// Listens on every address that the replica's own host name stands for.
async fn listen<R: Runtime>(
    runtime: &R,
    own: &Endpoint,
    port: u16,
) -> io::Result<Vec<R::Listener>> {
    let mut addresses = runtime.resolve(&own.host, port).await?;
    if !own.is_loopback() {
        // One's own name may stand for an address that only others see.
        for address in &mut addresses {
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            });
        }
    }
    addresses.sort_unstable();
    addresses.dedup();
    let (mut bound, mut failure) = (Vec::new(), None);
    for address in addresses {
        match runtime.listen(address).await {
            Ok(listener) => bound.push(listener),
            // A port in use is an error even where another address works:
            // clients would reach somebody else on this one.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        // Many systems have a name for ::1 and no IPv6.
        Some(error) if bound.is_empty() => Err(error),
        None if bound.is_empty() => Err(io::ErrorKind::AddrNotAvailable.into()),
        _ => Ok(bound),
    }
}
