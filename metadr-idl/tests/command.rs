//! `metadr-xdrc` as a user runs it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metadr-xdrc"));
    command.args(arguments).current_dir(directory);
    command
}

fn xdrc(arguments: &[&str]) -> Output {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    command(directory, arguments).output().unwrap()
}

/// What it prints, if it ends with 0 and has nothing to say beside.
fn printed(output: Output) -> String {
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*said), (Some(0), ""));
    String::from_utf8(output.stdout).unwrap()
}

/// What it says, if it prints nothing and ends with `status`.
fn said(output: Output, status: i32) -> String {
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
    said
}

/// An interface with something for each option.
const SERVICE: &str = "\
    const LIMIT = 16;\n\
    struct pair { string name<LIMIT>; float f; };\n\
    program SERVICE { version SERVICE_V1 { pair ADD(pair) = 1; void NOTE(pair) = 2; } = 1; } = 1;\n";

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

#[test]
fn a_good_file_is_printed_as_rust_or_just_checked() {
    let code = printed(xdrc(&["../idl/kv_store.x"]));
    assert!(code.contains("pub struct KvPair"));
    assert!(syn::parse_file(&code).is_ok());
    let checked = printed(xdrc(&["--check", "../idl/kv_store.x", "../idl/vr.x"]));
    assert_eq!(checked, "");
}

#[test]
fn a_bad_file_is_reported_with_its_place() {
    let directory = directory(&[("bad.x", "struct a {\n    int b\n};\n")]);
    for arguments in [&["--check", "bad.x"][..], &["bad.x"]] {
        let said = said(command(directory.path(), arguments).output().unwrap(), 1);
        let expected = "bad.x:3:1: error: found `}`, expected `;`";
        assert!(said.starts_with(expected), "{said}");
        assert!(said.contains("\n    };\n    ^"), "{said}");
    }
}

#[test]
fn each_file_is_checked_by_itself_and_every_bad_one_reported() {
    let files = directory(&[
        ("one.x", "typedef missing one;\n"),
        ("two.x", "typedef int two;\n"),
        ("three.x", "typedef two three;\n"),
    ]);
    let all = ["one.x", "two.x", "absent.x", "three.x"];
    let check = [&["--check"], &all[..]].concat();
    let said = said(command(files.path(), &check).output().unwrap(), 1);
    let heads: Vec<_> = (said.lines())
        .filter_map(|line| line.split_once(": error: "))
        .map(|(place, _)| place)
        .collect();
    assert_eq!(heads, ["one.x:1:9", "absent.x", "three.x:1:9"], "{said}");
}

#[test]
fn files_that_are_given_together_are_one_module() {
    let files = directory(&[
        ("one.x", "typedef two one;\n"),
        ("two.x", "struct two { int a; };\n"),
    ]);
    let code = printed(command(files.path(), &["one.x", "two.x"]).output().unwrap());
    assert!(code.contains("pub type One = Two;"), "{code}");
    assert!(code.contains("pub struct Two"), "{code}");
}

#[test]
fn includes_and_definitions_are_those_of_the_options() {
    let files = directory(&[
        (
            "main.x",
            "#include \"part.x\"\n#ifdef WIDE\ntypedef part all<SIZE>;\n#endif\n",
        ),
        ("parts/part.x", "typedef int part;\n"),
    ]);
    let run = |options: &[&str]| {
        let arguments = [options, &["--emit", "model", "main.x"]].concat();
        command(files.path(), &arguments).output().unwrap()
    };
    assert_eq!(printed(run(&["-I", "parts"])), "typedef part: int\n");
    let wide = printed(run(&["-Iparts", "-DWIDE", "-D", "SIZE=7"]));
    assert_eq!(wide, "typedef part: int\ntypedef all: part<7>\n");
    let missing = run(&[]);
    assert!(missing.status.success());
    let missing = String::from_utf8(missing.stderr).unwrap();
    assert!(missing.starts_with("main.x:1:10: warning: "), "{missing}");
}

#[test]
fn deviations_are_errors_if_pedantic() {
    let files = directory(&[("old.x", "struct a { unsigned b; };\n")]);
    let check = |options: &[&str]| {
        let arguments = [options, &["--check", "old.x"]].concat();
        command(files.path(), &arguments).output().unwrap()
    };
    assert_eq!(printed(check(&[])), "");
    let said = said(check(&["--pedantic"]), 1);
    assert!(said.starts_with("old.x:1:12: error: "), "{said}");
}

#[test]
fn a_file_that_leans_on_c_headers_can_be_checked_and_not_compiled() {
    let text = "%#include <elsewhere.h>\nstruct a { elsewhere_t b; };\n";
    let files = directory(&[("leans.x", text)]);
    let run = |arguments: &[&str]| command(files.path(), arguments).output().unwrap();
    let checked = run(&["--check", "leans.x"]);
    assert_eq!(checked.status.code(), Some(0));
    let warning = String::from_utf8(checked.stderr).unwrap();
    assert!(warning.starts_with("leans.x:2:12: warning: "), "{warning}");
    assert!(warning.contains("elsewhere.h"), "{warning}");
    let error = said(run(&["leans.x"]), 1);
    assert!(error.starts_with("leans.x:2:12: error: "), "{error}");
    let code = printed(run(&[
        "--extern",
        "elsewhere_t=crate::Elsewhere",
        "leans.x",
    ]));
    assert!(code.contains("pub b: crate::Elsewhere"), "{code}");
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = |text: &str| {
        let mut child = command(directory, &["--emit", "model", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        drop(input);
        child.wait_with_output().unwrap()
    };
    assert_eq!(printed(run("const A = 0x10;")), "const A = 16\n");
    let said = said(run("const A = B;"), 1);
    assert!(said.starts_with("<stdin>:1:11: error: "), "{said}");
}

#[test]
fn what_is_printed_can_be_chosen_and_put_into_a_file() {
    let directory = directory(&[("service.x", SERVICE)]);
    let run = |options: &[&str]| {
        let arguments = [options, &["service.x"]].concat();
        command(directory.path(), &arguments).output().unwrap()
    };
    let starts = [
        ("tree", "file service.x\n     1:7  const LIMIT = 16\n"),
        ("model", "const LIMIT = 16\n"),
        ("json", "{\n"),
        (
            "rust",
            "/// `const LIMIT = 16`\npub const LIMIT: u32 = 16;\n",
        ),
    ];
    for (what, start) in starts {
        let printed = printed(run(&["--emit", what]));
        assert!(printed.starts_with(start), "{what}: {printed}");
    }
    assert_eq!(printed(run(&["-o", "out.rs"])), "");
    let written = fs::read_to_string(directory.path().join("out.rs")).unwrap();
    assert_eq!(written, printed(run(&[])));
    let said = said(run(&["-o", "out.rs/nowhere"]), 1);
    assert!(said.contains(": error: cannot write it: "), "{said}");
}

#[test]
fn the_code_is_as_the_options_say() {
    let directory = directory(&[("service.x", SERVICE)]);
    let code = |options: &[&str]| {
        let arguments = [options, &["service.x"]].concat();
        printed(command(directory.path(), &arguments).output().unwrap())
    };
    let plain = code(&[]);
    for part in [
        "struct Client",
        "trait Server",
        "name: String",
        "::metadr_runtime::",
    ] {
        assert!(plain.contains(part), "{part}");
    }
    let types = code(&[
        "--types-only",
        "--strings",
        "bytes",
        "--runtime",
        "::metadr",
    ]);
    for part in [
        "struct Client",
        "trait Server",
        "name: String",
        "::metadr_runtime::",
    ] {
        assert!(!types.contains(part), "{part}");
    }
    assert!(types.contains("pub name: ::metadr::xdr::Bytes"), "{types}");
    let client = code(&["--client-only"]);
    assert!(client.contains("struct Client") && !client.contains("trait Server"));
    let server = code(&["--server-only"]);
    assert!(server.contains("trait Server") && !server.contains("struct Client"));
    let each = [
        (["--one-way", "NOTE"], "One way: "),
        (["--rename", "pair.name=label"], "pub label: String"),
        (["--derive", "pair=::my::Trait"], "::my::Trait"),
        (["--types", "crate::wire"], "crate::wire::Pair"),
    ];
    for (options, part) in each {
        assert!(code(&options).contains(part), "{options:?}");
        assert!(!plain.contains(part), "{part}");
    }
    assert!(code(&["--blocking"]).contains("BlockingClient") && !plain.contains("BlockingClient"));
    assert!(code(&["--serde"]).contains("serde") && !plain.contains("serde"));
    assert!(code(&["--arbitrary"]).contains("Arbitrary") && !plain.contains("Arbitrary"));
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut child = command(directory, &["../idl/kv_store.x"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(said(output, 0), "");
}

#[test]
fn a_file_that_cannot_be_read_is_wrong_as_for_c_compilers() {
    let said = said(xdrc(&["missing.x"]), 1);
    assert!(said.starts_with("missing.x: error: cannot read "), "{said}");
}

#[test]
fn wrong_use_exits_with_two() {
    let file = "../idl/kv_store.x";
    let wrong: [&[&str]; 12] = [
        &[],
        &["--nonsense"],
        &["--check"],
        &["--check", "--emit", "model", file],
        &["--check", "-o", "out.rs", file],
        &["--emit", "nonsense", file],
        &["--types-only", "--client-only", file],
        &["--strings", "latin1", file],
        &["--extern", "netobj", file],
        &["--extern", "netobj=1x", file],
        &["-D", "1=2", file],
        &["--scaffold", "server", "-"],
    ];
    for arguments in wrong {
        let said = said(xdrc(arguments), 2);
        assert!(said.starts_with("error: "), "{arguments:?}: {said}");
    }
    assert!(printed(xdrc(&["--version"])).starts_with("metadr-xdrc "));
    insta::assert_snapshot!(printed(xdrc(&["--help"])));
}
