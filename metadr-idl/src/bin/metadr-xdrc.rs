//! Compiles `.x` files to Rust on standard output, or only checks them.

use metadr_idl::{Options, Source};
use std::process::ExitCode;

const USAGE: &str = "usage: metadr-xdrc [--check] FILE.x…";

fn main() -> ExitCode {
    let mut check_only = false;
    let mut files = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--check" => check_only = true,
            "--help" | "-h" => {
                println!("{USAGE}\n\nPrints the Rust code of each file; with --check nothing.");
                return ExitCode::SUCCESS;
            }
            "--version" | "-V" => {
                println!("metadr-xdrc {}", env!("CARGO_PKG_VERSION"));
                return ExitCode::SUCCESS;
            }
            option if option.starts_with('-') => {
                eprintln!("metadr-xdrc: unknown option {option}\n{USAGE}");
                return ExitCode::from(2);
            }
            _ => files.push(argument),
        }
    }
    if files.is_empty() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let mut failed = false;
    for file in &files {
        match compile(file) {
            Ok(code) if !check_only => print!("{code}"),
            Ok(_) => {}
            Err(message) => {
                eprintln!("{message}");
                failed = true;
            }
        }
    }
    ExitCode::from(u8::from(failed))
}

fn compile(file: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{file}: error: cannot read it: {error}"))?;
    let source = Source::new(file, text);
    let code = metadr_idl::compile(source, &Options::default());
    code.map(|code| metadr_idl::format(&code))
        .map_err(|diagnostics| diagnostics.to_string())
}
