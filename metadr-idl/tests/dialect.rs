//! The tree of a file with everything that is unusual, and what is said of it.

use metadr_idl::{Builder, ReadOptions, Severity, Source, read};

const FILE: &str = "tests/inputs/dialect.x";

#[test]
fn tree_of_dialect() {
    let builder = Builder::new().root(env!("CARGO_MANIFEST_DIR")).file(FILE);
    insta::assert_snapshot!(builder.tree().unwrap());
}

#[test]
fn deviations_of_dialect() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let text = std::fs::read_to_string(path).unwrap();
    let tree = read(
        vec![Source::new("dialect.x", text)],
        &ReadOptions::default(),
    )
    .unwrap();
    let rows = tree.deviations.iter().map(|one| {
        let place = tree.sources.locate(one.span());
        let severity = match one.severity() {
            Severity::Warning => "warning",
            Severity::Deviation => "",
            other => panic!("{other:?} is no deviation"),
        };
        let text = tree.sources.text(one.span());
        let (line, column) = (place.line, place.column);
        let row = format!(
            "{line:3}:{column:<3} {severity:8} {text:32} {}",
            one.message()
        );
        row.trim_end().to_owned()
    });
    insta::assert_snapshot!(rows.collect::<Vec<_>>().join("\n"));
}
