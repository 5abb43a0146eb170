//! See [`metadr_fuzz::check`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| metadr_fuzz::check(data));
