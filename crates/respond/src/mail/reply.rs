//! What a mail server answers (RFC 5321 section 4.2): lines of a code and words.

/// Longest line and most lines that are taken; RFC 5321 section 4.5.3.1.5 asks for 512 bytes.
pub(crate) const MAX_LINE: usize = 2_048;
pub(crate) const MAX_LINES: usize = 128;
const MAX_WORDS: usize = 200;

/// A whole answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    /// The words of each line.
    pub(crate) lines: Vec<String>,
}

impl Reply {
    /// Takes a line without its end; whether it was the last, or nothing where it is no answer.
    pub(crate) fn take(&mut self, line: &[u8]) -> Option<bool> {
        let (code, rest) = line.split_first_chunk::<3>()?;
        if !code.iter().all(u8::is_ascii_digit) || self.lines.len() >= MAX_LINES {
            return None;
        }
        let code = code.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'));
        if !(200..600).contains(&code) || (!self.lines.is_empty() && code != self.code) {
            return None;
        }
        let (last, words) = match rest.split_first() {
            None => (true, &[][..]),
            Some((b' ', words)) => (true, words),
            Some((b'-', words)) => (false, words),
            Some(_) => return None,
        };
        self.code = code;
        self.lines.push(String::from_utf8_lossy(words).into_owned());
        Some(last)
    }

    /// Whether an extension is offered in an answer to EHLO, with this parameter if one is given.
    pub(crate) fn offers(&self, extension: &str, parameter: &str) -> bool {
        self.lines.iter().skip(1).any(|line| {
            let mut words = line.split(' ');
            let named = words
                .next()
                .is_some_and(|w| w.eq_ignore_ascii_case(extension));
            named && (parameter.is_empty() || words.any(|w| w.eq_ignore_ascii_case(parameter)))
        })
    }

    /// Code and words in one harmless line.
    pub(crate) fn shown(&self) -> String {
        let words = self.lines.join(" ");
        let text = format!("{} {words}", self.code);
        let safe = ringfence_event::neutralise(text.trim_end());
        ringfence_event::clip(&safe, MAX_WORDS).into_owned()
    }
}

/// Fuzz entry: no line of a server panics, and what is shown is one bounded line.
#[doc(hidden)]
pub fn fuzz_reply(data: &[u8]) {
    let mut reply = Reply::default();
    for line in data.split(|b| *b == b'\n') {
        match reply.take(line) {
            Some(true) | None => break,
            Some(false) => {}
        }
    }
    let _ = reply.offers("AUTH", "PLAIN");
    let shown = reply.shown();
    assert!(shown.len() <= MAX_WORDS + "…".len() && !shown.contains(char::is_control));
    assert!(reply.lines.len() <= MAX_LINES);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<Reply> {
        let mut reply = Reply::default();
        for line in text.split('\n') {
            if reply.take(line.as_bytes())? {
                return Some(reply);
            }
        }
        None
    }

    #[test]
    fn answers_of_one_and_of_many_lines() {
        let hello = read("250-mail.example\n250-STARTTLS\n250 AUTH LOGIN PLAIN").unwrap();
        assert!(hello.offers("starttls", "") && hello.offers("AUTH", "plain"));
        assert!(!hello.offers("AUTH", "XOAUTH2") && !hello.offers("mail.example", ""));
        assert_eq!(read("354").unwrap().code, 354);
        for broken in [
            "",
            "25",
            "abc hello",
            "250-x\n251 y",
            "250?x",
            "999 x",
            "250-x",
        ] {
            assert_eq!(read(broken), None, "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_safe(data in proptest::collection::vec(any::<u8>(), 0..300)) {
            fuzz_reply(&data);
        }

        #[test]
        fn lines_that_look_like_answers_are_safe(text in "(2[0-9]{2}[- ][ -~\r]{0,20}\n){0,6}") {
            fuzz_reply(text.as_bytes());
        }
    }
}
