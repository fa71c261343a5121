//! Whether a new password is good enough: what PCI DSS 8.3.6 asks for, and whether it can be guessed.

use zxcvbn::feedback::{Suggestion, Warning};
use zxcvbn::{Score, zxcvbn};

const LEAST: usize = 12;
const MOST: usize = 256;
/// Characters that are looked at for guessing. Its time grows with their square, and with the ways to
/// read `4@1!` as letters: a hundred chosen with care take most of a second, these a tenth of one.
const LOOKED_AT: usize = 48;
/// Letters and digits beside the words that others know of somebody.
const LEAST_LEFT: usize = 6;
/// Words about somebody that are looked at, and how long each may be.
const MOST_WORDS: usize = 40;
const MOST_WORD: usize = 64;

/// What is wrong with a password, in words for the person who chose it. Never contains it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// PCI DSS 8.3.6.
    #[error(
        "use at least {LEAST} characters; a few words that have nothing to do with each other are easiest to remember"
    )]
    TooShort,
    /// Longer than anybody types.
    #[error("use at most {MOST} characters")]
    TooLong,
    /// PCI DSS 8.3.6.
    #[error("add a letter")]
    NoLetter,
    /// PCI DSS 8.3.6.
    #[error("add a digit")]
    NoDigit,
    /// Found by somebody who tries what people use. Says why, where that is known.
    #[error("this is easy to guess. {0}")]
    Guessable(String),
}

/// Judges a new password. `about` is what others know of the person: names, address, company.
/// Takes milliseconds, and at worst as long as hashing it does a few times over.
///
/// # Errors
/// Says what to do about it.
pub fn judge(password: &str, about: &[&str]) -> Result<(), Weak> {
    let length = password.chars().take(MOST + 1).count();
    if length < LEAST {
        return Err(Weak::TooShort);
    }
    if length > MOST {
        return Err(Weak::TooLong);
    }
    if !password.chars().any(char::is_alphabetic) {
        return Err(Weak::NoLetter);
    }
    if !password.chars().any(char::is_numeric) {
        return Err(Weak::NoDigit);
    }
    let words = words(about);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let start: String = password.chars().take(LOOKED_AT).collect();
    if left(&start, &words) < LEAST_LEFT {
        let reason = "It is made of words that others know of you.";
        return Err(Weak::Guessable(reason.to_owned()));
    }
    let guessed = zxcvbn(&start, &words);
    if guessed.score() >= Score::Three {
        return Ok(());
    }
    let feedback = guessed.feedback();
    let warning = feedback.and_then(|found| found.warning());
    let suggestions = feedback.map_or(&[][..], |found| found.suggestions());
    Err(Weak::Guessable(advice(warning, suggestions)))
}

/// Letters and digits that are left when words that others know of somebody are taken out: each of them
/// is cheap to guess, however many there are (ASVS 5.0, 6.2.11).
fn left(password: &str, words: &[&str]) -> usize {
    let mut longest_first: Vec<_> = words
        .iter()
        .filter(|word| word.chars().count() > 2)
        .collect();
    longest_first.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = longest_first
        .into_iter()
        .fold(password.to_lowercase(), |rest, word| {
            rest.replace(*word, " ")
        });
    rest.chars().filter(|c| c.is_alphanumeric()).count()
}

/// Each text and its parts: `ann.lee@bank.example` gives `ann`, `lee` and `bank` too.
fn words(about: &[&str]) -> Vec<String> {
    let parts = about.iter().flat_map(|text| {
        let parts = text.split(|c: char| !c.is_alphanumeric());
        std::iter::once(*text).chain(parts.filter(|part| part.chars().count() > 2))
    });
    let short = |word: &str| {
        word.chars()
            .take(MOST_WORD)
            .collect::<String>()
            .to_lowercase()
    };
    std::iter::once("ringfence")
        .chain(parts.filter(|word| !word.is_empty()))
        .take(MOST_WORDS)
        .map(short)
        .collect()
}

fn advice(warning: Option<Warning>, suggestions: &[Suggestion]) -> String {
    let suggestions = suggestions
        .iter()
        // True of strength, but a digit is asked for all the same.
        .filter(|suggestion| **suggestion != Suggestion::NoNeedForSymbolsDigitsOrUppercaseLetters)
        .map(ToString::to_string);
    let mut said: Vec<_> = warning
        .map(|warning| warning.to_string())
        .into_iter()
        .collect();
    said.extend(suggestions);
    if said.is_empty() {
        said.push(Suggestion::AddAnotherWordOrTwo.to_string());
    }
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_about_somebody_make_no_password_however_many() {
        let about = ["ada@bank.example", "Ada Lovelace"];
        for weak in [
            "ringfence-ada-1",
            "Lovelace.Ada.2026",
            "bank-Example-ada-77",
        ] {
            assert!(
                matches!(judge(weak, &about), Err(Weak::Guessable(_))),
                "{weak}"
            );
        }
        judge("ada-walks-7-dogs-home", &about).unwrap();
    }

    #[test]
    fn lets_good_ones_pass() {
        for good in [
            "tidal-anvil-quorum-7",
            "9 Kühe malen selten Fugen",
            "xK4#vQ9!mZ2&pL7w",
            "\u{6f22}\u{5b57}\u{96e8}\u{6708}\u{98a8}\u{82b1}\u{96ea}\u{5c71}\u{5ddd}\u{6d77}\u{7a7a}9",
        ] {
            assert_eq!(judge(good, &["ann"]), Ok(()), "{good}");
        }
    }

    #[test]
    fn asks_for_what_pci_dss_asks_for() {
        assert_eq!(judge("short7pwd!!", &[]), Err(Weak::TooShort));
        assert_eq!(
            judge("\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}1", &[]),
            Err(Weak::TooShort)
        );
        assert_eq!(judge(&"a1".repeat(129), &[]), Err(Weak::TooLong));
        assert_eq!(judge("7391 5028 4417 #", &[]), Err(Weak::NoLetter));
        assert_eq!(judge("tidal-anvil-quorum", &[]), Err(Weak::NoDigit));
    }

    #[test]
    fn refuses_what_people_use() {
        for weak in [
            "password1234",
            "Password123!",
            "qwertyuiop12",
            "abcdefghijk1",
            "aaaaaaaaaaa1",
            "1234567890ab",
            "ringfence2026",
            "Ringfence123!",
            "P@ssw0rd2026",
            "iloveyou2026",
        ] {
            assert!(
                matches!(judge(weak, &[]), Err(Weak::Guessable(_))),
                "{weak}"
            );
        }
    }

    #[test]
    fn refuses_what_is_known_of_the_person() {
        let about = ["Ann.Delacroix@kestrelbank.example", "Ann Delacroix"];
        for weak in [
            "delacroix2026",
            "kestrelbank12",
            "Delacroix.Ann1",
            "ann.delacroix@kestrelbank.example1",
        ] {
            let said = judge(weak, &about).unwrap_err().to_string();
            assert!(!said.to_lowercase().contains("delacroix"), "{said}");
        }
        assert_eq!(judge("kestrel-delta-9-fog", &["x"]), Ok(()));
    }

    #[test]
    fn tells_people_what_to_do() {
        let said = judge("password1234", &[]).unwrap_err().to_string();
        assert!(said.contains("common password"), "{said}");
        assert!(!said.contains("No need for"), "{said}");
    }

    #[test]
    fn what_comes_late_counts_for_length_alone() {
        let late = format!("{}tidal-anvil-quorum-7", "a1".repeat(24));
        assert!(matches!(judge(&late, &[]), Err(Weak::Guessable(_))));
        let early = format!("tidal-anvil-quorum-7{}", "a1".repeat(24));
        assert_eq!(judge(&early, &[]), Ok(()));
    }

    #[test]
    fn hostile_lengths_are_judged_in_bounded_time() {
        let long = "9a".repeat(128);
        let about: Vec<_> = std::iter::repeat_n(long.as_str(), 1000).collect();
        assert!(judge(&long, &about).is_err());
        assert!(judge(&"p".repeat(10_000_000), &about).is_err());
    }

    proptest! {
        #[test]
        fn never_panics_and_never_repeats_the_password(password in "\\PC{0,120}", about in "\\PC{0,60}") {
            if let Err(weak) = judge(&password, &[&about]) {
                let said = format!("{weak} {weak:?}");
                prop_assert!(password.chars().count() < 8 || !said.contains(&password));
            }
        }
    }
}
