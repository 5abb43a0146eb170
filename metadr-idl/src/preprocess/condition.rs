//! The expressions of `#if` and `#elif`.

use super::macros::{ExpansionError, Macros};
use super::tokens::{Token, tokens};
use crate::ast::Define;
use std::collections::BTreeMap;

/// How deep parentheses and signs may nest.
const MAX_DEPTH: usize = 64;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ConditionError {
    #[error("found {0}, expected {1}")]
    Expected(String, &'static str),
    #[error("`{0}` is no number")]
    Number(String),
    #[error("the condition divides by zero")]
    Division,
    #[error("the condition nests more than {MAX_DEPTH} deep")]
    Depth,
    #[error(transparent)]
    Expansion(#[from] ExpansionError),
}

/// Whether the condition holds. Names that are no macros count as 0.
///
/// # Errors
///
/// If it is no expression of numbers.
pub(super) fn holds(condition: &str, macros: &mut Macros) -> Result<bool, ConditionError> {
    Ok(value(condition, macros)? != 0)
}

/// What each of the macros stands for that is an expression of numbers and of
/// other such macros.
pub(crate) fn numbers<'d>(defines: impl Iterator<Item = &'d Define>) -> BTreeMap<&'d str, i64> {
    let defines: Vec<&Define> = defines.collect();
    let owned = |one: &&Define| (one.name.name.clone(), one.value.clone());
    let mut macros = Macros::new(&defines.iter().map(owned).collect::<Vec<_>>());
    let number = |one: &&'d Define| {
        let name = one.name.name.as_str();
        let expansion = macros.expand(name).ok()??;
        let mut pieces = tokens(&expansion);
        let has_name = pieces.any(|(token, _)| token == Token::Word);
        let value = value(&expansion, &mut macros).ok()?;
        (!has_name).then_some((name, value))
    };
    defines.iter().filter_map(number).collect()
}

fn value(condition: &str, macros: &mut Macros) -> Result<i64, ConditionError> {
    let terms = terms(condition, macros)?;
    let mut expression = Expression {
        terms: &terms,
        depth: 0,
    };
    let value = expression.value(0)?;
    match expression.terms.first() {
        None => Ok(value),
        Some(term) => Err(term.instead_of("an operator")),
    }
}

/// A part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Number(i64),
    Sign(String),
}

impl Term {
    fn instead_of(&self, expected: &'static str) -> ConditionError {
        let found = match self {
            Self::Number(number) => format!("`{number}`"),
            Self::Sign(sign) => format!("`{sign}`"),
        };
        ConditionError::Expected(found, expected)
    }

    fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Sign(sign) if sign == wanted)
    }
}

/// The condition with `defined` answered, macros expanded and names gone.
fn terms(condition: &str, macros: &mut Macros) -> Result<Vec<Term>, ConditionError> {
    let mut terms = Vec::new();
    let mut pieces = solid(condition).into_iter().peekable();
    while let Some((token, piece)) = pieces.next() {
        if piece != "defined" {
            match macros.expand_word(token, piece)? {
                Some(expansion) => {
                    for (token, piece) in solid(&expansion) {
                        push(&mut terms, token, piece)?;
                    }
                }
                None => push(&mut terms, token, piece)?,
            }
            continue;
        }
        let is_open = pieces.next_if(|(_, piece)| *piece == "(").is_some();
        let name = pieces.next_if(|(token, _)| *token == Token::Word);
        let is_closed = !is_open || pieces.next_if(|(_, piece)| *piece == ")").is_some();
        let (Some((_, name)), true) = (name, is_closed) else {
            let found = match pieces.next() {
                Some((_, piece)) => format!("`{piece}`"),
                None => "the end of the line".to_owned(),
            };
            let expected = if name.is_some() {
                "`)`"
            } else {
                "the name of a macro"
            };
            return Err(ConditionError::Expected(found, expected));
        };
        terms.push(Term::Number(i64::from(macros.get(name).is_some())));
    }
    Ok(terms)
}

/// The pieces that are not blank, each operator as one.
fn solid(text: &str) -> Vec<(Token, &str)> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for (token, piece) in tokens(text) {
        let start = at;
        at += piece.len();
        let is_second_half =
            pieces
                .last()
                .is_some_and(|(last_start, last): &(usize, (Token, &str))| {
                    last_start + last.1.len() > start
                });
        if is_second_half || matches!(token, Token::Blank | Token::Newline | Token::Comment) {
            continue;
        }
        let pair = text.get(start..start + 2);
        let piece = match pair {
            Some("&&" | "||" | "==" | "!=" | "<=" | ">=" | "<<" | ">>") => &text[start..start + 2],
            _ => piece,
        };
        pieces.push((start, (token, piece)));
    }
    pieces.into_iter().map(|(_, piece)| piece).collect()
}

fn push(terms: &mut Vec<Term>, token: Token, piece: &str) -> Result<(), ConditionError> {
    terms.push(match token {
        Token::Word => Term::Number(0),
        Token::Number => Term::Number(number(piece)?),
        _ => Term::Sign(piece.to_owned()),
    });
    Ok(())
}

/// A number as C writes it, its suffix (`1UL`) included.
fn number(text: &str) -> Result<i64, ConditionError> {
    let digits = text.trim_end_matches(['u', 'U', 'l', 'L']);
    let hexadecimal = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    let parsed = match hexadecimal {
        Some(digits) => i64::from_str_radix(digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => i64::from_str_radix(digits, 8),
        None => digits.parse(),
    };
    parsed.map_err(|_| ConditionError::Number(text.to_owned()))
}

/// What is left of an expression.
struct Expression<'a> {
    terms: &'a [Term],
    depth: usize,
}

impl Expression<'_> {
    /// The value of all that binds at least as tightly as `least`.
    fn value(&mut self, least: u8) -> Result<i64, ConditionError> {
        let mut left = self.operand()?;
        while let Some(Term::Sign(operator)) = self.terms.first() {
            let Some(strength) = strength(operator).filter(|strength| *strength >= least) else {
                break;
            };
            self.terms = &self.terms[1..];
            let right = self.value(strength + 1)?;
            left = apply(operator, left, right)?;
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<i64, ConditionError> {
        let Some((term, rest)) = self.terms.split_first() else {
            let found = "the end of the line".to_owned();
            return Err(ConditionError::Expected(found, "a number or a name"));
        };
        self.terms = rest;
        let sign = match term {
            Term::Number(number) => return Ok(*number),
            Term::Sign(sign) => sign,
        };
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ConditionError::Depth);
        }
        let value = match sign.as_str() {
            "!" => i64::from(self.operand()? == 0),
            "-" => self.operand()?.wrapping_neg(),
            "+" => self.operand()?,
            "~" => !self.operand()?,
            "(" => {
                let value = self.value(0)?;
                self.close()?;
                value
            }
            _ => return Err(term.instead_of("a number or a name")),
        };
        self.depth -= 1;
        Ok(value)
    }

    fn close(&mut self) -> Result<(), ConditionError> {
        match self.terms.split_first() {
            Some((term, rest)) if term.is(")") => {
                self.terms = rest;
                Ok(())
            }
            Some((term, _)) => Err(term.instead_of("`)`")),
            None => {
                let found = "the end of the line".to_owned();
                Err(ConditionError::Expected(found, "`)`"))
            }
        }
    }
}

/// How tightly an operator binds; `None` if there is no such operator.
fn strength(operator: &str) -> Option<u8> {
    Some(match operator {
        "||" => 0,
        "&&" => 1,
        "|" => 2,
        "^" => 3,
        "&" => 4,
        "==" | "!=" => 5,
        "<" | ">" | "<=" | ">=" => 6,
        "<<" | ">>" => 7,
        "+" | "-" => 8,
        "*" | "/" | "%" => 9,
        _ => return None,
    })
}

fn apply(operator: &str, left: i64, right: i64) -> Result<i64, ConditionError> {
    // Shifts by more than the number has bits shift by the rest, as hardware does.
    let bits = (right & 63) as u32;
    Ok(match operator {
        "||" => i64::from(left != 0 || right != 0),
        "&&" => i64::from(left != 0 && right != 0),
        "|" => left | right,
        "^" => left ^ right,
        "&" => left & right,
        "==" => i64::from(left == right),
        "!=" => i64::from(left != right),
        "<" => i64::from(left < right),
        ">" => i64::from(left > right),
        "<=" => i64::from(left <= right),
        ">=" => i64::from(left >= right),
        "<<" => left.wrapping_shl(bits),
        ">>" => left.wrapping_shr(bits),
        "+" => left.wrapping_add(right),
        "-" => left.wrapping_sub(right),
        "*" => left.wrapping_mul(right),
        _ if right == 0 => return Err(ConditionError::Division),
        "/" => left.wrapping_div(right),
        "%" => left.wrapping_rem(right),
        _ => unreachable!("{operator} has no strength"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(condition: &str) -> Result<bool, ConditionError> {
        let owned = |(name, body): (&str, &str)| (name.to_owned(), body.to_owned());
        let defines = [("YES", "1"), ("NO", "0"), ("EMPTY", ""), ("SUM", "(1 + 2)")].map(owned);
        holds(condition, &mut Macros::new(&defines))
    }

    #[test]
    fn conditions_are_evaluated_as_c_does() {
        let hold = [
            "1",
            "0x10UL",
            "010 == 8",
            "YES",
            "!NO",
            "!unknown",
            "defined(YES)",
            "defined EMPTY",
            "!defined ( unknown )",
            "defined(YES) && !defined(unknown)",
            "NO || YES",
            "1 || 0 && 0",
            "(1 || 0) && 1",
            "SUM == 3",
            "SUM * 2 > 5",
            "-1 < 0",
            "1 << 4 == 16",
            "2 <= 2 && 3 >= 2 && 1 != 2",
            "7 % 4 == 3 && 7 / 4 == 1",
            "~0 == -1",
            "(6 & 3) == 2",
            "(6 | 1) == 7 && (6 ^ 2) == 4",
            "!!1",
            "+1",
        ];
        for condition in hold {
            assert_eq!(check(condition), Ok(true), "{condition}");
        }
        for condition in [
            "0",
            "NO",
            "unknown",
            "defined unknown",
            "1 && 0",
            "SUM == 4",
        ] {
            assert_eq!(check(condition), Ok(false), "{condition}");
        }
    }

    #[test]
    fn what_is_no_condition_is_an_error() {
        let error = |condition: &str| check(condition).unwrap_err().to_string();
        assert_eq!(
            error(""),
            "found the end of the line, expected a number or a name"
        );
        assert_eq!(
            error("EMPTY"),
            "found the end of the line, expected a number or a name"
        );
        assert_eq!(
            error("1 +"),
            "found the end of the line, expected a number or a name"
        );
        assert_eq!(error("1 2"), "found `2`, expected an operator");
        assert_eq!(error("(1"), "found the end of the line, expected `)`");
        assert_eq!(error("(1 2)"), "found `2`, expected `)`");
        assert_eq!(error("&& 1"), "found `&&`, expected a number or a name");
        assert_eq!(
            error("defined"),
            "found the end of the line, expected the name of a macro"
        );
        assert_eq!(
            error("defined(YES"),
            "found the end of the line, expected `)`"
        );
        assert_eq!(error("1 / 0"), "the condition divides by zero");
        assert_eq!(error("12abc"), "`12abc` is no number");
        let deep = "(".repeat(100_000);
        assert_eq!(error(&deep), "the condition nests more than 64 deep");
        let deep = "!".repeat(100_000);
        assert_eq!(error(&deep), "the condition nests more than 64 deep");
    }
}
