//! Syslog over a stream: octet counting and lines (RFC 6587 §3.4, RFC 5425 §4.3).

use bytes::{Buf, Bytes, BytesMut};

use super::Step;

/// A count of more digits than this is not a length that anyone means.
const MAX_DIGITS: usize = 8;

/// Takes syslog messages off a stream.
///
/// The first message tells which framing the sender uses, and the connection keeps to it: were
/// each message asked anew, a logged text with a line break followed by `60000 <` could swallow
/// the messages after it (RFC 6587 §3.4.2 names the danger).
#[derive(Debug)]
pub struct SyslogFramer {
    mode: Mode,
    skip: Skip,
    max: usize,
    /// Bytes at the front of the buffer that are known to hold no line feed.
    scanned: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Unknown,
    Counted,
    Lines,
}

/// What is left of a message that was too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skip {
    Nothing,
    Bytes(usize),
    ToLineFeed,
}

/// What a counted frame's head says.
enum Head {
    Length { digits: usize, length: usize },
    More,
    NoCount,
}

impl SyslogFramer {
    /// A framer for one connection whose messages may have `max` bytes.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            mode: Mode::Unknown,
            skip: Skip::Nothing,
            max: max.max(1),
            scanned: 0,
        }
    }

    /// Whether it is past the limit of a message and looks for its end.
    #[must_use]
    pub fn is_skipping(&self) -> bool {
        self.skip != Skip::Nothing
    }

    /// Takes the next message off the front of `buf`.
    pub fn step(&mut self, buf: &mut BytesMut) -> Step {
        if !self.skipped(buf) {
            return Step::More;
        }
        self.strip_separators(buf);
        if buf.is_empty() {
            return Step::More;
        }
        if self.mode == Mode::Unknown {
            match mode_of(buf) {
                Some(mode) => self.mode = mode,
                None => return Step::More,
            }
        }
        if self.mode == Mode::Counted {
            self.counted(buf)
        } else {
            self.line(buf)
        }
    }

    /// The connection has ended. A last line needs no line feed; a last counted message must be
    /// whole.
    pub fn finish(&mut self, buf: &mut BytesMut) -> Step {
        if self.is_skipping() {
            buf.clear();
        }
        let rest = buf.split().freeze();
        self.scanned = 0;
        match self.mode {
            _ if rest.is_empty() => Step::More,
            Mode::Counted => Step::Broken(rest),
            Mode::Lines | Mode::Unknown => Step::Record(trim_line(rest)),
        }
    }

    /// Drops what belongs to a message that was too long; false while its end is not there.
    fn skipped(&mut self, buf: &mut BytesMut) -> bool {
        match self.skip {
            Skip::Nothing => return true,
            Skip::Bytes(left) => {
                let now = left.min(buf.len());
                buf.advance(now);
                if now < left {
                    self.skip = Skip::Bytes(left - now);
                    return false;
                }
            }
            Skip::ToLineFeed => match memchr::memchr(b'\n', buf) {
                Some(at) => buf.advance(at + 1),
                None => {
                    buf.clear();
                    return false;
                }
            },
        }
        self.skip = Skip::Nothing;
        true
    }

    /// Some senders end counted messages with a line feed too, others end lines with NUL or CR LF
    /// (RFC 6587 §3.4.2): none of these begins a message.
    fn strip_separators(&mut self, buf: &mut BytesMut) {
        let n = buf
            .iter()
            .take_while(|b| matches!(b, b'\n' | b'\r' | 0))
            .count();
        if n > 0 {
            buf.advance(n);
            self.scanned = 0;
        }
    }

    fn counted(&mut self, buf: &mut BytesMut) -> Step {
        let (digits, length) = match head(buf) {
            Head::Length { digits, length } => (digits, length),
            Head::More => return Step::More,
            Head::NoCount => return Step::Broken(buf.split().freeze()),
        };
        let start = digits + 1;
        let take = length.min(self.max);
        if buf.len() < start + take {
            return Step::More;
        }
        buf.advance(start);
        let message = buf.split_to(take).freeze();
        if length > self.max {
            self.skip = Skip::Bytes(length - take);
            return Step::Oversize(message);
        }
        Step::Record(message)
    }

    fn line(&mut self, buf: &mut BytesMut) -> Step {
        let unseen = buf.get(self.scanned..).unwrap_or_default();
        let end = memchr::memchr(b'\n', unseen).map(|at| self.scanned + at);
        if let Some(end) = end.filter(|end| *end <= self.max) {
            self.scanned = 0;
            let line = buf.split_to(end).freeze();
            buf.advance(1);
            return Step::Record(trim_line(line));
        }
        if buf.len() > self.max {
            self.scanned = 0;
            self.skip = Skip::ToLineFeed;
            return Step::Oversize(buf.split_to(self.max).freeze());
        }
        self.scanned = buf.len();
        Step::More
    }
}

/// Counted when the stream begins like `SYSLOG-FRAME = MSG-LEN SP SYSLOG-MSG` (RFC 5425 §4.3) with
/// the `<` that every syslog message begins with; lines otherwise.
fn mode_of(buf: &[u8]) -> Option<Mode> {
    match head(buf) {
        Head::More => None,
        Head::NoCount => Some(Mode::Lines),
        Head::Length { digits, .. } => match buf.get(digits + 1) {
            None => None,
            Some(b'<') => Some(Mode::Counted),
            Some(_) => Some(Mode::Lines),
        },
    }
}

/// Reads `MSG-LEN SP`: a number without a leading zero.
fn head(buf: &[u8]) -> Head {
    let digits = buf
        .iter()
        .take(MAX_DIGITS + 1)
        .take_while(|b| b.is_ascii_digit())
        .count();
    if digits > MAX_DIGITS || (digits > 0 && buf.first() == Some(&b'0')) {
        return Head::NoCount;
    }
    match buf.get(digits) {
        None => Head::More,
        Some(b' ') if digits > 0 => {
            let number = buf.get(..digits).unwrap_or_default();
            let length = number
                .iter()
                .fold(0_usize, |n, b| n * 10 + usize::from(b - b'0'));
            Head::Length { digits, length }
        }
        Some(_) => Head::NoCount,
    }
}

fn trim_line(mut line: Bytes) -> Bytes {
    let tail = line
        .iter()
        .rev()
        .take_while(|b| matches!(b, b'\r' | 0))
        .count();
    line.truncate(line.len() - tail);
    line
}

/// However the stream is cut into reads, the same messages come out, none over the limit.
#[doc(hidden)]
pub fn fuzz_syslog_framing(data: &[u8]) {
    const MAX: usize = 64;
    let run = |piece: usize| {
        let mut framer = SyslogFramer::new(MAX);
        let mut buf = BytesMut::new();
        let mut out = Vec::new();
        for part in data.chunks(piece) {
            buf.extend_from_slice(part);
            loop {
                match framer.step(&mut buf) {
                    Step::More => break,
                    Step::Broken(_) => return out,
                    Step::Record(bytes) | Step::Oversize(bytes) => {
                        assert!(bytes.len() <= MAX, "a message over the limit came out");
                        out.push(bytes);
                    }
                }
            }
            assert!(
                buf.len() <= MAX + MAX_DIGITS + 1,
                "the buffer holds more than one message"
            );
        }
        if let Step::Record(bytes) = framer.finish(&mut buf) {
            out.push(bytes);
        }
        out
    };
    let whole = run(data.len().max(1));
    for piece in [1, 2, 7] {
        assert_eq!(run(piece), whole, "cut into pieces of {piece}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(stream: &[u8], max: usize) -> (Vec<Step>, SyslogFramer) {
        let mut framer = SyslogFramer::new(max);
        let mut buf = BytesMut::from(stream);
        let mut steps = Vec::new();
        loop {
            match framer.step(&mut buf) {
                Step::More => break,
                Step::Broken(bytes) => {
                    steps.push(Step::Broken(bytes));
                    return (steps, framer);
                }
                step => steps.push(step),
            }
        }
        match framer.finish(&mut buf) {
            Step::More => {}
            step => steps.push(step),
        }
        (steps, framer)
    }

    fn record(s: &'static str) -> Step {
        Step::Record(Bytes::from_static(s.as_bytes()))
    }

    #[test]
    fn both_framings_and_their_mixed_habits() {
        let cases: &[(&[u8], &[&'static str])] = &[
            (b"6 <1>abc7 <1>a\nbc", &["<1>abc", "<1>a\nbc"]),
            (b"6 <1>abc\n6 <1>def\n", &["<1>abc", "<1>def"]),
            (b"<1>abc\n<2>def\n", &["<1>abc", "<2>def"]),
            (b"<1>abc\r\n<2>def\0\n", &["<1>abc", "<2>def"]),
            (b"<1>abc\n<2>last", &["<1>abc", "<2>last"]),
            // a line that looks like a count does not change the framing
            (
                b"<1>abc\n60000 <1>x\n<2>def\n",
                &["<1>abc", "60000 <1>x", "<2>def"],
            ),
            // digits that are no count
            (b"2026 was a year\n", &["2026 was a year"]),
            (b"0 <1>abc\n", &["0 <1>abc"]),
        ];
        for (stream, want) in cases {
            let want: Vec<Step> = want.iter().copied().map(record).collect();
            assert_eq!(
                all(stream, 100).0,
                want,
                "{}",
                String::from_utf8_lossy(stream)
            );
        }
    }

    #[test]
    fn a_message_over_the_limit_is_cut_and_the_next_is_found() {
        let (steps, _) = all(b"12 <1>4567890126 <2>abc", 8);
        assert_eq!(
            steps,
            [
                Step::Oversize(Bytes::from_static(b"<1>45678")),
                record("<2>abc")
            ]
        );
        let (steps, _) = all(b"<1>4567890\n<2>abc\n", 8);
        assert_eq!(
            steps,
            [
                Step::Oversize(Bytes::from_static(b"<1>45678")),
                record("<2>abc")
            ]
        );
    }

    #[test]
    fn a_lost_count_is_broken_and_a_cut_message_too() {
        let (steps, _) = all(b"6 <1>abcoops", 100);
        assert_eq!(
            steps,
            [record("<1>abc"), Step::Broken(Bytes::from_static(b"oops"))]
        );
        let (steps, _) = all(b"6 <1>abc9 <1>a", 100);
        assert_eq!(
            steps,
            [
                record("<1>abc"),
                Step::Broken(Bytes::from_static(b"9 <1>a"))
            ]
        );
    }

    #[test]
    fn a_huge_count_keeps_no_memory() {
        let (steps, framer) = all(b"99999999 <1>abc", 4);
        assert_eq!(steps, [Step::Oversize(Bytes::from_static(b"<1>a"))]);
        assert!(framer.is_skipping());
    }

    proptest! {
        #[test]
        fn framing_does_not_depend_on_reads(data in any::<Vec<u8>>()) {
            fuzz_syslog_framing(&data);
        }

        #[test]
        fn counted_streams_too(
            texts in prop::collection::vec("<[0-9]{1,3}>[a-z\n ]{0,80}", 1..6),
            flip in any::<prop::sample::Index>(),
        ) {
            let mut data = Vec::new();
            for text in &texts {
                data.extend_from_slice(format!("{} {text}", text.len()).as_bytes());
            }
            fuzz_syslog_framing(&data);
            let at = flip.index(data.len());
            data[at] ^= 0x11;
            fuzz_syslog_framing(&data);
        }
    }
}
