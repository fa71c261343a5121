//! A telephone system's control socket: we connect, log in, and take what it says.
//!
//! What was said while we were not connected nobody can ask for again. So a connection begins with
//! a list of the calls and agents that there are, it is kept alive by questions whose answers count
//! as signs of life, and while it is gone the source is silent: the call join then knows that it
//! is blind, instead of taking an agent on a call for one without.

mod asterisk;
mod freeswitch;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ringfence_event::{Map, Secret, Time};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use super::Desk;
use crate::listener::Stopped;
use crate::{Format, Incoming, Naming, clock};

const CONNECT: Duration = Duration::from_secs(10);
/// Time for the login to be answered.
const LOGIN: Duration = Duration::from_secs(10);
/// Waiting times between attempts to connect.
const AGAIN: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);
/// A connection without any answer for so many questions is dead.
const MISSED: u32 = 3;

/// A telephone system whose configuration holds together.
#[derive(Debug, Clone)]
pub(crate) struct Pbx {
    pub(crate) kind: System,
    /// `host:port`.
    pub(crate) address: String,
    pub(crate) user: String,
    pub(crate) secret: Arc<Secret<String>>,
    pub(crate) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// How often it is asked for a sign of life.
    pub(crate) ask_every: Duration,
}

/// Which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Asterisk,
    FreeSwitch,
}

impl System {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Asterisk => "asterisk",
            Self::FreeSwitch => "freeswitch",
        }
    }

    /// Gives a record that carries no time the moment at which it was heard: Asterisk says the time
    /// only with `timestampevents`, and a list of calls is about now.
    fn stamp(self, record: &mut Map, heard: Time) {
        let (field, time) = match self {
            Self::Asterisk => (
                "Timestamp",
                format!("{}.{:03}", heard.0 / 1_000, heard.0 % 1_000),
            ),
            Self::FreeSwitch => ("Event-Date-Timestamp", format!("{}000", heard.0)),
        };
        record.entry(field).or_insert_with(|| time.into());
    }
}

/// A conversation with a telephone system: bytes in, bytes and records out.
trait Talk: Send {
    /// Takes in what came.
    fn hear(&mut self, bytes: &[u8], turn: &mut Turn) -> Result<(), Fault>;

    /// The question that keeps the conversation alive.
    fn ask(&self) -> &'static str;
}

/// What follows from what was heard.
#[derive(Default)]
struct Turn {
    say: String,
    records: Vec<Map>,
    /// The login was accepted.
    accepted: bool,
    too_long: u64,
}

/// Why a conversation is over.
#[derive(Debug)]
enum Fault {
    /// We are not let in.
    Refused(String),
    /// It is not the protocol that was expected, or it is broken.
    Broken(String),
    /// The other side ended it.
    Ended,
}

/// Follows a telephone system until cancelled.
pub(super) async fn serve(pbx: Pbx, desk: Desk) {
    let mut pause = *AGAIN.start();
    loop {
        let begun = Instant::now();
        let outcome = tokio::select! {
            biased;
            () = desk.cancel.cancelled() => return,
            outcome = connect(&pbx, &desk) => outcome,
        };
        match outcome {
            Ok(()) => return,
            Err(Fault::Refused(reason)) => desk.counters.login_refused(&pbx.address, &reason),
            Err(Fault::Broken(reason)) => desk.counters.connection_failed(&pbx.address, &reason),
            Err(Fault::Ended) => desk
                .counters
                .connection_failed(&pbx.address, "it was ended"),
        }
        if begun.elapsed() > *AGAIN.end() {
            pause = *AGAIN.start();
        }
        if !desk.wait(pause).await {
            return;
        }
        pause = (pause * 2).min(*AGAIN.end());
    }
}

/// One connection to its end; `Ok` when it is time to stop.
async fn connect(pbx: &Pbx, desk: &Desk) -> Result<(), Fault> {
    let failed = |e: io::Error| Fault::Broken(e.to_string());
    let stream = timeout(CONNECT, TcpStream::connect(&pbx.address))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(failed)?;
    // Half a dialogue is not worth waiting for the other half.
    let _ = stream.set_nodelay(true);
    match &pbx.tls {
        None => talk(stream, pbx, desk).await,
        Some((config, name)) => {
            let connector = TlsConnector::from(Arc::clone(config));
            let stream = timeout(CONNECT, connector.connect(name.clone(), stream))
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
                .map_err(failed)?;
            talk(stream, pbx, desk).await
        }
    }
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    pbx: &Pbx,
    desk: &Desk,
) -> Result<(), Fault> {
    let mut accepted = false;
    let outcome = converse(stream, pbx, desk, &mut accepted).await;
    if accepted {
        desk.counters.closed();
    }
    outcome
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    pbx: &Pbx,
    desk: &Desk,
    accepted: &mut bool,
) -> Result<(), Fault> {
    let mut talk: Box<dyn Talk> = match pbx.kind {
        System::Asterisk => Box::new(asterisk::Conversation::new(pbx)),
        System::FreeSwitch => Box::new(freeswitch::Conversation::new(pbx)),
    };
    let mut buffer = vec![0; 32 << 10];
    let mut missed = 0;
    let mut deadline = Instant::now() + LOGIN;
    loop {
        let read = tokio::select! {
            biased;
            () = desk.cancel.cancelled() => return Ok(()),
            read = timeout_at(deadline, stream.read(&mut buffer)) => read,
        };
        let Ok(read) = read else {
            if !*accepted || missed == MISSED {
                return Err(Fault::Broken("it does not answer".to_owned()));
            }
            missed += 1;
            deadline = Instant::now() + pbx.ask_every;
            say(&mut stream, talk.ask()).await?;
            continue;
        };
        let read = read.map_err(|e| Fault::Broken(e.to_string()))?;
        if read == 0 {
            return Err(Fault::Ended);
        }
        let mut turn = Turn::default();
        let heard = talk.hear(buffer.get(..read).unwrap_or_default(), &mut turn);
        if turn.accepted {
            *accepted = true;
            deadline = Instant::now() + pbx.ask_every;
            desk.counters.opened();
            tracing::info!(feed = %desk.name, address = pbx.address, "logged in");
        }
        missed = 0;
        if turn.too_long > 0 {
            desk.counters.message_too_long(&pbx.address, turn.too_long);
        }
        let stopped = deliver(turn.records, pbx.kind, desk).await.is_err();
        if heard.is_err() || stopped {
            return heard;
        }
        say(&mut stream, &turn.say).await?;
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, text: &str) -> Result<(), Fault> {
    if text.is_empty() {
        return Ok(());
    }
    let written = timeout(LOGIN, stream.write_all(text.as_bytes())).await;
    written
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|e| Fault::Broken(e.to_string()))
}

async fn deliver(records: Vec<Map>, system: System, desk: &Desk) -> Result<(), Stopped> {
    let received = clock::now();
    let bytes = |mut record: Map| {
        system.stamp(&mut record, received);
        serde_json::Value::Object(record).to_string()
    };
    let incoming = |record: Map| Incoming {
        bytes: bytes(record).into(),
        received,
        peer: None,
        flow: None,
        // What was said once cannot be asked for again, so it does not come twice either.
        naming: Naming::Arrival,
        line: 0,
    };
    let records = records.into_iter().map(incoming).collect();
    desk.deliver(Format::Syslog, records).await
}

/// A field that says something.
fn text<'a>(record: &'a Map, name: &str) -> Option<&'a str> {
    record.get(name)?.as_str().filter(|t| !t.is_empty())
}
