//! What is taken and what is not, one construct each, beside the verdicts of
//! the two compilers that most `.x` files were written for: rpcgen (rpcsvc-proto
//! 1.4.3) and XDRPP's xdrc.

use metadr_idl::{CheckOptions, Diagnostic, ReadOptions, Severity, Source, read};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Why ours differs where both others agree.
const REASONS: &[(&str, &str)] = &[
    (
        "percent_backslash",
        "the second line belongs to the first, whatever it begins with",
    ),
    (
        "namespace_semicolon",
        "C++ programmers write it, and public files have it",
    ),
    ("namespace_qualified", "it says what it means"),
    ("recursive_direct_unboxed", "no value of the type is finite"),
    (
        "undefined_type",
        "there is nothing to compile it to; C finds it in a header, or fails later",
    ),
    (
        "undefined_const",
        "there is nothing to compile it to; C finds it in a header, or fails later",
    ),
    ("duplicate_type", "C fails later"),
    ("duplicate_field", "C fails later"),
    ("const_hex_upperX", "C has it, and it says what it means"),
    (
        "const_digitsep",
        "C++ and goxdr have it, and it says what it means",
    ),
    (
        "const_bad_octal",
        "8 and 9 are no octal digits; C fails later",
    ),
    (
        "union_hyper",
        "RFC 4506 section 4.15: a discriminant is an int, an unsigned int or an enumeration",
    ),
    ("union_inline_enum", "it says what it means, as in a field"),
    ("union_dup_case", "C fails later"),
    ("proc_ret_string_angle", "it says what it means"),
    ("proc_opaque", "it says what it means, as in a field"),
    (
        "proc_ret_ptr",
        "it says what it means, and public files have it",
    ),
    ("proc_array", "it says what it means, as in a field"),
    ("proc_num_dup", "only one of the procedures could be called"),
    (
        "version_dup_num",
        "only one of the versions could be called",
    ),
    ("stray_semicolon", "it is harmless, and a warning says so"),
    ("over_bound", "a length on the wire has 32 bits"),
    ("negative_bound", "no length is negative"),
];

/// A row of the table of verdicts.
struct Probe {
    name: String,
    rpcgen: String,
    xdrc: String,
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/inputs/probes")
}

fn probes() -> Vec<Probe> {
    let table = std::fs::read_to_string(directory().join("verdicts.tsv")).unwrap();
    let rows = table.lines().skip(1).map(|line| {
        let mut columns = line.split('\t').map(str::to_owned);
        let mut column = || columns.next().unwrap();
        Probe {
            name: column(),
            rpcgen: column(),
            xdrc: column(),
        }
    });
    rows.collect()
}

/// Our verdict, in the words of the table, and why.
fn verdict(name: &str) -> (&'static str, String) {
    let file = format!("{name}.x");
    let text = std::fs::read_to_string(directory().join(&file)).unwrap();
    let found = findings(Source::new(file, text));
    let of = |severity| found.iter().filter(move |one| one.severity() == severity);
    let first = |mut findings: Box<dyn Iterator<Item = &Diagnostic> + '_>| {
        findings.next().map(|one| one.message().to_owned())
    };
    if let Some(error) = first(Box::new(of(Severity::Error))) {
        return ("reject", error);
    }
    match first(Box::new(of(Severity::Warning))) {
        Some(warning) => ("accept+warn", warning),
        None => ("accept", String::new()),
    }
}

fn findings(source: Source) -> Vec<Diagnostic> {
    let tree = match read(vec![source], &ReadOptions::default()) {
        Ok(tree) => tree,
        Err(errors) => return errors.into_iter().collect(),
    };
    let found = metadr_idl::lint(&tree, &CheckOptions::default());
    found.into_iter().collect()
}

/// Whether a verdict is that the file can be compiled.
fn takes(verdict: &str) -> bool {
    match verdict {
        // rpcgen takes it if it is asked to.
        "accept" | "accept+warn" | "-N only" => true,
        "reject" => false,
        other => panic!("{other} is no verdict"),
    }
}

#[test]
fn verdicts_on_all_probes() {
    let mut rows = Vec::new();
    for probe in probes() {
        let (ours, why) = verdict(&probe.name);
        let row = format!(
            "{:28} {:8} {:12} {ours:12} {why}",
            probe.name, probe.rpcgen, probe.xdrc
        );
        rows.push(row.trim_end().to_owned());
    }
    let head = format!("{:28} {:8} {:12} {}", "", "rpcgen", "xdrc", "ours");
    insta::assert_snapshot!(format!("{head}\n{}", rows.join("\n")));
}

#[test]
fn where_both_others_agree_we_do_or_say_why_not() {
    let mut reasons: BTreeMap<&str, &str> = REASONS.iter().copied().collect();
    assert_eq!(reasons.len(), REASONS.len(), "a probe has two reasons");
    let mut unexplained = Vec::new();
    for probe in probes() {
        let ours = takes(verdict(&probe.name).0);
        let differs = ours != takes(&probe.rpcgen) && ours != takes(&probe.xdrc);
        if differs && reasons.remove(probe.name.as_str()).is_none() {
            unexplained.push(probe.name);
        }
    }
    assert_eq!(unexplained, [""; 0], "these have no reason");
    assert_eq!(reasons, BTreeMap::new(), "these need no reason");
}

#[test]
fn every_probe_is_in_the_table() {
    let mut files: Vec<String> = std::fs::read_dir(directory())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".x").map(str::to_owned)
        })
        .collect();
    files.sort();
    let mut names: Vec<String> = probes().into_iter().map(|probe| probe.name).collect();
    names.sort();
    assert_eq!(files, names);
    assert_eq!(files.len(), 160);
}
