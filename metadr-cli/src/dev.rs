//! `metadr dev`: a whole cluster in one process.

use crate::remote_store::RemoteStore;
use crate::shell_command::run_on;
use anyhow::Context as _;
use metadr_client::Endpoint as ClientEndpoint;
use metadr_runtime::rpc::Shutdown;
use metadr_runtime::rt::{BlockOn, Runtime};
use metadr_server::Durability;
use metadr_server::config::{Config, Endpoint};
use metadr_server::timers::Timers;
use metadr_server::{AdminFrom, Listeners, MAX_REPLICAS, Setup, start};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A script to run on the cluster; without one, a shell
    script: Option<PathBuf>,
    /// How many replicas
    #[arg(long, value_name = "N", default_value_t = 3)]
    replicas: usize,
}

/// Runs the shell on a new cluster; the cluster ends with it.
pub(crate) fn run<R: BlockOn + Default>(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        (1..=MAX_REPLICAS).contains(&arguments.replicas),
        "--replicas wants 1 to {MAX_REPLICAS}, found {}",
        arguments.replicas
    );
    let state = tempfile::tempdir().context("cannot make a directory for the replicas' state")?;
    let runtime = R::default();
    let shutdown = Shutdown::new();
    let clients = runtime.block_on(start_cluster(
        &runtime,
        arguments.replicas,
        state.path(),
        &shutdown,
    ))?;
    let cluster = {
        let (runtime, shutdown) = (runtime.clone(), shutdown.clone());
        thread::spawn(move || runtime.block_on(shutdown.started()))
    };
    // A runtime of its own: the shell's thread is not to do the replicas' work.
    let mut store = RemoteStore::connect(R::default(), clients)?;
    let status = run_on(&mut store, arguments.script.as_deref());
    shutdown.start();
    drop(cluster.join());
    Ok(status)
}

/// Starts the replicas on free ports. Returns where they take clients, the
/// primary first.
async fn start_cluster<R: Runtime>(
    runtime: &R,
    replicas: usize,
    state: &Path,
    shutdown: &Shutdown,
) -> anyhow::Result<Vec<ClientEndpoint>> {
    let mut sockets = Vec::new();
    for _ in 0..replicas {
        let bound = Listeners::bind_free_loopback(runtime).await;
        sockets.push(bound.context("cannot listen on a loopback port")?);
    }
    let (mut endpoints, mut clients) = (Vec::new(), Vec::new());
    for listeners in &sockets {
        let SocketAddr::V4(replication) = listeners.replication_address()? else {
            anyhow::bail!("a loopback port has no IPv4 address");
        };
        endpoints.push(Endpoint {
            host: replication.ip().to_string(),
            port: replication.port(),
        });
        let client = listeners.client_address()?;
        clients.push(ClientEndpoint {
            host: client.ip().to_string(),
            port: client.port(),
        });
    }
    for (id, listeners) in (0..).zip(sockets) {
        let config = Config {
            client_port: clients[usize::from(id)].port,
            replication_port: endpoints[usize::from(id)].port,
            endpoints: endpoints.clone(),
            recovering: None,
        };
        let directory = state.join(format!("replica-{id}"));
        let setup = Setup {
            config: &config,
            id,
            state: &directory,
            mode: Durability::Memory,
            timers: Timers::default(),
            checkpoint_ops: None,
            admin_from: AdminFrom::Loopback,
        };
        start(runtime, setup, listeners, shutdown)?;
    }
    Ok(clients)
}
