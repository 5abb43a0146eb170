//! Pest's pairs to the tree. The grammar has checked the text, so each rule's
//! parts are where the grammar puts them, and nothing here can fail.

use super::docs::Docs;
use super::{Parsed, Rule};
use crate::ast::{
    Argument, Arm, ConstantValue, Definition, DefinitionKind, Enumerator, Field, Identifier, Label,
    Procedure, Program, ScopedName, Shape, TypeSpecifier, Union, Value, Version,
};
use crate::preprocess::{MAX_FINDINGS, Text};
use crate::{Diagnostic, Severity, SourceMap, Span};
use pest::iterators::Pair;

pub(super) type Node<'a> = Pair<'a, Rule>;

/// Walks the pairs, and notes what is unusual on the way.
pub(super) struct Walk<'a> {
    sources: &'a SourceMap,
    text: &'a Text,
    docs: Docs<'a>,
    /// The types of the file whose names are keywords elsewhere: `long`.
    own_types: Vec<String>,
    found: Vec<Diagnostic>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(sources: &'a SourceMap, text: &'a Text, root: &Node<'_>) -> Self {
        let mut own_types = Vec::new();
        super::types::keyword_names(root, &mut own_types);
        Self {
            sources,
            text,
            docs: Docs::new(sources, text),
            own_types,
            found: Vec::new(),
        }
    }

    pub(super) fn file(mut self, root: Node<'_>) -> Parsed {
        self.strays(&root, 0);
        for pragma in children(root.clone(), Rule::pragma) {
            self.strays(&pragma, 0);
            self.deviation(
                &pragma,
                "`pragma` is not of RFC 4506, and has no meaning here",
            );
        }
        Parsed {
            definitions: self.definitions(root),
            found: self.found,
        }
    }

    fn definitions(&mut self, parent: Node<'_>) -> Vec<Definition> {
        children(parent, Rule::definition)
            .map(|node| self.definition(only(node)))
            .collect()
    }

    fn definition(&mut self, node: Node<'_>) -> Definition {
        let docs = self.docs.before(&node);
        if node.as_rule() == Rule::namespace {
            return self.namespace(node, docs);
        }
        self.strays(&node, 0);
        let (name, kind) = match node.as_rule() {
            Rule::constant => (
                self.name_of(&node),
                self.constant(child(node, Rule::constant_value)),
            ),
            Rule::type_definition => {
                let (name, shape) = self.declaration(child(node, Rule::declaration));
                (name, DefinitionKind::Typedef(shape))
            }
            Rule::enumeration => {
                let name = self.name_of(&node);
                (name, self.body(child(node, Rule::enumeration_body)))
            }
            Rule::structure => {
                let name = self.name_of(&node);
                (name, self.body(child(node, Rule::structure_body)))
            }
            Rule::union_definition => {
                let name = self.name_of(&node);
                (name, self.body(child(node, Rule::union_body)))
            }
            Rule::program => (
                self.name_of(&node),
                DefinitionKind::Program(self.program(node)),
            ),
            other => unreachable!("{other:?} is no definition"),
        };
        Definition { docs, name, kind }
    }

    /// `namespace a::b` is `b` in `a`.
    fn namespace(&mut self, node: Node<'_>, docs: Vec<String>) -> Definition {
        let keyword = child(node.clone(), Rule::kw_namespace);
        self.deviation(&keyword, "namespaces are not of RFC 4506");
        // The first one is that behind the brace, as C++ programmers write it.
        self.strays(&node, 1);
        let names: Vec<Identifier> =
            children(child(node.clone(), Rule::namespace_name), Rule::identifier)
                .map(|name| self.identifier(name))
                .collect();
        let mut definitions = self.definitions(node);
        let mut names = names.into_iter().rev().peekable();
        loop {
            let name = names.next().expect("a namespace has a name");
            let docs = if names.peek().is_none() {
                docs.clone()
            } else {
                Vec::new()
            };
            let definition = Definition {
                docs,
                name,
                kind: DefinitionKind::Namespace(definitions),
            };
            if names.peek().is_none() {
                return definition;
            }
            definitions = vec![definition];
        }
    }

    fn constant(&mut self, node: Node<'_>) -> DefinitionKind {
        let node = only(node);
        let value = if node.as_rule() == Rule::text {
            self.deviation(&node, "constants that are texts are not of RFC 4506");
            let text = node.as_str().trim_matches('"').to_owned();
            ConstantValue::Text(text, self.place(&node))
        } else {
            let value = self.value(node);
            if let Value::Name(name) = &value {
                let message = "a constant that is the name of another is not of RFC 4506";
                self.report(Severity::Deviation, name.span, message);
            }
            ConstantValue::Value(value)
        };
        DefinitionKind::Constant(value)
    }

    /// The body of an enumeration, a structure or a union.
    pub(super) fn body(&mut self, node: Node<'_>) -> DefinitionKind {
        match node.as_rule() {
            Rule::enumeration_body => DefinitionKind::Enumeration(self.enumerators(node)),
            Rule::structure_body => {
                let fields = children(node, Rule::field).map(|field| self.field(field));
                DefinitionKind::Structure(fields.collect())
            }
            _ => DefinitionKind::Union(self.union(node)),
        }
    }

    fn enumerators(&mut self, node: Node<'_>) -> Vec<Enumerator> {
        if let Some(comma) = find(&node, Rule::trailing_comma) {
            let place = self.place(&comma);
            self.report(
                Severity::Warning,
                place,
                "found a `,` behind the last enumerator",
            );
        }
        children(node, Rule::enumerator)
            .map(|node| {
                let value = find(&node, Rule::value).map(|value| self.value(value));
                if value.is_none() {
                    self.deviation(&node, "an enumerator without a value is not of RFC 4506");
                }
                Enumerator {
                    docs: self.docs.around(&node),
                    name: self.name_of(&node),
                    value,
                }
            })
            .collect()
    }

    fn field(&mut self, node: Node<'_>) -> Field {
        self.strays(&node, 0);
        let docs = self.docs.around(&node);
        let (name, shape) = self.declaration(child(node, Rule::declaration));
        Field { docs, name, shape }
    }

    fn union(&mut self, node: Node<'_>) -> Union {
        let discriminant = child(node.clone(), Rule::discriminant);
        let discriminant_name = self.name_of(&discriminant);
        let discriminant = self.type_specifier(child(discriminant, Rule::type_specifier));
        let arms: Vec<Arm> = children(node, Rule::arm).map(|arm| self.arm(arm)).collect();
        self.judge_defaults(&arms);
        Union {
            discriminant,
            discriminant_name,
            arms,
        }
    }

    fn judge_defaults(&mut self, arms: &[Arm]) {
        for (index, arm) in arms.iter().enumerate() {
            for label in &arm.labels {
                let Label::Default(span) = label else {
                    continue;
                };
                let message = if arm.labels.len() > 1 {
                    "`default` beside other labels is not of RFC 4506"
                } else if index + 1 < arms.len() {
                    "`default` before other arms is not of RFC 4506"
                } else if arms.len() == 1 {
                    "a union without a `case` is not of RFC 4506"
                } else {
                    continue;
                };
                self.report(Severity::Deviation, *span, message);
            }
        }
    }

    fn arm(&mut self, node: Node<'_>) -> Arm {
        self.strays(&node, 0);
        Arm {
            docs: self.docs.around(&node),
            labels: children(node.clone(), Rule::label)
                .map(|label| self.label(label))
                .collect(),
            field: find(&node, Rule::declaration).map(|node| {
                let (name, shape) = self.declaration(node);
                Field {
                    docs: Vec::new(),
                    name,
                    shape,
                }
            }),
        }
    }

    fn label(&mut self, node: Node<'_>) -> Label {
        let place = self.place(&node);
        match find(&node, Rule::value) {
            Some(value) => Label::Case(self.value(value)),
            None => Label::Default(place),
        }
    }

    fn program(&mut self, node: Node<'_>) -> Program {
        Program {
            number: self.number_of(&node),
            versions: children(node, Rule::version)
                .map(|version| self.version(version))
                .collect(),
        }
    }

    fn version(&mut self, node: Node<'_>) -> Version {
        self.strays(&node, 0);
        Version {
            docs: self.docs.before(&node),
            name: self.name_of(&node),
            number: self.number_of(&node),
            procedures: children(node, Rule::procedure)
                .map(|procedure| self.procedure(procedure))
                .collect(),
        }
    }

    fn procedure(&mut self, node: Node<'_>) -> Procedure {
        self.strays(&node, 0);
        let result = child(node.clone(), Rule::result_type);
        let arguments = find(&node, Rule::arguments);
        if arguments.is_none() {
            let message = "a procedure with nothing between `(` and `)` is not of RFC 5531";
            self.deviation(&child(node.clone(), Rule::identifier), message);
        }
        Procedure {
            docs: self.docs.around(&node),
            name: self.name_of(&node),
            result: match only(result.clone()).as_rule() {
                Rule::kw_void => None,
                _ => Some(self.shape(&result, "a result")),
            },
            arguments: (arguments.into_iter())
                .flat_map(|arguments| children(arguments, Rule::argument))
                .map(|argument| self.argument(only(argument)))
                .collect(),
            number: self.number_of(&node),
        }
    }

    fn argument(&mut self, node: Node<'_>) -> Argument {
        let name = find(&node, Rule::identifier).map(|name| self.identifier(name));
        if let Some(name) = &name {
            let message = "names of arguments are not of RFC 5531";
            self.report(Severity::Deviation, name.span, message);
        }
        let shape = self.shape(&node, "an argument");
        Argument { name, shape }
    }

    /// The type of an argument or a result. RFC 5531 has types with names alone.
    fn shape(&mut self, node: &Node<'_>, what: &str) -> Shape {
        let first = only(node.clone());
        let fixed = find(node, Rule::fixed_size);
        let variable = find(node, Rule::variable_size);
        let fixed = fixed.and_then(|size| self.size(&size));
        let limit = variable.map(|limit| self.size(&limit));
        let (unusual, shape) = match (first.as_rule(), fixed, limit) {
            (Rule::kw_string, _, limit) => ("`string`", Shape::String(limit.flatten())),
            (Rule::kw_opaque, Some(size), _) => ("`opaque`", Shape::OpaqueFixed(size)),
            (Rule::kw_opaque, None, limit) => ("`opaque`", Shape::Opaque(limit.flatten())),
            (_, fixed, limit) => {
                let specifier = self.plain_type(first);
                match (fixed, limit) {
                    (Some(size), _) => ("an array", Shape::Fixed(specifier, size)),
                    (None, Some(limit)) => ("an array", Shape::Variable(specifier, limit)),
                    (None, None) if find(node, Rule::star).is_some() => {
                        ("`*`", Shape::Optional(specifier))
                    }
                    (None, None) => return Shape::Plain(specifier),
                }
            }
        };
        self.deviation(node, &format!("{unusual} in {what} is not of RFC 5531"));
        shape
    }

    /// The number of a program, a version or a procedure.
    fn number_of(&mut self, node: &Node<'_>) -> Value {
        let value = self.value(child(node.clone(), Rule::value));
        if let Value::Name(name) = &value {
            let message = "a name in place of this number is not of RFC 5531";
            self.report(Severity::Deviation, name.span, message);
        }
        value
    }

    pub(super) fn size(&mut self, node: &Node<'_>) -> Option<Value> {
        find(node, Rule::value).map(|value| self.value(value))
    }

    fn value(&mut self, node: Node<'_>) -> Value {
        let node = match node.as_rule() {
            Rule::value => only(node),
            _ => node,
        };
        let node = match node.as_rule() {
            Rule::value => only(node),
            _ => node,
        };
        if node.as_rule() != Rule::number {
            return Value::Name(self.scoped_name(node));
        }
        let number = node.as_str();
        let is_common =
            !number.starts_with("-0") && !number.contains(['+', 'X', '\'']) || number == "-0";
        if !is_common {
            self.deviation(
                &node,
                "a number that is written like this is not of RFC 4506",
            );
        }
        let number = number.strip_prefix('+').unwrap_or(number);
        Value::Number(number.replace('\'', ""), self.place(&node))
    }

    pub(super) fn scoped_name(&mut self, node: Node<'_>) -> ScopedName {
        if node.as_str().contains("::") {
            self.deviation(&node, "`::` is not of RFC 4506");
        }
        ScopedName {
            absolute: node.as_str().starts_with("::"),
            span: self.place(&node),
            parts: children(node, Rule::identifier)
                .map(|part| part.as_str().to_owned())
                .collect(),
        }
    }

    pub(super) fn name_of(&mut self, node: &Node<'_>) -> Identifier {
        self.identifier(child(node.clone(), Rule::identifier))
    }

    fn identifier(&mut self, node: Node<'_>) -> Identifier {
        if node.as_str().starts_with('_') {
            self.deviation(&node, "names that begin with `_` are not of RFC 4506");
        }
        Identifier {
            name: node.as_str().to_owned(),
            span: self.place(&node),
        }
    }

    /// Reports each `;` that ends nothing, after the first few that are common.
    fn strays(&mut self, node: &Node<'_>, common: usize) {
        for stray in children(node.clone(), Rule::stray_semicolon).skip(common) {
            let place = self.place(&stray);
            self.report(Severity::Warning, place, "found a `;` that ends nothing");
        }
    }

    /// Whether the file defines a type with this name.
    pub(super) fn has_own(&self, name: &str) -> bool {
        self.own_types.iter().any(|own| own == name)
    }

    pub(super) fn place(&self, node: &Node<'_>) -> Span {
        let start = node.as_span().start();
        // A rule that ends with an optional part takes the blanks before it.
        self.text
            .place(start..start + node.as_str().trim_end().len())
    }

    pub(super) fn deviation(&mut self, node: &Node<'_>, message: &str) {
        self.report(Severity::Deviation, self.place(node), message);
    }

    pub(super) fn report(&mut self, severity: Severity, place: Span, message: &str) {
        if severity == Severity::Deviation && self.found.len() >= MAX_FINDINGS {
            return;
        }
        let diagnostic = Diagnostic::new(severity, self.sources, place, message);
        self.found.push(diagnostic);
    }

    /// A type as it stands in the tree, by its own name if the file defines it.
    pub(super) fn named(&mut self, name: &str, place: Span) -> TypeSpecifier {
        TypeSpecifier::Named(ScopedName {
            absolute: false,
            parts: vec![name.to_owned()],
            span: place,
        })
    }
}

pub(super) fn only(node: Node<'_>) -> Node<'_> {
    node.into_inner()
        .next()
        .expect("the grammar gives this rule a part")
}

pub(super) fn child(node: Node<'_>, rule: Rule) -> Node<'_> {
    find(&node, rule).unwrap_or_else(|| unreachable!("the grammar puts {rule:?} there"))
}

pub(super) fn find<'a>(node: &Node<'a>, rule: Rule) -> Option<Node<'a>> {
    node.clone()
        .into_inner()
        .find(|inner| inner.as_rule() == rule)
}

pub(super) fn children(node: Node<'_>, rule: Rule) -> impl Iterator<Item = Node<'_>> {
    node.into_inner()
        .filter(move |inner| inner.as_rule() == rule)
}
