//! Calls over TCP between what is generated here and programs in C that rpcgen
//! has made of the same `.x` files, on libtirpc: our client with a server in C,
//! and a client in C with our server.
//!
//! The programs, and the interfaces, are in `rpc/`. Where rpcgen, a C compiler,
//! libtirpc or tshark are missing, the tests that need them say so and pass,
//! unless `METADR_CI` is set.

// What is generated is for others to use.
#![allow(dead_code, unreachable_pub)]

mod batches;
mod bed;
mod credentials;
mod errors;
mod fragments;
mod pcap;
mod programs;
mod proxy;
mod service;
mod sessions;
#[path = "../support/mod.rs"]
mod support;
mod tshark;
mod turn;
mod values;

/// The interface of the programs in C.
mod every_kind {
    metadr_runtime::xdr!("rpc/every_kind.x", arbitrary, serde, one_way(NOTE));
}

/// What callers are mistaken about.
mod drifted {
    metadr_runtime::xdr!("rpc/drifted.x", client_only);
}
