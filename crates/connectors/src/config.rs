//! What a person writes under `[[connector]]`, and what becomes of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ringfence_event::{Authority, Name, Origin, Time};
use serde::Deserialize;
use thiserror::Error;

use crate::backoff::Pace;
use crate::http::checked_url;
use crate::pull::{PullError, Stream};
use crate::push::Push;
use crate::vendors::{
    CloudTrailConfig, ConnectConfig, EntraConfig, Five9Config, GenesysConfig, OktaConfig,
    SalesforceConfig, TwilioConfig,
};

/// `[[connector]]`: one platform that is asked, or that sends. Exactly one table of a vendor
/// stands under it, such as `[connector.okta]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorConfig {
    /// Its name, and that of its source: 1 to 40 lower-case letters, digits, `.`, `_`, `-`.
    pub name: Name,
    /// The client or campaign that its records belong to. Default `default`.
    pub program: Option<Name>,
    /// The PBX or trunk group with its agents. Default `default`.
    pub site: Option<Name>,
    /// OCSF class uids that it may send. Default all.
    pub classes: Option<BTreeSet<u32>>,
    /// `call-state` lets its word on calls and agents decide. Default none.
    #[serde(default)]
    pub grants: BTreeSet<String>,
    /// Alarm after so many seconds without a record. Default: learned.
    pub expect_every_secs: Option<u32>,
    /// Seconds between two rounds of requests, 5 to 86,400. Default: the vendor's.
    pub poll_secs: Option<u32>,
    /// Seconds that each window of time reaches back over the one before, so that what the vendor
    /// shows late is found; at most 604,800. Default: the vendor's.
    pub overlap_secs: Option<u32>,
    /// Seconds before now at which a window ends, because newer records are not complete yet; at
    /// most 86,400. Default: the vendor's.
    pub lag_secs: Option<u32>,
    /// Where the first start begins: `now`, a span before it such as `-24h` or `-7d`, or a time as
    /// RFC 3339. Default `now`.
    pub start: Option<String>,
    /// Okta: System Log.
    pub okta: Option<OktaConfig>,
    /// Genesys Cloud: conversations, and the states of agents.
    pub genesys: Option<GenesysConfig>,
    /// Twilio: calls, TaskRouter and Monitor events.
    pub twilio: Option<TwilioConfig>,
    /// Amazon Connect: contacts and agent events.
    pub connect: Option<ConnectConfig>,
    /// Five9: reports.
    pub five9: Option<Five9Config>,
    /// Salesforce: event log files.
    pub salesforce: Option<SalesforceConfig>,
    /// AWS CloudTrail: files in a bucket or folder.
    pub cloudtrail: Option<CloudTrailConfig>,
    /// Microsoft Entra ID: sign-ins.
    pub entra: Option<EntraConfig>,
}

/// One mistake under `[[connector]]`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key}: {what}")]
pub struct ConnectorMistake {
    /// The key, such as `okta.url`.
    pub key: String,
    /// What is wrong and what to write instead.
    pub what: String,
}

/// Mistakes while they are looked for.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Vec<ConnectorMistake>);

impl Mistakes {
    pub fn add(&mut self, key: &str, what: impl Into<String>) {
        self.0.push(ConnectorMistake {
            key: key.to_owned(),
            what: what.into(),
        });
    }

    /// An address that secrets may be sent to.
    pub fn url(&mut self, key: &str, url: Option<&str>) {
        if let Some(Err(what)) = url.map(checked_url) {
            self.add(key, what);
        }
    }

    /// Text that becomes a part of a path or host name.
    pub fn plain(&mut self, key: &str, text: &str) {
        let good = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if text.is_empty() || text.len() > 128 || !text.bytes().all(good) {
            self.add(key, "1 to 128 letters, digits, `.`, `_` or `-`");
        }
    }
}

/// What a vendor's table makes.
pub(crate) struct Made {
    pub streams: Vec<Stream>,
    pub push: Option<Box<dyn Push>>,
}

/// What every vendor's table can do.
pub(crate) trait Vendor {
    /// Its name under `[[connector]]`.
    const NAME: &'static str;
    /// How it is asked unless the configuration says otherwise.
    const TIMES: Times;
    /// Notes what is wrong with it.
    fn check(&self, mistakes: &mut Mistakes);
    /// Makes its clients.
    fn make(&self, times: &Times) -> Result<Made, PullError>;
    /// How late its call events may be here, ms; `None` if it tells of no calls.
    fn delivery_ms(&self, times: &Times) -> Option<i64>;
}

/// How a vendor is asked, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub poll: u32,
    pub overlap: u32,
    pub lag: u32,
}

impl Times {
    /// Windows of at most so many seconds.
    pub fn windows(&self, most_secs: i64) -> crate::window::Windows {
        crate::window::Windows {
            overlap: i64::from(self.overlap) * 1_000,
            lag: i64::from(self.lag) * 1_000,
            most: most_secs * 1_000,
        }
    }

    /// How late records are here at most: a window's lag, the wait for it, and time to fetch it.
    pub fn delivery_ms(&self) -> i64 {
        const FETCH: i64 = 10_000;
        (i64::from(self.lag) + i64::from(self.poll)) * 1_000 + FETCH
    }
}

/// Where a first start begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// So many milliseconds before now.
    Before(i64),
    At(Time),
}

impl Start {
    pub fn at(self, now: Time) -> Time {
        match self {
            Self::Before(ms) => Time(now.0 - ms),
            Self::At(time) => time,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "now" {
            return Some(Self::Before(0));
        }
        if let Some(span) = text.strip_prefix('-') {
            let unit = span.chars().last()?;
            let number: i64 = span.strip_suffix(unit)?.parse().ok()?;
            let ms = match unit {
                'm' => 60_000,
                'h' => 3_600_000,
                'd' => 86_400_000,
                _ => return None,
            };
            return (0..=36_500)
                .contains(&number)
                .then_some(Self::Before(number * ms));
        }
        Time::parse_rfc3339(text).ok().map(Self::At)
    }
}

/// A connector that can run.
pub struct Connector {
    pub(crate) name: String,
    pub(crate) vendor: &'static str,
    pub(crate) origin: Arc<Origin>,
    pub(crate) streams: Vec<Stream>,
    pub(crate) push: Option<Box<dyn Push>>,
    pub(crate) pace: Pace,
    pub(crate) start: Start,
}

impl Connector {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose word its records are.
    #[must_use]
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// With another pace; for tests, which do not wait for minutes.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// The first page of each stream since a moment, to see whether it works; nothing is kept.
    pub async fn try_out(
        &self,
        since: Time,
    ) -> Vec<(&'static str, Result<crate::Page, PullError>)> {
        let mut out = Vec::new();
        for stream in &self.streams {
            let cursor = crate::Cursor::at(since);
            let page = stream.pull.pull(&cursor, crate::runner::now()).await;
            out.push((stream.name, page));
        }
        out
    }
}

/// Calls a method of the one vendor's table that is written.
macro_rules! vendor {
    ($config:expr, $vendor:ident => $body:expr) => {
        vendor!($config, $vendor => $body; okta genesys twilio connect five9 salesforce entra cloudtrail)
    };
    ($config:expr, $vendor:ident => $body:expr; $($field:ident)+) => {
        'found: {
            $(if let Some($vendor) = &$config.$field { break 'found Some($body); })+
            None
        }
    };
}

fn name_of<V: Vendor>(_: &V) -> &'static str {
    V::NAME
}

fn times_of<V: Vendor>(_: &V) -> Times {
    V::TIMES
}

impl ConnectorConfig {
    /// Everything that is wrong with it, as far as it can be told without reading secrets.
    #[must_use]
    pub fn mistakes(&self) -> Vec<ConnectorMistake> {
        let mut m = Mistakes::default();
        let name = self.name.as_str();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
        if name.len() > 40 || !name.bytes().all(plain) {
            m.add(
                "name",
                "1 to 40 lower-case letters, digits, `.`, `_` or `-`",
            );
        }
        if self.grants.iter().any(|g| g != "call-state") {
            m.add("grants", "the one grant that there is, is `call-state`");
        }
        let mut within = |key: &str, value: Option<u32>, least: u32, most: u32| {
            if value.is_some_and(|v| !(least..=most).contains(&v)) {
                m.add(key, format!("between {least} and {most}"));
            }
        };
        within("poll_secs", self.poll_secs, 1, 86_400);
        within("overlap_secs", self.overlap_secs, 0, 604_800);
        within("lag_secs", self.lag_secs, 0, 86_400);
        if self
            .start
            .as_deref()
            .is_some_and(|s| Start::parse(s).is_none())
        {
            m.add("start", "`now`, a span before it such as `-24h` or `-7d`, or a time such as `2026-11-22T09:30:00Z`");
        }
        let written = [
            self.okta.is_some(),
            self.genesys.is_some(),
            self.twilio.is_some(),
            self.connect.is_some(),
            self.five9.is_some(),
            self.salesforce.is_some(),
            self.entra.is_some(),
            self.cloudtrail.is_some(),
        ];
        if written.iter().filter(|w| **w).count() != 1 {
            m.add(
                "name",
                "exactly one vendor stands under a connector: `[connector.okta]`, `.genesys`, \
                 `.twilio`, `.connect`, `.five9`, `.salesforce`, `.entra` or `.cloudtrail`",
            );
        }
        let _ = vendor!(self, v => v.check(&mut m));
        m.0
    }

    /// Vendor, as the configuration writes it.
    #[must_use]
    pub fn vendor(&self) -> &'static str {
        vendor!(self, v => name_of(v)).unwrap_or("none")
    }

    /// Program of its records.
    #[must_use]
    pub fn program(&self) -> Name {
        self.or_default(self.program.as_ref())
    }

    /// Site of its records.
    #[must_use]
    pub fn site(&self) -> Name {
        self.or_default(self.site.as_ref())
    }

    /// How late its call events may be here, ms: the call join waits so long for them. `None` if
    /// it tells of no calls, or tells at once.
    #[must_use]
    pub fn delivery_ms(&self) -> Option<i64> {
        vendor!(self, v => v.delivery_ms(&self.times(times_of(v)))).flatten()
    }

    /// Makes the connector.
    ///
    /// # Errors
    /// Its mistakes.
    pub fn build(&self) -> Result<Connector, Vec<ConnectorMistake>> {
        let mistakes = self.mistakes();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let fail = |what: String| {
            let key = self.vendor().to_owned();
            vec![ConnectorMistake { key, what }]
        };
        let made = vendor!(self, v => v.make(&self.times(times_of(v))))
            .ok_or_else(|| fail("no vendor".to_owned()))?
            .map_err(|e| fail(e.to_string()))?;
        let times = vendor!(self, v => self.times(times_of(v)));
        let poll = times.map_or(60, |t| t.poll);
        let start = self.start.as_deref().and_then(Start::parse);
        Ok(Connector {
            name: self.name.to_string(),
            vendor: self.vendor(),
            origin: Arc::new(Origin {
                source: self.name.clone(),
                program: self.program(),
                site: self.site(),
                authority: Authority {
                    classes: self.classes.clone(),
                    call_state: self.grants.contains("call-state"),
                    // It was asked over TLS by name, or has signed what it sent.
                    authenticated: true,
                },
            }),
            streams: made.streams,
            push: made.push,
            pace: Pace::every(Duration::from_secs(u64::from(poll))),
            start: start.unwrap_or(Start::Before(0)),
        })
    }

    fn or_default(&self, written: Option<&Name>) -> Name {
        let default = || Name::new("default").ok();
        written
            .cloned()
            .or_else(default)
            .unwrap_or_else(|| self.name.clone())
    }

    fn times(&self, usual: Times) -> Times {
        Times {
            poll: self.poll_secs.unwrap_or(usual.poll),
            overlap: self.overlap_secs.unwrap_or(usual.overlap),
            lag: self.lag_secs.unwrap_or(usual.lag),
        }
    }
}
