//! The interface of rpcbind, compiled from `idl/rpcbind.x` (RFC 1833).
//!
//! Strings are bytes here: what programs have registered need not be UTF-8, and
//! one that is not must not hide the others.

crate::xdr!("../idl/rpcbind.x", strings = bytes);
