//! Building the copy.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a mutant is tried with.
pub(crate) struct Programs {
    /// Test programs with their arguments, the fast ones first.
    pub(crate) tests: Vec<(&'static str, PathBuf, &'static [&'static str])>,
    pub(crate) simulator: PathBuf,
    /// Where they run.
    pub(crate) directory: PathBuf,
}

/// Builds the copy at `mutated`.
pub(crate) fn build(mutated: &Path) -> Result<Programs> {
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--package",
            "metadr-vr",
            "--tests",
            "--bins",
        ])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(mutated)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the copy does not build");
    let messages = String::from_utf8(output.stdout)?;
    let built: Vec<Value> = messages.lines().flat_map(serde_json::from_str).collect();
    let find = |name: &str, is_test: bool| -> Result<PathBuf> {
        let found = built.iter().find(|message| {
            message["target"]["name"] == name
                && message["profile"]["test"] == is_test
                && message["executable"].is_string()
        });
        let path = found.and_then(|message| message["executable"].as_str());
        Ok(path
            .with_context(|| format!("{name} was not built"))?
            .into())
    };
    Ok(Programs {
        tests: vec![
            // The simulator is not what is tested here.
            ("unit tests", find("metadr_vr", true)?, &["--skip", "sim::"]),
            ("scenarios", find("scenarios", true)?, &[]),
            ("properties", find("properties", true)?, &[]),
        ],
        simulator: find("vr-sim", false)?,
        directory: mutated.join("metadr-vr"),
    })
}
