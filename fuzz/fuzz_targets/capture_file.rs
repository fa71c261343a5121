#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ringfence_capture::fuzz_capture(data));
