//! The configuration: one TOML file, every mistake told at once with its line, and good defaults
//! for all of it, so that no file at all is a configuration too.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringfence_calls::JoinConfig;
use ringfence_connectors::ConnectorConfig;
use ringfence_event::Name;
use ringfence_sources::{FeedsConfig, ListenersConfig};
use thiserror::Error;

pub use crate::access_config::AccessConfig;
pub use crate::evidence_config::{EvidenceConfig, WitnessConfig};
use crate::http::Most;
use crate::mail::MailSettings;
use crate::store::StateConfig;
use crate::written::{Mistake, Mistakes, Section};

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[server]`.
    pub server: ServerConfig,
    /// `[log]`.
    pub log: LogConfig,
    /// `[intake]`.
    pub intake: IntakeConfig,
    /// `[rules]`.
    pub rules: RulesConfig,
    /// `[calls]`: the call join, with opening hours by site.
    pub calls: JoinConfig,
    /// `[lake]`.
    pub lake: ringfence_lake::Config,
    /// `[lake]` `upkeep_percent`: share of one processor that merging files in the background
    /// takes. Default 25 percent.
    pub upkeep_share: f64,
    /// `[lake.retention]`.
    pub retention: ringfence_lake::Retention,
    /// `[query]`.
    pub query: QueryConfig,
    /// `[[source]]`: sources that listeners and feeds speak for.
    pub sources: Vec<SourceConfig>,
    /// `[listeners]`.
    pub listeners: ListenersConfig,
    /// `[feeds]`.
    pub feeds: FeedsConfig,
    /// `[access]`.
    pub access: AccessConfig,
    /// `[webhooks]`.
    pub webhooks: WebhooksConfig,
    /// `[mail]`.
    pub mail: Option<MailSettings>,
    /// `[state]`.
    pub state: StateConfig,
    /// `[[connector]]`: platforms that are asked, or that send.
    pub connectors: Vec<ConnectorConfig>,
    /// `[evidence]`: who cosigns the evidence log.
    pub evidence: EvidenceConfig,
    /// All of it as it was written.
    pub written: Written,
}

/// The text of a configuration. It may hold secrets, so that it is not to be printed.
#[derive(Clone, Default)]
pub struct Written(pub String);

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written(…)")
    }
}

/// `[server]`.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// `listen`: address of API and HTTP intake. Default `127.0.0.1:8443`.
    pub listen: SocketAddr,
    /// `data`: folder of everything that is kept. Default `ringfence-data`.
    pub data: PathBuf,
    /// `tls_cert`: PEM file of the certificate chain. Default: self-signed, in the data folder.
    pub tls_cert: Option<PathBuf>,
    /// `tls_key`: PEM file of its private key.
    pub tls_key: Option<PathBuf>,
    /// `client_ca`: PEM file of authorities whose client certificates are taken besides our own.
    pub client_ca: Option<PathBuf>,
    /// `max_connections`: at the same time. Default 1,000.
    /// `max_connections_of_one`: of them, from one address. Default: half of them.
    pub most: Most,
    /// `public_url`: how browsers and other applications reach this server, such as
    /// `https://ringfence.example`. Default: `localhost` with the port of `listen`.
    pub public_url: Option<String>,
}

impl ServerConfig {
    /// How browsers reach it, when it listens at this port.
    #[must_use]
    pub fn url_at(&self, port: u16) -> String {
        let known = self.public_url.clone();
        known.unwrap_or_else(|| format!("https://localhost:{port}"))
    }

    /// The host in that address: what the evidence log of a new installation is named after.
    #[must_use]
    pub fn host(&self) -> &str {
        let known = self.public_url.as_deref().and_then(|url| {
            let (_, rest) = url.split_once("://")?;
            rest.split(['/', ':']).next()
        });
        known.filter(|host| !host.is_empty()).unwrap_or("localhost")
    }
}

/// `[log]`.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// `level`: `error`, `warn`, `info`, `debug`, or a filter such as `info,ringfence_lake=debug`.
    /// Default `info`.
    pub level: String,
    /// `format`: `text` or `json`. Default `text` on a terminal, else `json`.
    pub json: Option<bool>,
}

/// `[intake]`.
#[derive(Debug, Clone)]
pub struct IntakeConfig {
    /// `max_body_mib`: HTTP bodies as sent. Default 8.
    pub body_bytes: usize,
    /// `max_inflated_mib`: HTTP bodies after decompression. Default 32.
    pub inflated_bytes: usize,
    /// `mappings`: folder of mapping files of your own, tried before the built-in ones.
    pub mappings: Option<PathBuf>,
    /// `source_requests`: of one source, a second; 0 is no limit. Default 5,000.
    pub source_requests: u32,
    /// `time_zone`: of records whose time carries none (RFC 3164). IANA name. Default `UTC`.
    pub time_zone: String,
}

/// `[rules]`.
#[derive(Debug, Clone)]
pub struct RulesConfig {
    /// `folders`: rule packs, read with their sub-folders and again when they change.
    pub folders: Vec<PathBuf>,
    /// `builtin`: whether our own pack is in force. Default true.
    pub builtin: bool,
}

/// `[query]`: what queries may take.
#[derive(Debug, Clone)]
pub struct QueryConfig {
    /// `rows`, `memory_mib`, `seconds`: of one query. Default 10,000, 256 and 30.
    pub limits: ringfence_lake::Limits,
    /// `all_memory_mib`: for sorting, grouping and joining, of all queries together. Default 512.
    pub all_memory_bytes: usize,
    /// `concurrent`: queries that run at the same time. Default 4.
    pub concurrent: usize,
    /// `waiting`: queries that may wait for a turn; more are refused. Default 32.
    pub waiting: usize,
    /// `idle_secs`: the query engine ends when nobody asked for so long. Default 300.
    pub idle: Duration,
}

/// `[[source]]`: a source without a token, for listeners.
#[derive(Debug, Clone)]
pub struct SourceConfig {
    /// `name`.
    pub name: Name,
    /// `program`. Default `default`.
    pub program: Name,
    /// `site`. Default `default`.
    pub site: Name,
    /// `classes`: OCSF class uids that it may send. Default all.
    pub classes: Option<BTreeSet<u32>>,
    /// `grants`: `call-state` lets its word on calls decide. Default none.
    pub grants: BTreeSet<String>,
    /// `expect_every_secs`: alarm after so long a silence. Default: learned.
    pub expect_every_secs: Option<u32>,
}

/// `[webhooks]`.
#[derive(Debug, Clone, Default)]
pub struct WebhooksConfig {
    /// `allow`: `host:port` or networks that webhooks may reach although they are private.
    pub allow: Vec<String>,
    /// `ca_file`: PEM file of further authorities for receivers.
    pub ca_file: Option<PathBuf>,
}

/// A configuration that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It has mistakes.
    #[error("{}", lines(.path, .mistakes))]
    Mistakes {
        /// Which file.
        path: PathBuf,
        /// All of them.
        mistakes: Vec<Mistake>,
    },
}

fn lines(path: &Path, mistakes: &[Mistake]) -> String {
    let line = |m: &Mistake| {
        let key = if m.key.is_empty() {
            String::new()
        } else {
            format!("`{}`: ", m.key)
        };
        format!("{}:{}: {key}{}", path.display(), m.line, m.what)
    };
    mistakes.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl Default for Config {
    fn default() -> Self {
        let mut mistakes = Mistakes::of("");
        Self::read_all("", &mut mistakes)
    }
}

impl Config {
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
        let mut mistakes = Mistakes::of(text);
        let config = Self::read_all(text, &mut mistakes);
        if mistakes.none() {
            Ok(config)
        } else {
            Err(mistakes.into_sorted())
        }
    }

    fn read_all<'i>(text: &'i str, m: &mut Mistakes<'i>) -> Self {
        let mut doc = Section::document(text, m);
        let version = doc.take::<u32>("version", m);
        if let Some(version) = version.filter(|v| *v.get_ref() != 1) {
            m.add(
                version.span().start,
                "version",
                "this release reads version 1",
            );
        }
        let server = doc.table("server", m);
        let log = doc.table("log", m);
        let intake = doc.table("intake", m);
        let rules = doc.table("rules", m);
        let (lake, upkeep_share, retention) = crate::lake_config::read(doc.table("lake", m), m);
        let query = doc.table("query", m);
        let access = doc.table("access", m);
        let webhooks = doc.table("webhooks", m);
        let mail = doc.table("mail", m);
        let state = doc.table("state", m);
        let evidence = doc.table("evidence", m);
        let config = Self {
            server: ServerConfig::read(server, m),
            log: LogConfig::read(log, m),
            intake: IntakeConfig::read(intake, m),
            rules: RulesConfig::read(rules, m),
            calls: doc.table("calls", m).into_serde(m).unwrap_or_default(),
            lake,
            upkeep_share,
            retention,
            query: QueryConfig::read(query, m),
            sources: doc
                .tables("source", m)
                .into_iter()
                .filter_map(|s| read_source(s, m))
                .collect(),
            listeners: doc.table("listeners", m).into_serde(m).unwrap_or_default(),
            feeds: doc.table("feeds", m).into_serde(m).unwrap_or_default(),
            access: AccessConfig::read(access, m),
            webhooks: WebhooksConfig::read(webhooks, m),
            mail: MailSettings::read(mail, m),
            state: StateConfig::read(state, m),
            connectors: read_connectors(&mut doc, m),
            written: Written(text.to_owned()),
            evidence: EvidenceConfig::read(evidence, m),
        };
        doc.finish(m);
        config
    }
}

impl ServerConfig {
    fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Self {
        let listen = s
            .take::<String>("listen", m)
            .and_then(|text| match text.get_ref().parse() {
                Ok(address) => Some(address),
                Err(_) => {
                    let what = "an address with a port is wanted, for example `127.0.0.1:8443`";
                    m.add(text.span().start, s.path_of("listen"), what);
                    None
                }
            });
        let connections = within(&mut s, "max_connections", 1_000, 1, 100_000, m);
        let config = Self {
            listen: listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8443))),
            data: s.take_or("data", PathBuf::from("ringfence-data"), m),
            tls_cert: s.take("tls_cert", m).map(toml::Spanned::into_inner),
            tls_key: s.take("tls_key", m).map(toml::Spanned::into_inner),
            client_ca: s.take("client_ca", m).map(toml::Spanned::into_inner),
            most: Most {
                connections,
                of_one_address: within(
                    &mut s,
                    "max_connections_of_one",
                    connections.div_ceil(2),
                    1,
                    connections,
                    m,
                ),
            },
            public_url: s.take::<String>("public_url", m).and_then(|url| {
                let origin = url.get_ref().trim_end_matches('/');
                if is_origin(origin) {
                    return Some(origin.to_owned());
                }
                let what = "scheme and host, for example `https://ringfence.example`";
                m.add(url.span().start, s.path_of("public_url"), what);
                None
            }),
        };
        if config.tls_cert.is_some() != config.tls_key.is_some() {
            m.add(
                s.at(),
                s.path_of("tls_cert"),
                "`tls_cert` and `tls_key` belong together",
            );
        }
        s.finish(m);
        config
    }
}

impl LogConfig {
    fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Self {
        let level = s.take_or("level", "info".to_owned(), m);
        let json = s
            .take::<String>("format", m)
            .and_then(|f| match f.get_ref().as_str() {
                "json" => Some(true),
                "text" => Some(false),
                _ => {
                    m.add(f.span().start, s.path_of("format"), "`text` or `json`");
                    None
                }
            });
        s.finish(m);
        Self { level, json }
    }
}

impl IntakeConfig {
    fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Self {
        let config = Self {
            body_bytes: within(&mut s, "max_body_mib", 8, 1, 256, m) << 20,
            inflated_bytes: within(&mut s, "max_inflated_mib", 32, 1, 1_024, m) << 20,
            mappings: s.take("mappings", m).map(toml::Spanned::into_inner),
            source_requests: within(&mut s, "source_requests", 5_000, 0, 1_000_000, m) as u32,
            time_zone: s.take_or("time_zone", "UTC".to_owned(), m),
        };
        s.finish(m);
        config
    }
}

impl RulesConfig {
    fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Self {
        let config = Self {
            folders: s.take_or("folders", Vec::new(), m),
            builtin: s.take_or("builtin", true, m),
        };
        s.finish(m);
        config
    }
}

/// Scheme and host with or without a port, and nothing behind it.
fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    host.is_some_and(|host| !host.is_empty() && host.chars().all(plain))
}

impl WebhooksConfig {
    fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Self {
        let config = Self {
            allow: s.take_or("allow", Vec::new(), m),
            ca_file: s.take("ca_file", m).map(toml::Spanned::into_inner),
        };
        s.finish(m);
        config
    }
}

impl QueryConfig {
    fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Self {
        let limits = ringfence_lake::Limits {
            rows: within(&mut s, "rows", 10_000, 1, 1_000_000, m),
            memory_bytes: within(&mut s, "memory_mib", 256, 16, 65_536, m) << 20,
            time: Duration::from_secs(within(&mut s, "seconds", 30, 1, 3_600, m) as u64),
            ..ringfence_lake::Limits::default()
        };
        let idle = within(&mut s, "idle_secs", 300, 1, 86_400, m);
        let config = Self {
            limits,
            all_memory_bytes: within(&mut s, "all_memory_mib", 512, 16, 65_536, m) << 20,
            concurrent: within(&mut s, "concurrent", 4, 1, 64, m),
            waiting: within(&mut s, "waiting", 32, 0, 10_000, m),
            idle: Duration::from_secs(idle as u64),
        };
        s.finish(m);
        config
    }
}

fn read_source<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Option<SourceConfig> {
    let mut named = |key: &'static str, default: Option<&str>| match s.take::<Name>(key, m) {
        Some(name) => Some(name.into_inner()),
        None => default.and_then(|d| Name::new(d).ok()),
    };
    let name = named("name", None);
    let program = named("program", Some("default"))?;
    let site = named("site", Some("default"))?;
    if name.is_none() {
        m.add(s.at(), s.path_of("name"), "a source needs a name");
    }
    let grants = s.take::<BTreeSet<String>>("grants", m);
    if let Some(bad) = grants
        .iter()
        .find(|g| g.get_ref().iter().any(|g| g != "call-state"))
    {
        m.add(
            bad.span().start,
            s.path_of("grants"),
            "the one grant that there is, is `call-state`",
        );
    }
    let config = SourceConfig {
        name: name?,
        program,
        site,
        classes: s.take("classes", m).map(toml::Spanned::into_inner),
        grants: grants.map(toml::Spanned::into_inner).unwrap_or_default(),
        expect_every_secs: s
            .take("expect_every_secs", m)
            .map(toml::Spanned::into_inner),
    };
    s.finish(m);
    Some(config)
}

/// Connectors speak as sources of their own, so their names are unique among both.
fn read_connectors<'i>(doc: &mut Section<'i>, m: &mut Mistakes<'i>) -> Vec<ConnectorConfig> {
    let mut found: Vec<ConnectorConfig> = Vec::new();
    for (i, section) in doc.tables("connector", m).into_iter().enumerate() {
        let at = section.at();
        let Some(connector) = section.into_serde::<ConnectorConfig>(m) else {
            continue;
        };
        for mistake in connector.mistakes() {
            m.add(at, format!("connector[{i}].{}", mistake.key), mistake.what);
        }
        if found.iter().any(|c| c.name == connector.name) {
            let what = format!("`{}` is the name of another connector", connector.name);
            m.add(at, format!("connector[{i}].name"), what);
        }
        found.push(connector);
    }
    found
}

pub(crate) fn within<'i>(
    s: &mut Section<'i>,
    key: &'static str,
    default: usize,
    least: usize,
    most: usize,
    m: &mut Mistakes<'i>,
) -> usize {
    let Some(value) = s.take::<usize>(key, m) else {
        return default;
    };
    if (least..=most).contains(value.get_ref()) {
        return value.into_inner();
    }
    m.add(
        value.span().start,
        s.path_of(key),
        format!("between {least} and {most}"),
    );
    default
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_is_a_configuration() {
        let config = Config::parse("").unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8443");
        assert!(config.rules.builtin);
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let text = r#"version = 2
[server]
listen = "here"
max_connections = 0
[query]
row = 5
[[source]]
name = "a b"
grants = ["root"]
[calls]
settle = 1
"#;
        let told: Vec<_> = Config::parse(text)
            .unwrap_err()
            .into_iter()
            .map(|m| (m.line, m.key))
            .collect();
        let keys: Vec<_> = told.iter().map(|(l, k)| (*l, k.as_str())).collect();
        assert!(keys.contains(&(1, "version")), "{told:?}");
        assert!(keys.contains(&(3, "server.listen")), "{told:?}");
        assert!(keys.contains(&(4, "server.max_connections")), "{told:?}");
        assert!(keys.contains(&(6, "query.row")), "{told:?}");
        assert!(keys.contains(&(8, "source[0].name")), "{told:?}");
        assert!(keys.contains(&(9, "source[0].grants")), "{told:?}");
        assert!(
            keys.iter().any(|(l, k)| *l >= 10 && k.starts_with("calls")),
            "{told:?}"
        );
    }
}
