//! The naming stage: every Rust name that stands for a name of the files is
//! made here, and two that turn out the same are found here.
//!
//! A name that Rust or the generated code keeps for itself gets an underscore
//! behind it; two names of the files that become one are an error, as which of
//! them is to give way is not for us to say.

mod convention;
mod space;

use crate::model::{
    Case, Discriminant, Enumerator, Field, Item, Model, Module, Program, TypeId, TypeKind, Union,
    Version,
};
use crate::{Diagnostic, Diagnostics, Span};
use proc_macro2::Ident;
use space::Space;
use std::collections::{BTreeMap, BTreeSet};

/// Names that the generated client has itself.
const CLIENT: [&str; 2] = ["new", "rpc"];
/// Names that the generated server trait has itself.
const SERVER: [&str; 1] = ["connection_closed"];
/// Names that the code around an argument uses.
const AROUND_ARGUMENTS: [&str; 7] = [
    "context", "call", "decoder", "encoder", "run", "server", "value",
];
/// Associated constants that the generator adds.
const CONSTANTS: [&str; 1] = ["ENCODED_SIZE"];

/// Every Rust name of one model.
#[derive(Debug, Default)]
pub(super) struct Names {
    modules: BTreeMap<String, Ident>,
    constants: BTreeMap<String, Ident>,
    types: BTreeMap<TypeId, TypeNames>,
    /// The names of all types, wherever they are defined.
    type_names: BTreeSet<String>,
    programs: BTreeMap<String, ProgramNames>,
}

#[derive(Debug)]
struct TypeNames {
    ident: Ident,
    parts: Vec<Ident>,
    default_field: Option<Ident>,
}

/// The names of a program.
#[derive(Debug)]
pub(super) struct ProgramNames {
    pub(super) module: Ident,
    pub(super) versions: Vec<VersionNames>,
}

/// The names of a version.
#[derive(Debug)]
pub(super) struct VersionNames {
    pub(super) module: Ident,
    pub(super) procedures: Vec<ProcedureNames>,
}

/// The names of a procedure.
#[derive(Debug)]
pub(super) struct ProcedureNames {
    /// Of its number.
    pub(super) constant: Ident,
    pub(super) method: Ident,
    pub(super) arguments: Vec<Ident>,
}

impl Names {
    /// Names everything.
    ///
    /// # Errors
    ///
    /// Names that are the same in Rust, and renames of what is not there.
    pub(super) fn of(model: &Model, renames: &[(String, String)]) -> Result<Self, Diagnostics> {
        let mut naming = Naming {
            model,
            renames: renames.iter().map(|(of, to)| (&**of, &**to)).collect(),
            used: BTreeSet::new(),
            names: Self::default(),
            found: Vec::new(),
        };
        naming.module(&model.root, &[]);
        naming.check_renames();
        if naming.found.is_empty() {
            Ok(naming.names)
        } else {
            Err(Diagnostics::from_found(naming.found))
        }
    }

    /// A defined type.
    pub(super) fn ty(&self, id: TypeId) -> &Ident {
        &self.types[&id].ident
    }

    /// Whether any type has the name.
    pub(super) fn has_type(&self, name: &str) -> bool {
        self.type_names.contains(name)
    }

    /// The fields of a structure, the names of an enumeration, the variants of
    /// a union's cases: in the order of the model.
    pub(super) fn parts(&self, id: TypeId) -> &[Ident] {
        &self.types[&id].parts
    }

    /// What a union's default arm holds.
    pub(super) fn default_field(&self, id: TypeId) -> Option<&Ident> {
        self.types[&id].default_field.as_ref()
    }

    /// A namespace.
    pub(super) fn module(&self, namespace: &[String]) -> &Ident {
        &self.modules[&namespace.join("::")]
    }

    /// A constant.
    pub(super) fn constant(&self, namespace: &[String], name: &str) -> &Ident {
        &self.constants[&qualified(namespace, name)]
    }

    /// A program.
    pub(super) fn program(&self, program: &Program) -> &ProgramNames {
        &self.programs[&qualified(&program.namespace, &program.name)]
    }
}

/// The name of a type that is defined elsewhere, where the options give its
/// module alone.
pub(super) fn of_extern(name: &str) -> Ident {
    convention::camel(name)
}

/// A name with the namespaces around it, as the options know it.
pub(super) fn qualified(namespace: &[String], name: &str) -> String {
    let mut path = namespace.join("::");
    if !path.is_empty() {
        path += "::";
    }
    path + name
}

struct Naming<'a> {
    model: &'a Model,
    renames: BTreeMap<&'a str, &'a str>,
    /// The renames that met something.
    used: BTreeSet<String>,
    names: Names,
    found: Vec<Diagnostic>,
}

impl Naming<'_> {
    fn module(&mut self, module: &Module, namespace: &[String]) {
        let mut types = Space::new("type or module");
        let mut constants = Space::new("constant");
        for item in &module.items {
            match item {
                Item::Module(inner) => {
                    let namespace = [namespace, std::slice::from_ref(&inner.name)].concat();
                    let key = namespace.join("::");
                    let ident = self.name(&format!("{key}::"), || convention::snake(&inner.name));
                    self.claim(&mut types, &ident, &inner.name, inner.span, &key);
                    self.names.modules.insert(key, ident);
                    self.module(inner, &namespace);
                }
                Item::Constant(constant) => {
                    let key = qualified(namespace, &constant.name);
                    let ident = self.name(&key, || convention::upper(&constant.name));
                    self.claim(&mut constants, &ident, &constant.name, constant.span, &key);
                    self.names.constants.insert(key, ident);
                }
                Item::Type(id) => self.type_definition(*id, &mut types),
                Item::Program(program) => {
                    let key = qualified(namespace, &program.name);
                    let ident = self.name(&key, || convention::snake(&program.name));
                    self.claim(&mut types, &ident, &program.name, program.span, &key);
                    self.program(program, ident, key);
                }
            }
        }
    }

    fn type_definition(&mut self, id: TypeId, types: &mut Space) {
        let definition = self.model.definition(id);
        let key = qualified(&definition.namespace, &definition.name);
        let ident = self.name(&key, || convention::camel(&definition.name));
        self.claim(types, &ident, &definition.name, definition.span, &key);
        let mut default_field = None;
        let parts = match &definition.kind {
            TypeKind::Alias(_) => Vec::new(),
            TypeKind::Enumeration(all) => self.enumerators(all, &key),
            TypeKind::Structure(fields) => self.fields(fields, &key),
            TypeKind::Union(union) => {
                default_field = self.default_field(union, &key);
                self.variants(union, &key)
            }
        };
        let names = TypeNames {
            ident,
            parts,
            default_field,
        };
        self.names.type_names.insert(names.ident.to_string());
        self.names.types.insert(id, names);
    }

    fn enumerators(&mut self, all: &[Enumerator], parent: &str) -> Vec<Ident> {
        let mut space = Space::new("enumerator");
        let mut values = BTreeSet::new();
        let mut idents = Vec::new();
        for one in all {
            let is_first = values.insert(one.value);
            let key = format!("{parent}.{}", one.name);
            let ident = self.name(&key, || {
                if is_first {
                    convention::camel(&one.name)
                } else {
                    convention::upper_beside(&one.name, &CONSTANTS)
                }
            });
            self.claim(&mut space, &ident, &one.name, one.span, &key);
            idents.push(ident);
        }
        idents
    }

    fn fields(&mut self, fields: &[Field], parent: &str) -> Vec<Ident> {
        let mut space = Space::new("field");
        let mut idents = Vec::new();
        for field in fields {
            let key = format!("{parent}.{}", field.name);
            let ident = self.name(&key, || convention::snake(&field.name));
            self.claim(&mut space, &ident, &field.name, field.span, &key);
            idents.push(ident);
        }
        idents
    }

    fn default_field(&mut self, union: &Union, parent: &str) -> Option<Ident> {
        let field = union.default.as_ref()?.field.as_ref()?;
        let key = format!("{parent}.{}", field.name);
        Some(self.name(&key, || {
            convention::snake_beside(&field.name, &["discriminant"])
        }))
    }

    fn variants(&mut self, union: &Union, parent: &str) -> Vec<Ident> {
        let mut space = Space::new("case");
        let mut idents = Vec::new();
        for case in &union.cases {
            let label = label(union, case);
            let key = format!("{parent}.{label}");
            let ident = self.name(&key, || variant(union, case));
            self.claim(&mut space, &ident, &label, case.span, &key);
            idents.push(ident);
        }
        idents
    }

    fn program(&mut self, program: &Program, module: Ident, key: String) {
        let versions = program.versions.iter();
        let versions = versions
            .map(|version| self.version(version, &key))
            .collect();
        let names = ProgramNames { module, versions };
        self.names.programs.insert(key, names);
    }

    fn version(&mut self, version: &Version, program: &str) -> VersionNames {
        let parent = format!("{program}.{}", version.name);
        let module = self.name(&parent, || {
            convention::snake(&format!("v{}", version.number))
        });
        let mut methods = Space::new("procedure");
        let taken = [&CLIENT[..], &SERVER].concat();
        let mut procedures = Vec::new();
        for procedure in &version.procedures {
            let (name, span) = (&procedure.name, procedure.span);
            let key = format!("{parent}.{name}");
            let method = self.name(&key, || convention::snake_beside(name, &taken));
            let constant = convention::upper(&convention::text(&method));
            self.claim(&mut methods, &method, name, span, &key);
            let mut space = Space::new("argument");
            let mut arguments = Vec::new();
            for argument in &procedure.arguments {
                let key = format!("{key}.{}", argument.name);
                let ident = self.name(&key, || {
                    convention::snake_beside(&argument.name, &AROUND_ARGUMENTS)
                });
                self.claim(&mut space, &ident, &argument.name, argument.span, &key);
                arguments.push(ident);
            }
            procedures.push(ProcedureNames {
                constant,
                method,
                arguments,
            });
        }
        VersionNames { module, procedures }
    }

    /// The name that the options give, or else that of the convention.
    fn name(&mut self, key: &str, convention: impl FnOnce() -> Ident) -> Ident {
        let Some(name) = self.renames.get(key) else {
            return convention();
        };
        self.used.insert(key.to_owned());
        if convention::is_identifier(name) {
            convention::identifier(name)
        } else {
            convention()
        }
    }

    /// Takes a name, or reports who has it.
    fn claim(&mut self, space: &mut Space, ident: &Ident, name: &str, span: Span, key: &str) {
        let sources = &self.model.sources;
        self.found
            .extend(space.claim(sources, ident, name, span, key));
    }

    fn check_renames(&mut self) {
        for (key, name) in &self.renames {
            let message = if !self.used.contains(*key) {
                format!("the options rename `{key}`, which the files do not define")
            } else if !convention::is_identifier(name) {
                format!("the options name `{key}` `{name}`, expected a name that Rust allows")
            } else {
                continue;
            };
            let error = Diagnostic::without_place(message);
            self.found.push(error);
        }
    }
}

/// A case in the options and in documentation: its enumerator, `TRUE` or
/// `FALSE`, or its number.
pub(super) fn label(union: &Union, case: &Case) -> String {
    match (&case.label, union.discriminant) {
        (_, Discriminant::Bool) if case.value == 0 => "FALSE".to_owned(),
        (_, Discriminant::Bool) => "TRUE".to_owned(),
        (Some(label), _) => label.clone(),
        (None, _) => case.value.to_string(),
    }
}

/// Whether a name is another in Rust than in the files.
pub(super) fn is_changed(ident: &Ident, name: &str) -> bool {
    convention::text(ident) != name
}

/// The variant of a case: the enumerator; `True` or `False`; or for a number
/// the name of what it selects, where that tells it from the others.
fn variant(union: &Union, case: &Case) -> Ident {
    const TAKEN: [&str; 1] = ["Default"];
    if let (Discriminant::Enumeration(_), Some(label)) = (union.discriminant, &case.label) {
        return convention::camel_beside(label, &TAKEN);
    }
    if union.discriminant == Discriminant::Bool {
        return convention::camel(if case.value == 0 { "false" } else { "true" });
    }
    let same = |other: &&Case| match (&case.field, &other.field) {
        (Some(one), Some(two)) => convention::camel(&one.name) == convention::camel(&two.name),
        _ => false,
    };
    match &case.field {
        Some(field) if union.cases.iter().filter(same).count() == 1 => {
            convention::camel_beside(&field.name, &TAKEN)
        }
        _ if case.value < 0 => convention::camel(&format!("case_minus{}", -case.value)),
        _ => convention::camel(&format!("case{}", case.value)),
    }
}
