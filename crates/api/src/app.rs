//! What the API stands on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ringfence_access::Access;
use ringfence_connectors::Connectors;
use ringfence_event::Time;
use ringfence_evidence::Folder;
use ringfence_evidence::bundle::Seal;
use ringfence_lake::{Erasable, LakeError};
use ringfence_policy::{Mistake, Policies, PolicyFile};
use ringfence_sources::{CertificateAuthority, Sink};
use ringfence_state::{Scope, State};
use serde::Serialize;

use crate::pace::Paces;
use crate::query::Queries;
use crate::sign_in::SignIn;

/// Everything a handler may use.
#[derive(Clone)]
pub struct App {
    /// Alerts, sources, webhooks, quarantine.
    pub state: State,
    /// Queries.
    pub queries: Arc<dyn Queries>,
    /// Platforms that are asked, or that send.
    pub connectors: Connectors,
    /// Intake.
    pub sink: Arc<dyn Sink>,
    /// What only the running process knows.
    pub inside: Arc<dyn Inside>,
    /// Bounds on requests.
    pub limits: Limits,
    /// Who may do what.
    pub access: Arc<Access>,
    /// Sign-in of people.
    pub sign_in: Arc<SignIn>,
    /// Certifies the keys of sources and services.
    pub authority: Arc<CertificateAuthority>,
    /// How fast each account asks.
    pub paces: Arc<Paces>,
}

/// Bounds on requests.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of an intake body as sent.
    pub body_bytes: usize,
    /// Bytes of an intake body after decompression.
    pub inflated_bytes: usize,
    /// What a query may take.
    pub query: ringfence_lake::Limits,
    /// Interval of comments that keep an idle event stream open.
    pub keep_alive: Duration,
    /// Days that a certificate is good for, unless somebody asks for fewer.
    pub certificate_days: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 8 << 20,
            inflated_bytes: 32 << 20,
            query: ringfence_lake::Limits::default(),
            keep_alive: Duration::from_secs(15),
            certificate_days: 90,
        }
    }
}

/// Whether the process can do its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// All of it.
    pub ready: bool,
    /// What is not ready, in words.
    pub reasons: Vec<String>,
    /// What does not work at present although events are taken in, in words.
    pub degraded: Vec<String>,
}

/// A call that is going on now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveCall {
    /// Minted by Ringfence.
    pub call_uid: String,
    /// Program.
    pub program: String,
    /// Site.
    pub site: String,
    /// `ringing`, `live`, `held`…
    pub state: String,
    /// Agent's id.
    pub agent: Option<String>,
    /// Customer's id.
    pub customer: Option<String>,
    /// Outside number.
    pub caller: Option<String>,
    /// When it began, ms.
    pub since_ms: i64,
    /// `call.recording`.
    pub recording: String,
    /// `call.consent`.
    pub consent: String,
    /// Signalling and media are encrypted as far as seen.
    pub encrypted: Option<bool>,
}

/// A job of the lake's upkeep that somebody asks for.
#[derive(Clone, PartialEq, Eq)]
pub enum UpkeepJob {
    /// Say how it is.
    Status,
    /// Merge small files.
    Compact,
    /// Delete files that were replaced long enough ago.
    Vacuum {
        /// Count only.
        dry_run: bool,
    },
    /// Take out rows whose period is over.
    Retain {
        /// Count only.
        dry_run: bool,
        /// Who asks.
        by: String,
    },
    /// Take out the rows with a value of a key.
    Erase {
        /// Which column.
        key: Erasable,
        /// Its value. Names a person: not to be printed.
        value: String,
        /// Only in this program.
        program: Option<String>,
        /// Count only.
        dry_run: bool,
        /// Who asks.
        by: String,
    },
}

/// A rule to be tried before it is in force.
#[derive(Debug, Clone)]
pub struct RuleTrial {
    /// Sigma, one or more documents.
    pub rule: String,
    /// What it is tried on.
    pub over: TrialOver,
}

/// What a rule is tried on.
#[derive(Debug, Clone)]
pub enum TrialOver {
    /// Records, one a line.
    Pasted(String),
    /// What the event log has of the last hours.
    Hours(u32),
}

/// Why a rule was not tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialError {
    /// Another trial is under way.
    Busy,
    /// The event log cannot be read, or a mistake of ours.
    Failed(String),
}

/// An answer that is still being worked on.
pub type Working<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The evidence log, as the API needs it.
pub trait Evidence: Send + Sync + 'static {
    /// Waits until what stands at an offset of the event log is in the evidence log; why not, if it takes
    /// too long.
    fn wait(&self, offset: u64) -> Working<Result<(), String>>;
    /// Why it cannot be written just now.
    fn trouble(&self) -> Option<String>;
    /// The key that checkpoints are checked with, as C2SP's signed-note writes it.
    fn key(&self) -> String;
    /// Entries under the checkpoint.
    fn size(&self) -> u64;
    /// A file at its path of C2SP's tlog-tiles; nothing when there is none.
    fn file(&self, path: &str) -> Working<std::io::Result<Option<Vec<u8>>>>;
    /// What the log has of a record: time, kind and commitment; nothing when it has it not yet.
    fn entry(&self, index: u64) -> Working<std::io::Result<Option<String>>>;
    /// The proof that an entry is in the log (C2SP tlog-proof); nothing when it is not yet.
    fn proof(&self, index: u64) -> Working<std::io::Result<Option<String>>>;
    /// Its files: all of them may be shown to anybody.
    fn folder(&self) -> Folder;
    /// Signs the last line of a bundle with the log's key: a signed note.
    fn seal(&self, seal: Seal) -> Working<std::io::Result<String>>;
}

/// What only the running process knows.
pub trait Inside: Send + Sync + 'static {
    /// The clock.
    fn now(&self) -> Time;
    /// Whether it can work.
    fn readiness(&self) -> Readiness;
    /// Prometheus text exposition.
    fn metrics(&self) -> String;
    /// Calls going on now, of these programs, at most `limit`.
    fn live_calls(&self, scope: &Scope, limit: usize) -> Vec<LiveCall>;
    /// Rules in force and what is wrong with the rest.
    fn rules(&self) -> serde_json::Value;
    /// Tries a rule on events of these programs. Dropping the answer stops it.
    fn try_rule(
        &self,
        trial: RuleTrial,
        scope: &Scope,
    ) -> Working<Result<serde_json::Value, TrialError>>;
    /// How the system is, for people.
    fn status(&self) -> serde_json::Value;
    /// Resolves when the process begins to stop: open streams end then.
    fn stopping(&self) -> tokio_util::sync::CancellationToken;
    /// Does a job of the lake's upkeep and answers with its figures.
    fn upkeep(&self, job: UpkeepJob) -> Working<Result<serde_json::Value, LakeError>>;
    /// How others reach this server: scheme, host and port.
    fn public_url(&self) -> String;
    /// The policies that would be in force if these files took the place of those of the same name.
    /// Reads files.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    fn propose(&self, files: Vec<PolicyFile>) -> Result<Policies, Vec<Mistake>>;
    /// The evidence log.
    fn evidence(&self) -> &dyn Evidence;
    /// Whether a webhook may be sent to this URL; the reason if not.
    fn check_webhook_url(&self, url: &str) -> Result<(), String>;
}
