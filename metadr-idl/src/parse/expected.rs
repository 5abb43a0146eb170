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
        Some(format!("macro `{name}` stands for `{expansion}`"))
    });
    match hint {
        Some(hint) => diagnostic.with_hint(hint),
        None => diagnostic,
    }
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
        Rule::value | Rule::constant_value => &["a name", "a number"],
        Rule::text => &["a text"],
        Rule::declaration | Rule::typed_declaration | Rule::field => &["a declaration"],
        Rule::opaque_declaration => &["`opaque`"],
        Rule::string_declaration => &["`string`"],
        Rule::type_specifier
        | Rule::plain_type
        | Rule::base_type
        | Rule::integer_type
        | Rule::discriminant => &["a type"],
        Rule::anonymous => &["`enum`", "`struct`", "`union`"],
        Rule::unsigned_type => &["`unsigned`"],
        Rule::result_type | Rule::procedure => &["a procedure"],
        Rule::argument | Rule::arguments => &["an argument"],
        Rule::enumerator => &["the name of an enumerator"],
        Rule::arm | Rule::label => &["`case`", "`default`"],
        Rule::version => &["`version`"],
        Rule::fixed_size => &["`[`"],
        Rule::variable_size => &["`<`"],
        Rule::enumeration_body | Rule::structure_body => &["`{`"],
        Rule::union_body => &["`switch`"],
        Rule::namespace_name => &["a name"],
        Rule::namespace | Rule::kw_namespace => &["`namespace`"],
        Rule::constant | Rule::kw_const => &["`const`"],
        Rule::type_definition | Rule::kw_typedef => &["`typedef`"],
        Rule::enumeration | Rule::kw_enum => &["`enum`"],
        Rule::structure | Rule::kw_struct => &["`struct`"],
        Rule::union_definition | Rule::kw_union => &["`union`"],
        Rule::program | Rule::kw_program => &["`program`"],
        Rule::kw_bool => &["`bool`"],
        Rule::kw_case => &["`case`"],
        Rule::kw_char => &["`char`"],
        Rule::kw_default => &["`default`"],
        Rule::kw_double => &["`double`"],
        Rule::kw_float => &["`float`"],
        Rule::kw_hyper => &["`hyper`"],
        Rule::kw_int => &["`int`"],
        Rule::kw_long => &["`long`"],
        Rule::kw_opaque => &["`opaque`"],
        Rule::kw_quadruple => &["`quadruple`"],
        Rule::kw_short => &["`short`"],
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
        // What may always be there helps nobody.
        Rule::double_colon | Rule::stray_semicolon | Rule::trailing_comma => &[],
        Rule::WHITESPACE | Rule::end | Rule::word | Rule::reserved => &[],
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
