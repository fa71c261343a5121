#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ringfence_connectors::fuzz_csv_parts(data));
