//! What to do about the mistakes that people make.

use super::Rule;

/// What to do about a syntax error at `offset`, if that is known.
pub(super) fn hint(_content: &str, _offset: usize, _expected: &[Rule]) -> Option<String> {
    None
}
