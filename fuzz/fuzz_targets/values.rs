//! See [`metadr_fuzz::values`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| metadr_fuzz::values(data));
