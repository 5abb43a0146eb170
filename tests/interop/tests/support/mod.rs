//! What the tests with C programs have in common.

pub(crate) mod c;
pub(crate) mod random;
mod skip;

pub(crate) use skip::skip;
