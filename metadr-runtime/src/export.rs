//! What generated code needs besides the public interface. Not for use by hand.

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
pub mod codec;
#[cfg(feature = "rpc")]
pub mod descriptor;
#[cfg(feature = "serde")]
pub mod serde;
#[cfg(feature = "rpc")]
pub mod service;
pub mod text;

pub use bytes::Bytes;
pub use metadr_macros::xdr as xdr_impl;
