//! The types of `idl/vr.x`: messages and log entries.

metadr_runtime::xdr!("../idl/vr.x", types_only);
