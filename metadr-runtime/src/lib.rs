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

/// Compiles an `.x` file into Rust types, codecs, clients and servers, in place.
///
/// The path of the file is relative to the `Cargo.toml` of the crate. Options
/// follow it:
///
/// - `types_only`, `client_only`, `server_only`: not everything.
/// - `strings = bytes`: a `string` may have any bytes, and becomes
///   [`Bytes`](bytes::Bytes) instead of `String`.
/// - `one_way(name, …)`: procedures that are never answered.
/// - `types = path`: the types are in this module already.
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
