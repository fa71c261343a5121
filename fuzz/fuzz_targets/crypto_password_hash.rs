#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ringfence_crypto::fuzz_password_hash(data));
