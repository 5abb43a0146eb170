//! What generated code needs besides the public interface. Not for use by hand.

pub use bytes::Bytes;
#[cfg(feature = "rpc")]
pub use futures::future::{Either, Ready, ready};
pub use metadr_macros::xdr as xdr_impl;
