//! Lines in, answers out.

use super::command::Command;
use super::line::LineError;
use super::store::{Store, StoreError};
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;

/// How the shell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// All lines were run, or `exit` was. What the store refuses is no
    /// failure. Status 0.
    Success,
    /// The connection, a call, the input or the output failed. The user was
    /// told. Status 1.
    Failure,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        match status {
            ExitStatus::Success => Self::SUCCESS,
            ExitStatus::Failure => Self::FAILURE,
        }
    }
}

/// Which commands `help` displays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Help {
    /// Those that the seed displays: all but list.
    Seed,
    /// All.
    Complete,
}

/// Why the shell ends before its input does.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Stop {
    /// The store failed, with this message.
    #[error("{0}")]
    Store(String),
    /// The answers cannot be written.
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
    /// The lines cannot be read: from where, and why.
    #[error("cannot read {0}: {1}")]
    Input(String, LineError),
}

/// Runs lines against a store.
pub(crate) struct Session<'shell> {
    store: &'shell mut dyn Store,
    out: &'shell mut dyn Write,
    help: Help,
}

impl<'shell> Session<'shell> {
    /// Answers go to `out`.
    pub(crate) fn new(
        store: &'shell mut dyn Store,
        out: &'shell mut dyn Write,
        help: Help,
    ) -> Self {
        Self { store, out, help }
    }

    /// Runs a line, which is without its end, and flushes the answer. Breaks
    /// if the line says exit.
    pub(crate) fn run_line(&mut self, line: &[u8]) -> Result<ControlFlow<()>, Stop> {
        match Command::parse(line) {
            Command::Nothing => {}
            Command::Exit => return Ok(ControlFlow::Break(())),
            Command::Create { key, value } => self.create(key, value)?,
            Command::Remove { key } => self.remove(key)?,
            Command::Set { key, value } => self.set(key, value)?,
            Command::Get { key } => self.get(key)?,
            Command::List { key } => self.list(key)?,
            Command::Echo { words } => self.echo(&words)?,
            Command::Help => self.help()?,
            Command::Misused { usage } => writeln!(self.out, "Usage: {usage}")?,
            Command::Unknown { name } => {
                self.out.write_all(b"Unknown command '")?;
                self.out.write_all(name)?;
                self.out.write_all(b"'\n")?;
            }
        }
        self.out.flush()?;
        Ok(ControlFlow::Continue(()))
    }

    /// Writes text that is not an answer, without a line feed, and flushes it.
    pub(crate) fn show(&mut self, text: &str) -> Result<(), Stop> {
        self.out.write_all(text.as_bytes())?;
        Ok(self.out.flush()?)
    }

    /// Tells the user why the shell ended, if there is something to tell: on
    /// stdout what comes from the store, as the seed does, and the rest on
    /// `messages`.
    pub(crate) fn conclude(self, result: Result<(), Stop>, messages: &mut dyn Write) -> ExitStatus {
        let Err(stop) = result else {
            return ExitStatus::Success;
        };
        // If the user cannot be told, there is nobody else to tell.
        let _ = match &stop {
            // Nobody listens any more: `shell … | head -1` is no failure.
            Stop::Output(error) if error.kind() == ErrorKind::BrokenPipe => {
                return ExitStatus::Success;
            }
            Stop::Store(_) => writeln!(self.out, "{stop}").and_then(|()| self.out.flush()),
            Stop::Output(_) | Stop::Input(..) => writeln!(messages, "{stop}"),
        };
        ExitStatus::Failure
    }

    fn create(&mut self, key: &[u8], value: &[u8]) -> Result<(), Stop> {
        match self.store.create(key, value) {
            Ok(true) => self.answer("CREATED"),
            Ok(false) => self.answer("KEY ALREADY EXISTS"),
            Err(error) => self.fail(error),
        }
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), Stop> {
        match self.store.remove(key) {
            Ok(true) => self.answer("REMOVED"),
            Ok(false) => self.answer("KEY NOT FOUND"),
            Err(error) => self.fail(error),
        }
    }

    /// Success has no answer: the seed is silent, and scripts compare.
    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), Stop> {
        match self.store.set(key, value) {
            Ok(()) => Ok(()),
            Err(error) => self.fail(error),
        }
    }

    fn get(&mut self, key: &[u8]) -> Result<(), Stop> {
        match self.store.get(key) {
            Ok(value) => self.bytes(&value),
            Err(error) => self.fail(error),
        }
    }

    fn list(&mut self, key: &[u8]) -> Result<(), Stop> {
        match self.store.list(key) {
            Ok(names) => names.iter().try_for_each(|name| self.bytes(name)),
            Err(error) => self.fail(error),
        }
    }

    /// Each word is followed by a space, the last one too.
    fn echo(&mut self, words: &[&[u8]]) -> Result<(), Stop> {
        for word in words {
            self.out.write_all(word)?;
            self.out.write_all(b" ")?;
        }
        Ok(self.out.write_all(b"\n")?)
    }

    fn help(&mut self) -> Result<(), Stop> {
        let list = match self.help {
            Help::Seed => None,
            Help::Complete => Some(("list", "List the children of a node")),
        };
        let before = [
            ("create", "Create a node"),
            ("echo", "Echo arguments"),
            ("exit", "Exit shell"),
            ("get", "Get a node"),
            ("help", "Display the list of commands"),
        ];
        let after = [("remove", "Remove a node"), ("set", "Set a node")];
        for (name, purpose) in before.into_iter().chain(list).chain(after) {
            writeln!(self.out, "{name:<11}{purpose}")?;
        }
        Ok(())
    }

    fn fail(&mut self, error: StoreError) -> Result<(), Stop> {
        match error {
            StoreError::Refused(refusal) => self.answer(refusal),
            StoreError::Failed(message) => Err(Stop::Store(message)),
        }
    }

    fn answer(&mut self, text: impl Display) -> Result<(), Stop> {
        Ok(writeln!(self.out, "{text}")?)
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.out.write_all(bytes)?;
        Ok(self.out.write_all(b"\n")?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::Refusal;
    use super::super::tree_store::{Answers, TreeStore};
    use super::*;

    fn run(store: &mut dyn Store, line: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut session = Session::new(store, &mut out, Help::Seed);
        let flow = session.run_line(line).expect("a vector can be written");
        assert_eq!(flow, ControlFlow::Continue(()));
        out
    }

    #[test]
    fn values_are_any_bytes() {
        let mut store = TreeStore::default();
        let value: Vec<u8> = (0..=u8::MAX)
            .filter(|byte| !b" \n".contains(byte))
            .collect();
        let create = [b"create /a ", &value[..]].concat();
        assert_eq!(run(&mut store, &create), b"CREATED\n");
        let expected = [&value[..], b"\n"].concat();
        assert_eq!(run(&mut store, b"get /a"), expected);
    }

    #[test]
    fn unknown_commands_are_quoted_as_they_are() {
        let mut store = TreeStore::default();
        let output = run(&mut store, b"\xff\0 /a");
        assert_eq!(output, b"Unknown command '\xff\0'\n");
    }

    #[test]
    fn refusals_are_printed_and_the_shell_goes_on() {
        for refusal in [
            Refusal::NotPrimaryReplica,
            Refusal::FailedToReachQuorum,
            Refusal::ReplicaStatusNotNormal,
            Refusal::Unknown,
        ] {
            let mut store = Answers(StoreError::Refused(refusal));
            for line in ["create /a 1", "remove /a", "set /a 1", "get /a", "list /"] {
                let expected = format!("{refusal}\n");
                assert_eq!(run(&mut store, line.as_bytes()), expected.as_bytes());
            }
        }
    }

    #[test]
    fn failures_are_printed_on_stdout_and_end_the_shell() {
        let mut store = Answers(StoreError::Failed("connection lost".to_owned()));
        for line in ["create /a 1", "remove /a", "set /a 1", "get /a", "list /"] {
            let (mut out, mut messages) = (Vec::new(), Vec::new());
            let mut session = Session::new(&mut store, &mut out, Help::Seed);
            let result = session.run_line(line.as_bytes()).map(|_| ());
            let status = session.conclude(result, &mut messages);
            assert_eq!(status, ExitStatus::Failure);
            assert_eq!(out, b"connection lost\n");
            assert_eq!(messages, b"");
        }
    }

    /// An output that nobody reads, or that has no room.
    struct Refusing(ErrorKind);

    impl Write for Refusing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn conclude_with(kind: ErrorKind) -> (ExitStatus, Vec<u8>) {
        let (mut store, mut out) = (TreeStore::default(), Refusing(kind));
        let mut messages = Vec::new();
        let mut session = Session::new(&mut store, &mut out, Help::Seed);
        let result = session.run_line(b"echo").map(|_| ());
        (session.conclude(result, &mut messages), messages)
    }

    #[test]
    fn a_broken_pipe_ends_the_shell_quietly() {
        let expected = (ExitStatus::Success, Vec::new());
        assert_eq!(conclude_with(ErrorKind::BrokenPipe), expected);
    }

    #[test]
    fn other_failures_to_write_are_told() {
        let (status, messages) = conclude_with(ErrorKind::StorageFull);
        assert_eq!(status, ExitStatus::Failure);
        assert!(messages.starts_with(b"cannot write"));
    }

    #[test]
    fn help_displays_the_seeds_seven_lines_or_eight() {
        let mut store = TreeStore::default();
        let seed = run(&mut store, b"help");
        let mut complete = Vec::new();
        let mut session = Session::new(&mut store, &mut complete, Help::Complete);
        let flow = session.run_line(b"help").expect("a vector can be written");
        assert!(flow.is_continue());
        let seed = String::from_utf8(seed).expect("text");
        let complete = String::from_utf8(complete).expect("text");
        assert_eq!(seed.lines().count(), 7);
        let without_list = complete.lines().filter(|line| !line.starts_with("list "));
        assert_eq!(
            without_list.collect::<Vec<_>>(),
            seed.lines().collect::<Vec<_>>()
        );
        assert!(complete.lines().is_sorted());
        assert_eq!(complete.lines().count(), 8);
    }
}
