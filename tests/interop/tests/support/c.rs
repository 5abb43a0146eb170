//! How programs in C are built.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian has libtirpc's headers.
const TIRPC: &str = "/usr/include/tirpc";

/// Looks for all that it takes, and says what is missing.
pub(crate) fn find_tools() -> Result<(), String> {
    for tool in ["rpcgen", "cc"] {
        find(tool).ok_or_else(|| format!("{tool} is not installed"))?;
    }
    if !Path::new(TIRPC).join("rpc/rpc.h").exists() {
        return Err("the headers of libtirpc are not installed".to_owned());
    }
    Ok(())
}

/// Where a program is.
pub(crate) fn find(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(tool));
    places.find(|place| place.is_file())
}

/// Lets rpcgen write one of its files.
pub(crate) fn rpcgen(folder: &Path, options: &[&str], file: &str, to: &str) {
    let mut rpcgen = Command::new("rpcgen");
    run(rpcgen.args(options).args(["-o", to, file]), folder);
}

/// The C compiler, without what is to be compiled.
pub(crate) fn compiler() -> Command {
    let mut compiler = Command::new("cc");
    // What rpcgen writes is full of unused variables.
    compiler.args(["-std=gnu11", "-O1", "-g", "-w", "-I", TIRPC]);
    compiler
}

/// Runs a command that has to succeed, and returns what it has printed.
pub(crate) fn run(command: &mut Command, folder: &Path) -> String {
    let output = command.current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
