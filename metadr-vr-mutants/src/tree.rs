//! The copy of `metadr-vr`, as a workspace of its own.

use crate::mutate;
use crate::site::Site;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// What every site asks.
const SWITCH: &str = r#"
/// Which site is changed.
pub mod mutant {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    const UNREAD: usize = usize::MAX;
    static CHOSEN: AtomicUsize = AtomicUsize::new(UNREAD);

    /// Whether it is this one.
    #[inline]
    pub fn is(number: usize) -> bool {
        match CHOSEN.load(Relaxed) {
            UNREAD => read() == number,
            chosen => chosen == number,
        }
    }

    #[cold]
    fn read() -> usize {
        let chosen = std::env::var("METADR_MUTANT").ok();
        let chosen = chosen.map_or(UNREAD - 1, |number| number.parse().expect("a number"));
        CHOSEN.store(chosen, Relaxed);
        chosen
    }
}
"#;

/// Brings the copy up to date, and says what can be changed in it: the place of
/// a site here is its number there.
pub(crate) fn copy(root: &Path, to: &Path) -> Result<Vec<Site>> {
    let manifest = workspace(&fs::read_to_string(root.join("Cargo.toml"))?, root)?;
    write(&to.join("Cargo.toml"), &manifest)?;
    let lock = to.join("Cargo.lock");
    if !lock.exists() {
        fs::create_dir_all(to)?;
        fs::copy(root.join("Cargo.lock"), lock)?;
    }
    let mut package: Table = fs::read_to_string(root.join("metadr-vr/Cargo.toml"))?.parse()?;
    // They are held against the original.
    package.remove("lints");
    write(&to.join("metadr-vr/Cargo.toml"), &package.to_string())?;

    let mut sites = Vec::new();
    let mut wanted = Vec::new();
    for directory in ["idl", "metadr-vr/src", "metadr-vr/tests"] {
        for path in files(&root.join(directory))? {
            let name = path.strip_prefix(root)?;
            let text = fs::read_to_string(&path).context(path.display().to_string())?;
            write(&to.join(name), &copied(name, text, &mut sites)?)?;
            wanted.push(to.join(name));
        }
        for path in files(&to.join(directory))? {
            if !wanted.contains(&path) {
                fs::remove_file(path)?;
            }
        }
    }
    Ok(sites)
}

fn copied(name: &Path, text: String, sites: &mut Vec<Site>) -> Result<String> {
    let Ok(name) = name.strip_prefix("metadr-vr/src") else {
        return Ok(text);
    };
    let is_core = !["sim", "sim.rs", "bin", "bugs.rs"]
        .iter()
        .any(|other| name.starts_with(other));
    if !is_core {
        return Ok(text);
    }
    let name = name.to_str().context("a name in UTF-8")?;
    let mut copied = mutate::mutate(name, &text, sites)?;
    if name == "lib.rs" {
        copied = format!("#![allow(warnings)]\n{copied}{SWITCH}");
    }
    Ok(copied)
}

/// The project's workspace with one member, and all else where it is.
fn workspace(text: &str, root: &Path) -> Result<String> {
    let mut all: Table = text.parse()?;
    let workspace = all.get_mut("workspace").and_then(Value::as_table_mut);
    let mut workspace = workspace.context("a workspace")?.clone();
    workspace.remove("default-members");
    workspace.remove("exclude");
    workspace.insert("members".to_owned(), vec!["metadr-vr"].into());
    let dependencies = workspace
        .get_mut("dependencies")
        .and_then(Value::as_table_mut);
    for (name, dependency) in dependencies.context("dependencies")? {
        if let Some(Value::String(path)) = dependency.get_mut("path")
            && name != "metadr-vr"
        {
            *path = root.join(&*path).display().to_string();
        }
    }
    // Fast, and with all checks.
    let profile: Table = "[release]\ndebug-assertions = true\noverflow-checks = true\n".parse()?;
    let mut manifest = Table::new();
    manifest.insert("workspace".to_owned(), workspace.into());
    manifest.insert("profile".to_owned(), profile.into());
    Ok(manifest.to_string())
}

/// Leaves a file alone that is right already, and what was built from it.
fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().context("a directory")?)?;
    Ok(fs::write(path, text)?)
}

/// All files below a directory, in a fixed order.
fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                pending.push(entry?.path());
            }
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
