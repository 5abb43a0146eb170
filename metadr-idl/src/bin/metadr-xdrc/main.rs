//! Compiles `.x` files to Rust, or shows how they are understood.

mod arguments;

use arguments::{Arguments, Output};
use clap::Parser as _;
use metadr_idl::{Diagnostics, Error};
use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Wrong use ends here, with 2.
    let arguments = Arguments::parse();
    let succeeds = if arguments.check {
        check(&arguments)
    } else {
        translate(&arguments)
    };
    match succeeds {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&error);
            match error {
                Error::Option(_) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Checks each file by itself, as far as that goes: whether all are well.
fn check(arguments: &Arguments) -> Result<bool, Error> {
    let mut all_well = true;
    for file in &arguments.files {
        let builder = arguments.builder(std::slice::from_ref(file));
        match builder?.lint() {
            Ok(found) => all_well &= !report(&found),
            Err(error @ Error::Option(_)) => return Err(error),
            Err(error) => {
                say(&error);
                all_well = false;
            }
        }
    }
    Ok(all_well)
}

/// Compiles all files together and prints what is asked for.
fn translate(arguments: &Arguments) -> Result<bool, Error> {
    let builder = arguments.builder(&arguments.files)?;
    let text = match arguments.output() {
        Output::Tree => builder.tree()?.to_string(),
        Output::Model => {
            let model = builder.model()?;
            report(&model.warnings);
            model.to_string()
        }
        Output::Rust => {
            let generated = builder.generate()?;
            report(generated.warnings());
            generated.rust()
        }
        Output::Json => builder.json()?,
        Output::Scaffold(side) => builder.scaffold(side)?,
    };
    match &arguments.out {
        Some(path) => std::fs::write(path, text).map_err(|error| Error::Write {
            path: path.clone(),
            error,
        })?,
        None => print(&text)?,
    }
    Ok(true)
}

/// Prints to standard output. Whoever does not read it to the end has had
/// enough, which is no error.
fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Write {
            path: Path::new("standard output").to_owned(),
            error,
        }),
        _ => Ok(()),
    }
}

/// Shows what was found: whether an error is among it.
fn report(found: &Diagnostics) -> bool {
    if !found.is_empty() {
        say(found);
    }
    found.has_errors()
}

fn say(message: &impl Display) {
    // There is nobody left to tell that nobody listens.
    let _ = writeln!(io::stderr().lock(), "{message}");
}
