//! Declarations and types.

use super::Rule;
use super::walk::{Node, Walk, child, children, find, only};
use crate::Severity;
use crate::ast::{BaseType, Identifier, Shape, TypeSpecifier};

/// What is a type in rpcgen and a name in xdrc, RFC 4506's `quadruple` included.
const KEYWORD_NAMES: [&str; 4] = ["char", "long", "quadruple", "short"];

/// Collects the types that the file defines under such a name.
pub(super) fn keyword_names(parent: &Node<'_>, into: &mut Vec<String>) {
    for definition in children(parent.clone(), Rule::definition).map(only) {
        let name = match definition.as_rule() {
            Rule::namespace => {
                keyword_names(&definition, into);
                continue;
            }
            Rule::constant | Rule::program => continue,
            Rule::type_definition => {
                let declaration = only(child(definition, Rule::declaration));
                child(declaration, Rule::identifier)
            }
            _ => child(definition, Rule::identifier),
        };
        if KEYWORD_NAMES.contains(&name.as_str()) {
            into.push(name.as_str().to_owned());
        }
    }
}

impl Walk<'_> {
    pub(super) fn declaration(&mut self, node: Node<'_>) -> (Identifier, Shape) {
        let node = only(node);
        let name = self.name_of(&node);
        let fixed = find(&node, Rule::fixed_size).and_then(|size| self.size(&size));
        let variable = find(&node, Rule::variable_size).map(|size| self.size(&size));
        let shape = match node.as_rule() {
            Rule::opaque_declaration => match fixed {
                Some(size) => Shape::OpaqueFixed(size),
                None => Shape::Opaque(variable.flatten()),
            },
            Rule::string_declaration => {
                if variable.is_none() {
                    let message =
                        format!("`string` without `<>`, taken as `string {}<>`", name.name);
                    self.report(Severity::Warning, name.span, &message);
                }
                Shape::String(variable.flatten())
            }
            _ => {
                let specifier = self.type_specifier(child(node.clone(), Rule::type_specifier));
                match (fixed, variable) {
                    (Some(size), _) => Shape::Fixed(specifier, size),
                    (None, Some(limit)) => Shape::Variable(specifier, limit),
                    _ if find(&node, Rule::star).is_some() => Shape::Optional(specifier),
                    _ => Shape::Plain(specifier),
                }
            }
        };
        (name, shape)
    }

    pub(super) fn type_specifier(&mut self, node: Node<'_>) -> TypeSpecifier {
        let node = only(node);
        if node.as_rule() == Rule::plain_type {
            return self.plain_type(node);
        }
        let mut parts = node.into_inner();
        let keyword = parts
            .next()
            .expect("an anonymous type begins with a keyword");
        let body = parts.next().expect("an anonymous type has a body");
        let place = self.place(&keyword);
        TypeSpecifier::Anonymous(Box::new(self.body(body)), place)
    }

    pub(super) fn plain_type(&mut self, node: Node<'_>) -> TypeSpecifier {
        if let Some(name) = find(&node, Rule::scoped_name) {
            let first = only(node);
            if first.as_rule() != Rule::scoped_name {
                let message = format!(
                    "`{}` before the name of a type is not of RFC 4506",
                    first.as_str()
                );
                self.deviation(&first, &message);
            }
            return TypeSpecifier::Named(self.scoped_name(name));
        }
        let written = node.as_str().trim_end();
        if self.has_own(written) {
            let place = self.place(&node);
            return self.named(written, place);
        }
        let base = base_type(&only(child(node.clone(), Rule::base_type)));
        // `unsigned int` and the like may stand in several lines.
        let words: Vec<&str> = written.split_whitespace().collect();
        if !is_standard(&words) {
            let message = format!("type `{}` is not of RFC 4506", words.join(" "));
            self.deviation(&node, &message);
        }
        TypeSpecifier::Base(base, self.place(&node))
    }
}

fn base_type(node: &Node<'_>) -> BaseType {
    match node.as_rule() {
        Rule::unsigned_type => match find(node, Rule::integer_type) {
            Some(integer) => integer_type(&integer).1,
            None => BaseType::UnsignedInt,
        },
        Rule::integer_type => integer_type(node).0,
        Rule::kw_float => BaseType::Float,
        Rule::kw_double => BaseType::Double,
        Rule::kw_quadruple => BaseType::Quadruple,
        Rule::kw_bool => BaseType::Bool,
        other => unreachable!("{other:?} is no base type"),
    }
}

/// The signed and the unsigned type of this width.
fn integer_type(node: &Node<'_>) -> (BaseType, BaseType) {
    match only(node.clone()).as_rule() {
        Rule::kw_int => (BaseType::Int, BaseType::UnsignedInt),
        Rule::kw_hyper => (BaseType::Hyper, BaseType::UnsignedHyper),
        Rule::kw_long => (BaseType::Long, BaseType::UnsignedLong),
        Rule::kw_short => (BaseType::Short, BaseType::UnsignedShort),
        Rule::kw_char => (BaseType::Char, BaseType::UnsignedChar),
        other => unreachable!("{other:?} is no integer type"),
    }
}

fn is_standard(words: &[&str]) -> bool {
    matches!(
        words,
        ["int" | "hyper" | "float" | "double" | "quadruple" | "bool"]
            | ["unsigned", "int" | "hyper"]
    )
}

#[cfg(test)]
mod tests {
    use crate::ast::{DefinitionKind, Shape, TypeSpecifier};
    use crate::{ReadOptions, Source, read};

    /// The types of the fields of the last definition.
    fn types(text: &str) -> Vec<String> {
        let mut tree = read(vec![Source::new("t.x", text)], &ReadOptions::default()).unwrap();
        let last = tree.files.remove(0).definitions.pop().unwrap();
        let DefinitionKind::Structure(fields) = last.kind else {
            panic!("{last:?}");
        };
        let name = |shape| match shape {
            Shape::Plain(TypeSpecifier::Named(name)) => name.parts.join("::"),
            Shape::Plain(TypeSpecifier::Base(base, _)) => format!("{base:?}"),
            other => panic!("{other:?}"),
        };
        fields.into_iter().map(|field| name(field.shape)).collect()
    }

    #[test]
    fn a_keyword_of_rpcgen_is_a_type_like_others_in_a_file_that_defines_it() {
        let last = "struct a { long b; unsigned long c; short d; long int e; };";
        assert_eq!(types(last), ["Long", "UnsignedLong", "Short", "Long"]);
        let text = format!("struct long {{ int a; }}; typedef int *short; {last}");
        assert_eq!(types(&text), ["long", "UnsignedLong", "short", "Long"]);
        let text = format!("namespace n {{ enum quadruple {{ A }}; }} {last}");
        assert_eq!(types(&text), ["Long", "UnsignedLong", "Short", "Long"]);
    }

    #[test]
    fn integer_types_are_told_by_all_their_words() {
        let text = "struct a { unsigned b; unsigned\n/**/ int c; hyper int d; unsigned hyper e; \
                    unsigned short int f; char g; unsigned char h; };";
        let names = [
            "UnsignedInt",
            "UnsignedInt",
            "Hyper",
            "UnsignedHyper",
            "UnsignedShort",
            "Char",
            "UnsignedChar",
        ];
        assert_eq!(types(text), names);
    }
}
