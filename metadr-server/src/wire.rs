//! The interfaces that a replica serves, and the one that it calls.

/// `idl/metadr.x`: operations, queries and outcomes of the tree.
pub mod tree {
    metadr_runtime::xdr!("../idl/metadr.x", types_only);
}

/// `idl/kv_store.x`: the client protocol of the C++ metaDR. Its strings are
/// bytes: any byte is a value there, and a key of other bytes than ASCII is
/// malformed, not undecodable.
pub mod kv_store {
    metadr_runtime::xdr!("../idl/kv_store.x", strings = bytes, server_only);
}

/// `idl/metadr_admin.x`: what an operator asks of a replica. Its strings are
/// bytes, as those of `kv_store` are.
pub mod admin {
    metadr_runtime::xdr!("../idl/metadr_admin.x", strings = bytes, server_only);
}

/// `idl/vr.x`: how the replicas reach one another.
pub mod replication {
    metadr_runtime::xdr!("../idl/vr.x", types = metadr_vr::wire, one_way(deliver));
}
