//! See [`metadr_fuzz::generate`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| metadr_fuzz::generate(data));
