//! Every reader of text holds its promise on bytes nobody chose.

use proptest::prelude::*;
use ringfence_crypto::{Token, TokenKind, from_hex, fuzz_hex, fuzz_token, to_hex};

proptest! {
    #[test]
    fn readers_hold_on_random_bytes(data in proptest::collection::vec(any::<u8>(), 0..96)) {
        fuzz_hex(&data);
        fuzz_token(&data);
    }

    #[test]
    fn readers_hold_on_mutated_tokens(bytes: [u8; 32], at in 0usize..47, with: u8) {
        let mut text = Token::from_bytes(TokenKind::Source, &bytes).reveal().as_bytes().to_vec();
        text[at] = with;
        fuzz_token(&text);
    }

    #[test]
    fn hex_survives_a_round_trip(data: Vec<u8>) {
        prop_assert_eq!(from_hex(&to_hex(&data)), Ok(data));
    }
}
