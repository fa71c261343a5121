//! Asterisk Manager Interface: blocks of `Name: value` lines that end with an empty line, behind
//! one line of greeting.

use ringfence_event::Map;
use serde_json::Value;

use super::Found;

/// Longest message; real ones stay under 8 KiB.
const LONGEST: usize = 64 << 10;
const LONGEST_GREETING: usize = 256;
/// Fields of a message.
const MOST_FIELDS: usize = 256;

/// Takes messages off a stream.
#[derive(Debug, Default)]
pub struct AmiReader {
    buffer: Vec<u8>,
    /// How far the buffer was searched for an end.
    searched: usize,
    greeted: bool,
    skipping: bool,
}

impl AmiReader {
    /// Takes in what came; at most 64 KiB and this are held.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The greeting, for example `Asterisk Call Manager/9.0.0`; once, before all messages. What is longer
    /// than any greeting is cut.
    pub fn greeting(&mut self) -> Option<String> {
        if self.greeted {
            return None;
        }
        let reach = self.buffer.get(..LONGEST_GREETING).unwrap_or(&self.buffer);
        let end = match memchr::memchr(b'\n', reach) {
            Some(end) => end,
            // Whatever it is, it is none; it is shown as it came.
            None if self.buffer.len() >= LONGEST_GREETING => LONGEST_GREETING - 1,
            None => return None,
        };
        let line: Vec<u8> = self.buffer.drain(..=end).collect();
        self.greeted = true;
        self.searched = 0;
        Some(String::from_utf8_lossy(line.trim_ascii()).into_owned())
    }

    /// The next message: its fields in their order. The values of a name that occurs again are
    /// joined by line breaks (`Output`).
    pub fn next_message(&mut self) -> Option<Found<Map>> {
        loop {
            let Some(end) = self.end() else {
                if self.buffer.len() > LONGEST {
                    // The last bytes may be the beginning of the end.
                    let keep = self.buffer.len() - 3;
                    self.buffer.drain(..keep);
                    self.searched = 0;
                    if !std::mem::replace(&mut self.skipping, true) {
                        return Some(Found::TooLong);
                    }
                }
                return None;
            };
            let block: Vec<u8> = self.buffer.drain(..end).collect();
            self.searched = 0;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if block.len() > LONGEST {
                return Some(Found::TooLong);
            }
            let fields = fields(&block);
            if !fields.is_empty() {
                return Some(Found::Message(fields));
            }
        }
    }

    /// Behind the empty line that ends the first message.
    fn end(&mut self) -> Option<usize> {
        let from = self.searched.saturating_sub(3);
        for at in memchr::memchr_iter(b'\n', self.buffer.get(from..)?) {
            let behind = from + at + 1;
            let rest = self.buffer.get(behind..).unwrap_or_default();
            match rest {
                [b'\n', ..] => return Some(behind + 1),
                [b'\r', b'\n', ..] => return Some(behind + 2),
                _ => {}
            }
        }
        self.searched = self.buffer.len();
        None
    }
}

fn fields(block: &[u8]) -> Map {
    let mut fields = Map::new();
    for line in String::from_utf8_lossy(block).lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        if let Some(Value::String(known)) = fields.get_mut(name) {
            known.push('\n');
            known.push_str(value);
        } else if !name.is_empty() && fields.len() < MOST_FIELDS {
            fields.insert(name.to_owned(), value.into());
        }
    }
    fields
}

#[doc(hidden)]
pub fn fuzz_ami(data: &[u8]) {
    let all = |step: usize| {
        let mut reader = AmiReader::default();
        let mut found = Vec::new();
        let mut greeting = None;
        for piece in data.chunks(step.max(1)) {
            reader.push(piece);
            greeting = greeting.or_else(|| reader.greeting());
            while let Some(message) = greeting.as_ref().and_then(|_| reader.next_message()) {
                found.push(message);
            }
            assert!(greeting.is_none() || reader.buffer.len() <= LONGEST + step);
        }
        (greeting, found)
    };
    let step = data.first().map_or(1, |b| usize::from(*b));
    // However the bytes arrive, short messages come out the same.
    if data.len() < LONGEST {
        assert_eq!(all(data.len()), all(step));
    } else {
        all(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn messages_follow_the_greeting() {
        let mut reader = AmiReader::default();
        reader.push(b"Asterisk Call Manager/9.0.0\r\nEvent: Hangup\r\nCause-txt: Normal: ok\r\n");
        assert_eq!(reader.greeting().unwrap(), "Asterisk Call Manager/9.0.0");
        assert_eq!(reader.next_message(), None);
        reader.push(b"\r\nResponse: Success\r\nOutput: a\r\nOutput: b\r\n\r\n");
        let messages: Vec<_> = std::iter::from_fn(|| reader.next_message()).collect();
        let map = |v: Value| Found::Message(v.as_object().unwrap().clone());
        assert_eq!(
            messages,
            [
                map(json!({"Event": "Hangup", "Cause-txt": "Normal: ok"})),
                map(json!({"Response": "Success", "Output": "a\nb"})),
            ]
        );
    }

    #[test]
    fn a_message_without_end_is_skipped_to_its_end() {
        let mut reader = AmiReader::default();
        reader.push(b"hello\r\n");
        reader.greeting();
        let mut found = Vec::new();
        for _ in 0..100 {
            reader.push(&[b'x'; 4_096]);
            found.extend(reader.next_message());
        }
        reader.push(b"\r\n\r\nEvent: Next\r\n\r\n");
        found.extend(reader.next_message());
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], Found::TooLong);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes(data in "\\PC?(Event: [ab]\r?\n?|\r\n|: |\n){0,12}") {
            fuzz_ami(data.as_bytes());
        }
    }
}
