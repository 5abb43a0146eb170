//! The guide is true: its listings are the files of this package, and its
//! commands print what it says that they print, with a client in C as well.

#![cfg(unix)]

#[allow(dead_code)]
#[path = "../../../tests/interop/tests/support/c.rs"]
mod c;
#[path = "../../../tests/interop/tests/support/skip.rs"]
mod skip;

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// What the guide listens on. The test takes any free port.
const PORT: &str = "7008";

/// What stands in place of cargo.
const CARGO: &str = r#"#!/bin/sh
case "$1 $2" in
'new --lib')
    mkdir -p "$3"
    ;;
'run --bin')
    program=$3
    shift 4
    exec "$PROGRAMS/$program" "$@"
    ;;
*)
    echo "cargo $*" >&2
    exit 1
    ;;
esac
"#;

#[test]
fn listings_are_the_files_of_this_package() {
    let listings: Vec<_> = blocks()
        .iter()
        .filter_map(|block| block.listing())
        .collect();
    assert!(listings.len() >= 5, "{} listings", listings.len());
    for (file, text) in listings {
        let contents = fs::read_to_string(root().join(&file)).unwrap();
        assert!(contents.contains(&text), "{file} is not {text}");
    }
}

#[test]
fn commands_print_what_the_guide_says() {
    if let Err(missing) = c::find_tools() {
        return skip::skip("the commands of the guide", &missing);
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut shell = Shell::start(folder.path());
    let mut port = PORT.to_owned();
    for block in blocks() {
        for (command, expected) in block.commands() {
            let command = command.replace(PORT, if port == PORT { "0" } else { &port });
            let printed = shell.run(&command, expected.lines().count());
            if let Some((_, number)) = printed.trim_end().rsplit_once("serving on 127.0.0.1:") {
                port = number.to_owned();
            }
            assert_eq!(printed, expected.replace(PORT, &port), "{command}");
        }
        // The files are there from where the guide lists them.
        if let Some((file, text)) = block.listing() {
            let path = folder.path().join("wordbook").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    assert_ne!(port, PORT, "the guide starts a server");
}

/// A shell in which `cargo run` runs what has been built already.
struct Shell {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    _cargo: TempDir,
}

impl Shell {
    fn start(folder: &Path) -> Self {
        let programs = Path::new(env!("CARGO_BIN_EXE_wordbook-server")).parent();
        let cargo = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::write(cargo.path().join("cargo"), CARGO).unwrap();
        let executable = Permissions::from_mode(0o755);
        fs::set_permissions(cargo.path().join("cargo"), executable).unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut process = Command::new("bash")
            .current_dir(folder)
            .env("PROGRAMS", programs.unwrap())
            .env("PATH", format!("{}:{path}", cargo.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = process.stdin.take().unwrap();
        // Nothing that was started in the background stays.
        writeln!(input, "trap 'kill $(jobs -p)' EXIT").unwrap();
        Self {
            output: BufReader::new(process.stdout.take().unwrap()),
            process,
            input: Some(input),
            _cargo: cargo,
        }
    }

    /// Runs a command, and returns what it prints: so many lines, if it goes on
    /// in the background.
    fn run(&mut self, command: &str, lines: usize) -> String {
        const END: &str = "--- status ";
        let input = self.input.as_mut().unwrap();
        let in_background = command.ends_with('&');
        writeln!(input, "{command}").unwrap();
        if !in_background {
            writeln!(input, "echo '{END}'$?").unwrap();
        }
        let mut printed = String::new();
        while !in_background || printed.lines().count() < lines {
            let mut line = String::new();
            let count = self.output.read_line(&mut line).unwrap();
            assert_ne!(count, 0, "the shell has ended after {command}");
            if let Some(status) = line.strip_prefix(END) {
                assert_eq!(status.trim_end(), "0", "{command}: {printed}");
                break;
            }
            printed += &line;
        }
        printed
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // It ends with its input, and ends what it has started.
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

/// A block of code in the guide.
struct Block {
    language: String,
    /// What stands above it.
    introduction: String,
    text: String,
}

impl Block {
    /// If the block is a file, its name and contents: what stands above it is
    /// then "… `name`:".
    fn listing(&self) -> Option<(String, String)> {
        let introduction = self.introduction.strip_suffix("`:")?;
        let (_, file) = introduction.rsplit_once('`')?;
        Some((file.to_owned(), self.text.clone()))
    }

    /// The commands, and what each prints.
    fn commands(&self) -> Vec<(String, String)> {
        let mut commands: Vec<(String, String)> = Vec::new();
        for line in self.text.lines().filter(|_| self.language == "console") {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), String::new())),
                (None, Some((_, printed))) => *printed += &format!("{line}\n"),
                (None, None) => panic!("{line} is printed by no command"),
            }
        }
        commands
    }
}

fn blocks() -> Vec<Block> {
    let page = fs::read_to_string(root().join("../../docs/guide.md")).unwrap();
    let mut blocks = Vec::new();
    let mut above = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text = lines.by_ref().take_while(|line| *line != "```");
            blocks.push(Block {
                language: language.to_owned(),
                introduction: std::mem::take(&mut above),
                text: text.map(|line| format!("{line}\n")).collect(),
            });
        } else if !line.is_empty() {
            line.clone_into(&mut above);
        }
    }
    blocks
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}
