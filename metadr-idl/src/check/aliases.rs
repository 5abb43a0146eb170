//! C's names for number types, which hold where no file defines them.

use crate::model::Type;

/// The type that C's headers mean by a name, and how RFC 4506 writes it.
pub(super) fn builtin(name: &str) -> Option<(Type, &'static str)> {
    Some(match name {
        "int8_t" | "int8" => (Type::Char, "int"),
        "uint8_t" | "uint8" | "u_int8_t" | "u_char" => (Type::UnsignedChar, "unsigned int"),
        "int16_t" | "int16" => (Type::Short, "int"),
        "uint16_t" | "uint16" | "u_int16_t" | "u_short" => (Type::UnsignedShort, "unsigned int"),
        "int32_t" | "int32" => (Type::Int, "int"),
        "uint32_t" | "uint32" | "u_int32_t" | "u_int" | "u_long" => {
            (Type::UnsignedInt, "unsigned int")
        }
        "int64_t" | "int64" | "quad_t" | "longlong_t" => (Type::Hyper, "hyper"),
        "uint64_t" | "uint64" | "u_int64_t" | "u_quad_t" | "u_longlong_t" => {
            (Type::UnsignedHyper, "unsigned hyper")
        }
        "bool_t" => (Type::Bool, "bool"),
        _ => return None,
    })
}

/// Those that are worth to be proposed for a name that is none.
pub(super) const PROPOSED: [&str; 12] = [
    "u_char", "u_short", "u_int", "u_long", "int32_t", "uint32_t", "int64_t", "uint64_t", "uint32",
    "uint64", "quad_t", "bool_t",
];
