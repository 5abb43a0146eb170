//! See [`metadr_fuzz::records`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| metadr_fuzz::records(data));
