//! Where consumers stand, each in a file of its own.
//!
//! ```text
//! magic 8 | offset u64 | has state u8 | state length u64 | state | CRC32C u32
//! ```
//! The file is written beside, synced and renamed: position and state change
//! together or not at all.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::disk::{self, Disk};
use crate::{Offset, Position, SpineError};

const MAGIC: [u8; 8] = *b"RFPOS\0\0\x01";
const PREFIX: &str = "position-";
/// Files with this ending are written and then renamed.
const TEMPORARY: &str = ".tmp";
const FIXED: usize = 25;
/// A state larger than this is no snapshot any more.
const MAX_STATE: u64 = 1 << 30;

pub(crate) struct Positions {
    /// Never ahead of what the files say, so that retention errs on keeping.
    offsets: Mutex<BTreeMap<String, Offset>>,
    /// Orders the writers of files.
    files: Mutex<()>,
}

impl Positions {
    pub(crate) fn load(disk: &dyn Disk) -> Result<Self, SpineError> {
        let listed = disk
            .list()
            .map_err(|error| SpineError::io(&disk.place(), "", "list", error))?;
        let mut offsets = BTreeMap::new();
        for file in listed {
            if let Some(consumer) = consumer_of(&file.name)
                && let Some(position) = read(disk, consumer)?
            {
                offsets.insert(consumer.to_owned(), position.offset);
            }
        }
        Ok(Self {
            offsets: Mutex::new(offsets),
            files: Mutex::new(()),
        })
    }

    /// No consumer may stand outside of the log.
    pub(crate) fn check(&self, tail: Offset, end: Offset) -> Result<(), SpineError> {
        match self
            .lock()
            .iter()
            .find(|(_, position)| !(tail..=end).contains(position))
        {
            None => Ok(()),
            Some((consumer, &position)) => Err(SpineError::PositionOutside {
                consumer: consumer.clone(),
                position,
                tail,
                end,
            }),
        }
    }

    pub(crate) fn all(&self) -> Vec<(String, Offset)> {
        self.lock()
            .iter()
            .map(|(name, offset)| (name.clone(), *offset))
            .collect()
    }

    /// The consumer that is furthest behind.
    pub(crate) fn slowest(&self) -> Option<(String, Offset)> {
        slowest(&self.lock())
    }

    /// Runs `delete` if everyone has read everything before `end`, while no
    /// position can go back.
    pub(crate) fn if_read<T>(&self, end: Offset, delete: impl FnOnce() -> T) -> Option<T> {
        let offsets = self.lock();
        let (_, behind) = slowest(&offsets)?;
        (behind >= end).then(delete)
    }

    pub(crate) fn commit(
        &self,
        disk: &dyn Disk,
        consumer: &str,
        position: &Position,
        bounds: impl FnOnce() -> (Offset, Offset),
    ) -> Result<(), SpineError> {
        if !valid(consumer) {
            return Err(SpineError::ConsumerName {
                name: consumer.to_owned(),
            });
        }
        let _files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut offsets = self.lock();
            let (tail, end) = bounds();
            if !(tail..=end).contains(&position.offset) {
                let (consumer, position) = (consumer.to_owned(), position.offset);
                return Err(SpineError::PositionOutside {
                    consumer,
                    position,
                    tail,
                    end,
                });
            }
            let held = offsets
                .entry(consumer.to_owned())
                .or_insert(position.offset);
            *held = (*held).min(position.offset);
        }
        write(disk, consumer, position)?;
        self.lock().insert(consumer.to_owned(), position.offset);
        Ok(())
    }

    pub(crate) fn forget(&self, disk: &dyn Disk, consumer: &str) -> Result<(), SpineError> {
        let _files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if self.lock().contains_key(consumer) {
            let name = format!("{PREFIX}{consumer}");
            let gone = disk.remove(&name).and_then(|()| disk.sync_dir());
            gone.map_err(|error| SpineError::io(&disk.place(), &name, "remove", error))?;
            self.lock().remove(consumer);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Offset>> {
        self.offsets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a crash left this file before it could be renamed.
pub(crate) fn is_half_written(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(TEMPORARY)
}

/// The consumer whose position a file of this name holds.
pub(crate) fn consumer_of(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX).filter(|name| valid(name))
}

fn slowest(offsets: &BTreeMap<String, Offset>) -> Option<(String, Offset)> {
    let (name, offset) = offsets.iter().min_by_key(|(_, offset)| **offset)?;
    Some((name.clone(), *offset))
}

fn valid(consumer: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=64).contains(&consumer.len()) && consumer.bytes().all(fits)
}

fn write(disk: &dyn Disk, consumer: &str, position: &Position) -> Result<(), SpineError> {
    let name = format!("{PREFIX}{consumer}");
    let beside = format!("{name}{TEMPORARY}");
    let bytes = encode(position);
    let put = || {
        let file = match disk.create(&beside) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                disk.remove(&beside)?;
                disk.create(&beside)?
            }
            created => created?,
        };
        file.append(&bytes)?;
        file.sync()?;
        disk.rename(&beside, &name)?;
        disk.sync_dir()
    };
    put().map_err(|error| SpineError::io(&disk.place(), &name, "write", error))
}

pub(crate) fn read(disk: &dyn Disk, consumer: &str) -> Result<Option<Position>, SpineError> {
    if !valid(consumer) {
        return Err(SpineError::ConsumerName {
            name: consumer.to_owned(),
        });
    }
    let name = format!("{PREFIX}{consumer}");
    let bytes = match disk.open_read(&name) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        opened => opened.and_then(|file| disk::read_all(&*file, MAX_STATE + 64)),
    };
    let bytes = bytes.map_err(|error| SpineError::io(&disk.place(), &name, "read", error))?;
    let damaged = SpineError::Corrupt {
        file: name,
        position: 0,
        reason: "the checksum or length does not match",
    };
    decode(bytes.into()).map(Some).ok_or(damaged)
}

pub(crate) fn encode(position: &Position) -> Vec<u8> {
    let state = position.state.as_deref().unwrap_or_default();
    let mut out = Vec::with_capacity(FIXED + state.len() + 4);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&position.offset.0.to_le_bytes());
    out.push(u8::from(position.state.is_some()));
    out.extend_from_slice(&(state.len() as u64).to_le_bytes());
    out.extend_from_slice(state);
    out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
    out
}

fn decode(bytes: Bytes) -> Option<Position> {
    let (signed, sum) = bytes.split_last_chunk::<4>()?;
    let sound = signed.starts_with(&MAGIC) && crc32c::crc32c(signed) == u32::from_le_bytes(*sum);
    let number = |at: usize| {
        signed
            .get(at..)?
            .first_chunk::<8>()
            .map(|field| u64::from_le_bytes(*field))
    };
    let (offset, has_state, len) = (number(8)?, *signed.get(16)?, number(17)?);
    let state = signed.get(FIXED..)?;
    let consistent = state.len() as u64 == len && matches!((has_state, len), (0, 0) | (1, _));
    (sound && consistent).then(|| Position {
        offset: Offset(offset),
        state: (has_state == 1).then(|| bytes.slice(FIXED..bytes.len().saturating_sub(4))),
    })
}

/// Fuzz entry: arbitrary bytes never panic, and what decodes encodes to the same.
#[doc(hidden)]
pub fn fuzz_position(data: &[u8]) {
    if let Some(position) = decode(Bytes::copy_from_slice(data)) {
        assert_eq!(encode(&position), data, "decode and encode are inverse");
    }
    let state = (!data.is_empty()).then(|| Bytes::copy_from_slice(data));
    let position = Position {
        offset: Offset(data.len() as u64),
        state,
    };
    assert_eq!(
        decode(encode(&position).into()),
        Some(position),
        "what was put in comes back"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_cannot_leave_the_folder() {
        for name in [
            "",
            "../x",
            "a/b",
            "UPPER",
            "a.tmp",
            "nul\0",
            &"x".repeat(65),
        ] {
            assert!(!valid(name), "{name:?}");
        }
        assert!(valid("lake-0_a"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_safe(data in proptest::collection::vec(any::<u8>(), 0..300)) {
            fuzz_position(&data);
        }

        #[test]
        fn a_flipped_bit_is_found(state in proptest::option::of(any::<[u8; 9]>()), at in 0..40_usize) {
            let state = state.map(|state| Bytes::copy_from_slice(&state));
            let mut bytes = encode(&Position { offset: Offset(5), state });
            let len = bytes.len();
            bytes[at % len] ^= 1;
            prop_assert_eq!(decode(bytes.into()), None);
        }
    }
}
