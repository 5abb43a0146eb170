//! See [`metadr_fuzz::header`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| metadr_fuzz::header(data));
