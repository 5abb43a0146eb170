//! Every `.x` file of Debian's `rpcsvc-proto` and `libtirpc-dev`: the code that
//! is generated from it type-checks. The files are read where the packages
//! install them, as their licences are not ours.

use crate::crate_on_disk::Crate;
use metadr_idl::{Builder, Source};
use std::fs;
use std::path::{Path, PathBuf};

const PACKAGES: [(&str, &str); 2] = [
    ("rpcsvc-proto", "/usr/include/rpcsvc"),
    ("libtirpc-dev", "/usr/include/tirpc"),
];

/// What some files take from C headers of which there is no `.x` file, as those
/// headers and the functions that encode it have it.
const FROM_HEADERS: [(&str, &str); 7] = [
    ("nis", "typedef opaque netobj<1024>;"),
    (
        "nis_callback",
        "#include \"nis.x\"\ntypedef opaque netobj<1024>;",
    ),
    ("nis_object", "typedef opaque netobj<1024>;"),
    ("klm_prot", "typedef opaque netobj<1024>;"),
    (
        "nlm_prot",
        "typedef opaque netobj<1024>; const LM_MAXSTRLEN = 1024; const MAXNAMELEN = 1025;",
    ),
    (
        "key_prot",
        "typedef opaque netobj<1024>; typedef opaque des_block[8]; const MAXNETNAMELEN = 255;",
    ),
    (
        "rpcb_prot",
        "typedef unsigned rpcprog_t; typedef unsigned rpcvers_t; typedef unsigned rpcproc_t;
         struct netbuf { unsigned maxlen; opaque buf<>; };",
    ),
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
        let mut builder = Builder::new().file(path);
        let headers = path.with_file_name("headers.x");
        for (_, text) in FROM_HEADERS.iter().filter(|(file, _)| *file == stem) {
            builder = builder.source(Source::new(headers.to_string_lossy(), *text));
        }
        let generated = match builder.generate() {
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
