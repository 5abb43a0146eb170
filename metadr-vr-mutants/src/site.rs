//! Where the core is changed, and how.

use std::fmt;

/// One change of one place. What identifies it does not depend on the lines
/// before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    /// Below `metadr-vr/src`.
    pub(crate) file: String,
    /// With the type that it belongs to.
    pub(crate) function: String,
    /// What becomes of what.
    pub(crate) operator: &'static str,
    /// Counts the places with this operator in the function, from 1 on.
    pub(crate) ordinal: usize,
    /// What stands there, for people.
    pub(crate) code: String,
}

impl Site {
    /// What identifies it.
    pub(crate) fn name(&self) -> String {
        let Self {
            file,
            function,
            operator,
            ordinal,
            ..
        } = self;
        format!("{file} {function} [{operator}] {ordinal}")
    }

    /// Sites are drawn in this order.
    pub(crate) fn rank(&self, draw: u64) -> [u8; 32] {
        *blake3::hash(format!("{draw} {}", self.name()).as_bytes()).as_bytes()
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.name(), self.code)
    }
}
