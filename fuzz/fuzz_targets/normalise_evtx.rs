#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ringfence_normalise::fuzz_evtx(data));
