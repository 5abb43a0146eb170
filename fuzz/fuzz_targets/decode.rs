//! See [`metadr_fuzz::decode`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| metadr_fuzz::decode(data));
