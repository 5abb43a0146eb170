//! Numbers: literals, constants, enumerators, and the numbers of programs.
//!
//! A name may refer to any other, further down as well, so each number is
//! computed when it is first asked for, and once.

use super::scopes::{Origin, Place, ValueId};
use super::{Checker, aliases};
use crate::Span;
use crate::ast::{ScopedName, Value};
use std::collections::BTreeMap;

/// What is known of a name's number.
#[derive(Clone, Copy)]
pub(super) enum Number {
    /// Nobody has asked yet.
    Unasked,
    /// It is being computed.
    Asked,
    /// What it is; `None` if that could not be found, which was reported.
    Known(Option<i128>),
}

/// What a name's number comes from.
enum Step {
    Number(Option<i128>),
    /// It is that of another name, which stands at this place.
    SameAs(ValueId, Span),
    /// It is one more than that of another.
    After(ValueId),
}

/// What a name means where a number is expected.
pub(super) enum Meaning {
    Number(i128),
    Value(ValueId),
}

/// Uses of names that several enumerators or procedures have.
#[derive(Default)]
pub(super) struct Ambiguous {
    uses: Vec<(Span, ListKey)>,
    /// Each list of those that share a name, once.
    lists: BTreeMap<ListKey, Vec<ValueId>>,
}

/// Tells lists of names apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ListKey {
    first: ValueId,
    last: ValueId,
    length: usize,
}

impl Ambiguous {
    /// Notes a use of a name that stands for one of `ids`.
    fn note(&mut self, span: Span, ids: &[ValueId]) {
        let (Some(&first), Some(&last)) = (ids.first(), ids.last()) else {
            return;
        };
        let key = ListKey {
            first,
            last,
            length: ids.len(),
        };
        self.uses.push((span, key));
        self.lists.entry(key).or_insert_with(|| ids.to_vec());
    }
}

impl Checker<'_> {
    /// The number that a value stands for; reports why if it has none.
    pub(super) fn number(&mut self, value: &Value, place: Place) -> Option<i128> {
        match value {
            Value::Number(text, span) => self.literal(text, *span),
            Value::Name(name) => match self.meaning(name, place)? {
                Meaning::Number(number) => Some(number),
                Meaning::Value(id) => self.number_of(id),
            },
        }
    }

    /// A size or a limit: not negative, and 32 bits.
    pub(super) fn size(&mut self, value: &Value, place: Place) -> Option<u32> {
        let number = self.number(value, place)?;
        let size = u32::try_from(number);
        if size.is_err() {
            let message = format!("found {number} as a size, expected 0 to 4294967295");
            self.report.error(value.span(), message);
        }
        size.ok()
    }

    /// The number of a program, a version or a procedure.
    pub(super) fn identity(&mut self, value: &Value, place: Place, what: &str) -> Option<u32> {
        let number = self.number(value, place)?;
        let identity = u32::try_from(number);
        if identity.is_err() {
            let message =
                format!("found {number} as the number of a {what}, expected 0 to 4294967295");
            self.report.error(value.span(), message);
        }
        identity.ok()
    }

    /// The number of a name that is declared.
    pub(super) fn number_of(&mut self, id: ValueId) -> Option<i128> {
        // Each name leads to at most one other, so there is no need of recursion,
        // however long the way is.
        let mut way: Vec<(ValueId, i128)> = Vec::new();
        let mut present = id;
        let mut reference = self.names.values[id].span;
        let mut number = loop {
            match self.numbers[present] {
                Number::Known(number) => break number,
                Number::Asked => {
                    let name = self.names.values[present].name;
                    let message = format!("the value of `{name}` refers to itself");
                    self.report.error(reference, message);
                    break None;
                }
                Number::Unasked => self.numbers[present] = Number::Asked,
            }
            let (next, more) = match self.step(present) {
                Step::Number(number) => {
                    self.numbers[present] = Number::Known(number);
                    break number;
                }
                Step::SameAs(next, span) => {
                    reference = span;
                    (next, 0)
                }
                Step::After(next) => (next, 1),
            };
            way.push((present, more));
            present = next;
        };
        for (id, more) in way.into_iter().rev() {
            number = number.map(|number| number + more);
            self.numbers[id] = Number::Known(number);
        }
        number
    }

    fn step(&mut self, id: ValueId) -> Step {
        let value = self.names.values[id];
        let given = match value.origin {
            // Whoever uses the name for a number is told.
            Origin::Text(_) => return Step::Number(None),
            Origin::Enumerator {
                value: None,
                is_first: true,
                ..
            } => {
                return Step::Number(Some(0));
            }
            Origin::Enumerator { value: None, .. } => return Step::After(id - 1),
            Origin::Enumerator {
                value: Some(given), ..
            }
            | Origin::Constant(given)
            | Origin::Identity(given) => given,
        };
        match given {
            Value::Number(text, span) => Step::Number(self.literal(text, *span)),
            Value::Name(name) => match self.meaning(name, value.place) {
                None => Step::Number(None),
                Some(Meaning::Number(number)) => Step::Number(Some(number)),
                Some(Meaning::Value(next)) => Step::SameAs(next, name.span),
            },
        }
    }

    /// What a name means; reports if it means nothing.
    pub(super) fn meaning(&mut self, name: &ScopedName, place: Place) -> Option<Meaning> {
        if let Some(id) = self.find_value(name, place) {
            if let Origin::Text(_) = self.names.values[id].origin {
                let message = format!("`{}` is a text, expected a number", name.parts.join("::"));
                self.report.error(name.span, message);
                return None;
            }
            return Some(Meaning::Value(id));
        }
        let number = match &name.parts[..] {
            [one] if one == "TRUE" => Some(1),
            [one] if one == "FALSE" => Some(0),
            [one] => self.number_of_header(one, name.span, place),
            _ => None,
        };
        if number.is_none() {
            self.undefined_constant(name, place);
        }
        number.map(Meaning::Number)
    }

    /// The number of a name that only C's headers define: the one that the file
    /// is made into, or rpcgen's own.
    fn number_of_header(&mut self, name: &str, span: Span, place: Place) -> Option<i128> {
        let (number, whence) = match self.hints.define_of(name, place.file) {
            Some((define, number)) => {
                let line = self.report.line(define.name.span, span);
                (i128::from(number), format!("{line} defines it for C alone"))
            }
            None => (
                aliases::constant(name)?,
                "it is one of `<rpc/rpc.h>`".to_owned(),
            ),
        };
        let message = format!(
            "`{name}` is no constant of the file, as {whence}, expected `const {name} = {number};`"
        );
        self.report.deviation(span, message);
        Some(number)
    }

    /// What a name stands for. Whether several that have it are the same number
    /// is seen when all are known.
    pub(super) fn find_value(&mut self, name: &ScopedName, place: Place) -> Option<ValueId> {
        let ids = self.names.values_of(name, place)?;
        let first = *ids.first()?;
        // Names that a constant has as well were compared with it.
        if ids.len() > 1 && !self.names.values[first].origin.is_constant() {
            self.ambiguous.note(name.span, ids);
        }
        Some(first)
    }

    /// Reports names that were used for a number and have several.
    pub(super) fn check_ambiguous(&mut self) {
        let Ambiguous { uses, lists } = std::mem::take(&mut self.ambiguous);
        let mut others = BTreeMap::new();
        for (key, ids) in lists {
            let first = self.number_of(ids[0]);
            let other = ids.iter().find(|id| self.number_of(**id) != first);
            others.extend(other.map(|other| (key, *other)));
        }
        for (span, key) in uses {
            let Some(&other) = others.get(&key) else {
                continue;
            };
            let (one, other) = (self.names.values[key.first], self.names.values[other]);
            let message = format!(
                "`{}` has several numbers, in {} and {}, expected a name that has one",
                one.name,
                self.report.line(one.span, span),
                self.report.line(other.span, span)
            );
            self.report.error(span, message);
        }
    }

    fn literal(&mut self, text: &str, span: Span) -> Option<i128> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let lower = digits.to_ascii_lowercase();
        let (radix, digits, kind) = match lower.strip_prefix("0x") {
            Some(digits) => (16, digits, "hexadecimal"),
            None if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..], "octal"),
            None => (10, digits, "decimal"),
        };
        let magnitude = match u64::from_str_radix(digits, radix) {
            Ok(magnitude) => i128::from(magnitude),
            Err(error) => {
                let message = match error.kind() {
                    std::num::IntErrorKind::PosOverflow => {
                        format!("found {text}, expected a number of at most 64 bits")
                    }
                    _ => format!("found {text}, expected {kind} digits"),
                };
                let decimal = text.trim_start_matches(['-', '0']);
                let hint = (radix == 8 && error.kind() == &std::num::IntErrorKind::InvalidDigit)
                    .then(|| {
                        format!("a number that begins with `0` is octal: write {decimal} if it is decimal")
                    });
                self.report
                    .add_at(crate::Severity::Error, span, message, hint);
                return None;
            }
        };
        let number = if negative { -magnitude } else { magnitude };
        if number < i128::from(i64::MIN) {
            let message = format!("found {text}, expected a number of at most 64 bits");
            self.report.error(span, message);
            return None;
        }
        Some(number)
    }
}
