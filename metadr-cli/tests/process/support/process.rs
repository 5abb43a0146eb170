//! Child processes, which never outlive their test.

use super::{DEADLINE, wait_for};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;
use tempfile::NamedTempFile;

/// The `metadr` command under the runtime that is tested, with nothing on its
/// standard input.
pub(crate) fn metadr() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metadr"));
    command.args(["--runtime", crate::RUNTIME]);
    command.stdin(Stdio::null());
    command
}

/// The same, by a shell that executes this before it becomes that command.
pub(crate) fn metadr_after(prelude: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{prelude} && exec \"$0\" \"$@\"")]);
    let metadr = metadr();
    command.arg(metadr.get_program()).args(metadr.get_args());
    command.stdin(Stdio::null());
    command
}

/// The same, in a network namespace.
pub(crate) fn metadr_in(namespace: &str) -> Command {
    let mut command = Command::new("ip");
    // It becomes that command.
    command.args(["netns", "exec", namespace]);
    let metadr = metadr();
    command.arg(metadr.get_program()).args(metadr.get_args());
    command.stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Finished {
    Process::start(command).wait()
}

/// Runs the shell on a script.
pub(crate) fn shell(endpoints: &str, script: &Path) -> Finished {
    run(metadr().arg("shell").arg(endpoints).arg(script))
}

/// Runs the shell on a script with this text.
pub(crate) fn shell_text(endpoints: &str, script: &str) -> Finished {
    let mut file = NamedTempFile::new().expect("a temporary file");
    file.write_all(script.as_bytes()).expect("a script");
    shell(endpoints, file.path())
}

/// A command that has ended by itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    /// None: a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// What was printed by a command that must have succeeded without complaint.
    pub(crate) fn succeeded(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// What was printed by a command that must have ended with status 1:
    /// standard output and standard error.
    pub(crate) fn failed(self) -> (String, String) {
        assert_eq!(self.code, Some(1), "{self:?}");
        (self.stdout, self.stderr)
    }
}

/// How a process is asked to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// As a service manager does.
    Terminate,
    /// As Ctrl-C does.
    Interrupt,
}

/// A child process. It is killed when this is dropped, and if that happens
/// because its test fails, what it printed is shown.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    command: String,
    // Files, not pipes: nobody has to read them for the child to go on.
    stdout: NamedTempFile,
    stderr: NamedTempFile,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let stderr = NamedTempFile::new().expect("a temporary file");
        command.stderr(stderr.reopen().expect("the file is there"));
        Self::spawn(command, stderr)
    }

    /// Starts it with a standard error whose reader is gone: writing there is
    /// an error.
    pub(crate) fn start_unheard(command: &mut Command) -> Self {
        let nothing = NamedTempFile::new().expect("a temporary file");
        let mut process = Self::spawn(command.stderr(Stdio::piped()), nothing);
        drop(process.child.stderr.take());
        process
    }

    fn spawn(command: &mut Command, stderr: NamedTempFile) -> Self {
        let stdout = NamedTempFile::new().expect("a temporary file");
        command.stdout(stdout.reopen().expect("the file is there"));
        let child = command.spawn().expect("the command can be started");
        Self {
            child,
            command: format!("{command:?}"),
            stdout,
            stderr,
        }
    }

    /// What it has written to standard output so far.
    pub(crate) fn stdout(&self) -> String {
        read(&self.stdout)
    }

    /// What it has written to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// Writes to its standard input, which must be a pipe.
    pub(crate) fn type_in(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("stdin is a pipe");
        stdin.write_all(text.as_bytes()).expect("somebody reads");
    }

    pub(crate) fn is_running(&mut self) -> bool {
        let status = self.child.try_wait().expect("the child is ours");
        status.is_none()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Finished {
        let deadline = Instant::now() + DEADLINE;
        while self.is_running() {
            assert!(Instant::now() < deadline, "{} does not end", self.command);
            thread::sleep(std::time::Duration::from_millis(2));
        }
        let status = self.child.wait().expect("the child is ours");
        let text = |file: &NamedTempFile| {
            let bytes = fs::read(file.path()).expect("the file is there");
            String::from_utf8(bytes).expect("text")
        };
        Finished {
            code: status.code(),
            stdout: text(&self.stdout),
            stderr: text(&self.stderr),
        }
    }

    /// As `kill -9`: it gets no chance to say goodbye.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the child is ours");
        self.child.wait().expect("the child is ours");
    }

    /// Asks it to stop.
    pub(crate) fn ask_to_stop(&self, how: Stop) {
        self.signal(match how {
            Stop::Terminate => "-TERM",
            Stop::Interrupt => "-INT",
        });
    }

    /// Asks it to stop with two signals, one immediately after the other.
    pub(crate) fn ask_to_stop_twice(&self) {
        let pid = self.child.id().to_string();
        let status = Command::new("sh")
            .args(["-c", "kill -TERM $0 && kill -INT $0", &pid])
            .status();
        let status = status.expect("there is a shell");
        assert!(status.success(), "kill {pid}: {status}");
    }

    /// Waits until it has ended. Returns its exit status; none if a signal
    /// ended it.
    pub(crate) fn wait_for_end(&mut self) -> Option<i32> {
        wait_for("a process to end", || {
            let status = self.child.try_wait().expect("the child is ours");
            status.map(|status| status.code())
        })
    }

    /// Stops it where it is. Its connections stay open.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
        // The signal reaches one thread after the other.
        wait_for("the process to stop", || self.is_stopped().then_some(()));
    }

    /// Lets it go on after [`Process::pause`].
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    /// The most memory that it has ever had, in KiB, where the system tells.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line?.trim().strip_suffix("kB")?.trim().parse().ok()
    }

    /// The names of its threads.
    #[cfg(target_os = "linux")]
    pub(crate) fn thread_names(&self) -> Vec<String> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let threads = threads.expect("the child is ours").flatten();
        // One may end meanwhile.
        let names = threads.flat_map(|thread| fs::read_to_string(thread.path().join("comm")));
        names.map(|name| name.trim_end().to_owned()).collect()
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status();
        let status = status.expect("there is a kill command");
        assert!(status.success(), "kill {signal} {pid}: {status}");
    }

    fn is_stopped(&self) -> bool {
        let pid = self.child.id();
        match fs::read_dir(format!("/proc/{pid}/task")) {
            Ok(tasks) => tasks.flatten().all(|task| {
                let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
                // The state follows the name, which is in parentheses.
                stat.rsplit_once(") ")
                    .is_some_and(|(_, state)| state.starts_with('T'))
            }),
            // No such directory outside of Linux.
            Err(_) => {
                let mut command = Command::new("ps");
                let output = command
                    .args(["-o", "state=", "-p", &pid.to_string()])
                    .output();
                output
                    .expect("there is a ps command")
                    .stdout
                    .starts_with(b"T")
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- {}", self.command);
            eprintln!("stdout: {}", self.stdout());
            eprintln!("stderr: {}", self.stderr());
        }
    }
}

fn read(file: &NamedTempFile) -> String {
    let bytes = fs::read(file.path()).expect("the file is there");
    String::from_utf8_lossy(&bytes).into_owned()
}
