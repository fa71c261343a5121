//! The name that somebody signs in with.

use unicode_normalization::UnicodeNormalization as _;

/// RFC 5321 lets an address have 254 characters, and addresses are what many sign in with.
const MOST_CHARS: usize = 254;
/// Bytes that are looked at: one character can become eighteen in normal form.
const MOST_BYTES: usize = 4 * MOST_CHARS + 64;
/// Those of addresses, and what Entra ID has in names of people (`o'brien`) and guests (`#EXT#`).
const MARKS: [char; 10] = ['.', '-', '_', '@', '+', '\'', '#', '!', '~', '^'];
/// Letters of Hangul that fill a place and show nothing: two names would look alike.
const FILLERS: [char; 2] = ['\u{115f}', '\u{1160}'];

/// Why a text is no sign-in name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Nothing but space.
    #[error("a sign-in name is empty")]
    Empty,
    /// Longer than an e-mail address can be.
    #[error("a sign-in name has at most {MOST_CHARS} characters")]
    TooLong,
    /// What would not be seen, or could be taken for something else.
    #[error(
        "a sign-in name has letters, digits and `.`, `-`, `_`, `@`, `+`, `'`, `#`, `!`, `~`, `^` only"
    )]
    Character,
    /// A mark at an end is easily lost when the name is written down.
    #[error("a sign-in name starts and ends with a letter or a digit")]
    End,
}

/// A sign-in name in the one form it is stored and counted under: `Ann@X`, ` ann@x ` and `ａｎｎ@x`
/// are one account, so that nobody gets a second set of attempts by another spelling.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Login(String);

impl Login {
    /// Reads a name as it was typed: without space around it, in Unicode's normal form KC and in
    /// lower case.
    ///
    /// # Errors
    /// Says which of the conditions it misses.
    pub fn parse(typed: &str) -> Result<Self, LoginError> {
        if typed.len() > MOST_BYTES {
            return Err(LoginError::TooLong);
        }
        let lower: String = typed
            .trim()
            .nfkc()
            .flat_map(char::to_lowercase)
            .nfkc()
            .collect();
        if lower.is_empty() {
            return Err(LoginError::Empty);
        }
        if lower.chars().count() > MOST_CHARS {
            return Err(LoginError::TooLong);
        }
        let plain = |c: char| c.is_alphanumeric() && !FILLERS.contains(&c);
        if !lower.chars().all(|c| plain(c) || MARKS.contains(&c)) {
            return Err(LoginError::Character);
        }
        let ends = [lower.chars().next(), lower.chars().next_back()];
        if !ends.into_iter().flatten().all(plain) {
            return Err(LoginError::End);
        }
        // What changes when it is read again would be two accounts. No name in use does.
        if lower
            .chars()
            .flat_map(char::to_lowercase)
            .nfkc()
            .ne(lower.chars())
        {
            return Err(LoginError::Character);
        }
        Ok(Self(lower))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(typed: &str) -> Result<String, LoginError> {
        Login::parse(typed).map(|login| login.to_string())
    }

    #[test]
    fn spellings_of_a_name_are_one_account() {
        for typed in [
            "ann@x",
            "Ann@X",
            " ann@x\t",
            "\u{ff21}nn@x",
            "ANN\u{ff20}X",
            "\u{a0}ann@x",
        ] {
            assert_eq!(read(typed).as_deref(), Ok("ann@x"), "{typed}");
        }
        assert_eq!(
            read("Bridget.O'Brien@x").as_deref(),
            Ok("bridget.o'brien@x")
        );
        assert!(read("ann_else.example#EXT#@x.example").is_ok());
        assert_eq!(read("Zo\u{eb}"), read("zoe\u{308}"));
        assert_eq!(read("\u{3a3}\u{391}\u{3a3}"), read("\u{3c3}\u{3b1}\u{3c3}"));
    }

    #[test]
    fn says_what_is_wrong() {
        for typed in ["", "  ", "\u{2003}"] {
            assert_eq!(read(typed), Err(LoginError::Empty));
        }
        for typed in [
            "ann lee",
            "ann\0",
            "a/b",
            "ann\u{200b}x",
            "ann\u{202e}x",
            "ann\u{ad}x",
            "a\u{3164}b",
            "\u{ffa0}",
            "a\"b",
            "<b>",
        ] {
            assert_eq!(read(typed), Err(LoginError::Character), "{typed:?}");
        }
        for typed in [".ann", "ann.", "@", "-", "+ann", "ann_"] {
            assert_eq!(read(typed), Err(LoginError::End), "{typed:?}");
        }
        assert!(read(&"a".repeat(254)).is_ok());
        assert_eq!(read(&"a".repeat(255)), Err(LoginError::TooLong));
        // One character that becomes eighteen.
        assert!(read(&"\u{fdfa}".repeat(100)).is_err());
        assert_eq!(read(&"a".repeat(100_000)), Err(LoginError::TooLong));
    }

    proptest! {
        #[test]
        fn a_name_read_again_is_the_same(typed in "\\PC{0,40}") {
            if let Ok(login) = Login::parse(&typed) {
                prop_assert_eq!(Login::parse(login.as_str()), Ok(login.clone()));
                prop_assert_eq!(Login::parse(&format!(" {typed}\n")), Ok(login));
            }
        }

        #[test]
        fn case_makes_no_difference(typed in "[a-z0-9][a-z0-9.@_+-]{0,20}[a-z0-9]") {
            prop_assert_eq!(Login::parse(&typed), Login::parse(&typed.to_uppercase()));
        }
    }
}
