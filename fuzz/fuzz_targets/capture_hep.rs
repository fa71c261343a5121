#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ringfence_capture::hep::fuzz_hep(data));
