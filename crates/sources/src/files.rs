//! Files as a source: captures (pcap, pcapng), JSON lines, call detail records, Windows event
//! logs, other logs; gzip and
//! zstd around any of them. The type is told by the content.
//!
//! Loss: none; what cannot be read is told with file and position. The record's own time stands in
//! for receive time, so that a replay of last Tuesday is last Tuesday.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ringfence_capture::{CaptureReader, Output, Pipeline, detect};
use ringfence_event::{Event, EventId, Flag, Origin, RawRecord, Time};
use ringfence_normalise::{
    Batch, EVTX_CHUNK, EVTX_HEAD, EVTX_MAGIC, Normaliser, Position, Reject, RejectCode, SipPacket,
    Transport, evtx_records, sip_event,
};
use ringfence_sip::{Frame, StreamFramer, is_keepalive};
use thiserror::Error;

/// Largest file that has to be read whole (detail records); captures and lines are streamed.
const MOST_TABLE: u64 = 1 << 30;
/// Longest line.
const MOST_LINE: u64 = 1 << 20;
/// A record whose time is so much later than all before it does not move the clock.
const LEAP_MS: i64 = 30 * 24 * 3_600_000;
/// Streams whose framing is remembered at a time.
const MOST_STREAMS: usize = 16_384;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Captured packets.
    Capture,
    /// One JSON record a line, or syslog and other text lines.
    Lines,
    /// A table of call detail records or another CSV.
    Table,
    /// A Windows event log (`.evtx`).
    EventLog,
}

/// A file that cannot be read.
#[derive(Debug, Error)]
pub enum FileError {
    /// The system says no.
    #[error("cannot read `{}`: {source}", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is larger than what can be read whole.
    #[error("`{}` is larger than 1 GiB: split it", .0.display())]
    TooLarge(PathBuf),
}

/// What became of a file.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct FileReport {
    /// What it was taken for.
    pub kind: Option<Kind>,
    /// Records read.
    pub records: u64,
    /// Events made.
    pub events: u64,
    /// Records refused, all of them counted and the first ones told.
    pub rejected: u64,
    /// The first refusals: line or byte, and reason.
    pub reasons: Vec<String>,
    /// What became of the packets of a capture, by name of the counter.
    pub capture: Vec<(String, u64)>,
}

/// Reads one file and hands every event to `take`, in order, with its place as identity.
///
/// # Errors
/// When the file cannot be opened or read.
pub fn read_file(
    path: &Path,
    normaliser: &Normaliser,
    origin: &Origin,
    take: &mut dyn FnMut(Event),
    progress: &mut dyn FnMut(u64),
) -> Result<FileReport, FileError> {
    let failed = |source| FileError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    if meta.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    let modified = meta.modified().ok().and_then(|t| {
        let since = t.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok()
    });
    let mut input = BufReader::with_capacity(256 << 10, inflated(file).map_err(failed)?);
    let kind = kind_of(input.fill_buf().map_err(failed)?);
    let fallback = Time(modified.unwrap_or(0));
    let place = path.display().to_string();
    let mut reading = Reading::new(kind, place, fallback, normaliser, origin, take, progress);
    match kind {
        Kind::Capture => reading.capture(&mut input).map_err(failed)?,
        Kind::Lines => reading.lines(&mut input).map_err(failed)?,
        Kind::EventLog => reading.event_log(&mut input).map_err(failed)?,
        Kind::Table => {
            let mut bytes = Vec::new();
            (&mut input)
                .take(MOST_TABLE + 1)
                .read_to_end(&mut bytes)
                .map_err(failed)?;
            if bytes.len() as u64 > MOST_TABLE {
                return Err(FileError::TooLarge(path.to_owned()));
            }
            reading.table(&bytes);
        }
    }
    Ok(reading.report)
}

/// Reads lines that somebody pasted as those of a file named `place`. What has no time of its own
/// has `fallback`.
pub fn read_text(
    place: &str,
    mut text: &[u8],
    normaliser: &Normaliser,
    origin: &Origin,
    fallback: Time,
    take: &mut dyn FnMut(Event),
) -> FileReport {
    let progress = &mut |_| {};
    let place = place.to_owned();
    let kind = Kind::Lines;
    let mut reading = Reading::new(kind, place, fallback, normaliser, origin, take, progress);
    // Memory can always be read.
    let _ = reading.lines(&mut text);
    reading.report
}

/// Takes a compressing shell off, told by its magic number.
pub(crate) fn inflated(file: File) -> io::Result<Box<dyn Read + Send>> {
    let mut file = BufReader::new(file);
    let start = file.fill_buf()?;
    Ok(match start {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::Decoder::with_buffer(file)?),
        _ => Box::new(file),
    })
}

/// Fills a buffer as far as there is something to fill it with.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|r| !r.is_empty()) {
        match input.read(room) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// What a file holds, told by its beginning.
pub(crate) fn kind_of(start: &[u8]) -> Kind {
    if detect(start).is_some() {
        return Kind::Capture;
    }
    if start.starts_with(EVTX_MAGIC) {
        return Kind::EventLog;
    }
    let line = start
        .split(|b| *b == b'\n')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    let json = line.starts_with(b"{") || line.starts_with(b"[");
    let syslog = line.starts_with(b"<");
    let claimed = line.starts_with(b"CEF:") || line.starts_with(b"LEEF:");
    let commas = line.iter().filter(|b| **b == b',').count();
    if !json && !syslog && !claimed && commas >= 5 {
        Kind::Table
    } else {
        Kind::Lines
    }
}

/// Receive time of a replay: the records' own, never running backwards.
struct Clock {
    now: Option<Time>,
    fallback: Time,
}

impl Clock {
    fn now(&self) -> Time {
        self.now.unwrap_or(self.fallback)
    }

    /// Takes an event's time for its receive time. One far ahead of all before it is flagged and
    /// moves nothing.
    fn place(&mut self, event: &mut Event) {
        event.flags.retain(|f| *f != Flag::TimeSkewed);
        if event.flags.contains(&Flag::TimeMissing) {
            event.received = self.now();
            event.time = event.received;
            return;
        }
        let leap = self.now.is_some_and(|now| event.time.since(now) > LEAP_MS);
        if leap {
            event.flag(Flag::TimeSkewed);
        } else {
            self.now = Some(self.now.map_or(event.time, |now| now.max(event.time)));
        }
        event.received = self.now();
    }
}

struct Reading<'a> {
    normaliser: &'a Normaliser,
    origin: &'a Origin,
    take: &'a mut dyn FnMut(Event),
    progress: &'a mut dyn FnMut(u64),
    report: FileReport,
    clock: Clock,
    place: String,
    done: u64,
}

impl<'a> Reading<'a> {
    fn new(
        kind: Kind,
        place: String,
        fallback: Time,
        normaliser: &'a Normaliser,
        origin: &'a Origin,
        take: &'a mut dyn FnMut(Event),
        progress: &'a mut dyn FnMut(u64),
    ) -> Self {
        Self {
            normaliser,
            origin,
            take,
            progress,
            report: FileReport {
                kind: Some(kind),
                ..FileReport::default()
            },
            clock: Clock {
                now: None,
                fallback,
            },
            place,
            done: 0,
        }
    }
}

impl Reading<'_> {
    fn lines(&mut self, input: &mut impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        let mut number = 0u64;
        loop {
            line.clear();
            let read = input
                .by_ref()
                .take(MOST_LINE)
                .read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(());
            }
            number += 1;
            self.advance(read as u64);
            if line.trim_ascii().is_empty() {
                continue;
            }
            // An array, or objects printed over several lines: the body splitter knows them.
            if number == 1 && matches!(line.trim_ascii(), b"[" | b"{") {
                let mut body = line.clone();
                input.take(MOST_TABLE).read_to_end(&mut body)?;
                let batch = self.normaliser.json_body(&self.record(&body));
                self.batch(batch, 0);
                return Ok(());
            }
            let result = self
                .normaliser
                .normalise(&self.record(line.trim_ascii_end()));
            self.outcome(result, number, number.saturating_sub(1));
        }
    }

    fn event_log(&mut self, input: &mut impl Read) -> io::Result<()> {
        let mut bytes = vec![0; EVTX_HEAD];
        let mut index = 0;
        let mut read = fill(input, &mut bytes)?;
        while read == bytes.len() {
            self.advance(read as u64);
            bytes.resize(EVTX_CHUNK, 0);
            read = fill(input, &mut bytes)?;
            if read < EVTX_CHUNK {
                break;
            }
            for record in evtx_records(std::mem::take(&mut bytes)) {
                let result = match record {
                    Ok(fields) => {
                        let text = serde_json::Value::Object(fields).to_string();
                        self.normaliser.normalise(&self.record(text.as_bytes()))
                    }
                    Err(reason) => Err(Reject::new(RejectCode::Syntax, Position::START, reason)),
                };
                self.outcome(result, index + 1, index);
                index += 1;
            }
            bytes.resize(EVTX_CHUNK, 0);
        }
        if read > 0 {
            self.refuse("the event log ends inside a chunk".to_owned());
        }
        Ok(())
    }

    fn table(&mut self, bytes: &[u8]) {
        let batch = self.normaliser.csv_body(&self.record(bytes));
        self.advance(bytes.len() as u64);
        self.batch(batch, 0);
    }

    fn record<'b>(&'b self, bytes: &'b [u8]) -> RawRecord<'b> {
        RawRecord {
            origin: self.origin,
            received: self.clock.now(),
            peer: None,
            bytes,
        }
    }

    fn batch(&mut self, batch: Batch, base: u64) {
        for (index, outcome) in batch.outcomes.into_iter().enumerate() {
            self.outcome(outcome.result, 0, base + index as u64);
        }
    }

    fn outcome(&mut self, result: Result<Vec<Event>, Reject>, line: u64, index: u64) {
        self.report.records += 1;
        match result {
            Ok(events) => {
                for (part, event) in events.into_iter().enumerate() {
                    self.event(event, index, part as u64);
                }
            }
            Err(reject) => {
                let at = if line > 0 {
                    format!("line {line}")
                } else {
                    reject.position.to_string()
                };
                self.refuse(format!("{at}: {}", reject.reason));
            }
        }
    }

    fn event(&mut self, mut event: Event, index: u64, part: u64) {
        self.clock.place(&mut event);
        let name = event
            .uid
            .clone()
            .unwrap_or_else(|| format!("{}\0{index}\0{part}", self.place));
        let text = format!("file\0{}\0{name}", self.origin.source);
        event.id = EventId(ringfence_crypto::sha256_128(text.as_bytes()));
        self.report.events += 1;
        (self.take)(event);
    }

    fn refuse(&mut self, reason: String) {
        self.report.rejected += 1;
        if self.report.reasons.len() < 20 {
            self.report.reasons.push(reason);
        }
    }

    fn advance(&mut self, bytes: u64) {
        self.done += bytes;
        (self.progress)(self.done);
    }

    fn capture(&mut self, input: &mut impl BufRead) -> io::Result<()> {
        let mut reader = CaptureReader::new();
        let mut pipeline = Pipeline::default();
        let mut framers: HashMap<(SocketAddr, SocketAddr), StreamFramer> = HashMap::new();
        let mut messages = Vec::new();
        let mut broken = None;
        'file: loop {
            let piece = input.fill_buf()?;
            if piece.is_empty() {
                break;
            }
            let taken = reader.push(piece);
            input.consume(taken);
            self.advance(taken as u64);
            loop {
                match reader.next_packet() {
                    Ok(Some(packet)) => {
                        pipeline.packet(&packet, &mut |out| {
                            collect(out, &mut framers, &mut messages)
                        });
                        self.messages(&mut messages);
                    }
                    Ok(None) => break,
                    Err(error) => {
                        broken = Some(error.to_string());
                        break 'file;
                    }
                }
            }
        }
        pipeline.finish(&mut |out| collect(out, &mut framers, &mut messages));
        self.messages(&mut messages);
        if let Some(error) = broken.or_else(|| reader.finish().err().map(|e| e.to_string())) {
            self.refuse(error);
        }
        let counters = pipeline.counters().named();
        self.report.capture.extend(
            counters
                .into_iter()
                .filter(|(_, n)| *n > 0)
                .map(|(name, n)| (name.to_owned(), n)),
        );
        Ok(())
    }

    fn messages(&mut self, messages: &mut Vec<Carried>) {
        for m in messages.drain(..) {
            let index = self.report.records;
            self.report.records += 1;
            let packet = SipPacket {
                time: Some(m.time),
                src: m.src,
                dst: m.dst,
                transport: m.transport,
                payload: &m.payload,
            };
            let skew = self.normaliser.settings().skew;
            let result = match m.broken {
                Some(reason) => Err(Reject::new(RejectCode::Syntax, Position::START, reason)),
                None => sip_event(self.origin, m.time, &packet, skew),
            };
            match result {
                Ok(Some(event)) => self.event(event, index, 0),
                Ok(None) => {}
                Err(reject) => self.refuse(format!("packet of {}: {}", m.time, reject.reason)),
            }
        }
    }
}

/// A SIP message taken out of packets.
struct Carried {
    time: Time,
    src: SocketAddr,
    dst: SocketAddr,
    transport: Transport,
    payload: Vec<u8>,
    broken: Option<&'static str>,
}

/// Ports that SIP is expected at. A payload elsewhere is looked at when it begins like SIP.
fn may_be_sip(src: SocketAddr, dst: SocketAddr, payload: &[u8]) -> bool {
    const METHODS: [&str; 15] = [
        "SIP/2.0 ",
        "INVITE ",
        "ACK ",
        "BYE ",
        "CANCEL ",
        "OPTIONS ",
        "REGISTER ",
        "PRACK ",
        "SUBSCRIBE ",
        "NOTIFY ",
        "PUBLISH ",
        "INFO ",
        "REFER ",
        "MESSAGE ",
        "UPDATE ",
    ];
    let known = [5060, 5061, 5080];
    known.contains(&src.port())
        || known.contains(&dst.port())
        || METHODS.iter().any(|m| payload.starts_with(m.as_bytes()))
}

fn collect(
    out: Output<'_>,
    framers: &mut HashMap<(SocketAddr, SocketAddr), StreamFramer>,
    messages: &mut Vec<Carried>,
) {
    let ms = |ns: u64| Time(i64::try_from(ns / 1_000_000).unwrap_or(i64::MAX));
    match out {
        Output::Datagram(d) => {
            if is_keepalive(d.payload) || !may_be_sip(d.src, d.dst, d.payload) {
                return;
            }
            messages.push(Carried {
                time: ms(d.time_ns),
                src: d.src,
                dst: d.dst,
                transport: Transport::Udp,
                payload: d.payload.to_vec(),
                broken: None,
            });
        }
        Output::Stream(s) => {
            let key = (s.src, s.dst);
            let known = framers.contains_key(&key);
            if !known && (!may_be_sip(s.src, s.dst, s.payload) || framers.len() >= MOST_STREAMS) {
                return;
            }
            let framer = framers
                .entry(key)
                .or_insert_with(|| StreamFramer::new(Default::default()));
            if s.gap > 0 {
                framer.lost();
            }
            let carried = |payload: &[u8], broken| Carried {
                time: ms(s.time_ns),
                src: s.src,
                dst: s.dst,
                transport: Transport::Tcp,
                payload: payload.to_vec(),
                broken,
            };
            let mut rest = s.payload;
            loop {
                let taken = framer.push(rest);
                rest = rest.get(taken..).unwrap_or_default();
                let more = loop {
                    match framer.next_frame() {
                        Ok(Some(Frame::Message(m))) => messages.push(carried(m, None)),
                        Ok(Some(Frame::Ping | Frame::Pong)) => {}
                        Ok(None) => break !rest.is_empty() && taken > 0,
                        Err(error) => {
                            messages.push(carried(b"", Some(error.reason)));
                            // Without progress the framer would say the same again.
                            if framer.resync() == 0 {
                                break false;
                            }
                        }
                    }
                };
                if !more {
                    break;
                }
            }
            if s.closed {
                framers.remove(&key);
            }
        }
    }
}
