//! The shell's side of a connection: which replica it talks to, and how it
//! ends when it can talk to none.

use crate::support::cluster::Cluster;
use crate::support::ports::{BlackHole, ClosingPort, DeadPort, any_listener, port_of};
use crate::support::process::{Process, metadr, run, shell_text};
use crate::support::wire::{Connection, record};
use crate::support::{note, wait_for};
use std::io::Write;
use std::net::TcpListener;
use std::process::Stdio;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;

/// A shell that is typed at.
struct Typed {
    shell: Process,
    expected: String,
}

impl Typed {
    fn start(endpoints: &str) -> Self {
        let mut command = metadr();
        command.args(["shell", endpoints]).stdin(Stdio::piped());
        Self {
            shell: Process::start(&mut command),
            expected: String::from("Client Shell\n> "),
        }
    }

    /// Types a line, and waits for this answer and the next prompt.
    fn expect(&mut self, line: &str, answer: &str) {
        self.shell.type_in(&format!("{line}\n"));
        if !answer.is_empty() {
            self.expected += &format!("{answer}\n");
        }
        self.expected += "> ";
        wait_for(&format!("{answer:?} to {line:?}"), || {
            let is_there = self.shell.stdout().len() >= self.expected.len();
            is_there.then(|| assert_eq!(self.shell.stdout(), self.expected))
        });
    }
}

/// A replica's client port that takes one connection, hands the first call on
/// to a real replica, and closes the connection where the reply should be.
fn swallow_one_reply(replica: u16) -> (String, JoinHandle<()>) {
    let listener = any_listener();
    let endpoint = format!("localhost:{}", port_of(&listener));
    let thread = thread::spawn(move || {
        let mut client = Connection::over(accept(&listener));
        // From here on, connections are refused.
        drop(listener);
        let call = client.receive();
        let mut replica = Connection::to(replica);
        replica.send(&record(&call));
        replica.receive();
    });
    (endpoint, thread)
}

fn accept(listener: &TcpListener) -> std::net::TcpStream {
    listener.set_nonblocking(true).expect("a socket");
    let stream = wait_for("a connection", || listener.accept().ok()).0;
    stream.set_nonblocking(false).expect("a socket");
    stream
}

#[test]
fn the_shell_goes_past_the_dead_and_past_backups() {
    Cluster::undisturbed(3, |cluster| {
        let dead = DeadPort::new();
        let endpoints = format!("{},{}", dead.endpoint(), cluster.endpoints(&[1, 0]));
        let lines = "create /a 1\nget /a\nlist /\n";
        assert_eq!(shell_text(&endpoints, lines).succeeded(), "CREATED\n1\na\n");
        let endpoints = format!("{},{}", cluster.endpoints(&[2]), dead.endpoint());
        let endpoints = format!("{endpoints},{}", cluster.endpoints(&[0]));
        assert_eq!(shell_text(&endpoints, "get /a\n").succeeded(), "1\n");
    });
}

#[test]
fn if_nobody_is_there_the_shell_says_so() {
    let (first, second) = (DeadPort::new(), DeadPort::new());
    for endpoints in [
        first.endpoint(),
        format!("{},{}", first.endpoint(), second.endpoint()),
    ] {
        let (stdout, stderr) = shell_text(&endpoints, "echo 1\n").failed();
        let reason = stdout.strip_prefix("Connection failed!\nException: ");
        let reason = reason.unwrap_or_else(|| panic!("{stdout}"));
        assert!(reason.contains("refused"), "{reason}");
        assert_eq!((reason.lines().count(), stderr.as_str()), (1, ""));
    }
}

#[test]
fn an_endpoint_that_is_none_is_named() {
    for endpoints in [
        "localhost",
        "localhost:",
        "localhost:0",
        "localhost:99999",
        "",
    ] {
        let (stdout, stderr) = shell_text(endpoints, "echo 1\n").failed();
        let complaint =
            format!("Endpoint, {endpoints} should be provided in hostIp:portNum format");
        assert_eq!(
            stdout,
            format!("Connection failed!\nException: {complaint}\n")
        );
        assert_eq!(stderr, "");
    }
}

#[test]
fn a_wrong_number_of_words_is_answered_with_the_usage() {
    for words in [&["shell"][..], &["shell", "localhost:1", "a", "b"]] {
        let (stdout, stderr) = run(metadr().args(words)).failed();
        assert_eq!(
            (stdout.as_str(), stderr.as_str()),
            ("Usage: shell HOST [SCRIPT]\n", "")
        );
    }
}

#[test]
fn seed_defect_13_a_script_that_does_not_exist_ends_the_shell() {
    let cluster = Cluster::start(1);
    let missing = "no-such-script.tst";
    let (stdout, stderr) = cluster.script(&[0], missing.as_ref()).failed();
    assert_eq!(stdout, "");
    assert!(stderr.contains(missing), "{stderr}");
}

#[test]
fn a_backup_that_dies_is_not_missed() {
    let mut cluster = Cluster::start(3);
    let mut shell = Typed::start(&cluster.endpoints(&[1, 0, 2]));
    shell.expect("create /a 1", "CREATED");
    cluster.replica(1).kill();
    shell.expect("get /a", "1");
    shell.expect("remove /a", "REMOVED");
}

/// It accepts the connection, as its system does that for it, and then says
/// nothing. A call may take 10 seconds, but nobody has to wait so long if
/// another replica serves.
#[test]
fn a_backup_that_has_stopped_is_given_up() {
    let mut cluster = Cluster::start(3);
    cluster.replica(1).pause();
    let started = Instant::now();
    let printed = cluster.lines(&[1, 2, 0], "create /a 1\nget /a\n");
    assert_eq!(printed.succeeded(), "CREATED\n1\n");
    assert!(started.elapsed() < Duration::from_secs(10));
    cluster.replica(1).resume();
}

/// Connecting to it neither succeeds nor fails: that costs two seconds at the
/// start, and a quarter of a second in the middle of a failover.
#[test]
fn a_host_that_is_gone_is_passed_by() {
    let Some(gone) = BlackHole::new() else {
        note(format_args!(
            "skipped: this system refuses connections that it has no room for"
        ));
        return;
    };
    let mut cluster = Cluster::start(3);
    let started = Instant::now();
    let endpoints = format!("{},{}", gone.endpoint(), cluster.endpoints(&[2, 1, 0]));
    let printed = shell_text(&endpoints, "create /a 1\nget /a\n");
    assert_eq!(printed.succeeded(), "CREATED\n1\n");
    let [first, others] = [&[0][..], &[1, 2]].map(|order| cluster.endpoints(order));
    let mut shell = Typed::start(&format!("{first},{},{others}", gone.endpoint()));
    shell.expect("get /a", "1");
    cluster.replica(0).kill();
    shell.expect("set /a 2", "");
    shell.expect("get /a", "2");
    assert!(started.elapsed() < Duration::from_secs(12));
}

#[test]
fn a_shell_follows_when_the_primary_dies() {
    let mut cluster = Cluster::start(3);
    let mut shell = Typed::start(&cluster.endpoints(&[0, 1, 2]));
    shell.expect("create /a 1", "CREATED");
    for victim in [0, 1] {
        cluster.replica(victim).kill();
        let value = victim.to_string();
        shell.expect(&format!("set /a {value}"), "");
        shell.expect("get /a", &value);
        cluster.restart(victim);
        cluster.wait_until_normal(victim);
    }
}

/// Within a failover it breaks more connections than a call that no server
/// accepts would.
#[test]
fn an_address_that_breaks_every_connection_used_up_the_failover() {
    let mut cluster = Cluster::start(3);
    let closing = ClosingPort::new();
    let others = cluster.endpoints(&[1, 2]);
    let first = cluster.endpoints(&[0]);
    let mut shell = Typed::start(&format!("{first},{},{others}", closing.endpoint()));
    shell.expect("create /a 1", "CREATED");
    cluster.replica(0).kill();
    shell.expect("set /a 2", "");
    shell.expect("get /a", "2");
}

/// It goes on listening, and its connections stay open.
#[test]
fn a_shell_follows_when_the_primary_stops() {
    let mut cluster = Cluster::start(3);
    let mut shell = Typed::start(&cluster.endpoints(&[0, 1, 2]));
    shell.expect("create /a 1", "CREATED");
    cluster.replica(0).pause();
    let started = Instant::now();
    shell.expect("get /a", "1");
    shell.expect("set /a 2", "");
    assert!(started.elapsed() < Duration::from_secs(10));
    cluster.replica(0).resume();
    shell.expect("get /a", "2");
    shell.expect("set /a 3", "");
    shell.expect("get /a", "3");
}

/// What the script prints does not tell that the primary died in the middle of
/// it; unless a call was under way, and its reply was lost: the call is made
/// again, and finds that it has been done.
#[test]
fn a_script_goes_on_when_the_primary_dies() {
    let mut cluster = Cluster::start(3);
    let keys: Vec<String> = (0..400).map(|number| format!("/a/k{number}")).collect();
    let mut script = NamedTempFile::new().expect("a temporary file");
    writeln!(script, "create /a 1").expect("a script");
    for key in &keys {
        writeln!(script, "create {key} 1\nset {key} 2\nget {key}").expect("a script");
    }
    for key in &keys[..100] {
        writeln!(script, "remove {key}").expect("a script");
    }
    writeln!(script, "list /a\necho end").expect("a script");
    let mut command = metadr();
    command.args(["shell", &cluster.endpoints(&[0, 1, 2])]);
    let shell = Process::start(command.arg(script.path()));
    let lines = || shell.stdout().lines().count();
    for (victim, progress) in [(0, 100), (1, 500)] {
        wait_for("the script", || (lines() > progress).then_some(()));
        cluster.replica(victim).kill();
        cluster.restart(victim);
        cluster.wait_until_normal(victim);
    }
    let printed = shell.wait().succeeded();
    assert_script_output(&keys, &printed, cluster.latest_view());
}

/// Fails unless this is what the script above prints, with at most one reply
/// lost for each view that ended.
fn assert_script_output(keys: &[String], printed: &str, ended: u64) {
    let created = [("CREATED", "KEY ALREADY EXISTS")];
    let each = [created[0], ("2", "2")].repeat(keys.len());
    let removed = [("REMOVED", "KEY NOT FOUND")].repeat(100);
    let mut left: Vec<&str> = keys[100..].iter().map(|key| &key["/a/".len()..]).collect();
    left.sort_unstable();
    let left: Vec<_> = left
        .into_iter()
        .chain(["end "])
        .map(|line| (line, line))
        .collect();
    let expected = [&created[..], &each, &removed, &left].concat();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{printed}");
    let mut lost = 0;
    for (line, (undisturbed, repeated)) in lines.into_iter().zip(expected) {
        if line != undisturbed {
            assert_eq!(line, repeated, "{printed}");
            lost += 1;
        }
    }
    assert!(lost <= ended, "{lost} replies were lost: {printed}");
}

#[test]
fn a_shell_with_one_address_ends_when_its_replica_dies() {
    let mut cluster = Cluster::start(3);
    let primary = cluster.primary();
    let mut shell = Typed::start(&cluster.endpoints(&[primary]));
    shell.expect("create /a 1", "CREATED");
    cluster.replica(primary).kill();
    shell.shell.type_in("get /a\nget /a\n");
    let before = shell.expected;
    let (stdout, stderr) = shell.shell.wait().failed();
    let message = stdout.strip_prefix(&before).expect("what was there");
    // Whether the call was on its way when the connection ended.
    let is_lost = message.starts_with("connection ");
    assert!(is_lost || message.contains("refused"), "{message}");
    assert_eq!((message.lines().count(), stderr.as_str()), (1, ""));
}

/// The call that is made again finds what the first one did.
#[test]
fn a_call_whose_reply_was_lost_is_made_again_elsewhere() {
    Cluster::undisturbed(3, |cluster| {
        let (endpoint, thread) = swallow_one_reply(cluster.client_port(0));
        let endpoints = format!("{endpoint},{}", cluster.endpoints(&[1, 0]));
        let printed = shell_text(&endpoints, "create /a 1\nget /a\nremove /a\n");
        assert_eq!(printed.succeeded(), "KEY ALREADY EXISTS\n1\nREMOVED\n");
        thread.join().expect("one call came");
    });
}

#[test]
fn a_reply_that_was_lost_ends_a_shell_with_one_address() {
    Cluster::undisturbed(3, |cluster| {
        let (endpoint, thread) = swallow_one_reply(cluster.client_port(0));
        let (stdout, stderr) = shell_text(&endpoint, "create /a 1\nget /a\n").failed();
        assert_eq!(stdout, "connection closed by the server\n");
        assert_eq!(stderr, "");
        thread.join().expect("one call came");
    });
}

#[test]
fn a_key_that_is_too_long_ends_the_script() {
    Cluster::undisturbed(3, |cluster| {
        let key = |length: usize| format!("/{}", "k".repeat(length - 1));
        let (longest, long) = (key(512), key(513));
        for command in ["create", "set"] {
            let lines = format!(
                "create {longest} 1\nget {long}\nremove {longest}\n{command} {long} 1\necho no\n"
            );
            for order in [&[0][..], &[1, 0, 2]] {
                let (stdout, stderr) = cluster.lines(order, &lines).failed();
                let before = "CREATED\nKEY NOT FOUND\nREMOVED\n";
                let message = stdout
                    .strip_prefix(before)
                    .unwrap_or_else(|| panic!("{stdout}"));
                assert!(
                    message.contains("arguments") && message.contains("512"),
                    "{message}"
                );
                assert_eq!((message.lines().count(), stderr.as_str()), (1, ""));
            }
        }
    });
}

#[test]
fn a_value_that_is_too_long_ends_the_script() {
    // Without backups: hashing so much without optimization takes its time.
    let mut cluster = Cluster::start(1);
    // A record may have a mebibyte and a little more.
    let longest = "v".repeat(1 << 20);
    let lines = format!("create /a {longest}\nget /a\n");
    let printed = cluster.lines(&[0], &lines).succeeded();
    assert!(
        printed == format!("CREATED\n{longest}\n"),
        "{} bytes",
        printed.len()
    );

    for length in [(1 << 20) + 1024, 3 << 20] {
        let lines = format!("set /a 1\nset /a {}\necho no\n", "v".repeat(length));
        let (stdout, stderr) = cluster.lines(&[0], &lines).failed();
        assert!(stdout.starts_with("connection "), "{stdout}");
        assert_eq!((stdout.lines().count(), stderr.as_str()), (1, ""));
    }
    assert_eq!(cluster.lines(&[0], "get /a\n").succeeded(), "1\n");
    cluster.assert_running(&[0]);
}

/// It breaks the connection wherever it is sent, which is no reason to look for
/// another primary for long.
#[test]
fn a_value_that_is_too_long_is_given_up_with_several_addresses_too() {
    let mut cluster = Cluster::start(3);
    let lines = format!("create /a {}\necho no\n", "v".repeat(3 << 20));
    let started = Instant::now();
    let (stdout, stderr) = cluster.lines(&[0, 1, 2], &lines).failed();
    assert!(stdout.starts_with("connection "), "{stdout}");
    assert_eq!((stdout.lines().count(), stderr.as_str()), (1, ""));
    // The client looks for a primary for 30 seconds.
    assert!(started.elapsed() < Duration::from_secs(20));
    cluster.assert_running(&[0, 1, 2]);
}
