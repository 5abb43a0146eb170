//! Peers in other languages: programs that are built from `peers/` when their
//! tools are there.

use std::env;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where XDRPP has been built, by the variable of that name.
///
/// # Errors
///
/// If it is not set.
pub fn xdrpp() -> Result<PathBuf> {
    let root = env::var_os("XDRPP").ok_or_else(|| Error::other("XDRPP is not set"))?;
    Ok(PathBuf::from(root))
}

/// Where a peer is built.
#[derive(Debug)]
pub struct Build {
    directory: PathBuf,
}

impl Build {
    /// An empty directory of this name.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn new(name: &str) -> Result<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers");
        let directory = directory.join(name);
        // Generators refuse to write over what there is.
        if directory.exists() {
            std::fs::remove_dir_all(&directory)?;
        }
        std::fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A file in `peers/`.
    #[must_use]
    pub fn source(&self, name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("peers")
            .join(name)
    }

    /// A file in the directory.
    #[must_use]
    pub fn output(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// Runs `command` to its end.
///
/// # Errors
///
/// The first line of what it complains about, if it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| Error::other(format!("{program}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let first = text.lines().next().unwrap_or_default();
    Err(Error::other(format!("{program}: {first}")))
}
