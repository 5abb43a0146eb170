//! Why a builder has nothing to give.

use crate::Diagnostics;
use std::path::PathBuf;
use std::{fmt, io};

/// Why nothing comes out of a [`Builder`](super::Builder).
///
/// Its `Debug` is its `Display`, so that a build script shows people what is
/// wrong when its `main` returns it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that was given cannot be read.
    #[error("{}: error: cannot read {}: {error}", name.display(), path.display())]
    Read {
        /// The file as it was given.
        name: PathBuf,
        /// Where it was looked for.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The files are wrong: what was found, the errors and the rest.
    #[error("{0}")]
    Wrong(#[from] Diagnostics),
    /// An option is wrong by itself.
    #[error("error: {0}")]
    Option(String),
    /// The code cannot be written down.
    #[error("{}: error: cannot write it: {error}", path.display())]
    Write {
        /// Where it was to be.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// There is no `OUT_DIR`: it is not a build script that asks.
    #[error("error: OUT_DIR is not set, which Cargo does for build scripts")]
    NoOutDir,
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
