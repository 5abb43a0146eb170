//! The standard dialect: big-endian units of four bytes (RFC 4506).

mod decoder;
mod encoder;
mod run;
mod window;

pub use decoder::{MAX_DEPTH, MAX_EMPTY_ELEMENTS, XdrDecoder};
pub use encoder::XdrEncoder;
pub use run::{DecodeRun, EncodeRun};
