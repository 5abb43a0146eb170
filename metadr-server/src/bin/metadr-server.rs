//! Runs one replica of a metaDR group.

use clap::Parser;
use metadr_server::command::{Arguments, run};
use std::process::ExitCode;

/// Runs one replica of a metaDR group
#[derive(Parser)]
#[command(name = "metadr-server", version)]
struct Command {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    match run(&Command::parse().arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("metadr-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}
