#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ringfence_event::fuzz_mask_cards(data));
