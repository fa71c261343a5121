//! What a log signs under a bundle.

use std::fmt;

use ringfence_crypto::{from_hex, to_hex};

use super::FORMAT;

/// How many records a bundle has, and the digest of all lines before the last.
///
/// Its text is never that of a checkpoint, nor the other way round, so that neither signature stands for
/// the other: the second line of a checkpoint is a number (C2SP tlog-checkpoint), and here it begins with
/// `log `; the first line of a checkpoint is the name of a key, which has no spaces (C2SP signed-note), and
/// here it is [`FORMAT`], which has three. What a witness signs begins with `cosignature/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The name of the log.
    pub log: String,
    /// Records, erased ones included.
    pub count: u64,
    /// SHA-256 over the header and all records, with the ends of their lines.
    pub digest: [u8; 32],
}

/// Why a text is no seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a seal is `{FORMAT}`, `log NAME`, `records COUNT` and `sha256 HEX`, each on its line")]
pub struct SealError;

impl Seal {
    /// Reads the text of a note.
    ///
    /// # Errors
    /// When there is any other way to write it, or it is none.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let mut lines = text.split('\n');
        let mut line = |before: &str| lines.next()?.strip_prefix(before);
        let mut read = || {
            line(FORMAT)?;
            let log = line("log ")?.to_owned();
            let count = line("records ")?.parse().ok()?;
            let digest = from_hex(line("sha256 ")?).ok()?.try_into().ok()?;
            Some(Self { log, count, digest })
        };
        let seal = read().filter(|seal| seal.to_string() == text);
        seal.ok_or(SealError)
    }
}

/// The text of its note.
impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log, count, digest } = self;
        let digest = to_hex(digest);
        writeln!(f, "{FORMAT}\nlog {log}\nrecords {count}\nsha256 {digest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ringfence_tlog::{Checkpoint, Hash};

    fn seal(log: &str) -> Seal {
        Seal {
            log: log.to_owned(),
            count: 12,
            digest: [7; 32],
        }
    }

    #[test]
    fn a_seal_has_one_form() {
        let good = seal("rf.example/evidence/0a1b2c3d").to_string();
        assert_eq!(Seal::parse(&good), Ok(seal("rf.example/evidence/0a1b2c3d")));
        for wrong in [
            good.replace("v1", "v2"),
            good.replace("records 12", "records 012"),
            good.replace("records 12", "records +12"),
            good.replace("07", "0x"),
            good.replace("0707", "07"),
            good.trim_end().to_owned(),
            format!("{good}more\n"),
            good.replace("bundle v1\n", "bundle v1 \n"),
        ] {
            assert_eq!(Seal::parse(&wrong), Err(SealError), "{wrong:?}");
        }
    }

    #[test]
    fn no_name_of_a_log_makes_it_a_checkpoint() {
        for log in ["12", "0", "", "a\n12", "12\nAAAA"] {
            assert!(
                Checkpoint::parse(&seal(log).to_string()).is_err(),
                "{log:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_checkpoint_is_a_seal_and_no_seal_a_checkpoint(
            origin: String, size: u64, extensions: Vec<String>, count: u64,
        ) {
            let checkpoint = Checkpoint { origin: origin.clone(), size, root: Hash([1; 32]), extensions };
            prop_assert!(Seal::parse(&checkpoint.to_string()).is_err());
            let seal = Seal { log: origin, count, digest: [2; 32] };
            prop_assert!(Checkpoint::parse(&seal.to_string()).is_err());
        }
    }
}
