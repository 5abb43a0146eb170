use super::preprocess;
use crate::library::Library;
use crate::source::InMemory;
use crate::{ReadOptions, Severity, Source, read};
use std::path::PathBuf;
use std::sync::Arc;

/// What the preprocessor makes of a text: its lines that are not blank, and
/// what it has to say about it except for deviations.
struct Outcome {
    lines: Vec<String>,
    found: Vec<String>,
}

fn options(files: &[(&str, &str)]) -> ReadOptions {
    let owned = |(path, text): &(&str, &str)| (PathBuf::from(path), (*text).to_owned());
    ReadOptions {
        loader: Arc::new(InMemory(files.iter().map(owned).collect())),
        ..ReadOptions::default()
    }
}

fn run(text: &str, options: &ReadOptions) -> Outcome {
    let mut library = Library::new(options);
    let file = library.add(Source::new("t.x", text));
    library.take(file);
    let out = preprocess(&mut library, file);
    let lines = out.text.content().lines().map(str::trim);
    let found = out
        .found
        .iter()
        .filter(|one| one.severity() != Severity::Deviation);
    Outcome {
        lines: lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect(),
        found: found
            .map(|one| {
                one.to_string()
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect(),
    }
}

/// The lines of a text in which nothing is wrong.
fn lines(text: &str) -> Vec<String> {
    lines_with(text, &[])
}

fn lines_with(text: &str, files: &[(&str, &str)]) -> Vec<String> {
    let outcome = run(text, &options(files));
    assert_eq!(outcome.found, [""; 0], "{text}");
    outcome.lines
}

/// What is wrong with a text.
fn found(text: &str) -> Vec<String> {
    found_with(text, &[])
}

fn found_with(text: &str, files: &[(&str, &str)]) -> Vec<String> {
    run(text, &options(files)).found
}

#[test]
fn passthrough_lines_go_wherever_they_stand() {
    let text = "%#include <é>\nstruct a {\n  % x\n  int b; % c\n%\r\n};";
    assert_eq!(lines(text), ["struct a {", "int b; % c", "};"]);
}

#[test]
fn a_percent_sign_in_a_comment_is_part_of_the_comment() {
    let text = "/* a\n% b\n#define c */ c // d\n// %e";
    assert_eq!(lines(text), ["c"]);
}

#[test]
fn a_passthrough_line_opens_no_comment_and_defines_nothing() {
    assert_eq!(lines("%/* one\n% two */\nconst"), ["const"]);
    assert_eq!(lines("%#ifdef A\nconst\n%#define B C\nB"), ["const", "B"]);
}

#[test]
fn a_passthrough_line_goes_on_as_c_lines_do() {
    let text = "%#define A \\\n 1 + \\\r\n%2 \\\n\nconst\n%b\\\n\\\n#if\nx";
    assert_eq!(lines(text), ["const", "x"]);
    assert_eq!(lines("%a\\"), [""; 0]);
}

#[test]
fn headers_are_those_that_rpcgen_would_include() {
    let text = "
%#include \"a.h\"
#ifdef RPC_HDR
%#include \"b.h\"
#if RPC_HDR + 1 == 2
%#include \"c.h\"
#else
%#include \"no.h\"
#endif
#ifdef OTHER
%#include \"no.h\"
#endif
#else
%#include \"d.h\"
#endif
#ifndef RPC_HDR
%#include \"e.h\"
#elif 1
%#include \"f.h\"
#elif whatever (
%#include \"no.h\"
#endif";
    let options = options(&[]);
    let mut library = Library::new(&options);
    let file = library.add(Source::new("t.x", text));
    let out = preprocess(&mut library, file);
    let errors = out
        .found
        .iter()
        .filter(|one| one.severity() == Severity::Error);
    assert_eq!(errors.count(), 0);
    let headers: Vec<&str> = out.headers.iter().map(|(name, _)| &name[..]).collect();
    assert_eq!(headers, ["a.h", "b.h", "c.h", "d.h", "e.h", "f.h"]);
    assert_eq!(out.passthrough.len(), 3);
}

#[test]
fn a_passthrough_line_that_does_not_count_is_not_kept() {
    let options = options(&[]);
    let mut library = Library::new(&options);
    let file = library.add(Source::new(
        "t.x",
        "%a\n#if 0\n%b\n%#include \"b.h\"\n#endif\n% #include <c.h>",
    ));
    let out = preprocess(&mut library, file);
    let texts: Vec<_> = out
        .passthrough
        .iter()
        .map(|span| library.sources().text(*span))
        .collect();
    assert_eq!(texts, ["%a", "% #include <c.h>"]);
    let [(header, place)] = &out.headers[..] else {
        panic!("{:?}", out.headers);
    };
    assert_eq!(
        (header.as_str(), library.sources().text(*place)),
        ("c.h", "c.h")
    );
}

#[test]
fn an_open_comment_is_an_error_at_its_start() {
    let wanted = "2:2: error: found the end of the file in a comment, expected `*/`";
    assert_eq!(found("a\n /* b"), [format!("t.x:{wanted}")]);
    assert_eq!(found("#\n#/* b"), [format!("t.x:{wanted}")]);
}

#[test]
fn strings_are_left_as_they_are() {
    let text = "#define A b\nconst C = \"A /* // %\"; A\n\"A\nA";
    assert_eq!(lines(text), ["const C = \"A /* // %\"; b", "\"A", "b"]);
}

#[test]
fn conditions_choose_what_counts_and_may_stand_within_one_another() {
    let text = "
#define ONE 1
#ifdef ONE /* yes */
 a
# if ONE == 2
  b
#  ifdef ONE
  c
#  endif
# elif defined(ONE) && !defined(TWO)
  d
# elif 1
  e
# else
  f
# endif ONE
#else
 g
#if whatever ( is not looked at
 h
#endif
#endif // ONE
#ifndef ONE
 i
#elif 0
 j
#else
 k
#endif";
    assert_eq!(lines(text), ["a", "d", "k"]);
}

#[test]
fn conditions_may_stand_within_a_definition() {
    let text = "struct a {\r\n#ifdef B\r\n int b;\r\n#else\r\n int c;\r\n#endif\r\n};";
    assert_eq!(lines(text), ["struct a {", "int c;", "};"]);
}

#[test]
fn what_does_not_count_may_hold_anything_but_open_comments() {
    let text =
        "#if 0\n it's \"open\n#error no\n#include \"missing.x\"\n#what\n /* #endif */\n#endif\nx";
    assert_eq!(lines(text), ["x"]);
}

#[test]
fn conditions_that_do_not_fit_together_are_errors() {
    let no_end = "error: found the end of the file, expected the `#endif` of this condition";
    let cases = [
        (
            "#if 1\n#ifdef A",
            vec![format!("t.x:1:1: {no_end}"), format!("t.x:2:1: {no_end}")],
        ),
        (
            "a\n #endif",
            vec!["t.x:2:2: error: found `#endif` without its `#if`".into()],
        ),
        (
            "#else",
            vec!["t.x:1:1: error: found `#else` without its `#if`".into()],
        ),
        (
            "#elif 1",
            vec!["t.x:1:1: error: found `#elif` without its `#if`".into()],
        ),
        (
            "#if 0\n#else\n#else\n#elif 1\n#endif",
            vec![
                "t.x:3:1: error: found a second `#else`, expected `#endif`".into(),
                "t.x:4:1: error: found `#elif` after `#else`, expected `#endif`".into(),
            ],
        ),
        (
            "#if 1 +\n#endif",
            vec!["t.x:1:5: error: found the end of the line, expected a number or a name".into()],
        ),
        (
            "#ifdef\n#endif",
            vec!["t.x:1:1: error: expected a name behind `#ifdef`".into()],
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(found(text), wanted, "{text}");
    }
}

#[test]
fn macros_stand_for_what_they_say_from_their_line_on() {
    let text = "
A
# define A /* not this */ b \\
    C // nor this
#define C 4
#define FIELD int d;
A 0xA A1 \"A\"
struct e { FIELD };
#undef A
A";
    assert_eq!(
        lines(text),
        ["A", "b 4 0xA A1 \"A\"", "struct e { int d; };", "A"]
    );
}

#[test]
fn macros_of_the_options_are_known_from_the_start() {
    let options = ReadOptions {
        defines: vec![
            ("SIZE".into(), "7".into()),
            ("RPC_HDR".into(), String::new()),
        ],
        ..ReadOptions::default()
    };
    let outcome = run("#ifdef RPC_HDR\nint a[SIZE];\n#endif", &options);
    assert_eq!(outcome.lines, ["int a[7];"]);
}

#[test]
fn a_macro_that_changes_is_worth_a_warning() {
    assert_eq!(
        found("#define A 1\n#define A  1\n#define A 2"),
        ["t.x:3:9: warning: macro `A` is defined again as something else, first at t.x:2"]
    );
}

#[test]
fn macros_with_arguments_are_an_error_only_where_they_are_used() {
    assert_eq!(lines("#define A(b) b\nA"), ["A"]);
    assert_eq!(
        found("#define A(b) b\n A (1)"),
        ["t.x:2:2: error: `A` is a macro with arguments, expected one without"]
    );
}

#[test]
fn a_macro_bomb_is_one_error() {
    let mut text = String::from("#define M0 x\n");
    for level in 1..40 {
        text += &format!("#define M{level} M{0} M{0}\n", level - 1);
    }
    text += "M39 M39\n";
    let wanted = "t.x:41:1: error: macro `M39` cannot be expanded: the macros of the file expand to more than 1048576 bytes";
    assert_eq!(found(&text), [wanted]);
}

#[test]
fn lines_that_say_nothing_to_us_are_ignored() {
    let text = "#pragma ident \"x\"\n#ident \"y\"\n#\n# 12 \"t.x\" 2\n#line 3\nx";
    assert_eq!(lines(text), ["x"]);
}

#[test]
fn lines_that_are_messages_are_reported() {
    assert_eq!(
        found("#error out of order"),
        ["t.x:1:1: error: #error out of order"]
    );
    assert_eq!(found("#warning old"), ["t.x:1:1: warning: #warning old"]);
    assert_eq!(
        found("#inclde \"a.x\""),
        ["t.x:1:1: error: found `#inclde`, which is no line of the C preprocessor"]
    );
    assert_eq!(
        found("#define 1"),
        ["t.x:1:9: error: expected a name behind `#define`"]
    );
}

#[test]
fn included_files_take_the_place_of_their_line() {
    let files = [
        ("a.x", "#define A 1\na A\n#include <d/b.x>\n"),
        ("d/b.x", "b A"),
    ];
    let text = "x\n#define FILE \"a.x\"\n#include FILE\ny A";
    assert_eq!(lines_with(text, &files), ["x", "a 1", "b 1", "y 1"]);
}

#[test]
fn a_file_is_included_once_but_its_macros_each_time() {
    let files = [(
        "a.x",
        "#ifdef B\n#define A 2\n#else\n#define A 1\n#endif\na",
    )];
    let text = "#include \"a.x\"\n#define B\n#undef A\n#include \"./a.x\"\nx A";
    assert_eq!(lines_with(text, &files), ["a", "x 2"]);
}

#[test]
fn of_c_headers_only_the_macros_count() {
    let files = [(
        "a.h",
        "#ifndef H\n#define H\n#define SIZE 3\nextern int x(void);\n#define F(x) \\\n x\n#what\n#endif",
    )];
    assert_eq!(lines_with("#include \"a.h\"\nSIZE", &files), ["3"]);
}

#[test]
fn a_file_that_includes_itself_is_an_error_unless_it_guards_itself() {
    let files = [("a.x", "#include \"b.x\""), ("b.x", "\n #include \"a.x\"")];
    assert_eq!(
        found_with("#include \"a.x\"", &files),
        ["b.x:2:11: error: `a.x` includes itself"]
    );
    let files = [(
        "a.x",
        "/* a */\n#ifndef A\n#define A\n#include \"a.x\"\nx\n#endif",
    )];
    assert_eq!(lines_with("#include \"a.x\"", &files), ["x"]);
}

#[test]
fn a_missing_file_is_a_warning() {
    assert_eq!(
        found("#include \"a.x\""),
        ["t.x:1:10: warning: `a.x` is not there, and what it defines is not known"]
    );
    assert_eq!(
        found("#include a.x"),
        ["t.x:1:10: error: expected the name of a file, `\"name.x\"` or `<name.x>`"]
    );
}

#[test]
fn includes_are_limited_in_depth_and_in_number() {
    let deep: Vec<(String, String)> = (0..100)
        .map(|level| {
            (
                format!("f{level}.x"),
                format!("#include \"f{}.x\"", level + 1),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = deep
        .iter()
        .map(|(path, text)| (&path[..], &text[..]))
        .collect();
    assert_eq!(
        found_with("#include \"f0.x\"", &files),
        ["f63.x:1:10: error: files include one another more than 64 deep"]
    );

    let wide: Vec<(String, String)> = (0..40)
        .map(|level| {
            (
                format!("f{level}.x"),
                format!("#include \"f{0}.x\"\n#include \"f{0}.x\"", level + 1),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = wide
        .iter()
        .map(|(path, text)| (&path[..], &text[..]))
        .collect();
    let found = found_with("#include \"f0.x\"\n#include \"f0.x\"", &files);
    assert!(
        found
            .iter()
            .any(|one| one.contains("include others more than 10000 times")),
        "{found:?}"
    );
}

/// The names that a text defines, by file, with the text of their spans.
fn names(given: &[(&str, &str)], others: &[(&str, &str)]) -> Vec<(String, bool, Vec<String>)> {
    let given = given
        .iter()
        .map(|(name, text)| Source::new(*name, *text))
        .collect();
    let tree = read(given, &options(others)).unwrap();
    let files = tree.files.iter().map(|file| {
        let name = tree.sources.source(file.id).name().to_owned();
        let names = file.definitions.iter().map(|one| {
            assert_eq!(tree.sources.text(one.name.span), one.name.name);
            one.name.name.clone()
        });
        (name, file.is_given, names.collect())
    });
    files.collect()
}

fn file(name: &str, is_given: bool, names: &[&str]) -> (String, bool, Vec<String>) {
    (
        name.to_owned(),
        is_given,
        names.iter().map(|name| (*name).to_owned()).collect(),
    )
}

#[test]
fn imported_files_stand_before_those_that_import_them_each_once() {
    let others = [
        ("i/b.x", "%#include \"c.h\"\nconst B = 1;"),
        (
            "i/c.x",
            "%#include <i/b.hh>\n#include \"d.x\"\nconst C = 1;",
        ),
        ("i/d.x", "const D = 1;"),
    ];
    let given = [(
        "a.x",
        "% #include \"i/b.h\"\n%#include \"i/c.h\"\n%#include <e.h>\nconst A = 1;",
    )];
    let wanted = [
        file("i/c.x", false, &["D", "C"]),
        file("i/b.x", false, &["B"]),
        file("a.x", true, &["A"]),
    ];
    assert_eq!(names(&given, &others), wanted);
}

#[test]
fn files_that_are_given_are_part_of_the_tree_once_whoever_includes_them() {
    let a = ("a.x", "#include \"b.x\"\nconst A = SIZE;");
    let b = ("b.x", "#define SIZE 1\nconst B = 1;");
    assert_eq!(names(&[a, b], &[]), [file("a.x", true, &["B", "A"])]);
    assert_eq!(
        names(&[b, a], &[]),
        [file("b.x", true, &["B"]), file("a.x", true, &["A"])]
    );
    let c = ("c.x", "%#include \"a.h\"");
    assert_eq!(
        names(&[c, a], &[b]),
        [file("a.x", true, &["B", "A"]), file("c.x", true, &[])]
    );
}

#[test]
fn a_header_that_is_generated_from_an_interface_is_as_good_as_it() {
    let given = [("a.x", "#include \"b.h\"\nconst A = 1;")];
    let wanted = [file("b.x", false, &["B"]), file("a.x", true, &["A"])];
    assert_eq!(names(&given, &[("b.x", "const B = 1;")]), wanted);
}

#[test]
fn places_are_those_of_the_source() {
    let text =
        "\u{feff}#define N /* é */ 4\r\n/* é */ struct a { /* é */ int b[N]; opaque c; };\r\n";
    let errors = read(vec![Source::new("t.x", text)], &ReadOptions::default()).unwrap_err();
    assert_eq!(
        errors.to_string().lines().next(),
        Some("t.x:2:46: error: found `;`, expected `<` or `[`")
    );
    let text = "#define N 4 4\nstruct a { int b[N]; };\n";
    let errors = read(vec![Source::new("t.x", text)], &ReadOptions::default()).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "t.x:2:18: error: found `4`, expected `]`\n    struct a { int b[N]; };\n                     ^\n    \
         hint: macro `N` stands for `4 4`"
    );
}
