//! Text to tree, by the grammar in `grammar.pest`.

mod docs;
mod expected;

use crate::ast::{
    Argument, Arm, BaseType, ConstantValue, Definition, DefinitionKind, Enumerator, Field, File,
    Identifier, Label, Procedure, Program, ScopedName, Shape, Tree, TypeSpecifier, Union, Value,
    Version,
};
use crate::scan::{Scanned, scan};
use crate::{Diagnostics, FileId, ReadOptions, Source, SourceMap, Span};
use docs::Docs;
use pest::Parser as _;
use pest::iterators::Pair;
use std::sync::Arc;

/// The parser that pest makes of the grammar.
#[derive(pest_derive::Parser)]
#[grammar = "grammar.pest"]
pub(crate) struct Grammar;

/// # Errors
///
/// The first place of each file where the text is not of the language.
pub(crate) fn read(sources: Vec<Source>, _options: &ReadOptions) -> Result<Tree, Diagnostics> {
    let mut map = SourceMap::default();
    let mut files = Vec::new();
    let mut found = Vec::new();
    for source in sources {
        let id = map.add(source);
        match file(&map, id) {
            Ok(file) => files.push(file),
            Err(diagnostics) => found.extend(diagnostics),
        }
    }
    if !found.is_empty() {
        return Err(Diagnostics::from_found(found));
    }
    Ok(Tree {
        sources: Arc::new(map),
        files,
        deviations: Vec::new(),
    })
}

fn file(sources: &SourceMap, id: FileId) -> Result<File, Diagnostics> {
    let scanned = scan(sources, id)?;
    let mut pairs = Grammar::parse(Rule::file, &scanned.text)
        .map_err(|error| expected::diagnostic(sources, id, &error))?;
    let file = pairs.next().expect("the grammar yields one file");
    let walk = Walk::new(&scanned);
    let definitions = walk.definitions(file);
    Ok(File {
        id,
        is_given: true,
        definitions,
        passthrough: scanned.passthrough,
        imports: Vec::new(),
    })
}

/// Walks pest's pairs. The grammar has checked the text, so each rule's parts
/// are where the grammar puts them, and nothing here can fail.
struct Walk<'a> {
    docs: Docs<'a>,
}

type Node<'a> = Pair<'a, Rule>;

impl<'a> Walk<'a> {
    fn new(scanned: &'a Scanned) -> Self {
        Self {
            docs: Docs::new(scanned),
        }
    }

    fn definitions(&self, parent: Node<'_>) -> Vec<Definition> {
        children(parent, Rule::definition)
            .map(|node| self.definition(only(node)))
            .collect()
    }

    fn definition(&self, node: Node<'_>) -> Definition {
        let docs = self.docs.before(&node);
        let (name, kind) = match node.as_rule() {
            Rule::namespace => (
                name_of(&node),
                DefinitionKind::Namespace(self.definitions(node)),
            ),
            Rule::constant => (
                name_of(&node),
                DefinitionKind::Constant(ConstantValue::Value(value(child(node, Rule::value)))),
            ),
            Rule::type_definition => {
                let (name, shape) = declaration(child(node, Rule::declaration));
                (name, DefinitionKind::Typedef(shape))
            }
            Rule::enumeration => (
                name_of(&node),
                DefinitionKind::Enumeration(self.enumerators(node)),
            ),
            Rule::structure => {
                let name = name_of(&node);
                let fields = children(node, Rule::field).map(|field| self.field(field));
                (name, DefinitionKind::Structure(fields.collect()))
            }
            Rule::union_definition => (name_of(&node), DefinitionKind::Union(self.union(node))),
            Rule::program => (name_of(&node), DefinitionKind::Program(self.program(node))),
            other => unreachable!("{other:?} is no definition"),
        };
        Definition { docs, name, kind }
    }

    fn enumerators(&self, node: Node<'_>) -> Vec<Enumerator> {
        children(node, Rule::enumerator)
            .map(|node| Enumerator {
                docs: self.docs.around(&node),
                name: name_of(&node),
                value: find(&node, Rule::value).map(value),
            })
            .collect()
    }

    fn field(&self, node: Node<'_>) -> Field {
        let docs = self.docs.around(&node);
        let (name, shape) = declaration(child(node, Rule::declaration));
        Field { docs, name, shape }
    }

    fn union(&self, node: Node<'_>) -> Union {
        let discriminant = child(node.clone(), Rule::discriminant);
        Union {
            discriminant_name: name_of(&discriminant),
            discriminant: type_specifier(child(discriminant, Rule::type_specifier)),
            arms: children(node, Rule::arm).map(|arm| self.arm(arm)).collect(),
        }
    }

    fn arm(&self, node: Node<'_>) -> Arm {
        Arm {
            docs: self.docs.around(&node),
            labels: children(node.clone(), Rule::label).map(label).collect(),
            field: find(&node, Rule::declaration).map(|node| {
                let (name, shape) = declaration(node);
                Field {
                    docs: Vec::new(),
                    name,
                    shape,
                }
            }),
        }
    }

    fn program(&self, node: Node<'_>) -> Program {
        Program {
            number: value(child(node.clone(), Rule::value)),
            versions: children(node, Rule::version)
                .map(|version| self.version(version))
                .collect(),
        }
    }

    fn version(&self, node: Node<'_>) -> Version {
        Version {
            docs: self.docs.before(&node),
            name: name_of(&node),
            number: value(child(node.clone(), Rule::value)),
            procedures: children(node, Rule::procedure)
                .map(|procedure| self.procedure(procedure))
                .collect(),
        }
    }

    fn procedure(&self, node: Node<'_>) -> Procedure {
        let result = only(child(node.clone(), Rule::result_type));
        Procedure {
            docs: self.docs.around(&node),
            name: name_of(&node),
            result: match result.as_rule() {
                Rule::kw_void => None,
                Rule::kw_string => Some(Shape::String(None)),
                _ => Some(Shape::Plain(type_specifier(result))),
            },
            arguments: find(&node, Rule::arguments)
                .into_iter()
                .flat_map(|arguments| children(arguments, Rule::argument))
                .map(argument)
                .collect(),
            number: value(child(node, Rule::value)),
        }
    }
}

fn argument(node: Node<'_>) -> Argument {
    let name = find(&node, Rule::identifier).map(identifier);
    let shape = match find(&node, Rule::type_specifier).map(type_specifier) {
        None => Shape::String(find(&node, Rule::variable_size).and_then(size)),
        Some(specifier) if find(&node, Rule::star).is_some() => Shape::Optional(specifier),
        Some(specifier) => Shape::Plain(specifier),
    };
    Argument { name, shape }
}

fn label(node: Node<'_>) -> Label {
    let span = span(&node);
    find(&node, Rule::value).map_or(Label::Default(span), |node| Label::Case(value(node)))
}

fn declaration(node: Node<'_>) -> (Identifier, Shape) {
    let node = only(node);
    let name = name_of(&node);
    let fixed = find(&node, Rule::fixed_size).and_then(size);
    let variable = find(&node, Rule::variable_size).map(size);
    let shape = match node.as_rule() {
        Rule::opaque_declaration => match fixed {
            Some(size) => Shape::OpaqueFixed(size),
            None => Shape::Opaque(variable.flatten()),
        },
        Rule::string_declaration => Shape::String(variable.flatten()),
        _ => {
            let specifier = type_specifier(child(node.clone(), Rule::type_specifier));
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

fn size(node: Node<'_>) -> Option<Value> {
    find(&node, Rule::value).map(value)
}

fn type_specifier(node: Node<'_>) -> TypeSpecifier {
    if let Some(name) = find(&node, Rule::scoped_name) {
        return TypeSpecifier::Named(scoped_name(name));
    }
    let base = only(child(node.clone(), Rule::base_type));
    let base = match base.as_rule() {
        Rule::unsigned_type if find(&base, Rule::kw_hyper).is_some() => BaseType::UnsignedHyper,
        Rule::unsigned_type => BaseType::UnsignedInt,
        Rule::kw_int => BaseType::Int,
        Rule::kw_hyper => BaseType::Hyper,
        Rule::kw_float => BaseType::Float,
        Rule::kw_double => BaseType::Double,
        Rule::kw_bool => BaseType::Bool,
        other => unreachable!("{other:?} is no base type"),
    };
    TypeSpecifier::Base(base, span(&node))
}

fn value(node: Node<'_>) -> Value {
    let node = only(node);
    match node.as_rule() {
        Rule::number => Value::Number(node.as_str().to_owned(), span(&node)),
        _ => Value::Name(scoped_name(node)),
    }
}

fn scoped_name(node: Node<'_>) -> ScopedName {
    ScopedName {
        absolute: node.as_str().starts_with("::"),
        span: span(&node),
        parts: children(node, Rule::identifier)
            .map(|part| part.as_str().to_owned())
            .collect(),
    }
}

fn name_of(node: &Node<'_>) -> Identifier {
    identifier(child(node.clone(), Rule::identifier))
}

fn identifier(node: Node<'_>) -> Identifier {
    Identifier {
        name: node.as_str().to_owned(),
        span: span(&node),
    }
}

fn span(node: &Node<'_>) -> Span {
    Span::new(node.as_span().start(), node.as_span().end())
}

fn only(node: Node<'_>) -> Node<'_> {
    node.into_inner()
        .next()
        .expect("the grammar gives this rule a part")
}

fn child(node: Node<'_>, rule: Rule) -> Node<'_> {
    find(&node, rule).unwrap_or_else(|| unreachable!("the grammar puts {rule:?} there"))
}

fn find<'a>(node: &Node<'a>, rule: Rule) -> Option<Node<'a>> {
    node.clone()
        .into_inner()
        .find(|inner| inner.as_rule() == rule)
}

fn children(node: Node<'_>, rule: Rule) -> impl Iterator<Item = Node<'_>> {
    node.into_inner()
        .filter(move |inner| inner.as_rule() == rule)
}
