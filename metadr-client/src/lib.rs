//! The metaDR client library.
//!
//! So far it speaks the client protocol of the C++ metaDR, `KvStoreApi`
//! version 1: see [`KvStore`].

#![forbid(unsafe_code)]

mod endpoint;
mod error;
mod group;
mod kv_store;
mod pause;

pub use endpoint::{Endpoint, EndpointError, parse_endpoints};
pub use error::{Error, Refusal};
pub use kv_store::KvStore;

/// `idl/kv_store.x`.
mod wire {
    metadr_runtime::xdr!("../idl/kv_store.x", strings = bytes, client_only);
}
