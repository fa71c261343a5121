//! What Ringfence fetches itself: what a person writes, and what can run.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use glob::Pattern;
use ringfence_event::Secret;
use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};

use super::build::{Builder, shown};
use super::{Listener, Mistake, Problem, Surroundings};
use crate::feed::{Feed, Folder, Kind, Pbx, System};
use crate::tls::client_config;

/// All feeds, section `[feeds]`. None runs unless it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedsConfig {
    /// `[[feeds.folder]]`: files that appear and grow in a folder.
    pub folder: Vec<FolderConfig>,
    /// `[[feeds.asterisk]]`: manager interfaces of Asterisk.
    pub asterisk: Vec<PbxConfig>,
    /// `[[feeds.freeswitch]]`: event sockets of FreeSWITCH.
    pub freeswitch: Vec<PbxConfig>,
}

/// The files of a folder: lines of text, JSON or syslog, CSV and call detail records, JSON
/// documents; whole ones under gzip or zstd, too.
///
/// **Loss**: none while a file is there to be read. One that goes away before is counted
/// (`vanished`), one that cannot be read too (`unreadable`). **Identity**: the file, known by its
/// inode and by what was read of it, and the offset in it; so each line is one event, whatever is
/// renamed, copied, compressed or killed. **Trust**: whoever may write to the folder speaks for
/// its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// Its name in logs and metrics. Letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
    /// Names of the files, relative to the folder: `*.log`, `*/cdr-*.csv`, `**/*.json`. Default
    /// `*`. Names that begin with a dot are left out unless the pattern begins so, too.
    #[serde(default = "every")]
    pub glob: String,
    /// The source whose program, site and classes apply to all that is read.
    pub source: String,
}

/// The control socket of a telephone system, which Ringfence connects to and only listens on.
///
/// **Loss**: what is said while there is no connection. It is made again after 1 to 60 seconds and
/// begins with a list of the calls there are; the time between is a silence of its source, so that
/// nothing is concluded from it. **Identity**: none, as nothing is said twice. **Trust**: with `tls`
/// the telephone system proves who it is; so it does on this machine (a loopback address). Else its
/// word informs and never decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PbxConfig {
    /// Its name in logs and metrics. Letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// Host and port, for example `127.0.0.1:5038` (Asterisk) or `127.0.0.1:8021` (FreeSWITCH).
    pub connect: String,
    /// The source whose program, site and classes apply to all that it says.
    pub source: String,
    /// Who logs in. Required for Asterisk; for FreeSWITCH only where users are set up.
    #[serde(default)]
    pub user: String,
    /// File whose first line is the secret.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// Environment variable that holds the secret, instead of a file.
    #[serde(default)]
    pub secret_env: Option<String>,
    /// TLS. Default none; then the address must be of this machine, or `plain_tcp` be true.
    #[serde(default)]
    pub tls: Option<PbxTlsConfig>,
    /// Says that you know that the secret travels readable. Default `false`.
    #[serde(default)]
    pub plain_tcp: bool,
    /// Seconds between two questions for a sign of life; 1 to 300. Default 10.
    #[serde(default = "ask_secs")]
    pub ask_secs: u64,
}

/// How a telephone system proves who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PbxTlsConfig {
    /// PEM file with the authorities, or the one certificate, that are trusted.
    pub ca_file: PathBuf,
    /// Name in its certificate. Default: the host of `connect`.
    #[serde(default)]
    pub server_name: Option<String>,
}

impl FeedsConfig {
    /// Checks everything and makes the feeds. Their names must differ from those of `listeners`.
    ///
    /// # Errors
    /// All mistakes. Fails closed: with one mistake, no feed is made.
    pub fn build(
        &self,
        around: &Surroundings<'_>,
        listeners: &[Listener],
    ) -> Result<Vec<Feed>, Vec<Mistake>> {
        let mut b = Builder::new(around);
        b.reserve(listeners.iter().map(|l| l.name().clone()));
        let mut feeds = Vec::new();
        for (i, c) in self.folder.iter().enumerate() {
            b.at(format!("feeds.folder[{i}]"));
            let folder = folder(&mut b, c);
            // Who may write here, the operating system decides.
            feeds.extend(feed(
                &mut b,
                &c.name,
                &c.source,
                true,
                folder.map(Kind::Folder),
            ));
        }
        let systems = [
            (System::Asterisk, &self.asterisk),
            (System::FreeSwitch, &self.freeswitch),
        ];
        for (system, written) in systems {
            for (i, c) in written.iter().enumerate() {
                b.at(format!("feeds.{}[{i}]", system.name()));
                let pbx = pbx(&mut b, system, c);
                let proven = c.tls.is_some() || is_here(&c.connect);
                feeds.extend(feed(&mut b, &c.name, &c.source, proven, pbx.map(Kind::Pbx)));
            }
        }
        let mistakes = b.into_mistakes();
        if mistakes.is_empty() {
            Ok(feeds)
        } else {
            Err(mistakes)
        }
    }
}

fn feed(
    b: &mut Builder<'_>,
    name: &str,
    source: &str,
    proven: bool,
    kind: Option<Kind>,
) -> Option<Feed> {
    let name = b.name(name);
    let origin = b.origin("source", source, proven);
    Some(Feed {
        name: name?,
        origin: origin?,
        kind: kind?,
    })
}

fn folder(b: &mut Builder<'_>, written: &FolderConfig) -> Option<Folder> {
    let glob = Pattern::new(&written.glob).ok();
    let is_relative = !written.glob.starts_with('/') && !written.glob.contains("..");
    let glob = glob.filter(|_| is_relative && !written.glob.is_empty());
    if glob.is_none() {
        b.mistake("glob", Problem::Pattern(shown(&written.glob)));
    }
    // One that cannot be read at the start is a mistake; later it is a trouble that is counted.
    let readable = std::fs::read_dir(&written.path).map_err(|source| Problem::Folder {
        path: shown(&written.path.to_string_lossy()),
        source,
    });
    b.keep("path", readable)?;
    Some(Folder {
        path: written.path.clone(),
        glob: glob?,
    })
}

fn pbx(b: &mut Builder<'_>, system: System, written: &PbxConfig) -> Option<Pbx> {
    let host = written.connect.rsplit_once(':').and_then(|(host, port)| {
        let is_port = port.parse::<u16>().is_ok_and(|p| p > 0);
        (is_port && !host.is_empty()).then_some(host)
    });
    if host.is_none() {
        b.mistake("connect", Problem::Address(shown(&written.connect)));
    }
    // A line break in them would be a command of its own.
    let is_word = |text: &str| text.len() <= 256 && !text.chars().any(char::is_control);
    let wants_user = system == System::Asterisk;
    let user_fits = is_word(&written.user) && !(wants_user && written.user.is_empty());
    if !user_fits {
        b.mistake("user", Problem::User);
    }
    if written.tls.is_none() && !written.plain_tcp && !is_here(&written.connect) {
        b.mistake("tls", Problem::PlainSecret);
    }
    b.range("ask_secs", written.ask_secs, 1..=300);
    let secret = secret(written);
    let secret = b.keep("secret_file", secret);
    let tls = match &written.tls {
        None => Some(None),
        Some(tls) => {
            let name = tls.server_name.as_deref().or(host).unwrap_or_default();
            let name = name.trim_matches(['[', ']']).to_owned();
            let parsed = ServerName::try_from(name.clone());
            let parsed = parsed.map_err(|_| Problem::ServerName(shown(&name)));
            let parsed = b.keep("tls.server_name", parsed);
            let config = client_config(&tls.ca_file);
            let config = b.keep("tls.ca_file", config);
            config.zip(parsed).map(Some)
        }
    };
    Some(Pbx {
        kind: system,
        address: host.map(|_| written.connect.clone())?,
        user: written.user.clone(),
        secret: secret?,
        tls: tls?,
        ask_every: Duration::from_secs(written.ask_secs),
    })
}

/// The secret, from the one place that is named.
fn secret(written: &PbxConfig) -> Result<Arc<Secret<String>>, Problem> {
    let text = match (&written.secret_file, &written.secret_env) {
        (Some(file), None) => {
            let path = shown(&file.to_string_lossy());
            std::fs::read_to_string(file).map_err(|source| Problem::KeyFile { path, source })?
        }
        (None, Some(name)) => std::env::var(name).map_err(|_| Problem::SecretEnv(shown(name)))?,
        _ => return Err(Problem::SecretPlace),
    };
    let secret = text.lines().next().unwrap_or_default().trim();
    let fits = (1..=256).contains(&secret.len()) && !secret.chars().any(char::is_control);
    if !fits {
        return Err(Problem::Secret);
    }
    Ok(Arc::new(Secret::new(secret.to_owned())))
}

/// Whether an address is of this machine, so that nobody stands between.
fn is_here(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

const fn ask_secs() -> u64 {
    10
}

fn every() -> String {
    "*".to_owned()
}
