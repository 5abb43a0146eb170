//! Pest's syntax errors in the words of the language: what was found, what
//! was expected.

use super::{Rule, hints};
use crate::preprocess::Text;
use crate::{Diagnostic, FileId, SourceMap, Span};
use pest::error::{Error, ErrorVariant, InputLocation};

/// The diagnostic for a syntax error. `content` is the text without what has
/// been reported already.
pub(super) fn diagnostic(
    sources: &SourceMap,
    file: FileId,
    text: &Text,
    content: &str,
    error: &Error<Rule>,
) -> Diagnostic {
    let offset = match error.location {
        InputLocation::Pos(offset) | InputLocation::Span((offset, _)) => offset,
    };
    let (found, length) = token_at(&content[offset..]);
    let place = match length {
        0 => Span::new(sources.span(file).end, sources.span(file).end),
        _ => text.place(offset..offset + length),
    };
    let positives = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.as_slice(),
        ErrorVariant::CustomError { .. } => &[],
    };
    let message = format!("found {found}, expected {}", list(positives));
    let diagnostic = Diagnostic::error(sources, place, message);
    let hint = hints::hint(content, offset, positives);
    let hint = hint.or_else(|| {
        let (expansion, name) = text.expansion_at(offset)?;
        let name = sources.text(name);
        Some(match expansion {
            "" => format!("macro `{name}` stands for nothing"),
            _ => format!("macro `{name}` stands for `{expansion}`"),
        })
    });
    match hint {
        Some(hint) => diagnostic.with_hint(hint),
        None => diagnostic,
    }
}

/// The diagnostic for a definition that is not closed where the next begins.
pub(super) fn no_end(
    sources: &SourceMap,
    text: &Text,
    content: &str,
    open: &std::ops::Range<usize>,
) -> Diagnostic {
    let (found, length) = token_at(&content[open.end..]);
    let place = text.place(open.end..open.end + length);
    let first = sources.locate(text.place(open.start..open.end));
    let hint = format!(
        "the definition that begins in line {} is not closed",
        first.line
    );
    Diagnostic::error(sources, place, format!("found {found}, expected `}}`")).with_hint(hint)
}

/// The token that begins `rest`, for people, and its length in bytes.
fn token_at(rest: &str) -> (String, usize) {
    let Some(first) = rest.chars().next() else {
        return ("the end of the file".to_owned(), 0);
    };
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let length = if is_word(first) {
        rest.find(|character| !is_word(character))
            .unwrap_or(rest.len())
    } else {
        first.len_utf8()
    };
    (format!("`{}`", &rest[..length]), length)
}

/// `a`, `a or b`, `a, b or c`.
fn list(rules: &[Rule]) -> String {
    let mut names: Vec<String> = rules.iter().flat_map(|rule| names_of(*rule)).collect();
    // Kinds of things before literal tokens, each group in a fixed order.
    names.sort_by_key(|name| (name.starts_with('`'), name.clone()));
    names.dedup();
    match names.split_last() {
        None => "something else".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// What to call a rule of the grammar.
fn names_of(rule: Rule) -> Vec<String> {
    if rule == Rule::kw_pragma {
        // It helps nobody who has not heard of it.
        return Vec::new();
    }
    let rule_name = format!("{rule:?}");
    if let Some(keyword) = rule_name.strip_prefix("kw_") {
        return vec![format!("`{keyword}`")];
    }
    let names: &[&str] = match rule {
        Rule::EOI => &["the end of the file"],
        Rule::definition | Rule::file => &["a definition"],
        Rule::identifier | Rule::scoped_name | Rule::namespace_name => &["a name"],
        Rule::number => &["a number"],
        Rule::text => &["a text"],
        Rule::value | Rule::constant_value => &["a name", "a number"],
        Rule::declaration | Rule::typed_declaration | Rule::field => &["a declaration"],
        Rule::type_specifier
        | Rule::plain_type
        | Rule::base_type
        | Rule::integer_type
        | Rule::discriminant => &["a type"],
        Rule::result_type | Rule::procedure => &["a procedure"],
        Rule::argument | Rule::arguments | Rule::typed_argument => &["an argument"],
        Rule::enumerator => &["the name of an enumerator"],
        Rule::anonymous => &["`enum`", "`struct`", "`union`"],
        Rule::arm | Rule::label => &["`case`", "`default`"],
        Rule::constant => &["`const`"],
        Rule::enumeration => &["`enum`"],
        Rule::namespace => &["`namespace`"],
        Rule::opaque_declaration | Rule::opaque_argument => &["`opaque`"],
        Rule::program => &["`program`"],
        Rule::string_declaration | Rule::string_argument => &["`string`"],
        Rule::structure => &["`struct`"],
        Rule::type_definition => &["`typedef`"],
        Rule::union_body => &["`switch`"],
        Rule::union_definition => &["`union`"],
        Rule::unsigned_type => &["`unsigned`"],
        Rule::version => &["`version`"],
        Rule::fixed_size | Rule::open_bracket => &["`[`"],
        Rule::variable_size | Rule::less_than => &["`<`"],
        Rule::enumeration_body | Rule::structure_body | Rule::open_brace => &["`{`"],
        Rule::close_brace => &["`}`"],
        Rule::open_paren => &["`(`"],
        Rule::close_paren => &["`)`"],
        Rule::close_bracket => &["`]`"],
        Rule::greater_than => &["`>`"],
        Rule::semicolon => &["`;`"],
        Rule::comma => &["`,`"],
        Rule::equals => &["`=`"],
        Rule::star => &["`*`"],
        Rule::colon => &["`:`"],
        // What may always be there helps nobody.
        _ => &[],
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Rule, names_of};
    use crate::{ReadOptions, Source, read};

    fn error(text: &str) -> String {
        let source = Source::new("t.x", text);
        read(vec![source], &ReadOptions::default())
            .unwrap_err()
            .to_string()
    }

    /// One mistake each.
    const MISTAKES: &[&str] = &[
        "struct a { int b }",
        "struct a { int b; }",
        "struct a { int b; }\nstruct c { int d; };",
        "union u switch (int d) { case 1: void; } name;",
        "struct { int b; };",
        "struct a { };",
        "struct a { struct { } b; };",
        "struct a;",
        "struct a { struct b { int c; } d; };",
        "struct a { struct b; };",
        "struct a { union b switch (int c) { case 1: void; } d; };",
        "typedef struct a { int b; } a;",
        "struct a { int 9b; };",
        "struct a { int b; int c, d; };",
        "struct a { int b = 3; };",
        "struct a { int b[]; };",
        "struct a { int b[2][3]; };",
        "struct a { int b<>[3]; };",
        "struct a { string b<4>[3]; };",
        "struct a { string b[4]; };",
        "struct a { string *b; };",
        "struct a { string<> b; };",
        "struct a { opaque b; };",
        "struct a { opaque<> b; };",
        "struct a { opaque *b; };",
        "struct a { int *b<>; };",
        "struct a { int[2] b; };",
        "struct a { int b[2+1]; };",
        "struct a { long long b; };",
        "struct a { unsigned long long b; };",
        "struct a { signed int b; };",
        "struct a { void b; };",
        "struct a { void; };",
        "struct a { int int; };",
        "struct a { int program; int version; };",
        "struct é { int b; };",
        "enum a { };",
        "enum a { B = , C };",
        "enum a { B C };",
        "enum { A = 1 };",
        "union u switch (int) { case 1: void; };",
        "union u switch (int d) { 1: void; };",
        "union u switch (int d) { };",
        "union u switch (int d) { case 1: ; };",
        "union u switch (int d) { case 1: void x; };",
        "union u switch (int d) { case 1: int x; int y; };",
        "union u switch (int d) { case 'a': void; };",
        "typedef void a;",
        "typedef opaque x;",
        "typedef int x<;",
        "const A;",
        "const int A = 3;",
        "const A = 08x;",
        "const A = 10UL;",
        "const A = 1 + 2;",
        "const A = 1+2;",
        "const A = (3);",
        "const A = 1 << 3;",
        "const A = 1';",
        "const A = \"b;",
        "program p { version v { void f(int) = 1; } = 1; };",
        "program p { } = 1;",
        "program p { version v { } = 1; } = 1;",
        "program p { version v { opaque f(void) = 1; } = 1; } = 1;",
        "program p { version v { void f(opaque) = 1; } = 1; } = 1;",
        "program p { version v { void f(opaque x) = 1; } = 1; } = 1;",
        "program p { version v { int *<> f(void) = 1; } = 1; } = 1;",
        "program p { version v { void f(int *x<>) = 1; } = 1; } = 1;",
        "program p { version v { void f(int[]) = 1; } = 1; } = 1;",
        "program p { version v { void f(string<> x) = 1; } = 1; } = 1;",
        "program p { version v { void f(struct { int x; }) = 1; } = 1; } = 1;",
        "program p { version v { void f(void, int) = 1; } = 1; } = 1;",
        "program p { version v { void f(int, void) = 1; } = 1; } = 1;",
        "foo",
        "pragma;",
        "strcut a { int b; };",
        "struct a { int b; };\nuniom u switch (int d) { case 1: void; };",
        "union u swich (int d) { case 1: void; };",
        "union u switch (int d) { csae 1: void; };",
        "union u switch (int d) { case 1: void; defualt: void; };",
        "program p { verison v { void f(int) = 1; } = 1; } = 1;",
        "namespace a { struct b { int c; };",
        "#define SIZE 1 + 2\nstruct a { int b[SIZE]; };",
        "#define PROGRAM\nprogram PROGRAM { version v { void f(int) = 1; } = 1; } = 1;",
        "#define FIELD(name) int name;\nstruct a { FIELD(b) };",
    ];

    #[test]
    fn syntax_errors_say_what_was_found_and_what_was_expected() {
        let rendered: Vec<String> = MISTAKES.iter().map(|text| error(text)).collect();
        insta::assert_snapshot!(rendered.join("\n"));
    }

    #[test]
    fn each_definition_reports_its_first_error() {
        insta::assert_snapshot!(error(
            "struct a { int b[]; opaque c; };
             struct fine { int b; };
             namespace n {
               enum e { };
               typedef int x[2][2];
             }
             const A = 1 const B = 2;
             struct open {
               int b;
             union u switch (int d) { default: int int; };
             struct open {
               int b;
             const C = 1U;"
        ));
    }

    #[test]
    fn errors_of_one_file_are_limited() {
        let text = "const A;\n".repeat(1000);
        assert_eq!(error(&text).matches("error:").count(), 20);
    }

    #[test]
    fn every_rule_that_can_be_missed_has_a_name() {
        let nameless: Vec<Rule> = Rule::all_rules()
            .iter()
            .copied()
            .filter(|rule| names_of(*rule).is_empty())
            .collect();
        let meant = [
            Rule::WHITESPACE,
            Rule::pragma,
            Rule::end,
            Rule::stray_semicolon,
            Rule::trailing_comma,
            Rule::word,
            Rule::reserved,
            Rule::kw_pragma,
            Rule::double_colon,
        ];
        assert_eq!(nameless, meant);
    }
}
