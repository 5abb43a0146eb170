//! Runs one replica of a metaDR group.

use clap::Parser;
use metadr_runtime::rt::BlockOn;
use metadr_server::command::{Arguments, run};
use metadr_server::report::tell;
use metadr_server::runtime::{Choice, Program};
use std::process::ExitCode;

/// Runs one replica of a metaDR group
#[derive(Parser)]
#[command(name = "metadr-server", version)]
struct Command {
    #[command(flatten)]
    arguments: Arguments,
    #[command(flatten)]
    choice: Choice,
}

impl Program for Command {
    fn run<R: BlockOn + Default>(&self) -> ExitCode {
        match run::<R>(&self.arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tell(format_args!("metadr-server: {error:#}"));
                ExitCode::FAILURE
            }
        }
    }
}

fn main() -> ExitCode {
    let command = Command::parse();
    command.choice.runtime.run(&command)
}
