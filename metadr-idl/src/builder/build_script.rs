//! What a build script does with a builder.

use super::{Builder, Error, Input};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{env, fs};

impl Builder {
    /// In a build script: writes the code to a file in `$OUT_DIR`, named as the
    /// first file, with `.rs` ([`output`](Self::output) says otherwise). Tells
    /// Cargo to run the script again when one of the files that were read
    /// changes, and to show the warnings. Returns the path of the file.
    ///
    /// # Errors
    ///
    /// As [`generate`](Self::generate), and if the file cannot be written.
    pub fn compile(&self) -> Result<PathBuf, Error> {
        let directory = env::var_os("OUT_DIR").ok_or(Error::NoOutDir)?;
        self.compile_into(Path::new(&directory), &mut io::stdout().lock())
    }

    fn compile_into(&self, directory: &Path, cargo: &mut impl Write) -> Result<PathBuf, Error> {
        let path = directory.join(self.output_name());
        let written = |error| Error::Write {
            path: path.clone(),
            error,
        };
        let generated = self.generate()?;
        for file in generated.files() {
            writeln!(cargo, "cargo::rerun-if-changed={}", file.display()).map_err(written)?;
        }
        // Cargo takes a warning line by line.
        for line in generated.warnings().to_string().lines() {
            writeln!(cargo, "cargo::warning={line}").map_err(written)?;
        }
        fs::write(&path, generated.rust()).map_err(written)?;
        Ok(path)
    }

    fn output_name(&self) -> PathBuf {
        let from_first = || {
            let first = self.inputs.first().map(|input| match input {
                Input::File(path) => path.as_path(),
                Input::Source(source) => Path::new(source.name()),
            });
            let stem = first.and_then(Path::file_stem);
            let mut name: OsString = stem.map_or_else(|| "interface".into(), ToOwned::to_owned);
            name.push(".rs");
            name.into()
        };
        self.output.clone().unwrap_or_else(from_first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_written_and_cargo_watches_the_files() {
        let directory = tempfile::tempdir().unwrap();
        let (one, two) = (
            directory.path().join("one.x"),
            directory.path().join("two.x"),
        );
        fs::write(&one, "typedef int one;").unwrap();
        fs::write(&two, "struct two { one a; };").unwrap();
        let builder = Builder::new().files([&one, &two]);

        let mut cargo = Vec::new();
        let path = builder.compile_into(directory.path(), &mut cargo).unwrap();
        assert_eq!(path, directory.path().join("one.rs"));
        assert!(fs::read_to_string(path).unwrap().contains("pub struct Two"));
        let (one, two) = (one.display(), two.display());
        assert_eq!(
            String::from_utf8(cargo).unwrap(),
            format!("cargo::rerun-if-changed={one}\ncargo::rerun-if-changed={two}\n")
        );

        let builder = builder.output("both.rs");
        let path = builder
            .compile_into(directory.path(), &mut Vec::new())
            .unwrap();
        assert_eq!(path, directory.path().join("both.rs"));
    }

    #[test]
    fn a_build_script_that_fails_shows_what_is_wrong_for_people() {
        let source = crate::Source::new("a.x", "typedef b a;");
        let error = Builder::new().source(source).generate().unwrap_err();
        assert_eq!(format!("{error:?}"), error.to_string());
    }
}
