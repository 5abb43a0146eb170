//! Every `.x` file of Debian's `rpcsvc-proto` and `libtirpc-dev`: the code that
//! is generated from it type-checks. The files are read where the packages
//! install them, as their licences are not ours.

use crate::crate_on_disk::Crate;
use metadr_idl::Builder;
use std::fs;
use std::path::{Path, PathBuf};

const PACKAGES: [(&str, &str); 2] = [
    ("rpcsvc-proto", "/usr/include/rpcsvc"),
    ("libtirpc-dev", "/usr/include/tirpc"),
];

/// Every `.x` file below `directory`, in order.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut pending = vec![directory.to_owned()];
    let mut found = Vec::new();
    while let Some(directory) = pending.pop() {
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "x") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_code_of_every_file_type_checks() {
    let mut all = Vec::new();
    for (package, directory) in PACKAGES {
        let files = files(Path::new(directory));
        if files.is_empty() {
            let missing = format!("{directory} has no .x file: install the package {package}");
            assert!(std::env::var_os("METADR_CI").is_none(), "{missing}");
            eprintln!("skipped: {missing}");
        }
        all.extend(files);
    }
    let sources = Crate::new("debian");
    let mut modules = String::new();
    for path in &all {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let generated = match Builder::new().file(path).generate() {
            Ok(generated) => generated,
            Err(error) => panic!("{error}"),
        };
        sources.file(&format!("src/{stem}.rs"), &generated.rust());
        modules += &format!("pub mod {stem};\n");
    }
    sources.file("src/lib.rs", &modules);
    if let Err(errors) = sources.check() {
        panic!("{errors}");
    }
}
