//! The `metadr` command: a shell, a whole cluster for trying things out, what
//! operators ask, and the server.

mod admin;
mod dev;
mod remote_store;
mod shell;
mod shell_command;

use clap::{Parser, Subcommand};
use metadr_runtime::rt::BlockOn;
use metadr_server::report::tell;
use metadr_server::runtime::{Choice, Program};
use std::process::ExitCode;

/// metaDR: a small, strongly consistent metadata store
#[derive(Parser)]
#[command(name = "metadr", version)]
struct Command {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    choice: Choice,
}

#[derive(Subcommand)]
enum What {
    /// Start a whole cluster in this process and put a shell, or a script, on it
    Dev(dev::Arguments),
    /// Type commands, or run a script of them, at a running cluster
    Shell(shell_command::Arguments),
    /// Ask replicas how they are, or stop one
    Admin(admin::Arguments),
    /// Run one replica
    #[command(hide = true)]
    Server(metadr_server::command::Arguments),
}

impl Program for What {
    fn run<R: BlockOn + Default>(&self) -> ExitCode {
        match self {
            Self::Dev(arguments) => reported(dev::run::<R>(arguments)),
            Self::Shell(arguments) => shell_command::run::<R>(arguments),
            Self::Admin(arguments) => admin::run::<R>(arguments),
            Self::Server(arguments) => {
                reported(metadr_server::command::run::<R>(arguments).map(|()| ExitCode::SUCCESS))
            }
        }
    }
}

fn main() -> ExitCode {
    let command = Command::parse();
    command.choice.runtime.run(&command.what)
}

fn reported(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        tell(format_args!("metadr: {error:#}"));
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;
    use metadr_server::runtime::RuntimeName;

    fn parsed(line: &str) -> Command {
        Command::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Command::command().debug_assert();
    }

    #[test]
    fn the_runtime_may_be_named_anywhere() {
        for (line, expected) in [
            ("metadr dev", RuntimeName::Smol),
            ("metadr dev --runtime smol", RuntimeName::Smol),
            ("metadr dev --runtime async-std", RuntimeName::AsyncStd),
            ("metadr --runtime async-std dev", RuntimeName::AsyncStd),
            (
                "metadr dev a.tst --runtime async-std",
                RuntimeName::AsyncStd,
            ),
            (
                "metadr server config --runtime async-std",
                RuntimeName::AsyncStd,
            ),
            (
                "metadr server --runtime=async-std config",
                RuntimeName::AsyncStd,
            ),
        ] {
            assert_eq!(parsed(line).choice.runtime, expected, "{line}");
        }
        let unknown = ["metadr", "dev", "--runtime", "tokio"];
        let error = Command::try_parse_from(unknown)
            .err()
            .map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("[possible values: smol, async-std]")));
    }

    #[test]
    fn the_words_of_the_shell_are_what_is_no_option() {
        for line in [
            "metadr shell --runtime async-std localhost:1 a.tst",
            "metadr shell localhost:1 --runtime async-std a.tst",
            "metadr shell localhost:1 a.tst --runtime async-std",
        ] {
            let command = parsed(line);
            assert_eq!(command.choice.runtime, RuntimeName::AsyncStd, "{line}");
            let What::Shell(shell) = command.what else {
                panic!("{line} is for the shell");
            };
            assert_eq!(shell.words, ["localhost:1", "a.tst"], "{line}");
        }
    }
}
