//! Pest's syntax errors in the words of the language: what was found, what
//! was expected.

use super::Rule;
use crate::{Diagnostic, FileId, SourceMap, Span};
use pest::error::{Error, ErrorVariant, InputLocation};

/// The diagnostic for a syntax error.
pub(super) fn diagnostic(sources: &SourceMap, id: FileId, error: &Error<Rule>) -> Diagnostic {
    let offset = match error.location {
        InputLocation::Pos(offset) | InputLocation::Span((offset, _)) => offset,
    };
    let (found, length) = token_at(&sources.source(id).text()[offset..]);
    let offset = sources.span(id).start + offset;
    let span = Span::new(offset, offset + length);
    let message = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } if !positives.is_empty() => {
            format!("found {found}, expected {}", list(positives))
        }
        _ => format!("unexpected {found}"),
    };
    Diagnostic::error(sources, span, message)
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
    let mut names: Vec<&str> = Vec::new();
    for rule in rules {
        for name in names_of(*rule) {
            if !names.contains(name) {
                names.push(name);
            }
        }
    }
    // Kinds of things before literal tokens, each group in a fixed order.
    names.sort_by_key(|name| (name.starts_with('`'), *name));
    match names.split_last() {
        None => "something else".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// What to call a rule of the grammar.
fn names_of(rule: Rule) -> &'static [&'static str] {
    match rule {
        Rule::EOI => &["the end of the file"],
        Rule::definition | Rule::file => &["a definition"],
        Rule::identifier => &["a name"],
        Rule::scoped_name => &["a name"],
        Rule::number => &["a number"],
        Rule::value => &["a number or the name of a constant"],
        Rule::declaration | Rule::typed_declaration | Rule::field => &["a declaration"],
        Rule::opaque_declaration => &["`opaque`"],
        Rule::string_declaration => &["`string`"],
        Rule::type_specifier | Rule::base_type | Rule::discriminant => &["a type"],
        Rule::unsigned_type => &["`unsigned`"],
        Rule::result_type | Rule::procedure => &["a procedure"],
        Rule::argument | Rule::arguments => &["an argument"],
        Rule::enumerator => &["the name of an enumerator"],
        Rule::arm | Rule::label => &["`case`", "`default`"],
        Rule::version => &["`version`"],
        Rule::fixed_size => &["`[`"],
        Rule::variable_size => &["`<`"],
        Rule::namespace | Rule::kw_namespace => &["`namespace`"],
        Rule::constant | Rule::kw_const => &["`const`"],
        Rule::type_definition | Rule::kw_typedef => &["`typedef`"],
        Rule::enumeration | Rule::kw_enum => &["`enum`"],
        Rule::structure | Rule::kw_struct => &["`struct`"],
        Rule::union_definition | Rule::kw_union => &["`union`"],
        Rule::program | Rule::kw_program => &["`program`"],
        Rule::kw_bool => &["`bool`"],
        Rule::kw_case => &["`case`"],
        Rule::kw_default => &["`default`"],
        Rule::kw_double => &["`double`"],
        Rule::kw_float => &["`float`"],
        Rule::kw_hyper => &["`hyper`"],
        Rule::kw_int => &["`int`"],
        Rule::kw_opaque => &["`opaque`"],
        Rule::kw_string => &["`string`"],
        Rule::kw_switch => &["`switch`"],
        Rule::kw_unsigned => &["`unsigned`"],
        Rule::kw_version => &["`version`"],
        Rule::kw_void => &["`void`"],
        Rule::open_brace => &["`{`"],
        Rule::close_brace => &["`}`"],
        Rule::open_paren => &["`(`"],
        Rule::close_paren => &["`)`"],
        Rule::open_bracket => &["`[`"],
        Rule::close_bracket => &["`]`"],
        Rule::less_than => &["`<`"],
        Rule::greater_than => &["`>`"],
        Rule::semicolon => &["`;`"],
        Rule::comma => &["`,`"],
        Rule::equals => &["`=`"],
        Rule::star => &["`*`"],
        Rule::colon => &["`:`"],
        Rule::double_colon => &["`::`"],
        Rule::WHITESPACE | Rule::COMMENT | Rule::word | Rule::reserved => &[],
    }
}

#[cfg(test)]
mod tests {
    use crate::{ReadOptions, Source, read};

    fn error(text: &str) -> String {
        let source = Source::new("t.x", text);
        read(vec![source], &ReadOptions::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn syntax_errors_say_what_was_found_and_what_was_expected() {
        let cases = [
            "struct a { int b }",
            "struct a { int b; }",
            "struct { int b; };",
            "struct a { };",
            "struct a { int 9b; };",
            "enum a { B = , C };",
            "enum a { B, };",
            "union u switch (int) { case 1: void; };",
            "union u switch (int d) { 1: void; };",
            "typedef opaque x;",
            "typedef int x<;",
            "const A;",
            "const A = 08x;",
            "program p { version v { void f(int) = 1; } = 1; };",
            "program p { } = 1;",
            "foo",
            "namespace a { struct b { int c; };",
            "struct a { void b; };",
            "struct a { int int; };",
        ];
        let rendered: Vec<String> = cases
            .iter()
            .map(|text| format!("{text}\n    {}", error(text)))
            .collect();
        insta::assert_snapshot!(rendered.join("\n"));
    }
}
