//! The async runtime of a process: the binaries have all of them, and whoever
//! starts one chooses.

use metadr_runtime::rt::{AsyncStd, BlockOn, Smol};
use std::process::ExitCode;

/// The option that names the runtime, for a command and all below it.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Choice {
    /// The async runtime
    #[arg(long, value_enum, global = true, default_value_t = RuntimeName::Smol)]
    pub runtime: RuntimeName,
}

/// The async runtimes that the binaries are built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RuntimeName {
    /// smol's executor and reactor
    Smol,
    /// async-std, which has been discontinued in favour of smol
    AsyncStd,
}

/// What a process does, under any runtime.
pub trait Program {
    /// Does it. Every `R::default()` is a runtime of its own where there can be
    /// more than one.
    fn run<R: BlockOn + Default>(&self) -> ExitCode;
}

impl RuntimeName {
    /// Runs `program` under the runtime of this name.
    pub fn run(self, program: &impl Program) -> ExitCode {
        match self {
            Self::Smol => program.run::<Smol>(),
            Self::AsyncStd => program.run::<AsyncStd>(),
        }
    }
}
