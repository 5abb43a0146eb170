//! Unions: what can select an arm, and what each arm is selected by.

use super::scopes::{Body, Place, TypeIndex};
use super::types::wrapped;
use super::{Checker, UNKNOWN};
use crate::ast::{Arm, Label, ScopedName, TypeSpecifier, Union, Value};
use crate::model::{self, Case, DefaultCase, Discriminant, Type, TypeId, TypeKind};
use crate::{Severity, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Why a label makes no case.
enum NoCase {
    /// What it stands for is not known, which was reported.
    Unknown,
    /// The discriminant never is what it says.
    Never,
}

impl Checker<'_> {
    pub(super) fn union(&mut self, index: TypeIndex, union: &Union) -> model::Union {
        let place = self.names.types[index].place;
        let discriminant = self.discriminant(union, place);
        let mut built = model::Union {
            // Any will do where it is not known.
            discriminant: discriminant.unwrap_or(Discriminant::Int),
            discriminant_name: union.discriminant_name.name.clone(),
            cases: Vec::new(),
            default: None,
        };
        // Without a discriminant there is nothing to say of labels.
        let mut is_complete = discriminant.is_some();
        let mut seen = BTreeMap::new();
        for arm in &union.arms {
            let field = arm.field.as_ref().map(|field| self.field(field, place));
            for label in &arm.labels {
                match (label, discriminant) {
                    (Label::Default(span), _) => {
                        self.default_arm(&mut built, *span, arm, field.clone());
                    }
                    (Label::Case(_), None) => {}
                    (Label::Case(value), Some(discriminant)) => {
                        match self.case(discriminant, value, arm, &field, place) {
                            Err(NoCase::Unknown) => is_complete = false,
                            Err(NoCase::Never) => {}
                            Ok(case) => match seen.insert(case.value, case.span) {
                                Some(first) => self.case_given_twice(&case, first),
                                None => built.cases.push(case),
                            },
                        }
                    }
                }
            }
        }
        if !is_complete {
            self.is_incomplete.insert(TypeId(index));
        } else if built.cases.is_empty() && built.default.is_none() {
            let message = "found a union of which no case is ever reached";
            self.report.error(union.discriminant_name.span, message);
        } else {
            self.check_default_is_reached(&built);
        }
        self.check_arms_differ(union);
        built
    }

    fn default_arm(
        &mut self,
        built: &mut model::Union,
        span: Span,
        arm: &Arm,
        field: Option<model::Field>,
    ) {
        if let Some(first) = &built.default {
            let line = self.report.line(first.span, span);
            let message = format!("found a second default arm, the first is in {line}");
            self.report.error(span, message);
        } else {
            let docs = arm.docs.clone();
            built.default = Some(DefaultCase { span, docs, field });
        }
    }

    fn case_given_twice(&mut self, case: &Case, first: Span) {
        let line = self.report.line(first, case.span);
        let label = match &case.label {
            Some(label) => format!("`{label}` ({})", case.value),
            None => case.value.to_string(),
        };
        let message = format!("case {label} is given twice, first in {line}");
        self.report.error(case.span, message);
    }

    fn discriminant(&mut self, union: &Union, place: Place) -> Option<Discriminant> {
        let ty = self.specifier(&union.discriminant, place);
        let (span, shown) = match &union.discriminant {
            TypeSpecifier::Named(name) => (name.span, Some(name.parts.join("::"))),
            TypeSpecifier::Base(_, span) | TypeSpecifier::Anonymous(_, span) => (*span, None),
        };
        let what = match self.target(&ty) {
            Some(Type::Int) => return Some(Discriminant::Int),
            Some(Type::UnsignedInt) => return Some(Discriminant::UnsignedInt),
            Some(Type::Bool) => return Some(Discriminant::Bool),
            Some(Type::Named(id)) => match self.names.types.get(id.0).map(|ty| ty.body) {
                Some(Body::Enumeration(_)) => return Some(Discriminant::Enumeration(*id)),
                Some(Body::Union(_)) => "a union",
                Some(Body::Alias(_)) => unreachable!("typedefs were followed"),
                // Those that no file defines are structures.
                Some(Body::Structure(_)) | None => "a structure",
            },
            None | Some(&UNKNOWN) => return None,
            Some(Type::Extern(_)) => "a type from elsewhere",
            Some(Type::Hyper | Type::UnsignedHyper) => "a 64-bit number",
            Some(Type::Char | Type::UnsignedChar | Type::Short | Type::UnsignedShort) => {
                "a number of fewer than 32 bits"
            }
            Some(Type::Float | Type::Double | Type::Quadruple) => "a floating-point number",
            Some(Type::String(_)) => "a string",
            Some(Type::Opaque(_) | Type::OpaqueFixed(_)) => "opaque data",
            Some(Type::Fixed(..) | Type::Variable(..)) => "an array",
            Some(Type::Optional(_)) => "a pointer",
        };
        let shown = shown.map_or(String::new(), |name| format!("`{name}`, "));
        let message = format!(
            "the discriminant is {shown}{what}, expected an enumeration, `int`, `unsigned int` \
             or `bool`"
        );
        self.report.error(span, message);
        None
    }

    /// Follows typedefs, of which all are built, to what they stand for; `None`
    /// for those that go in a circle.
    fn target<'t>(&'t self, mut ty: &'t Type) -> Option<&'t Type> {
        for _ in 0..=self.types.len() {
            let Type::Named(id) = ty else { return Some(ty) };
            match self.types[id.0].as_ref().map(|definition| &definition.kind) {
                Some(TypeKind::Alias(target)) => ty = target,
                _ => return Some(ty),
            }
        }
        None
    }

    fn case(
        &mut self,
        discriminant: Discriminant,
        value: &Value,
        arm: &Arm,
        field: &Option<model::Field>,
        place: Place,
    ) -> Result<Case, NoCase> {
        let (label, number) = match (discriminant, value) {
            (Discriminant::Enumeration(id), _) => {
                let (label, number) = self.enumerator_label(id, value, place)?;
                (Some(label), i128::from(number))
            }
            (Discriminant::Bool, Value::Name(name)) => {
                (None, self.bool_label(name, place).ok_or(NoCase::Unknown)?)
            }
            _ => (None, self.number(value, place).ok_or(NoCase::Unknown)?),
        };
        let (fits, expected) = match discriminant {
            Discriminant::Int => (i32::try_from(number).is_ok(), "-2147483648 to 2147483647"),
            Discriminant::UnsignedInt => (u32::try_from(number).is_ok(), "0 to 4294967295"),
            Discriminant::Bool => (number == 0 || number == 1, "TRUE or FALSE"),
            Discriminant::Enumeration(_) => (true, ""),
        };
        if !fits {
            let message = format!("found case {number}, expected {expected}");
            self.report.error(value.span(), message);
            return Err(NoCase::Unknown);
        }
        if let (Discriminant::Bool, Value::Number(..)) = (discriminant, value) {
            let expected = ["FALSE", "TRUE"][usize::from(number == 1)];
            let message = format!("found {number} as a case of a `bool`, expected {expected}");
            self.report.deviation(value.span(), message);
        }
        Ok(Case {
            label,
            span: value.span(),
            value: i64::try_from(number).map_err(|_| NoCase::Unknown)?,
            docs: arm.docs.clone(),
            field: field.clone(),
        })
    }

    /// A label of a union over a `bool`, where C's lower-case names are common.
    fn bool_label(&mut self, name: &ScopedName, place: Place) -> Option<i128> {
        let number = match name.parts[..] {
            [ref one] if one == "true" => Some(1),
            [ref one] if one == "false" => Some(0),
            _ => None,
        };
        if let Some(number) = number
            && self.find_value(name, place).is_none()
        {
            let message = "lower case is not of RFC 4506, expected TRUE or FALSE";
            self.report.deviation(name.span, message);
            return Some(number);
        }
        self.number(&Value::Name(name.clone()), place)
    }

    /// The enumerator that a label of a union over an enumeration stands for,
    /// and its number: of several with the same number the first.
    ///
    /// A bare name is looked for among the enumerators of the discriminant first.
    /// A number or a constant is as good as the enumerator of that number. So is
    /// an enumerator of another enumeration to C's compilers, but it is more
    /// likely to be a mistake.
    fn enumerator_label(
        &mut self,
        id: TypeId,
        value: &Value,
        place: Place,
    ) -> Result<(String, i32), NoCase> {
        let index = self.enumerator_index(id);
        if let Value::Name(name) = value
            && let [bare] = &name.parts[..]
            && !name.absolute
            && let Some(number) = index.by_name.get(bare)
        {
            return Ok((index.by_number[number].clone(), *number));
        }
        if let Value::Name(name) = value
            && let Some(number) = self.own_enumerator(id, name, place, &index)
        {
            return Ok((index.by_number[&number].clone(), number));
        }
        let number = self.number(value, place).ok_or(NoCase::Unknown)?;
        let found = wrapped(number).and_then(|number| index.by_number.get_key_value(&number));
        let shown = match value {
            Value::Name(name) => format!("`{}` ({number})", name.parts.join("::")),
            Value::Number(..) => number.to_string(),
        };
        let enumeration = &self.names.types[id.0];
        let name = &enumeration.name;
        let Some((number, found)) = found else {
            if self.is_incomplete.contains(&id) {
                // The enumerator that is unknown itself may be the one.
                return Err(NoCase::Unknown);
            }
            let message = format!("case {shown} is no enumerator of `{name}`");
            // Some files have `case -1:` for an arm that is never to be reached.
            let (severity, why) = match value {
                Value::Name(_) => (Severity::Error, NoCase::Unknown),
                Value::Number(..) => (Severity::Warning, NoCase::Never),
            };
            let hint = index.hint(name);
            self.report.add_at(severity, value.span(), message, hint);
            return Err(why);
        };
        let other = self.enumeration_of_label(value, place);
        if other.is_some_and(|other| other != enumeration.enumerators) {
            let message = format!(
                "case {shown} is an enumerator of another enumeration, expected `{found}` of \
                 `{name}`"
            );
            self.report.warning(value.span(), message);
        }
        Ok((found.clone(), *number))
    }

    /// The number of an enumerator of this very enumeration, however qualified.
    fn own_enumerator(
        &self,
        id: TypeId,
        name: &ScopedName,
        place: Place,
        index: &EnumeratorIndex,
    ) -> Option<i32> {
        let first = self.names.types[id.0].enumerators;
        let mut ids = self.names.values_of(name, place)?.iter();
        let is_own = |id: &&usize| self.names.values[**id].origin.enumeration() == Some(first);
        let own = ids.find(is_own)?;
        index.by_name.get(self.names.values[*own].name).copied()
    }

    /// The enumerators of a type, to be found by name and by number.
    fn enumerator_index(&mut self, id: TypeId) -> Rc<EnumeratorIndex> {
        let index = self.enumerators.entry(id).or_insert_with(|| {
            let mut index = EnumeratorIndex::default();
            let kind = self.types[id.0].as_ref().map(|definition| &definition.kind);
            let Some(TypeKind::Enumeration(all)) = kind else {
                unreachable!("the discriminant is an enumeration, and those are built");
            };
            for one in all {
                index.by_name.entry(one.name.clone()).or_insert(one.value);
                index
                    .by_number
                    .entry(one.value)
                    .or_insert_with(|| one.name.clone());
            }
            Rc::new(index)
        });
        Rc::clone(index)
    }

    /// The enumeration that a label is an enumerator of, by its first.
    fn enumeration_of_label(&self, value: &Value, place: Place) -> Option<usize> {
        let Value::Name(name) = value else {
            return None;
        };
        let id = *self.names.values_of(name, place)?.first()?;
        self.names.values[id].origin.enumeration()
    }

    /// A default arm that no value is left for is probably not meant. It is no
    /// error, as it costs nothing, and the enumeration may grow.
    fn check_default_is_reached(&mut self, union: &model::Union) {
        let Some(default) = &union.default else {
            return;
        };
        let is_covered = match union.discriminant {
            Discriminant::Int | Discriminant::UnsignedInt => false,
            Discriminant::Bool => union.cases.len() == 2,
            Discriminant::Enumeration(id) => {
                let covered: BTreeSet<i64> = union.cases.iter().map(|case| case.value).collect();
                let index = self.enumerator_index(id);
                let mut numbers = index.by_number.keys();
                !self.is_incomplete.contains(&id)
                    && numbers.all(|number| covered.contains(&i64::from(*number)))
            }
        };
        if is_covered {
            let message = "the default arm is never reached, as every value has a case";
            self.report.warning(default.span, message);
        }
    }

    /// RFC 4506 section 6.4 wants the names of a union to differ. In Rust it
    /// does not matter, as each arm is a variant of its own.
    fn check_arms_differ(&mut self, union: &Union) {
        let name = &union.discriminant_name;
        let mut seen = BTreeMap::from([(&name.name, name.span)]);
        for field in union.arms.iter().filter_map(|arm| arm.field.as_ref()) {
            if let Some(first) = seen.insert(&field.name.name, field.name.span) {
                let line = self.report.line(first, field.name.span);
                let message = format!("`{}` is given twice, first in {line}", field.name.name);
                self.report.deviation(field.name.span, message);
            }
        }
    }
}

/// The enumerators of a type.
#[derive(Default)]
pub(super) struct EnumeratorIndex {
    by_name: BTreeMap<String, i32>,
    /// Of several with the same number the first.
    by_number: BTreeMap<i32, String>,
}

impl EnumeratorIndex {
    /// What a label could have been.
    fn hint(&self, enumeration: &str) -> Option<String> {
        const SHOWN: usize = 8;
        let names = self.by_number.iter().take(SHOWN);
        let names: Vec<_> = names
            .map(|(number, name)| format!("`{name}` ({number})"))
            .collect();
        let more = match self.by_number.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!names.is_empty()).then(|| format!("`{enumeration}` has {}{more}", names.join(", ")))
    }
}
