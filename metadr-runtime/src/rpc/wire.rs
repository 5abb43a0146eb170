//! The headers of ONC RPC, compiled from `idl/rpc_msg.x` (RFC 5531 §9).

crate::xdr!(
    "../idl/rpc_msg.x",
    rename(
        "authsys_parms" = AuthSys,
        "authsys_parms.machinename" = machine_name
    )
);
