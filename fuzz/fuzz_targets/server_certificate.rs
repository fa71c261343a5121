#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ringfence_server::doctor::fuzz_certificate(data));
