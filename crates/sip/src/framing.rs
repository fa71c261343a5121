use memchr::memmem;

use crate::{HeaderName, Limits};

/// Cuts a TCP or TLS stream into messages (RFC 3261 §18.3, RFC 5626 §3.5.1).
///
/// Push what was read, then take frames until there is none, then push again. It holds at
/// most two messages' worth of bytes.
#[derive(Debug)]
pub struct StreamFramer {
    limits: Limits,
    buffer: Vec<u8>,
    /// Bytes of `buffer` already given out.
    consumed: usize,
    /// How far past `consumed` the end of the headers was looked for, so that a head that
    /// arrives byte by byte is not scanned again and again.
    scanned: usize,
    /// Length of the message being waited for, once its headers are known.
    needed: usize,
    /// Offset of `buffer`'s start in the stream.
    offset: u64,
    broken: bool,
}

/// What a stream is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// One whole message, ready for [`crate::Message::parse`].
    Message(&'a [u8]),
    /// A double CRLF: the client asks whether the connection is alive.
    Ping,
    /// A single CRLF: the answer.
    Pong,
}

/// Why a stream cannot be cut any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stream byte {offset}: {reason} ({section})")]
pub struct FrameError {
    /// Offset of the message in the stream.
    pub offset: u64,
    /// What is wrong.
    pub reason: &'static str,
    /// The rule that is broken.
    pub section: &'static str,
}

impl StreamFramer {
    /// A framer for one direction of one connection.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        let buffer = Vec::new();
        Self {
            limits,
            buffer,
            consumed: 0,
            scanned: 0,
            needed: 0,
            offset: 0,
            broken: false,
        }
    }

    /// Takes bytes and says how many; fewer than given when frames must be taken first.
    pub fn push(&mut self, data: &[u8]) -> usize {
        if self.consumed > 0 {
            self.buffer.drain(..self.consumed.min(self.buffer.len()));
            self.offset += self.consumed as u64;
            self.consumed = 0;
        }
        let room = (2 * self.limits.message).saturating_sub(self.buffer.len());
        let taken = data.get(..room).unwrap_or(data);
        self.buffer.extend_from_slice(taken);
        taken.len()
    }

    /// The next frame; `None` until more bytes arrive.
    ///
    /// # Errors
    /// When the end of a message cannot be known. The stream then stays broken: a server
    /// closes the connection, an observer may call [`StreamFramer::resync`].
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        if self.broken {
            return Err(self.error("stream is broken by an earlier error", "RFC 3261 §18.3"));
        }
        match self.find_frame() {
            Ok(None) => Ok(None),
            Ok(Some((length, found))) => {
                let start = self.consumed;
                self.consumed += length;
                (self.scanned, self.needed) = (0, 0);
                let message = self.buffer.get(start..self.consumed).unwrap_or_default();
                Ok(Some(match found {
                    Found::Message => Frame::Message(message),
                    Found::Ping => Frame::Ping,
                    Found::Pong => Frame::Pong,
                }))
            }
            Err(error) => {
                self.broken = true;
                Err(error)
            }
        }
    }

    /// Forgets the unfinished message: bytes after it were lost. What is pushed next will
    /// most likely start inside a message, so an error and [`StreamFramer::resync`] follow.
    pub fn lost(&mut self) {
        self.offset += self.buffer.len() as u64;
        self.buffer.clear();
        (self.consumed, self.scanned, self.needed) = (0, 0, 0);
        self.broken = false;
    }

    /// Drops bytes up to the next line that looks like a start line. For an observer that
    /// joined mid-stream or lost segments. Returns how many were dropped.
    pub fn resync(&mut self) -> usize {
        let pending = self.pending();
        let mut start = 0;
        // The current start is what failed, so look from the second line on.
        while let Some(at) = pending
            .get(start..)
            .and_then(|rest| memchr::memchr(b'\n', rest))
        {
            start += at + 1;
            let line = pending.get(start..).unwrap_or_default();
            match memchr::memchr(b'\n', line) {
                Some(end) if is_start_line(line.get(..end).unwrap_or_default()) => break,
                // An unfinished line may yet become one.
                None => break,
                Some(_) => {}
            }
        }
        // A line longer than any start line cannot become one.
        let rest = pending.get(start..).unwrap_or_default();
        let hopeless = rest.len() > self.limits.start_line && memchr::memchr(b'\n', rest).is_none();
        let dropped = if hopeless { pending.len() } else { start };
        self.consumed += dropped;
        (self.scanned, self.needed) = (0, 0);
        self.broken = false;
        dropped
    }

    /// Bytes held that are not part of a whole frame yet.
    #[must_use]
    pub fn pending_len(&self) -> usize {
        self.pending().len()
    }

    fn pending(&self) -> &[u8] {
        self.buffer.get(self.consumed..).unwrap_or_default()
    }

    fn find_frame(&mut self) -> Result<Option<(usize, Found)>, FrameError> {
        let pending = self.pending();
        match pending {
            _ if pending.len() < self.needed => return Ok(None),
            [] | [b'\r'] | [b'\r', b'\n', b'\r'] => return Ok(None),
            [b'\r', b'\n', b'\r', b'\n', ..] => return Ok(Some((4, Found::Ping))),
            // Wait: a second CRLF would make it a ping; a message proves it was a pong.
            [b'\r', b'\n'] => return Ok(Some((2, Found::Pong))),
            [b'\r', b'\n', ..] => return Ok(Some((2, Found::Pong))),
            [b'\n' | b'\r', ..] => return Ok(Some((1, Found::Pong))),
            _ => {}
        }
        // The blank line may straddle two pushes.
        let from = self.scanned.saturating_sub(3);
        let window = pending.get(from..).unwrap_or_default();
        let Some(end) = memmem::find(window, b"\r\n\r\n") else {
            if pending.len() >= self.limits.message {
                return Err(self.error("headers are longer than the limit", "RFC 3261 §18.3"));
            }
            self.scanned = pending.len();
            return Ok(None);
        };
        let head_length = from + end + 4;
        let head = pending.get(..head_length).unwrap_or_default();
        let body_length = self.body_length(head)?;
        let length = head_length.saturating_add(body_length);
        if length > self.limits.message {
            return Err(self.error("message is longer than the limit", "RFC 3261 §18.3"));
        }
        if pending.len() < length {
            self.needed = length;
            return Ok(None);
        }
        Ok(Some((length, Found::Message)))
    }

    /// RFC 3261 §20.14: on a stream Content-Length is mandatory, and everything depends on
    /// it; repeats must agree.
    fn body_length(&self, head: &[u8]) -> Result<usize, FrameError> {
        const SECTION: &str = "RFC 3261 §20.14";
        let mut lines = head.split(|b| *b == b'\n');
        if !lines.next().is_some_and(is_start_line) {
            return Err(self.error("stream does not continue with a start line", "RFC 3261 §7"));
        }
        let mut found = None;
        for line in lines {
            let Some(colon) = memchr::memchr(b':', line) else {
                continue;
            };
            let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
            if HeaderName::from_bytes(name.trim_ascii_end()) != HeaderName::ContentLength {
                continue;
            }
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            let length = str::from_utf8(value)
                .ok()
                .and_then(crate::lex::decimal)
                .and_then(|length| usize::try_from(length).ok())
                .ok_or_else(|| self.error("Content-Length is not a number", SECTION))?;
            if found.is_some_and(|other| other != length) {
                return Err(self.error("two Content-Length headers disagree", SECTION));
            }
            found = Some(length);
        }
        found.ok_or_else(|| self.error("message on a stream has no Content-Length", SECTION))
    }

    const fn error(&self, reason: &'static str, section: &'static str) -> FrameError {
        FrameError {
            offset: self.offset + self.consumed as u64,
            reason,
            section,
        }
    }
}

#[derive(Clone, Copy)]
enum Found {
    Message,
    Ping,
    Pong,
}

/// `SIP/2.0 …` or `… SIP/2.0`.
fn is_start_line(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let marker = |part: Option<&[u8]>| part.is_some_and(|p| p.eq_ignore_ascii_case(b"SIP/2.0"));
    marker(line.get(..7)) || marker(line.len().checked_sub(7).and_then(|at| line.get(at..)))
}

/// Whatever the cut of the input, the same frames come out, in order and within the limit.
#[doc(hidden)]
pub fn fuzz_framing(data: &[u8]) {
    let limits = Limits {
        message: 4096,
        ..Limits::default()
    };
    let run = |step: usize| {
        let mut framer = StreamFramer::new(limits);
        let mut messages = Vec::new();
        let mut rest = data;
        loop {
            let taken = framer.push(rest.get(..step).unwrap_or(rest));
            rest = rest.get(taken..).unwrap_or_default();
            assert!(framer.pending_len() <= 2 * limits.message);
            loop {
                match framer.next_frame() {
                    Ok(Some(Frame::Message(message))) => messages.push(message.to_vec()),
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => return messages,
                }
            }
            if rest.is_empty() {
                return messages;
            }
        }
    };
    let whole = run(usize::MAX);
    assert_eq!(whole, run(7));
    assert!(whole.iter().all(|message| message.len() <= limits.message));
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nl: 2\r\n\r\nhi";
    const TWO: &[u8] = b"SIP/2.0 200 OK\r\nContent-Length : 0\r\n\r\n";

    fn messages(framer: &mut StreamFramer, data: &[u8]) -> Vec<Vec<u8>> {
        assert_eq!(framer.push(data), data.len());
        let mut out = Vec::new();
        while let Some(frame) = framer.next_frame().expect("sound stream") {
            if let Frame::Message(message) = frame {
                out.push(message.to_vec());
            }
        }
        out
    }

    #[test]
    fn messages_come_out_whole_however_they_arrive() {
        let stream = [ONE, b"\r\n\r\n", TWO, ONE].concat();
        let mut framer = StreamFramer::new(Limits::default());
        assert_eq!(messages(&mut framer, &stream), [ONE, TWO, ONE]);
        let mut framer = StreamFramer::new(Limits::default());
        let single: Vec<_> = stream
            .iter()
            .flat_map(|b| messages(&mut framer, std::slice::from_ref(b)))
            .collect();
        assert_eq!(single, [ONE, TWO, ONE]);
    }

    #[test]
    fn a_ping_is_told_from_a_pong() {
        let mut framer = StreamFramer::new(Limits::default());
        framer.push(b"\r\n\r\n");
        assert_eq!(framer.next_frame(), Ok(Some(Frame::Ping)));
        framer.push(b"\r\n");
        assert_eq!(framer.next_frame(), Ok(Some(Frame::Pong)));
        assert_eq!(framer.next_frame(), Ok(None));
    }

    #[test]
    fn an_unknown_end_breaks_the_stream_until_resync() {
        let mut framer = StreamFramer::new(Limits::default());
        framer.push(b"OPTIONS sip:a@b SIP/2.0\r\nTo: x\r\n\r\n");
        framer.push(ONE);
        let error = framer.next_frame().expect_err("no Content-Length");
        assert_eq!(error.reason, "message on a stream has no Content-Length");
        assert!(framer.next_frame().is_err());
        framer.resync();
        assert_eq!(framer.next_frame(), Ok(Some(Frame::Message(ONE))));
    }

    #[test]
    fn an_observer_finds_its_place_again_after_a_loss() {
        let mut framer = StreamFramer::new(Limits::default());
        framer.push(ONE.get(..20).unwrap_or_default());
        framer.lost();
        framer.push(b"example.com\r\nl: 0\r\n\r\n");
        framer.push(TWO);
        assert!(framer.next_frame().is_err());
        framer.resync();
        assert_eq!(framer.next_frame(), Ok(Some(Frame::Message(TWO))));
    }

    #[test]
    fn memory_is_bounded() {
        let limits = Limits {
            message: 1000,
            ..Limits::default()
        };
        let mut framer = StreamFramer::new(limits);
        assert_eq!(framer.push(&[b'a'; 5000]), 2000);
        assert!(framer.next_frame().is_err());
        let mut framer = StreamFramer::new(limits);
        framer.push(b"OPTIONS sip:a@b SIP/2.0\r\nl: 4294967295\r\n\r\n");
        assert!(framer.next_frame().is_err());
    }
}
