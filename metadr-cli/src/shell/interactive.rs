//! The shell with a prompt, at a terminal or not.

use super::line::{LineError, LineReader};
use super::session::{ExitStatus, Help, Session, Stop};
use super::store::Store;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor};
use std::io::{self, BufRead, IsTerminal, Write};

const GREETING: &str = "Client Shell\n";
const PROMPT: &str = "> ";

/// Runs the lines of stdin until its end or `exit`.
///
/// At a terminal a line can be edited and former ones called back. Ctrl-C
/// drops the line, Ctrl-D on an empty line leaves. A terminal that sends
/// something that is not UTF-8 ends the shell with status 1, because the rest
/// of that line might be a line of its own. If stdin is no terminal,
/// greeting and prompts go to `out` all the same, as the seed's do.
///
/// Answers go to `out`, which is flushed after each line, and which is stdout
/// if there is a terminal: the line editor writes there.
pub(crate) fn run_interactive(store: &mut dyn Store, out: &mut dyn Write) -> ExitStatus {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let mut session = Session::new(store, out, Help::Complete);
        let result = run_terminal(&mut session);
        session.conclude(result, &mut io::stderr())
    } else {
        run_plain(store, &mut stdin.lock(), out, &mut io::stderr())
    }
}

fn run_plain(
    store: &mut dyn Store,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    messages: &mut dyn Write,
) -> ExitStatus {
    let mut session = Session::new(store, out, Help::Seed);
    let result = run_lines(&mut session, input);
    session.conclude(result, messages)
}

fn run_lines(session: &mut Session<'_>, input: &mut dyn BufRead) -> Result<(), Stop> {
    session.show(GREETING)?;
    let mut lines = LineReader::new(input);
    loop {
        session.show(PROMPT)?;
        let Some(line) = lines.next_line().map_err(unreadable)? else {
            return Ok(());
        };
        // The seed prompts again unless it has seen the end of the input.
        if session.run_line(line.text)?.is_break() || !line.terminated {
            return Ok(());
        }
    }
}

fn run_terminal(session: &mut Session<'_>) -> Result<(), Stop> {
    session.show(GREETING)?;
    let config = Config::builder().auto_add_history(true).build();
    let mut editor: Editor<(), MemHistory> =
        Editor::with_history(config, MemHistory::new()).map_err(editor_failed)?;
    loop {
        let line = match editor.readline(PROMPT) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(editor_failed(error)),
        };
        if session.run_line(line.as_bytes())?.is_break() {
            return Ok(());
        }
    }
}

fn editor_failed(error: ReadlineError) -> Stop {
    let error = match error {
        ReadlineError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            io::Error::new(error.kind(), "what was typed is not UTF-8")
        }
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    };
    unreadable(error.into())
}

fn unreadable(error: LineError) -> Stop {
    Stop::Input("the standard input".to_owned(), error)
}

#[cfg(test)]
mod tests {
    use super::super::store::StoreError;
    use super::super::tree_store::{Answers, TreeStore};
    use super::*;

    fn output(mut input: &[u8]) -> String {
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let mut store = TreeStore::default();
        let status = run_plain(&mut store, &mut input, &mut out, &mut messages);
        assert_eq!((status, messages), (ExitStatus::Success, Vec::new()));
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn each_line_is_prompted_for() {
        let expected = "Client Shell\n> CREATED\n> > 1\n> ";
        assert_eq!(output(b"create /a 1\n\nget /a\n"), expected);
        assert_eq!(output(b""), "Client Shell\n> ");
    }

    #[test]
    fn there_is_no_prompt_after_the_end() {
        assert_eq!(output(b"echo 1"), "Client Shell\n> 1 \n");
        assert_eq!(output(b"exit\necho 1\n"), "Client Shell\n> ");
    }

    #[test]
    fn help_from_a_pipe_is_the_seeds() {
        let expected = "Client Shell\n\
                        > create     Create a node\n\
                        echo       Echo arguments\n\
                        exit       Exit shell\n\
                        get        Get a node\n\
                        help       Display the list of commands\n\
                        remove     Remove a node\n\
                        set        Set a node\n\
                        > ";
        assert_eq!(output(b"help\n"), expected);
    }

    #[test]
    fn a_failure_of_the_store_ends_the_shell() {
        let mut store = Answers(StoreError::Failed("connection lost".to_owned()));
        let mut input = &b"get /a\necho 1\n"[..];
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let status = run_plain(&mut store, &mut input, &mut out, &mut messages);
        assert_eq!(status, ExitStatus::Failure);
        assert_eq!(out, b"Client Shell\n> connection lost\n");
    }
}
