//! Scripts: no prompt, no echo.

use super::line::LineReader;
use super::session::{ExitStatus, Help, Session, Stop};
use super::store::Store;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

/// Runs the lines of a script until its end or `exit`.
///
/// Answers go to `out`, which is flushed after each line. A script that cannot
/// be read, or no further, is named on stderr.
pub(crate) fn run_script(store: &mut dyn Store, path: &Path, out: &mut dyn Write) -> ExitStatus {
    run(store, path, out, &mut io::stderr())
}

fn run(
    store: &mut dyn Store,
    path: &Path,
    out: &mut dyn Write,
    messages: &mut dyn Write,
) -> ExitStatus {
    let mut session = Session::new(store, out, Help::Seed);
    let result = run_lines(&mut session, path);
    session.conclude(result, messages)
}

fn run_lines(session: &mut Session<'_>, path: &Path) -> Result<(), Stop> {
    let unreadable = |error| Stop::Input(format!("script {}", path.display()), error);
    let file = File::open(path).map_err(|error| unreadable(error.into()))?;
    let mut input = BufReader::new(file);
    let mut lines = LineReader::new(&mut input);
    while let Some(line) = lines.next_line().map_err(unreadable)? {
        if session.run_line(line.text)?.is_break() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::line::MAX_LENGTH;
    use super::super::tree_store::TreeStore;
    use super::*;

    /// The status, what is on stdout, and what is on stderr.
    fn run_path(path: &Path) -> (ExitStatus, String, String) {
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let status = run(&mut TreeStore::default(), path, &mut out, &mut messages);
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (status, text(out), text(messages))
    }

    fn run_text(script: impl AsRef<[u8]>) -> (ExitStatus, String, String) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("script.tst");
        std::fs::write(&path, script).expect("a file");
        run_path(&path)
    }

    fn output(script: impl AsRef<[u8]>) -> String {
        let (status, out, messages) = run_text(script);
        assert_eq!((status, messages), (ExitStatus::Success, String::new()));
        out
    }

    #[test]
    fn a_script_prints_answers_only() {
        assert_eq!(output("create /a 1\nset /a 2\nget /a\n"), "CREATED\n2\n");
        assert_eq!(output(""), "");
    }

    #[test]
    fn the_last_line_needs_no_line_feed() {
        assert_eq!(output("create /a 1\nget /a"), "CREATED\n1\n");
    }

    #[test]
    fn nothing_is_run_after_exit() {
        assert_eq!(output("echo 1\nexit\necho 2\n"), "1 \n");
        assert_eq!(output("echo 1\nexit now please\necho 2\n"), "1 \n");
    }

    #[test]
    fn line_ends_of_other_systems_are_understood() {
        assert_eq!(
            output("create /a 1\r\n\r\nget /a\r\nexit\r\n"),
            "CREATED\n1\n"
        );
    }

    #[test]
    fn seed_defect_11_a_line_longer_than_255_bytes_does_not_loop() {
        let value = "v".repeat(100_000);
        let script = format!("create /a {value}\nget /a\necho end\n");
        assert_eq!(output(script), format!("CREATED\n{value}\nend \n"));
        for length in 250..260 {
            let line = format!("echo {}", "x".repeat(length - 5));
            assert_eq!(output(&line), format!("{} \n", &line[5..]));
        }
    }

    #[test]
    fn a_line_without_end_is_an_error() {
        let script = [b"echo 1\n".to_vec(), vec![b'x'; MAX_LENGTH + 1]].concat();
        let (status, out, messages) = run_text(script);
        assert_eq!((status, out.as_str()), (ExitStatus::Failure, "1 \n"));
        assert!(
            messages.contains("script.tst: line 2 is longer"),
            "{messages}"
        );
    }

    #[test]
    fn seed_defect_13_a_missing_script_does_not_loop() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("missing.tst");
        let (status, out, messages) = run_path(&path);
        assert_eq!((status, out.as_str()), (ExitStatus::Failure, ""));
        let expected = format!("cannot read script {}: ", path.display());
        assert!(messages.starts_with(&expected), "{messages}");
        assert_eq!(messages.lines().count(), 1);
    }

    #[test]
    fn a_directory_is_no_script() {
        let directory = tempfile::tempdir().expect("a directory");
        let (status, out, messages) = run_path(directory.path());
        assert_eq!((status, out.as_str()), (ExitStatus::Failure, ""));
        assert!(messages.starts_with("cannot read script "), "{messages}");
    }
}
