//! Cuts a TCP stream into syslog messages (RFC 6587), without doing I/O itself.
//!
//! Senders use octet counting (`34 <13>…`) or end each message with a line feed, and one stream
//! may hold both: each message tells by its first byte. A digit from 1 to 9 begins a length; what
//! else there is runs to the next line feed or NUL.

use std::collections::VecDeque;

use thiserror::Error;

/// What ends a stream: after it, message borders cannot be told any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A length that is no number, or longer than the limit.
    #[error(
        "octet count at byte {at} of the stream is not a number from 1 to {limit} and a space (RFC 6587 §3.4.1)"
    )]
    Count {
        /// Where it begins in the stream.
        at: u64,
        /// Longest message allowed.
        limit: usize,
    },
    /// A message without an end within the limit.
    #[error("no line feed within {limit} bytes after byte {at} of the stream (RFC 6587 §3.4.2)")]
    TooLong {
        /// Where it begins in the stream.
        at: u64,
        /// Longest message allowed.
        limit: usize,
    },
}

/// The decoder. Push bytes as they come, pull messages until there is none.
#[derive(Debug)]
pub struct Framer {
    limit: usize,
    held: VecDeque<u8>,
    /// Bytes of `held` already searched for an end, so that a slow sender costs no second look.
    searched: usize,
    /// Place of `held`'s first byte in the stream.
    at: u64,
    failed: Option<FrameError>,
}

impl Framer {
    /// A decoder for messages of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            held: VecDeque::new(),
            searched: 0,
            at: 0,
            failed: None,
        }
    }

    /// Takes bytes in. Pull after each push: what is held is then at most one message and the
    /// bytes just pushed.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.held.extend(bytes);
        }
    }

    /// The next whole message.
    ///
    /// # Errors
    /// [`FrameError`] once the stream cannot be cut any further; again at each call after that.
    pub fn pull(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let taken = self.take();
        if let Err(error) = taken {
            self.failed = Some(error);
            self.held = VecDeque::new();
        }
        taken.map(|range| range.map(|(skip, len, after)| self.cut(skip, len, after)))
    }

    /// The stream is over: what is left is a message whose sender did not end it.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        // A counted message that is cut short is not a message.
        let counted = matches!(self.held.front(), Some(b'1'..=b'9'));
        let rest = std::mem::take(&mut self.held);
        self.at += rest.len() as u64;
        (!rest.is_empty() && !counted && self.failed.is_none()).then(|| rest.into())
    }

    /// Bytes to skip, length of the message, bytes to drop behind it.
    fn take(&mut self) -> Result<Option<(usize, usize, usize)>, FrameError> {
        // Empty lines and the line feed that some senders put behind a counted message.
        while matches!(self.held.front(), Some(b'\n' | b'\r' | 0)) {
            self.held.pop_front();
            self.at += 1;
            self.searched = 0;
        }
        match self.held.front() {
            None => Ok(None),
            Some(b'1'..=b'9') => self.counted(),
            Some(_) => self.line(),
        }
    }

    fn counted(&self) -> Result<Option<(usize, usize, usize)>, FrameError> {
        let error = FrameError::Count {
            at: self.at,
            limit: self.limit,
        };
        let mut count = 0usize;
        for (digits, byte) in self.held.iter().enumerate() {
            match byte {
                b'0'..=b'9' => count = count * 10 + usize::from(byte - b'0'),
                b' ' => {
                    let whole = self.held.len() - digits > count;
                    return Ok(whole.then_some((digits + 1, count, 0)));
                }
                _ => return Err(error),
            }
            if count > self.limit {
                return Err(error);
            }
        }
        Ok(None)
    }

    fn line(&mut self) -> Result<Option<(usize, usize, usize)>, FrameError> {
        let end = self
            .held
            .range(self.searched..)
            .position(|b| matches!(b, b'\n' | 0))
            .map(|end| end + self.searched);
        match end {
            Some(end) if end <= self.limit => Ok(Some((0, end, 1))),
            None if self.held.len() <= self.limit => {
                self.searched = self.held.len();
                Ok(None)
            }
            _ => Err(FrameError::TooLong {
                at: self.at,
                limit: self.limit,
            }),
        }
    }

    fn cut(&mut self, skip: usize, len: usize, after: usize) -> Vec<u8> {
        self.held.drain(..skip);
        let mut message: Vec<u8> = self.held.drain(..len).collect();
        self.held.drain(..after);
        self.at += (skip + len + after) as u64;
        self.searched = 0;
        if message.last() == Some(&b'\r') {
            message.pop();
        }
        message
    }
}

fn run<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut framer = Framer::new(64);
    let mut out = Vec::new();
    for chunk in chunks {
        framer.push(chunk);
        loop {
            match framer.pull() {
                Ok(Some(message)) => out.push(message),
                Ok(None) => break,
                Err(error) => return (out, Some(error)),
            }
        }
    }
    out.extend(framer.finish());
    (out, None)
}

#[doc(hidden)]
pub fn fuzz_framing(data: &[u8]) {
    let Some((first, stream)) = data.split_first() else {
        return;
    };
    let whole = run(std::iter::once(stream));
    assert_eq!(whole, run(stream.chunks(1)), "byte by byte");
    let size = usize::from(*first).max(1);
    assert_eq!(whole, run(stream.chunks(size)), "in chunks of {size}");
    assert!(whole.0.iter().all(|m| m.len() <= 64));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(stream: &[u8]) -> Vec<String> {
        let (messages, error) = run(std::iter::once(stream));
        assert_eq!(error, None);
        let text = |m| String::from_utf8(m).unwrap();
        messages.into_iter().map(text).collect()
    }

    #[test]
    fn both_framings_in_one_stream() {
        let stream = b"<13>one\r\n5 <1>\na6 <13>bc\n<13>two\0<13>open";
        assert_eq!(
            all(stream),
            ["<13>one", "<1>\na", "<13>bc", "<13>two", "<13>open"]
        );
    }

    #[test]
    fn a_count_cut_short_is_no_message() {
        assert_eq!(all(b"9 <13>abc"), Vec::<String>::new());
    }

    #[test]
    fn borders_that_cannot_be_told_end_the_stream() {
        let at = |s: &[u8]| run(std::iter::once(s)).1;
        assert_eq!(
            at(b"<1>a\n99 x"),
            Some(FrameError::Count { at: 5, limit: 64 })
        );
        assert_eq!(at(b"1x2"), Some(FrameError::Count { at: 0, limit: 64 }));
        let long = [b'a'; 65];
        assert_eq!(at(&long), Some(FrameError::TooLong { at: 0, limit: 64 }));
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(data: Vec<u8>) {
            fuzz_framing(&data);
        }

        #[test]
        fn chunks_do_not_matter_near_the_grammar(
            size in 1u8..9,
            parts in prop::collection::vec("([1-9][0-9]? )?(<[0-9]{1,3}>)?[a-c \n\r]{0,12}\n?", 0..12),
        ) {
            let mut data = vec![size];
            data.extend(parts.concat().bytes());
            fuzz_framing(&data);
        }
    }
}
