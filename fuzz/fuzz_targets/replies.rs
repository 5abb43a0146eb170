//! See [`metadr_fuzz::replies`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| metadr_fuzz::replies(data));
