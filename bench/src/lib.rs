//! What the benchmarks of the codec and of RPC have in common.

#![forbid(unsafe_code)]

pub mod peers;
