//! A crate on disk that a real compiler checks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A crate that depends on `metadr-runtime`. Its warnings are errors.
pub(crate) struct Crate {
    directory: PathBuf,
}

impl Crate {
    /// An empty crate in a directory of that name, in place of the one of an
    /// earlier run.
    pub(crate) fn new(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if directory.exists() {
            fs::remove_dir_all(&directory).unwrap();
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let made = Self { directory };
        made.file(
            "Cargo.toml",
            &format!(
                r#"
                    [package]
                    name = "{name}"
                    edition = "2024"
                    [dependencies]
                    metadr-runtime = {{ path = {:?}, features = ["arbitrary", "serde"] }}
                    [lints.rust]
                    warnings = "deny"
                    # It is not part of the workspace around it.
                    [workspace]
                    # As there, so that dependencies need not be compiled again.
                    [profile.dev]
                    debug = "line-tables-only"
                "#,
                root.join("metadr-runtime"),
            ),
        );
        // The versions that are there: none has to be fetched.
        let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap();
        made.file("Cargo.lock", &lock);
        made
    }

    /// Where it is.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes a file.
    pub(crate) fn file(&self, path: &str, text: &str) {
        let path = self.directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Has the compiler check the crate.
    ///
    /// # Errors
    ///
    /// What the compiler says.
    pub(crate) fn check(&self) -> Result<(), String> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let output = Command::new(env!("CARGO"))
            .args(["check", "--offline", "--quiet"])
            .args(["--color", "never", "--target-dir"])
            .arg(target)
            .current_dir(&self.directory)
            .output()
            .unwrap();
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}
