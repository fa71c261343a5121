//! FreeSWITCH event socket: header lines up to an empty one, then a body of `Content-Length` bytes.

use super::Found;

/// Longest head and longest body; events with all their variables reach some 20 KiB.
const LONGEST_HEAD: usize = 16 << 10;
const LONGEST_BODY: usize = 1 << 20;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EslFrame {
    /// `auth/request`, `command/reply`, `api/response`, `text/event-json`, …
    pub content_type: String,
    /// What became of a command: `+OK …` or `-ERR …`.
    pub reply: String,
    /// What follows the head.
    pub body: Vec<u8>,
}

/// Takes frames off a stream.
#[derive(Debug, Default)]
pub struct EslReader {
    buffer: Vec<u8>,
    searched: usize,
    /// Bytes of a body that is too long and still to come.
    skip: usize,
}

impl EslReader {
    /// Takes in what came.
    pub fn push(&mut self, bytes: &[u8]) {
        let skip = self.skip.min(bytes.len());
        self.skip -= skip;
        self.buffer
            .extend_from_slice(bytes.get(skip..).unwrap_or_default());
    }

    /// The next frame.
    ///
    /// # Errors
    /// When the stream cannot be followed any more: the connection has to be made anew.
    pub fn next_frame(&mut self) -> Result<Option<Found<EslFrame>>, &'static str> {
        // Line ends between frames belong to none.
        let blank = self
            .buffer
            .iter()
            .take_while(|b| matches!(b, b'\n' | b'\r'));
        let blank = blank.count();
        if blank > 0 {
            self.buffer.drain(..blank);
            self.searched = 0;
        }
        let from = self.searched.saturating_sub(1);
        let searched = self.buffer.get(from..).unwrap_or_default();
        let Some(end) = memchr::memmem::find(searched, b"\n\n").map(|n| from + n) else {
            self.searched = self.buffer.len();
            if self.buffer.len() > LONGEST_HEAD {
                return Err("a head of more than 16 KiB");
            }
            return Ok(None);
        };
        let head = String::from_utf8_lossy(self.buffer.get(..end).unwrap_or_default());
        let field = |name: &str| {
            head.lines().find_map(|line| {
                let (found, value) = line.split_once(':')?;
                (found.trim().eq_ignore_ascii_case(name)).then(|| value.trim().to_owned())
            })
        };
        let length = match field("Content-Length") {
            None => 0,
            Some(text) => text.parse().map_err(|_| "a length that is no number")?,
        };
        let (content_type, reply) = (field("Content-Type"), field("Reply-Text"));
        let begin = end + 2;
        let there = self.buffer.len() - begin;
        if length > LONGEST_BODY {
            if length > LONGEST_BODY << 6 {
                return Err("a body of more than 64 MiB");
            }
            self.skip = length - there.min(length);
            self.buffer.drain(..begin + there.min(length));
            self.searched = 0;
            return Ok(Some(Found::TooLong));
        }
        if there < length {
            return Ok(None);
        }
        let body = self.buffer.get(begin..begin + length).unwrap_or_default();
        let frame = EslFrame {
            content_type: content_type.unwrap_or_default(),
            reply: reply.unwrap_or_default(),
            body: body.to_vec(),
        };
        self.buffer.drain(..begin + length);
        self.searched = 0;
        Ok(Some(Found::Message(frame)))
    }
}

#[doc(hidden)]
pub fn fuzz_esl(data: &[u8]) {
    let all = |step: usize| {
        let mut reader = EslReader::default();
        let mut found = Vec::new();
        for piece in data.chunks(step.max(1)) {
            reader.push(piece);
            loop {
                match reader.next_frame() {
                    Ok(Some(frame)) => found.push(Ok(frame)),
                    Ok(None) => break,
                    Err(_) => {
                        found.push(Err(()));
                        return found;
                    }
                }
            }
            assert!(reader.buffer.len() <= LONGEST_BODY + LONGEST_HEAD + step + 2);
        }
        found
    };
    let step = data.first().map_or(1, |b| usize::from(*b));
    if data.len() < LONGEST_HEAD {
        assert_eq!(all(data.len()), all(step));
    } else {
        all(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_with_and_without_a_body() {
        let mut reader = EslReader::default();
        reader
            .push(b"Content-Type: auth/request\n\nContent-Type: command/reply\nReply-Text: +OK a");
        let frame = |reader: &mut EslReader| match reader.next_frame() {
            Ok(Some(Found::Message(frame))) => frame,
            other => panic!("{other:?}"),
        };
        assert_eq!(frame(&mut reader).content_type, "auth/request");
        assert_eq!(reader.next_frame(), Ok(None));
        reader.push(b"ccepted\n\nContent-Length: 4\nContent-Type: text/event-json\n\n{}\n");
        assert_eq!(frame(&mut reader).reply, "+OK accepted");
        assert_eq!(reader.next_frame(), Ok(None));
        reader.push(b"\nContent-Length: 2000000\n\n");
        assert_eq!(frame(&mut reader).body, b"{}\n\n");
        assert_eq!(reader.next_frame(), Ok(Some(Found::TooLong)));
        reader.push(&vec![b'x'; 1_999_999]);
        reader.push(b"xContent-Type: api/response\n\n");
        assert_eq!(frame(&mut reader).content_type, "api/response");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes(data in "(Content-Length: [0-9]{1,2}\n|Content-Type: a/b\n|x|\n|\r){0,20}") {
            fuzz_esl(data.as_bytes());
        }
    }
}
