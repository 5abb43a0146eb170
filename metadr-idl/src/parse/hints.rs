//! What to do about the mistakes that people make, most of them because C has
//! it another way.

use super::{Rule, recovery};
use crate::preprocess::{Token, tokens};

const RESERVED: [&str; 19] = [
    "bool", "case", "const", "default", "double", "enum", "float", "hyper", "int", "opaque",
    "program", "string", "struct", "switch", "typedef", "union", "unsigned", "version", "void",
];

/// How many letters of a keyword may be wrong, too many, missing or swapped.
const MAX_MISSPELT: usize = 2;

/// How many tokens around the error matter.
const REACH: usize = 4;

/// What to do about a syntax error at `offset`, if that is known.
pub(super) fn hint(content: &str, offset: usize, expected: &[Rule]) -> Option<String> {
    let mut before: Vec<&str> = solid(&content[..offset]).collect();
    let before = before.split_off(before.len().saturating_sub(REACH));
    let mut after = solid(&content[offset..]);
    let place = Place {
        before: &before,
        found: after.next().unwrap_or_default(),
        after: &after.take(REACH).collect::<Vec<_>>(),
        rest: &content[offset..],
        expected,
    };
    let groups = [
        Place::misspelt,
        Place::body,
        Place::array,
        Place::declaration,
        Place::procedure,
        Place::number,
        Place::word,
    ];
    groups.iter().find_map(|group| group(&place))
}

/// The tokens around an error.
struct Place<'a> {
    /// The last few before it.
    before: &'a [&'a str],
    /// The first that does not fit; empty at the end of the file.
    found: &'a str,
    /// The next few.
    after: &'a [&'a str],
    /// The text from the error on.
    rest: &'a str,
    /// What the grammar would take.
    expected: &'a [Rule],
}

impl Place<'_> {
    fn expects(&self, rule: Rule) -> bool {
        self.expected.contains(&rule)
    }

    /// Braces, and what is between them.
    fn body(&self) -> Option<String> {
        let hint = match (self.before, self.found) {
            ([.., "program", _, "{"], "}") => "a program has at least one version",
            ([.., "version", _, "{"], "}") => "a version has at least one procedure",
            ([.., "struct", _, "{"] | [.., "struct", "{"], "}") => {
                "a structure has at least one field"
            }
            ([.., "enum", _, "{"] | [.., "enum", "{"], "}") => {
                "an enumeration has at least one name"
            }
            ([.., ")", "{"], "}") => "a union has at least one arm",
            ([.., "struct" | "enum" | "union", _], ";") if !self.expects(Rule::identifier) => {
                "types need no declaration in advance: this line can go"
            }
            ([.., "struct" | "enum", name], "{") | ([.., "union", name], "switch") => {
                return Some(format!(
                    "a type that is defined in place has no name: leave `{name}` out, or define it by itself"
                ));
            }
            ([.., "(" | ",", "struct" | "enum"], "{") => "an argument needs a type that has a name",
            ([.., "}"], found) if self.expects(Rule::semicolon) => match found {
                "" => "a definition ends with `;`",
                _ if RESERVED.contains(&found) || found == "namespace" => {
                    "the definition before it has to end with `;`"
                }
                _ if is_name(found) => "a definition has its name at its start alone",
                _ => return None,
            },
            ([.., ":"], ";") => "an arm without anything is `void;`",
            ([.., ";"], found) if self.expects_label() && (is_name(found) || is_type(found)) => {
                "an arm has one declaration: make a structure of several"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }

    fn expects_label(&self) -> bool {
        let rules = [Rule::arm, Rule::label, Rule::kw_case];
        rules.iter().any(|rule| self.expects(*rule))
    }

    /// Brackets of declarations.
    fn array(&self) -> Option<String> {
        let hint = match (self.before, self.found) {
            ([.., "]" | ">"], "[" | "<") => {
                "XDR arrays of arrays need a typedef for the inner array"
            }
            ([.., "["], "]") => "`<>` is for any number of elements, `[n]` for always n",
            ([.., "opaque", name], ";") => {
                return Some(format!(
                    "`opaque` is an array of bytes: `opaque {name}<>`, or `opaque {name}[n]`"
                ));
            }
            ([.., "string", name], "[") => {
                return Some(format!(
                    "a string has a limit, no fixed length: `string {name}<n>`"
                ));
            }
            ([.., "string"], "*") => "an optional string needs a typedef for the string",
            ([.., "opaque"], "*") => "an optional opaque needs a typedef for the opaque",
            ([.., "*", _], "<" | "[") => "XDR arrays of pointers need a typedef for the pointer",
            (_, "<" | "[") if self.expects(Rule::identifier) && !self.is_result() => {
                "the name stands before the brackets"
            }
            ([.., "*"], "<" | "[") if self.is_result() => {
                "XDR arrays of pointers need a typedef for the pointer"
            }
            ([.., "string", "<", ">"], found) if is_name(found) => {
                "the name stands before the brackets"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }

    fn expects_size(&self) -> bool {
        self.expects(Rule::open_bracket) || self.expects(Rule::fixed_size)
    }

    /// Whether `name(` follows the brackets that were found.
    fn is_result(&self) -> bool {
        self.after.contains(&"(")
    }

    fn declaration(&self) -> Option<String> {
        let hint = match (self.before, self.found) {
            ([.., "long", "long"], _) => "the type of 64 bits is `hyper`",
            ([.., "signed"], _) => {
                "numbers are signed unless they are `unsigned`: leave `signed` out"
            }
            ([.., "const"], found) if is_type(found) => "a constant has no type",
            ([.., "void"], found) if is_name(found) && self.expects(Rule::semicolon) => {
                "`void` has no name"
            }
            (_, "void") if self.expects(Rule::declaration) || self.expects(Rule::field) => {
                "`void` is no type: it stands for nothing in an arm, an argument or a result"
            }
            (_, ",") if self.expects(Rule::semicolon) => "each declaration has one name",
            ([.., name], "=") if self.expects(Rule::semicolon) && is_name(name) => {
                "a declaration has no value"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// Arguments and results.
    fn procedure(&self) -> Option<String> {
        let arguments = [Rule::argument, Rule::arguments, Rule::plain_type];
        let hint = match (self.before, self.found) {
            ([.., "void"], ",") => "`void` is for no arguments at all",
            ([.., "opaque"], _) | ([.., "opaque", _], ")" | ",") if self.expects_size() => {
                "`opaque` is an array of bytes: `opaque<>`, or `opaque[n]`"
            }
            (_, "void") if arguments.iter().any(|rule| self.expects(*rule)) => {
                "`void` is for no arguments at all"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }

    fn number(&self) -> Option<String> {
        if let Some(number) = self.found.strip_suffix(['u', 'U', 'l', 'L']) {
            let number = number.trim_end_matches(['u', 'U', 'l', 'L']);
            if is_number(number) {
                return Some(format!("numbers have no suffix: `{number}`"));
            }
        }
        if self.found == "'" {
            if self.before.last().is_some_and(|last| is_number(last)) {
                return Some("a `'` in a number stands between digits".to_owned());
            }
            let mut characters = self.rest.chars().skip(1);
            return match (characters.next(), characters.next()) {
                (Some(one), Some('\'')) => {
                    let number = u32::from(one);
                    Some(format!(
                        "there are no character constants: `'{one}'` is {number}"
                    ))
                }
                _ => None,
            };
        }
        let is_operator = matches!(
            self.found,
            "+" | "-" | "*" | "/" | "%" | "<" | ">" | "|" | "&" | "^" | "~" | "(" | ")"
        );
        let is_value = matches!(
            self.before,
            [.., "=" | "[" | "<" | "case"] | [.., "=" | "[" | "<" | "case", _]
        );
        (is_operator && is_value).then(|| {
            "there are no expressions: write the number, or name it with `const`".to_owned()
        })
    }

    fn word(&self) -> Option<String> {
        if RESERVED.contains(&self.found) && self.expects(Rule::identifier) {
            return Some(format!(
                "`{}` is a keyword and cannot be a name",
                self.found
            ));
        }
        let first = self.rest.chars().next()?;
        (!first.is_ascii() && first.is_alphanumeric())
            .then(|| "names are made of ASCII letters, digits and `_`".to_owned())
    }

    /// A keyword, nearly.
    fn misspelt(&self) -> Option<String> {
        let where_expected = |rules: &[Rule], keywords: &'static [&'static str]| match rules
            .iter()
            .any(|rule| self.expects(*rule))
        {
            true => keywords,
            false => &[],
        };
        let labels = [Rule::arm, Rule::label, Rule::kw_case];
        let keywords = [
            where_expected(&[Rule::definition, Rule::file], &recovery::KEYWORDS),
            where_expected(&labels, &["case", "default"]),
            where_expected(&[Rule::version, Rule::kw_version], &["version"]),
            where_expected(&[Rule::union_body, Rule::kw_switch], &["switch"]),
        ];
        let keywords = keywords.into_iter().flatten();
        let similar = keywords
            .map(|keyword| (strsim::osa_distance(keyword, self.found), keyword))
            .min()
            .filter(|(distance, _)| is_name(self.found) && *distance <= MAX_MISSPELT);
        similar.map(|(_, keyword)| format!("did you mean `{keyword}`?"))
    }
}

/// The tokens of a text without its blanks.
fn solid(text: &str) -> impl Iterator<Item = &str> {
    tokens(text)
        .filter(|(token, _)| !matches!(token, Token::Blank | Token::Newline))
        .map(|(_, piece)| piece)
}

fn is_name(piece: &str) -> bool {
    let is_word = piece.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_');
    is_word && !RESERVED.contains(&piece)
}

fn is_type(piece: &str) -> bool {
    let types = [
        "bool", "double", "enum", "float", "hyper", "int", "opaque", "string", "struct",
    ];
    types.contains(&piece) || ["union", "unsigned"].contains(&piece)
}

fn is_number(piece: &str) -> bool {
    piece.starts_with(|one: char| one.is_ascii_digit())
}
