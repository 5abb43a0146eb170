//! The headers of ONC RPC, compiled from `idl/rpc_msg.x` (RFC 5531 §9).

crate::xdr!("../idl/rpc_msg.x");
