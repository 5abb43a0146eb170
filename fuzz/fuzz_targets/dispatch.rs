//! See [`metadr_fuzz::dispatch`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| metadr_fuzz::dispatch(data));
