//! The command line of `metadr-server`, also that of `metadr server`.

use crate::admin_service::AdminFrom;
use crate::config::{Config, own_replica};
use crate::descriptors;
use crate::driver::Ended;
use crate::report::tell;
use crate::server::{Listeners, Setup, start};
use crate::signals::StopSignals;
use crate::state::{Identity, StateDirectory};
use crate::timers::{TimerArguments, Timers};
use anyhow::Context as _;
use futures::future::{Either, select};
use metadr_runtime::rpc::Shutdown;
use metadr_runtime::rt::{BlockOn, Runtime};
use metadr_vr::wire::Durability;
use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process;
use std::time::Duration;

/// Runs one replica of a metaDR group.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// What else to do.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// The config file: ClientPort, ReplicationPort, EndPoints, Recovering
    pub config: Option<PathBuf>,
    /// Where the replica keeps what it has promised [default: CONFIG.state]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Which entry of EndPoints is this replica, from 0 [default: found out]
    #[arg(long, value_name = "N")]
    pub replica: Option<u16>,
    /// After how many ops the state is written down and the log before
    /// forgotten, the same for all replicas [default: 16384]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 24))]
    pub checkpoint_ops: Option<u64>,
    /// Where operators may call from, with `metadr admin`: nothing proves who
    /// they are
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = AdminFrom::Loopback)]
    pub admin_from: AdminFrom,
    /// Keep everything on disk before it is acknowledged, in a state directory
    /// that `format --durable` has made
    #[arg(long)]
    pub durable: bool,
    /// How soon a failed primary is missed
    #[command(flatten)]
    pub timers: TimerArguments,
}

/// What there is to do for a replica other than running it.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Make the state directory of a replica that never ran
    Format(FormatArguments),
}

/// Makes a state directory. It says what a replica has promised: one that has
/// lost it must not get another, but be replaced by a replica with a new id.
#[derive(Clone, Debug, clap::Args)]
pub struct FormatArguments {
    /// The config file: ClientPort, ReplicationPort, EndPoints
    pub config: PathBuf,
    /// The directory to make [default: CONFIG.state]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Which entry of EndPoints is this replica, from 0 [default: found out]
    #[arg(long, value_name = "N")]
    pub replica: Option<u16>,
    /// For a replica that keeps everything on disk before it is acknowledged;
    /// else it keeps it in memory
    #[arg(long)]
    pub durable: bool,
}

/// For so long after a signal, further ones are the same request. Whoever
/// starts a process may hand on to it what the system has sent it already.
const SAME_REQUEST: Duration = Duration::from_millis(300);

/// Runs the replica until a SIGTERM or SIGINT stops it cleanly. Another one, a
/// moment later, ends the process at once.
///
/// # Errors
///
/// Why it does not start, or could not write its memory down, for people.
pub fn run<R: BlockOn + Default>(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.action {
        Some(Action::Format(arguments)) => format(arguments),
        None => run_replica::<R>(arguments),
    }
}

/// Makes a state directory.
fn format(arguments: &FormatArguments) -> anyhow::Result<()> {
    let path = &arguments.config;
    let config = Config::load(path)?;
    let id = own_replica(&config, arguments.replica, can_bind)?;
    let identity = Identity {
        id,
        endpoints: config.endpoints,
        recovering: false,
        mode: mode(arguments.durable),
    };
    let state = state_directory(arguments.data_dir.as_ref(), path);
    StateDirectory::format(&state, &identity)?;
    let what = if arguments.durable {
        "on disk"
    } else {
        "in memory"
    };
    tell(format_args!(
        "replica {id}: {} is ready, for data that is kept {what}",
        state.display()
    ));
    Ok(())
}

fn run_replica<R: BlockOn + Default>(arguments: &Arguments) -> anyhow::Result<()> {
    // The seed's words.
    let path = arguments
        .config
        .as_deref()
        .context("Please provide config file")?;
    let timers = arguments.timers.timers()?;
    let config = Config::load(path)?;
    let id = own_replica(&config, arguments.replica, can_bind)?;
    let state = state_directory(arguments.data_dir.as_ref(), path);
    descriptors::raise_limit();
    let runtime = R::default();
    let setup = Setup {
        config: &config,
        id,
        state: &state,
        mode: mode(arguments.durable),
        timers,
        checkpoint_ops: arguments.checkpoint_ops,
        admin_from: arguments.admin_from,
    };
    runtime.block_on(serve(&runtime, setup))
}

/// Runs the replica until it is stopped.
async fn serve<R: Runtime>(runtime: &R, setup: Setup<'_>) -> anyhow::Result<()> {
    let id = setup.id;
    let mut signals = StopSignals::new().context("cannot handle signals")?;
    // Looking up a name may take long.
    let binding = pin!(Listeners::bind(runtime, setup.config, id));
    let listeners = match select(binding, pin!(signals.next())).await {
        Either::Left((bound, _)) => bound?,
        Either::Right(((signal, status), _)) => {
            tell(format_args!("replica {id}: {signal}: does not start"));
            process::exit(status)
        }
    };
    if setup.timers != Timers::default() {
        tell(format_args!("replica {id}: {}", setup.timers));
    }
    let replica = start(runtime, setup, listeners, &Shutdown::new())?;
    let why = match select(pin!(signals.next()), pin!(replica.asked_to_stop())).await {
        Either::Left(((signal, _), _)) => signal,
        Either::Right(((), _)) => "an operator",
    };
    let other_requests = runtime.now() + SAME_REQUEST;
    tell(format_args!("replica {id}: {why}: stops"));
    let again = signals.next_after(runtime, other_requests);
    let (ended, stopped) = match select(pin!(replica.stop()), pin!(again)).await {
        Either::Left((stopped, _)) => stopped,
        Either::Right(((signal, status), _)) => {
            tell(format_args!(
                "replica {id}: {signal} again: ends at once; what is not on disk is lost"
            ));
            process::exit(status)
        }
    };
    let again = signals.next_after(runtime, other_requests);
    let goodbye = pin!(stopped.goodbye(runtime));
    if let Either::Right(((signal, _), _)) = select(goodbye, pin!(again)).await {
        tell(format_args!(
            "replica {id}: {signal} again: waits for its clients no longer"
        ));
    }
    match ended {
        Ended::Kept => tell(format_args!(
            "replica {id}: has stopped, and wrote its memory down"
        )),
        Ended::NothingToKeep => tell(format_args!(
            "replica {id}: has stopped, without a memory to write down"
        )),
        Ended::Failed(error) => return Err(error.into()),
    }
    Ok(())
}

fn can_bind(host: &str) -> bool {
    TcpListener::bind((host, 0)).is_ok()
}

fn mode(is_durable: bool) -> Durability {
    if is_durable {
        Durability::Durable
    } else {
        Durability::Memory
    }
}

fn state_directory(given: Option<&PathBuf>, config: &Path) -> PathBuf {
    given.cloned().unwrap_or_else(|| default_state(config))
}

/// Beside the config file, and named after it.
fn default_state(config: &Path) -> PathBuf {
    let mut name = config
        .file_name()
        .map_or_else(OsString::new, OsString::from);
    name.push(".state");
    config.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_directory_is_named_after_the_config_file() {
        let cases = [
            ("tests/config-0", "tests/config-0.state"),
            ("config-0", "config-0.state"),
            ("/etc/metadr.conf", "/etc/metadr.conf.state"),
        ];
        for (config, state) in cases {
            assert_eq!(default_state(Path::new(config)), Path::new(state));
        }
    }
}
