//! What must hold of any bytes.

use crate::bundle::{Line, Seal, check};
use crate::{Held, Leaf};

/// What is read is written as the same bytes, and no bytes are a whole bundle that nobody signed.
pub fn bundle(data: &[u8]) {
    if let Ok(line) = Line::parse(data) {
        assert_eq!(line.to_string().as_bytes(), data, "a line has one form");
    }
    if let Ok(leaf) = Leaf::parse(data) {
        assert_eq!(leaf.to_string().as_bytes(), data, "an entry has one form");
    }
    if let Ok(seal) = std::str::from_utf8(data).map(Seal::parse)
        && let Ok(seal) = seal
    {
        assert_eq!(seal.to_string().as_bytes(), data, "a seal has one form");
    }
    let mut none = |_, _| Err(String::new());
    // It ends, and what it says can be told.
    match check(data, None, &Held::default(), &mut none) {
        Ok(report) => drop(
            report
                .faults
                .iter()
                .map(ToString::to_string)
                .collect::<String>(),
        ),
        Err(error) => drop(error.to_string()),
    }
}
