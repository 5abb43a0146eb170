//! See [`metadr_fuzz::read`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| metadr_fuzz::read(data));
