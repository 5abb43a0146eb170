//! XDR (RFC 4506) and ONC RPC (RFC 5531) for any async runtime.
//!
//! [`xdr`](mod@xdr) is the codec under the types that [`xdr!`] generates from
//! an `.x` file. With the feature `rpc`, `rpc` has the protocol as state
//! machines without any input or output, and thin drivers over them; `rt` says
//! what they need of an async runtime, and has one adapter for each supported
//! one.

#![forbid(unsafe_code)]

// Generated code names this crate by the path that `xdr!` passes to it; inside
// of this crate that path has to exist as well.
extern crate self as metadr_runtime;

#[doc(hidden)]
pub mod export;
#[cfg(feature = "rpc")]
pub mod rpc;
#[cfg(feature = "rpc")]
pub mod rt;
pub mod xdr;

/// Compiles `.x` files into Rust types, codecs, clients and servers, in place.
///
/// The paths of the files are relative to the `Cargo.toml` of the crate. Several
/// files, `xdr!("a.x", "b.x")`, are compiled together. Options follow them:
///
/// - `types_only`, `client_only`, `server_only`: not everything.
/// - `strings = bytes`: a `string` may have any bytes, and becomes
///   [`Bytes`](bytes::Bytes) instead of `String`.
/// - `one_way(name, …)`: procedures that are never answered.
/// - `types = path`: the types are in this module already.
/// - `extern("name" = path, …)`: this type of the files is there already, under
///   this path, and implements [`Encode`](xdr::Encode), [`Decode`](xdr::Decode) and
///   [`Print`](xdr::Print). `"namespace::"` stands for all types of a namespace.
/// - `rename("type.field" = name, …)`: another name in Rust, for what the files
///   call `type`, `type.field`, `enumeration.ENUMERATOR`, `union.CASE`, `program`
///   or `program.version.procedure`.
/// - `derive("type" = path, …)`: another trait to derive; `"*"` stands for every
///   structure, union and enumeration.
/// - `serde`, `arbitrary`: implement the traits of these crates. This crate then
///   has to be built with its feature of the same name.
/// - `include("directory", …)`: where files are looked for that others include
///   or import, after the directory of the file that names them.
/// - `define(NAME, NAME = 5, NAME = "tokens", …)`: macros for the preprocessor.
/// - `pedantic`: everything is an error that is not RFC 4506 or RFC 5531.
///
/// What is wrong with the files is a compiler error with the place in the file.
/// Warnings are not shown, as a macro has no way to: `metadr-xdrc --check` does.
/// The crate is built again when one of the files was edited, or one that they
/// include or import.
///
/// ```
/// mod adder {
///     metadr_runtime::xdr!("tests/adder.x", types_only);
/// }
/// let pair = adder::Pair { left: 1, right: 2 };
/// let bytes = metadr_runtime::xdr::to_bytes(&pair)?;
/// assert_eq!(bytes, &[0, 0, 0, 1, 0, 0, 0, 2][..]);
/// # Ok::<(), metadr_runtime::xdr::EncodeError>(())
/// ```
// It passes its input on to the procedural macro, along with the path under
// which the caller knows this crate.
#[macro_export]
macro_rules! xdr {
    ($($input:tt)*) => {
        $crate::export::xdr_impl! { [$crate] $($input)* }
    };
}
