//! Names of C's headers, which hold where no file defines them: what
//! `<sys/types.h>` calls number types, and what `<rpc/rpc.h>` defines, which
//! rpcgen's code always includes.

use crate::Span;
use crate::model::{Field, Type, TypeDefinition, TypeKind};

/// The type that C's headers mean by a name, and how RFC 4506 writes it.
pub(super) fn builtin(name: &str) -> Option<(Type, &'static str)> {
    Some(match name {
        "int8_t" | "int8" => (Type::Char, "int"),
        "uint8_t" | "uint8" | "u_int8_t" | "u_char" | "uchar_t" => {
            (Type::UnsignedChar, "unsigned int")
        }
        "int16_t" | "int16" => (Type::Short, "int"),
        "uint16_t" | "uint16" | "u_int16_t" | "u_short" | "ushort_t" => {
            (Type::UnsignedShort, "unsigned int")
        }
        "int32_t" | "int32" => (Type::Int, "int"),
        "uint32_t" | "uint32" | "u_int32_t" | "u_int" | "uint_t" | "u_long" | "ulong_t" => {
            (Type::UnsignedInt, "unsigned int")
        }
        "rpcprog_t" | "rpcvers_t" | "rpcproc_t" | "rpcprot_t" | "rpcport_t" => {
            (Type::UnsignedInt, "unsigned int")
        }
        "int64_t" | "int64" | "quad_t" | "longlong_t" => (Type::Hyper, "hyper"),
        "uint64_t" | "uint64" | "u_int64_t" | "u_quad_t" | "u_longlong_t" => {
            (Type::UnsignedHyper, "unsigned hyper")
        }
        "bool_t" => (Type::Bool, "bool"),
        "netobj" => (Type::Opaque(1024), "opaque<1024>"),
        "des_block" => (Type::OpaqueFixed(8), "opaque[8]"),
        "wrapstring" => (Type::String(u32::MAX), "string<>"),
        _ => return None,
    })
}

/// The structure that `<rpc/rpc.h>` means by a name, as its routine writes it;
/// its place is where it is used.
pub(super) fn structure(name: &str, span: Span) -> Option<TypeDefinition> {
    let uint = || Type::UnsignedInt;
    let (docs, fields) = match name {
        "netbuf" => (
            "An address of any transport, as `<rpc/rpc.h>` has it.",
            vec![("maxlen", uint()), ("buf", Type::Opaque(u32::MAX))],
        ),
        "opaque_auth" => (
            "Who sends a message, as `<rpc/rpc.h>` has it (RFC 5531 section 8.2).",
            vec![("flavor", Type::Int), ("body", Type::Opaque(400))],
        ),
        "authsys_parms" | "authunix_parms" => (
            "A user of a system, as `<rpc/rpc.h>` has it (RFC 5531 appendix A).",
            vec![
                ("stamp", uint()),
                ("machinename", Type::String(255)),
                ("uid", uint()),
                ("gid", uint()),
                ("gids", Type::Variable(Box::new(uint()), 16)),
            ],
        ),
        _ => return None,
    };
    let field = |(name, ty): (&str, Type)| Field {
        name: name.to_owned(),
        span,
        docs: Vec::new(),
        ty,
        is_boxed: false,
    };
    Some(TypeDefinition {
        name: name.to_owned(),
        span,
        is_anonymous: false,
        namespace: Vec::new(),
        docs: vec![docs.to_owned()],
        kind: TypeKind::Structure(fields.into_iter().map(field).collect()),
    })
}

/// The number that `<rpc/rpc.h>` means by a name: flavors of authentication and
/// limits of the types above.
pub(super) fn constant(name: &str) -> Option<i128> {
    Some(match name {
        "AUTH_NONE" | "AUTH_NULL" => 0,
        "AUTH_SYS" | "AUTH_UNIX" => 1,
        "AUTH_SHORT" => 2,
        "AUTH_DH" | "AUTH_DES" => 3,
        "AUTH_KERB" => 4,
        "RPCSEC_GSS" => 6,
        "MAX_AUTH_BYTES" => 400,
        "MAX_MACHINE_NAME" | "MAXNETNAMELEN" => 255,
        "MAX_NETOBJ_SZ" => 1024,
        _ => return None,
    })
}

/// Those that are worth to be proposed for a name that is none.
pub(super) const PROPOSED: [&str; 12] = [
    "u_char", "u_short", "u_int", "u_long", "int32_t", "uint32_t", "int64_t", "uint64_t", "uint32",
    "uint64", "quad_t", "bool_t",
];
