//! A network and a `/run` of a test's own, with a real rpcbind in it.

use crate::Tested;
use crate::support::run;
use metadr_runtime::rt::Runtime;
use std::env;
use std::io::{Write as _, stderr};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Set in the process that runs inside.
const INSIDE: &str = "METADR_TEST_INSIDE";
/// An address of the network that is not a loopback address.
pub(crate) const OUTSIDE_ADDRESS: &str = "10.9.9.1";
/// What is done inside before the test.
const SETUP: &str = "ip link set lo up && ip address add 10.9.9.1/32 dev lo \
                     && mount -t tmpfs none /run && exec \"$0\" \"$@\"";
const NAMESPACES: [&str; 5] = ["--mount", "--net", "--pid", "--fork", "--kill-child"];

/// Runs the test `name` beside a real rpcbind that nobody else sees. Where that
/// is impossible, the test is skipped, and says why.
pub(crate) fn with_rpcbind(name: &str, test: impl AsyncFnOnce(Tested)) {
    inside(name, || {
        let mut rpcbind = Command::new(find("rpcbind").unwrap());
        let mut rpcbind = rpcbind.arg("-f").stdin(Stdio::null()).spawn().unwrap();
        while UnixStream::connect("/run/rpcbind.sock").is_err()
            || TcpStream::connect("127.0.0.1:111").is_err()
            || TcpStream::connect("[::1]:111").is_err()
        {
            assert_eq!(rpcbind.try_wait().unwrap(), None, "rpcbind has ended");
            thread::sleep(Duration::from_millis(1));
        }
        run(test);
        // After a panic, it ends with the namespace.
        rpcbind.kill().unwrap();
        rpcbind.wait().unwrap();
    });
}

/// Runs the test `name` in a process of its own, in namespaces of its own: as
/// the only test of this program, which calls this function again.
pub(crate) fn inside(name: &str, test: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        return test();
    }
    if let Err(missing) = check() {
        return skip(name, &missing);
    }
    let output = Command::new("unshare")
        .args(NAMESPACES)
        .args(["sh", "-c", SETUP])
        .arg(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    // Otherwise, a wrong name would run nothing at all.
    let has_run = printed.contains("test result: ok. 1 passed");
    assert!(output.status.success() && has_run, "{printed}{errors}");
}

/// What is missing for a test inside.
fn check() -> Result<(), String> {
    for program in ["unshare", "ip", "mount", "rpcbind", "rpcinfo"] {
        find(program).ok_or_else(|| format!("{program} is not installed"))?;
    }
    let mut trial = Command::new("unshare");
    let output = trial.args(NAMESPACES).arg("true").output().unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

/// Says that a test is skipped, on the real standard error: what `eprintln!`
/// prints is shown of tests that fail, and no others.
fn skip(name: &str, why: &str) {
    let message = format!("{name}: skipped: {why}");
    assert!(env::var_os("METADR_CI").is_none(), "{message}");
    // Whether anybody reads it is no reason to fail.
    let _ = stderr().lock().write_all(format!("{message}\n").as_bytes());
}

/// A program of the system, also where ordinary users do not look.
fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    let mut candidates = folders.map(|folder: PathBuf| folder.join(program));
    candidates.find(|candidate| Path::is_file(candidate))
}

/// What rpcinfo prints, and whether it is content. Tasks go on meanwhile.
pub(crate) async fn rpcinfo(runtime: &Tested, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(find("rpcinfo").unwrap());
    command.args(arguments).stdin(Stdio::null());
    let waiting = thread::spawn(move || command.output().unwrap());
    while !waiting.is_finished() {
        let soon = runtime.now() + Duration::from_millis(1);
        runtime.sleep_until(soon).await;
    }
    let output = waiting.join().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(printed).unwrap())
}
