//! A dictionary: its interface, and what its server and its client have in
//! common. `docs/guide.md` says how it came about.

metadr::xdr!("src/dictionary.x");

/// What the programs can run under.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum RuntimeName {
    /// smol, the default
    Smol,
    /// async-std
    AsyncStd,
    /// tokio
    Tokio,
}

/// The guide's code is compiled as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide.md")]
struct Guide;
