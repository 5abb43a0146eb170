//! The rules of ARCHITECTURE.md, held against the code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `directory`.
fn rust_files(directory: &str) -> Vec<PathBuf> {
    let mut pending = vec![root().join(directory)];
    let mut found = Vec::new();
    while let Some(path) = pending.pop() {
        for entry in fs::read_dir(&path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{directory} has no Rust files");
    found
}

/// The crates that `package` is built from, without tests and build tools.
fn dependencies(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "-p", package, "-e", "normal,no-proc-macro"])
        .args(["--prefix", "none", "--offline", "--format", "{lib}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

#[test]
fn the_protocol_knows_no_runtime_and_no_system() {
    let dependencies = dependencies("metadr-vr");
    let never = [
        "smol",
        "tokio",
        "async_std",
        "async_io",
        "async_net",
        "async_executor",
        "futures",
        "async_channel",
        "getrandom",
    ];
    for name in never {
        assert!(
            !dependencies.iter().any(|dependency| dependency == name),
            "metadr-vr is built from {name}"
        );
    }
}

#[test]
fn pure_code_names_no_clock_socket_file_thread_or_random_source() {
    let never = [
        "std::net",
        "std::fs",
        "std::thread",
        "std::time",
        "std::sync",
        "SystemTime",
        "Instant",
        "HashMap",
        "HashSet",
        "async ",
        "fastrand",
        "getrandom",
        "f32",
        "f64",
    ];
    let is_core = |path: &PathBuf| {
        // The simulator and its command are not part of the protocol.
        !path
            .components()
            .any(|part| part.as_os_str() == "sim" || part.as_os_str() == "bin")
            && !path.ends_with("sim.rs")
    };
    let core = rust_files("metadr-vr/src").into_iter().filter(is_core);
    for path in core.chain(rust_files("metadr-server/src/tree")) {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or(&text);
        let lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in lines {
            // To share what does not change is no concurrency.
            let line = line.replace("std::sync::Arc", "Arc");
            for word in never {
                assert!(!line.contains(word), "{}: {line}", path.display());
            }
        }
    }
}

#[test]
fn only_the_adapters_name_a_runtime_crate() {
    let crates = [
        "src",
        "examples",
        "metadr-runtime/src",
        "metadr-server/src",
        "metadr-client/src",
        "metadr-cli/src",
    ];
    let never = [
        "smol::",
        "async_io::",
        "async_net::",
        "async_executor::",
        "async_global_executor::",
        "tokio::",
        "async_std::",
    ];
    for path in crates.iter().flat_map(|directory| rust_files(directory)) {
        if path.parent().is_some_and(|parent| parent.ends_with("rt")) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for word in never {
                assert!(!line.contains(word), "{}: {line}", path.display());
            }
        }
    }
}

/// It has been discontinued: whoever wants it has to ask for it, and it goes by
/// deleting one file.
#[test]
fn async_std_is_one_file_and_off_by_default() {
    for package in ["metadr", "metadr-runtime", "metadr-client", "metadr-vr"] {
        let dependencies = dependencies(package);
        for name in ["async_std", "async_global_executor"] {
            assert!(
                !dependencies.iter().any(|dependency| dependency == name),
                "{package} is built from {name}"
            );
        }
    }
    let names_it = |path: &PathBuf| {
        // The module has the crate's name.
        let text = fs::read_to_string(path).unwrap();
        let text = text.replace("self::async_std::", "");
        let names = ["async_std::", "async_global_executor::"];
        names.iter().any(|name| text.contains(name))
    };
    let found: Vec<_> = rust_files("metadr-runtime/src")
        .into_iter()
        .filter(names_it)
        .collect();
    assert_eq!(found, [root().join("metadr-runtime/src/rt/async_std.rs")]);
}

#[test]
fn the_client_does_not_know_the_server_and_the_compiler_not_the_runtime() {
    assert!(!dependencies("metadr-client").contains(&"metadr_server".to_owned()));
    assert!(!dependencies("metadr-idl").contains(&"metadr_runtime".to_owned()));
}

#[test]
fn there_is_one_version_of_syn() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    assert_eq!(lock.matches("name = \"syn\"\n").count(), 1);
}

#[test]
fn drivers_and_processes_are_tested_under_each_runtime() {
    let modules = |path: &str| -> Vec<String> {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let lines = text.lines().filter(|line| line.starts_with("mod "));
        lines.map(str::to_owned).collect()
    };
    for tests in [
        "metadr-runtime/tests/drivers",
        "metadr-cli/tests/process",
        "metadr-cli/tests/survival",
        "metadr-cli/tests/nemesis",
    ] {
        let found = modules(&format!("{tests}/main.rs"));
        assert!(!found.is_empty());
        assert_eq!(found, modules(&format!("{tests}/async_std.rs")));
    }
    let rpcbind = |runtime| modules(&format!("metadr-runtime/tests/rpcbind/{runtime}.rs"));
    assert!(!rpcbind("main").is_empty());
    assert_eq!(rpcbind("main"), rpcbind("tokio"));
    let drivers = |runtime| modules(&format!("metadr-runtime/tests/drivers/{runtime}.rs"));
    let without = |never: &[&str], mut modules: Vec<String>| {
        modules.retain(|module| !never.contains(&module.as_str()));
        modules
    };
    assert_eq!(drivers("main"), drivers("tokio"));
    // In a simulation there are links to be cut, but no other threads.
    let of_threads = ["mod blocking;", "mod threads;"];
    let of_links = ["mod mishaps;", "mod random;", "mod simulated;"];
    assert_eq!(
        without(&of_threads, drivers("main")),
        without(&of_links, drivers("sim"))
    );
}

/// These panic when nobody reads what they print, and a replica that panics
/// loses its memory.
#[test]
fn a_replica_prints_nothing_that_may_panic() {
    for path in rust_files("metadr-server/src") {
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            let line = line.trim_start();
            let is_comment = line.starts_with("//");
            // Also `eprint!` and `eprintln!`.
            let prints = line.contains("print!(") || line.contains("println!(");
            assert!(is_comment || !prints, "{}: {line}", path.display());
        }
    }
}

#[test]
fn the_recipe_for_testing_an_interface_is_tested_itself() {
    let page = fs::read_to_string(root().join("docs/idl.md")).unwrap();
    let (_, recipe) = page.split_once("#[test]\n").unwrap();
    let (recipe, _) = recipe.split_once("```").unwrap();
    let test = "examples/build-script/tests/interface.rs";
    let test = fs::read_to_string(root().join(test)).unwrap();
    assert!(test.contains(recipe), "{recipe}");
}

#[test]
fn files_are_one_main_thing_each() {
    let crates = [
        "metadr-idl",
        "metadr-macros",
        "metadr-runtime",
        "metadr-vr",
        "metadr-server",
        "metadr-client",
        "metadr-cli",
        "tests",
        "fuzz/src",
    ];
    for path in crates.iter().flat_map(|directory| rust_files(directory)) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 800, "{} has {lines} lines", path.display());
    }
}
