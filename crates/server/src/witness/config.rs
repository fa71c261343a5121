//! The configuration of a witness: a small file of its own, since it runs on another machine.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringfence_tlog::{KeyKind, VerifierKey};
use ringfence_witness::Webhook;

use crate::config::{ConfigError, within};
use crate::evidence_config::{read_key, read_url};
use crate::written::{Mistake, Mistakes, Section};

/// Everything that can be set for `ringfence witness`.
#[derive(Debug, Clone)]
pub struct WitnessFile {
    /// `name`: what a new key is named after, such as the host that it runs on.
    pub name: String,
    /// `data`: folder of its key and of what it remembers.
    pub data: PathBuf,
    /// `listen`: address for logs that ask for cosignatures, and for `/status`. Default: none.
    pub listen: Option<SocketAddr>,
    /// `tls_cert`: PEM file of the certificate chain; needed beyond this machine.
    pub tls_cert: Option<PathBuf>,
    /// `tls_key`: PEM file of its private key.
    pub tls_key: Option<PathBuf>,
    /// `alarm.webhook`: where alarms are posted. Default: nowhere.
    pub webhook: Option<Webhook>,
    /// `[[log]]`.
    pub logs: Vec<LogToFollow>,
}

/// `[[log]]`.
#[derive(Debug, Clone)]
pub struct LogToFollow {
    /// `key`: the log's key.
    pub key: VerifierKey,
    /// `url`: what `/checkpoint` is found below. Without one the log is not looked at, it only asks.
    pub url: Option<String>,
    /// `ca_file`: PEM file of the authority to trust for it. Default: whom the system trusts.
    pub ca_file: Option<PathBuf>,
    /// `every_secs`: how often it is looked at. Default 60.
    pub every: Duration,
    /// `silent_after_secs`: an alarm when nothing valid came for so long. Default 600.
    pub silent_after: Duration,
    /// `timeout_secs`: for one request. Default 10.
    pub timeout: Duration,
}

impl WitnessFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or with all its mistakes.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|mistakes| ConfigError::Mistakes {
            path: path.to_owned(),
            mistakes,
        })
    }

    /// Reads a text.
    ///
    /// # Errors
    /// All its mistakes.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let mut m = Mistakes::of(text);
        let file = Self::read(text, &mut m);
        match file {
            Some(file) if m.none() => Ok(file),
            _ => Err(m.into_sorted()),
        }
    }

    fn read<'i>(text: &'i str, m: &mut Mistakes<'i>) -> Option<Self> {
        let mut doc = Section::document(text, m);
        let name = doc.take::<String>("name", m);
        if let Some(name) = &name
            && !is_name(name.get_ref())
        {
            let what = "letters, digits, `.`, `-` and `/`, such as `witness.example`";
            m.add(name.span().start, "name", what);
        }
        let data = doc.take::<PathBuf>("data", m);
        for (missing, key) in [(name.is_none(), "name"), (data.is_none(), "data")] {
            if missing {
                m.add(0, key, "a witness needs one");
            }
        }
        let listen = doc.take::<String>("listen", m).and_then(|text| {
            let address = text.get_ref().parse().ok();
            if address.is_none() {
                let what = "an address with a port is wanted, for example `127.0.0.1:8444`";
                m.add(text.span().start, "listen", what);
            }
            Some((text.span().start, address?))
        });
        let tls_cert = doc.take("tls_cert", m).map(toml::Spanned::into_inner);
        let tls_key = doc.take("tls_key", m).map(toml::Spanned::into_inner);
        if tls_cert.is_some() != tls_key.is_some() {
            m.add(0, "tls_cert", "`tls_cert` and `tls_key` belong together");
        }
        if let Some((at, address)) = listen
            && !SocketAddr::ip(&address).is_loopback()
            && tls_cert.is_none()
        {
            let what = "reachable from other machines: set `tls_cert` and `tls_key`, or listen on 127.0.0.1";
            m.add(at, "listen", what);
        }
        let mut alarm = doc.table("alarm", m);
        let webhook = alarm.take::<String>("webhook", m).and_then(|text| {
            let read = Webhook::parse(text.get_ref());
            read.map_err(|error| m.add(text.span().start, "alarm.webhook", error.to_string()))
                .ok()
        });
        alarm.finish(m);
        let mut logs: Vec<LogToFollow> = Vec::new();
        for section in doc.tables("log", m) {
            let (at, key) = (section.at(), section.path_of("key"));
            let Some(log) = LogToFollow::read(section, m) else {
                continue;
            };
            if logs.iter().any(|other| other.key.name() == log.key.name()) {
                m.add(at, key, "this log is named twice");
            }
            logs.push(log);
        }
        if logs.is_empty() {
            m.add(
                0,
                "log",
                "name a log that is followed: `[[log]]` with its `key`",
            );
        }
        doc.finish(m);
        Some(Self {
            name: name?.into_inner(),
            data: data?.into_inner(),
            listen: listen.map(|(_, address)| address),
            tls_cert,
            tls_key,
            webhook,
            logs,
        })
    }
}

impl LogToFollow {
    fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Option<Self> {
        let key = read_key(&mut s, KeyKind::Log, m);
        if key.is_none() {
            m.add(s.at(), s.path_of("key"), "a log needs one");
        }
        let seconds = |n: usize| Duration::from_secs(n as u64);
        let url = read_url(&mut s, m);
        let ca_file = s.take("ca_file", m).map(toml::Spanned::into_inner);
        let every = seconds(within(&mut s, "every_secs", 60, 1, 86_400, m));
        let silent_after = seconds(within(&mut s, "silent_after_secs", 600, 1, 604_800, m));
        let timeout = seconds(within(&mut s, "timeout_secs", 10, 1, 60, m));
        if every >= silent_after {
            let what = "longer than `every_secs`, or each pause would be an alarm";
            m.add(s.at(), s.path_of("silent_after_secs"), what);
        }
        s.finish(m);
        Some(Self {
            key: key?,
            url,
            ca_file,
            every,
            silent_after,
            timeout,
        })
    }
}

fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'/');
    !name.is_empty() && name.len() <= 200 && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let text = r#"name = "a b"
dota = "x"
listen = "0.0.0.0:1"
[alarm]
webhook = "http://pager.example/?token=secret"
[[log]]
url = "https://rf.example/evidence?x"
key = "none"
every_secs = 0
[[log]]
key = "w.example/witness+1+AQ=="
silent_after_secs = 5
"#;
        let told = WitnessFile::parse(text).unwrap_err();
        let keys: Vec<_> = told.iter().map(|m| (m.line, m.key.as_str())).collect();
        for wanted in [
            (1, "name"),
            (1, "data"),
            (2, "dota"),
            (3, "listen"),
            (5, "alarm.webhook"),
            (7, "log[0].url"),
            (8, "log[0].key"),
            (9, "log[0].every_secs"),
            (11, "log[1].key"),
        ] {
            assert!(keys.contains(&wanted), "{wanted:?} {told:?}");
        }
        assert!(!format!("{told:?}").contains("secret"));
    }

    #[test]
    fn a_small_file_is_enough() {
        let key = "rf.example/evidence";
        let made = VerifierKey::new(key, KeyKind::Log, [9; 32]);
        let Ok(made) = made else { return };
        let text = format!("name = \"w.example\"\ndata = \"w\"\n[[log]]\nkey = \"{made}\"\n");
        let file = WitnessFile::parse(&text).unwrap();
        assert_eq!((file.logs.len(), file.listen), (1, None));
        assert_eq!(file.logs[0].every, Duration::from_secs(60));
    }
}
