//! The `metadr` command: a shell, a whole cluster for trying things out, and
//! the server.

mod dev;
mod remote_store;
mod shell;
mod shell_command;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// metaDR: a small, strongly consistent metadata store
#[derive(Parser)]
#[command(name = "metadr", version)]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Start a whole cluster in this process and put a shell, or a script, on it
    Dev(dev::Arguments),
    /// Type commands, or run a script of them, at a running cluster
    Shell(shell_command::Arguments),
    /// Run one replica
    #[command(hide = true)]
    Server(metadr_server::command::Arguments),
}

fn main() -> ExitCode {
    match Command::parse().what {
        What::Dev(arguments) => reported(dev::run(&arguments)),
        What::Shell(arguments) => shell_command::run(&arguments),
        What::Server(arguments) => {
            reported(metadr_server::command::run(&arguments).map(|()| ExitCode::SUCCESS))
        }
    }
}

fn reported(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("metadr: {error:#}");
        ExitCode::FAILURE
    })
}
