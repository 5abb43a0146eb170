//! A group of replicas, each a process of its own.

use super::group_client::GroupClient;
use super::ports::{HeldPorts, Place, Ports};
use super::process::{Finished, Process, metadr, metadr_after, metadr_in, run, shell, shell_text};
use super::proxy::Network;
use super::wire::{
    Answer, Call, Connection, KEY_MALFORMED, REPLICA_NOT_PRIMARY, is_of_the_replica,
};
use super::{note, wait_for};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use tempfile::TempDir;

/// Attempts to start a group before it is somebody's fault that ports are taken.
const ATTEMPTS: usize = 20;

/// Groups that a test may lose to a machine under load.
const DISTURBANCES: usize = 4;

/// What a replica must never say, whatever happens to the others.
const ALARMS: [&str; 5] = [
    "panicked",
    "holds another op",
    "has another state",
    "stopped itself",
    "no longer listening",
];

/// A group of replicas that agrees: replica 0 is the primary, at first.
///
/// When this is dropped after a test that has not failed, it looks at what
/// the replicas have said: none may have panicked or disagreed with another.
#[derive(Debug)]
pub(crate) struct Cluster {
    replicas: Vec<Process>,
    ports: Ports,
    /// So that a replica that is down finds its ports as it left them.
    held: Option<HeldPorts>,
    configs: Vec<PathBuf>,
    started: Started,
    // After the processes, which use it.
    directory: TempDir,
}

/// How the replicas of a group are started, each time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Started {
    /// What a shell does before it becomes a replica.
    pub(crate) prelude: Option<&'static str>,
    /// What each replica's command line has besides.
    pub(crate) arguments: &'static [&'static str],
    /// Whether the replicas keep everything on disk.
    pub(crate) is_durable: bool,
}

/// Why there is no group, and nobody's fault.
#[derive(Debug)]
pub(crate) enum NotStarted {
    /// Somebody else listens on a port of the config files.
    PortTaken,
    /// Replica 0 was so slow that another has become the primary.
    Overtaken,
}

impl Cluster {
    /// A group on free ports.
    pub(crate) fn start(replicas: usize) -> Self {
        Self::start_with(replicas, |_| ()).0
    }

    /// A group on free ports, of which each replica is started by a shell that
    /// executes this first, such as `ulimit -n 100`.
    pub(crate) fn start_after(replicas: usize, prelude: &'static str) -> Self {
        let started = Started {
            prelude: Some(prelude),
            ..Started::default()
        };
        Self::start_prepared(replicas, started, |_| ()).0
    }

    /// A group on free ports whose replicas' command lines have these arguments
    /// besides.
    pub(crate) fn start_with_arguments(
        replicas: usize,
        arguments: &'static [&'static str],
    ) -> Self {
        let started = Started {
            arguments,
            ..Started::default()
        };
        Self::start_prepared(replicas, started, |_| ()).0
    }

    /// A group on free ports that keeps everything on disk.
    pub(crate) fn start_durable(replicas: usize) -> Self {
        let started = Started {
            is_durable: true,
            ..Started::default()
        };
        Self::start_prepared(replicas, started, |_| ()).0
    }

    /// A group whose replicas reach one another through a network that a test
    /// can break.
    pub(crate) fn start_behind_proxies(replicas: usize) -> (Self, Network) {
        Self::start_behind_proxies_with(replicas, Started::default())
    }

    /// The same, started in this way.
    pub(crate) fn start_behind_proxies_with(replicas: usize, started: Started) -> (Self, Network) {
        Self::start_prepared(replicas, started, |ports| {
            let network = Network::start(&ports.replication);
            ports.endpoints = Some(network.ports());
            network
        })
    }

    /// A group whose replicas run in network namespaces.
    pub(crate) fn start_at(places: &[Place], started: Started) -> Self {
        let prepare = |ports: &mut Ports| ports.places = Some(places.to_vec());
        Self::start_prepared(places.len(), started, prepare).0
    }

    /// Runs a test on a group whose primary is replica 0 throughout. On a
    /// machine under load another may take over, and then what the test has
    /// seen means nothing: it begins anew, with another group.
    pub(crate) fn undisturbed(replicas: usize, test: impl Fn(&mut Self)) {
        Self::undisturbed_from(|| Some(Self::start(replicas)), test);
    }

    /// The same with groups of the caller's, if it has one.
    pub(crate) fn undisturbed_from(start: impl Fn() -> Option<Self>, test: impl Fn(&mut Self)) {
        for disturbed in 0.. {
            let Some(mut cluster) = start() else { return };
            match catch_unwind(AssertUnwindSafe(|| test(&mut cluster))) {
                Ok(()) => return,
                Err(_) if disturbed < DISTURBANCES && cluster.has_changed_view() => {
                    note(format_args!("disturbed by another view, begins anew"));
                }
                Err(panic) => resume_unwind(panic),
            }
        }
    }

    fn start_with<T>(replicas: usize, prepare: impl Fn(&mut Ports) -> T) -> (Self, T) {
        Self::start_prepared(replicas, Started::default(), prepare)
    }

    fn start_prepared<T>(
        replicas: usize,
        started: Started,
        prepare: impl Fn(&mut Ports) -> T,
    ) -> (Self, T) {
        for _ in 0..ATTEMPTS {
            let mut ports = Ports::free(replicas);
            let Ok(held) = ports.hold() else { continue };
            let prepared = prepare(&mut ports);
            let directory = tempfile::tempdir().expect("a temporary directory");
            let configs = (0..replicas).map(|replica| {
                let path = directory.path().join(format!("config-{replica}"));
                fs::write(&path, ports.config(replica)).expect("a config file");
                path
            });
            let configs = configs.collect();
            let held = Some(held);
            if let Ok(cluster) = Self::start_files(configs, (ports, held), started, directory) {
                return (cluster, prepared);
            }
        }
        panic!("{ATTEMPTS} times in a row, there was no group");
    }

    /// A group from config files, which name these ports.
    pub(crate) fn start_from(
        configs: Vec<PathBuf>,
        ports: Ports,
        directory: TempDir,
    ) -> Result<Self, NotStarted> {
        Self::start_files(configs, (ports, None), Started::default(), directory)
    }

    fn start_files(
        configs: Vec<PathBuf>,
        (ports, held): (Ports, Option<HeldPorts>),
        started: Started,
        directory: TempDir,
    ) -> Result<Self, NotStarted> {
        let mut cluster = Self {
            replicas: Vec::new(),
            ports,
            held,
            configs,
            started,
            directory,
        };
        if started.is_durable {
            (0..cluster.configs.len()).for_each(|replica| cluster.format(replica));
        }
        cluster.replicas = (0..cluster.configs.len())
            .map(|replica| cluster.start_again(replica))
            .collect();
        for replica in &mut cluster.replicas {
            wait_until_started(replica)?;
        }
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// A client that finds the primary, whoever it is.
    pub(crate) fn client(&self) -> GroupClient {
        let everybody = 0..self.size();
        GroupClient::of(everybody.map(|replica| self.client_address(replica)))
    }

    /// A new connection to the client port of a replica.
    pub(crate) fn connect(&self, replica: usize) -> Connection {
        self.try_connect(replica).expect("somebody listens")
    }

    fn try_connect(&self, replica: usize) -> io::Result<Connection> {
        Connection::try_to_address(self.client_address(replica))
    }

    /// Where clients reach a replica.
    pub(crate) fn client_address(&self, replica: usize) -> SocketAddr {
        self.ports.client_address(replica)
    }

    pub(crate) fn client_port(&self, replica: usize) -> u16 {
        self.ports.client[replica]
    }

    pub(crate) fn replication_port(&self, replica: usize) -> u16 {
        self.ports.replication[replica]
    }

    pub(crate) fn replica(&mut self, replica: usize) -> &mut Process {
        &mut self.replicas[replica]
    }

    /// The client ports of some replicas, in this order, for the shell.
    pub(crate) fn endpoints(&self, order: &[usize]) -> String {
        let endpoints: Vec<String> = order
            .iter()
            .map(|replica| match self.ports.places {
                Some(_) => self.client_address(*replica).to_string(),
                None => format!("localhost:{}", self.ports.client[*replica]),
            })
            .collect();
        endpoints.join(",")
    }

    /// Runs the shell on a script of the workspace's `tests` directory.
    pub(crate) fn script(&self, order: &[usize], script: &Path) -> Finished {
        shell(&self.endpoints(order), script)
    }

    /// Runs the shell on these lines.
    pub(crate) fn lines(&self, order: &[usize], lines: &str) -> Finished {
        shell_text(&self.endpoints(order), lines)
    }

    /// Starts a replica, once more with the config and the state directory
    /// that it had. If it has run before, it must have ended.
    pub(crate) fn start_again(&self, replica: usize) -> Process {
        Process::start(&mut self.command(replica))
    }

    /// Makes the state directory of a replica that is to keep everything there.
    fn format(&self, replica: usize) {
        let mut command = metadr();
        command
            .args(["server", "format"])
            .arg(&self.configs[replica]);
        command.arg("--data-dir").arg(self.state(replica));
        command.args(["--durable", "--replica", &replica.to_string()]);
        let ended = run(&mut command);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }

    fn state(&self, replica: usize) -> PathBuf {
        self.directory.path().join(format!("state-{replica}"))
    }

    fn command(&self, replica: usize) -> Command {
        let state = self.state(replica);
        let mut command = match (&self.ports.places, self.started.prelude) {
            (Some(places), _) => metadr_in(&places[replica].namespace),
            (None, Some(prelude)) => metadr_after(prelude),
            (None, None) => metadr(),
        };
        command.arg("server").arg(&self.configs[replica]);
        command.arg("--data-dir").arg(state);
        command.args(self.started.arguments);
        if self.started.is_durable {
            command.arg("--durable");
        }
        if self.ports.endpoints.is_some() || self.ports.places.is_some() {
            // The end points do not tell it which of them is its own.
            command.args(["--replica", &replica.to_string()]);
        }
        command
    }

    /// Starts a replica that has ended, in its place.
    pub(crate) fn replace(&mut self, replica: usize) {
        self.replicas[replica] = self.start_again(replica);
    }

    /// The same, with a standard error that nobody reads.
    pub(crate) fn replace_unheard(&mut self, replica: usize) {
        self.replicas[replica] = Process::start_unheard(&mut self.command(replica));
    }

    /// Starts all replicas, which have ended, and waits until they are a group.
    pub(crate) fn start_all_again(&mut self) {
        for replica in 0..self.replicas.len() {
            self.replace(replica);
        }
        for replica in 0..self.replicas.len() {
            self.wait_until_normal(replica);
        }
    }

    /// Starts a replica that was killed, with its own command.
    pub(crate) fn restart(&mut self, replica: usize) {
        if self.started.is_durable {
            // It needs nobody to go on.
            return self.replace(replica);
        }
        let mut process = self.start_again(replica);
        wait_for("a replica to start again", || {
            assert!(process.is_running(), "{}", process.stderr());
            process
                .stderr()
                .contains("recovers into view")
                .then_some(())
        });
        self.replicas[replica] = process;
    }

    pub(crate) fn size(&self) -> usize {
        self.configs.len()
    }

    /// The replica that is the primary now, as a client finds out.
    pub(crate) fn primary(&self) -> usize {
        wait_for("a primary", || {
            (0..self.size()).find(|replica| {
                let connection = self.try_connect(*replica);
                let answer = connection.and_then(|mut one| one.try_make(&Call::List(b"/")));
                matches!(answer, Ok(Answer::Keys(_)))
            })
        })
    }

    /// The replica that takes itself for the primary now, if one does.
    pub(crate) fn primary_at_once(&self) -> Option<usize> {
        (0..self.size()).find(|replica| self.role(*replica) == Some(KEY_MALFORMED))
    }

    /// Waits until a replica has everything that the others have, and takes
    /// part in its group.
    pub(crate) fn wait_until_normal(&self, replica: usize) {
        let normal = [KEY_MALFORMED, REPLICA_NOT_PRIMARY].map(Some);
        wait_for("a replica to take part again", || {
            normal.contains(&self.role(replica)).then_some(())
        });
    }

    /// Waits until a replica other than this one takes itself for the primary.
    pub(crate) fn wait_for_primary_other_than(&self, former: usize) {
        wait_for("another to take over", || {
            let mut others = (0..self.size()).filter(|replica| *replica != former);
            let is_there = others.any(|replica| self.role(replica) == Some(KEY_MALFORMED));
            is_there.then_some(())
        });
    }

    /// Waits until a replica follows another.
    pub(crate) fn wait_until_backup(&self, replica: usize) {
        wait_for("a replica to follow another", || {
            (self.role(replica) == Some(REPLICA_NOT_PRIMARY)).then_some(())
        });
    }

    /// What a replica says to a request that cannot be granted: who it is comes
    /// before what is wrong with the key.
    fn role(&self, replica: usize) -> Option<u32> {
        let mut connection = self.try_connect(replica).ok()?;
        match connection.try_make(&Call::Get(b"")).ok()? {
            Answer::Code(code) => Some(code),
            other => panic!("{other:?}"),
        }
    }

    /// Fails unless each of these replicas runs.
    pub(crate) fn assert_running(&mut self, replicas: &[usize]) {
        for replica in replicas {
            assert!(
                self.replicas[*replica].is_running(),
                "replica {replica} has ended"
            );
        }
    }

    /// Until the backups have been heard of, there is no quorum.
    fn wait_until_ready(&self) -> Result<(), NotStarted> {
        let mut connection = self.connect(0);
        wait_for("a quorum", || match connection.make(&Call::List(b"/")) {
            Answer::Code(code) if self.has_changed_view() => {
                note(format_args!(
                    "replica 0 answers {code}, another is the primary"
                ));
                Some(Err(NotStarted::Overtaken))
            }
            Answer::Code(code) => {
                assert!(is_of_the_replica(code), "code {code}");
                None
            }
            answer => {
                assert_eq!(answer, Answer::Keys(Vec::new()));
                Some(Ok(()))
            }
        })
    }

    /// Whether replica 0 has not been the primary all the time.
    fn has_changed_view(&self) -> bool {
        let gave_up = |replica: &Process| replica.stderr().contains("hears no quorum");
        self.latest_view() > 0 || self.replicas.iter().any(gave_up)
    }

    /// The latest view that any of the replicas that run now has been in.
    pub(crate) fn latest_view(&self) -> u64 {
        let said = self.replicas.iter().map(Process::stderr);
        let views = said.flat_map(|said| views_in(&said));
        views.max().unwrap_or(0)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        for replica in &self.replicas {
            assert_no_alarm(&replica.stderr());
        }
    }
}

/// The views that a replica says that it has been in.
fn views_in(said: &str) -> Vec<u64> {
    let after = said.split(" of view ").skip(1);
    let numbers = after.filter_map(|rest| rest.split(',').next());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// Fails if this, from a replica's standard error, tells of a defect.
pub(crate) fn assert_no_alarm(said: &str) {
    let alarm = ALARMS.into_iter().find(|alarm| said.contains(alarm));
    assert_eq!(alarm, None, "a replica said:\n{said}");
}

/// A replica listens before it says what it is.
fn wait_until_started(replica: &mut Process) -> Result<(), NotStarted> {
    wait_for("a replica to start", || {
        // In this order: what it said when it ended has been written.
        let is_running = replica.is_running();
        let said = replica.stderr();
        if said.contains(" of view 0") {
            Some(Ok(()))
        } else if is_running {
            None
        } else {
            let is_taken = said.contains("cannot listen on") && said.contains("in use");
            assert!(is_taken, "the replica does not start: {said}");
            Some(Err(NotStarted::PortTaken))
        }
    })
}
