//! Numbers: literals, constants and enumerators.

use super::names::Origin;
use super::{Checker, Scope};
use crate::Span;
use crate::ast::{Enumerator, Value};

/// What a name that stands for a number may refer to before it counts as
/// going in a circle.
const MAX_REFERENCES: u32 = 64;

impl Checker<'_> {
    /// The number that a value stands for; reports why if it has none.
    pub(super) fn number(&mut self, value: &Value, scope: &Scope) -> Option<i128> {
        self.number_within(value, scope, MAX_REFERENCES)
    }

    /// A size or a limit: not negative, and 32 bits.
    pub(super) fn size(&mut self, value: &Value, scope: &Scope) -> Option<u32> {
        let number = self.number(value, scope)?;
        let size = u32::try_from(number);
        if size.is_err() {
            let message = format!("found {number} as a size, expected 0 to 4294967295");
            self.report.error(value.span(), message);
        }
        size.ok()
    }

    /// The number of a program, a version or a procedure.
    pub(super) fn identity(&mut self, value: &Value, scope: &Scope, what: &str) -> Option<u32> {
        let number = self.number(value, scope)?;
        let identity = u32::try_from(number);
        if identity.is_err() {
            let message =
                format!("found {number} as the number of a {what}, expected 0 to 4294967295");
            self.report.error(value.span(), message);
        }
        identity.ok()
    }

    /// The number of one enumerator: its own, or one more than the one before.
    pub(super) fn enumerator_number(
        &mut self,
        all: &[Enumerator],
        index: usize,
        scope: &Scope,
    ) -> Option<i32> {
        let number = self.enumerator_number_within(all, index, scope, MAX_REFERENCES)?;
        let fits = i32::try_from(number);
        if fits.is_err() {
            let name = &all[index].name;
            let message = format!(
                "enumerator `{}` is {number}, expected -2147483648 to 2147483647",
                name.name
            );
            self.report.error(name.span, message);
        }
        fits.ok()
    }

    fn number_within(&mut self, value: &Value, scope: &Scope, left: u32) -> Option<i128> {
        match value {
            Value::Number(text, span) => self.literal(text, *span),
            Value::Name(name) => {
                let shown = name.parts.join("::");
                if let [one] = &name.parts[..] {
                    match one.as_str() {
                        "TRUE" => return Some(1),
                        "FALSE" => return Some(0),
                        _ => {}
                    }
                }
                let Some((inner, found)) = self.names.find_value(scope, name) else {
                    let message = format!("constant `{shown}` is not defined");
                    self.report.error(name.span, message);
                    return None;
                };
                let Some(left) = left.checked_sub(1) else {
                    let message = format!("the value of `{shown}` refers to itself");
                    self.report.error(name.span, message);
                    return None;
                };
                match found.origin {
                    Origin::Constant(value) => self.number_within(value, &inner, left),
                    Origin::Enumerator(all, index) => {
                        self.enumerator_number_within(all, index, &inner, left)
                    }
                }
            }
        }
    }

    fn enumerator_number_within(
        &mut self,
        all: &[Enumerator],
        index: usize,
        scope: &Scope,
        left: u32,
    ) -> Option<i128> {
        let given = all[..=index].iter().rposition(|one| one.value.is_some());
        let (from, base) = match given {
            None => (0, 0),
            Some(from) => {
                let value = all[from].value.as_ref()?;
                (from, self.number_within(value, scope, left)?)
            }
        };
        Some(base + i128::try_from(index - from).ok()?)
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
                self.report.error(span, message);
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
