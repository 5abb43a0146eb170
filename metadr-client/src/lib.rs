//! The metaDR client library.
//!
//! So far it speaks the client protocol of the C++ metaDR, `KvStoreApi`
//! version 1: see [`KvStore`]. [`admin`] is for operators.

#![forbid(unsafe_code)]

pub mod admin;
mod endpoint;
mod error;
mod group;
mod kv_store;
mod pause;

pub use endpoint::{Endpoint, EndpointError, parse_endpoints};
pub use error::{Error, Refusal};
pub use kv_store::KvStore;

/// `idl/metadr_admin.x`. Its strings are bytes: they are for people, and no
/// replica's answer fails for one of them.
mod admin_wire {
    metadr_runtime::xdr!("../idl/metadr_admin.x", strings = bytes, client_only);
}

/// `idl/kv_store.x`.
mod wire {
    metadr_runtime::xdr!("../idl/kv_store.x", strings = bytes, client_only);
}
