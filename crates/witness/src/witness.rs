//! The logs that one witness follows.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use ringfence_tlog::witness::{AddCheckpoint, Refusal};
use ringfence_tlog::{Signature, Signer, VerifierKey};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::alarm::{Alarm, Sending, Webhook};
use crate::fetch::RemoteError;
use crate::followed::{Change, Followed};
use crate::kept::{Kept, id_of};
use crate::store::{Store, StoreError};
use crate::trouble::{NotSigned, Trouble};

/// What a witness is made of.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The name that a new key gets.
    pub name: String,
    /// The folder of key and state.
    pub data: PathBuf,
    /// Keys of the logs that it follows.
    pub logs: Vec<VerifierKey>,
}

/// Somebody else who saw what logs said.
#[derive(Debug)]
pub struct Witness {
    pub(crate) store: Store,
    pub(crate) signer: Signer,
    logs: Vec<Watched>,
    /// Whoever is told of alarms besides.
    told: Mutex<Option<mpsc::Sender<Alarm>>>,
}

/// A log, and how the last look at it ended.
#[derive(Debug)]
pub(crate) struct Watched {
    pub log: Followed,
    last: Mutex<Option<(&'static str, String)>>,
}

impl Witness {
    /// Takes the folder, and reads what is remembered of each log.
    ///
    /// # Errors
    /// When somebody else has the folder, or what is there is not what the witness wrote: it never begins
    /// anew by itself.
    pub fn open(setup: &Setup, now_ms: i64) -> Result<Self, StoreError> {
        let store = Store::open(&setup.data)?;
        let signer = store.key(&setup.name)?;
        let mut logs = Vec::new();
        for key in &setup.logs {
            let kept = Kept::load(&store, key, signer.public(), now_ms)?;
            logs.push(Watched {
                log: Followed::new(key.clone(), kept),
                last: Mutex::default(),
            });
        }
        Ok(Self {
            store,
            signer,
            logs,
            told: Mutex::default(),
        })
    }

    /// The key that its cosignatures are checked with.
    #[must_use]
    pub fn key(&self) -> &VerifierKey {
        self.signer.public()
    }

    /// Answers a request to cosign (`add-checkpoint`): the line to put under the checkpoint.
    ///
    /// # Errors
    /// Why it is not signed.
    pub fn add(&self, body: &[u8], now_ms: i64) -> Result<Signature, NotSigned> {
        let request = AddCheckpoint::parse(body)?;
        let origin = request.origin()?;
        let log = self.watched(&origin);
        let log = log.ok_or(Refusal::UnknownLog(origin))?;
        let done = log.log.add(&request, &self.signer, &self.store, now_ms);
        if let Err(NotSigned::Forked(why)) = &done {
            self.take_down(log, &Err(Trouble::Forked(why.clone())), None, now_ms);
        }
        done
    }

    /// The checkpoint of a log that was signed last, by hex of SHA-256 over the log's origin.
    #[must_use]
    pub fn checkpoint(&self, id: &str) -> Option<String> {
        let found = self
            .logs
            .iter()
            .find(|one| id_of(one.log.key().name()) == id)?;
        let kept = found.log.kept();
        kept.signed.as_ref().map(|signed| signed.note.to_string())
    }

    /// How it stands with each log.
    #[must_use]
    pub fn status(&self) -> Value {
        let logs: Vec<_> = self.logs.iter().map(Watched::status).collect();
        json!({ "witness": self.key().name(), "key": self.key().to_string(), "logs": logs })
    }

    /// Alarms that are not over: log, name, and what happened.
    #[must_use]
    pub fn alarms(&self) -> Vec<(String, String, String)> {
        let mut all = Vec::new();
        for one in &self.logs {
            for (name, standing) in &one.log.kept().beside.standing {
                let log = one.log.key().name().to_owned();
                all.push((log, name.clone(), standing.what.clone()));
            }
        }
        all
    }

    /// Follows a log anew, by the word of an operator: what was signed of it and its alarms are forgotten, and
    /// the next checkpoint is the first one.
    ///
    /// # Errors
    /// When the state cannot be written. Whether it follows such a log at all is the answer.
    pub fn accept(&self, origin: &str, now_ms: i64) -> Result<bool, StoreError> {
        let Some(one) = self.watched(origin) else {
            return Ok(false);
        };
        one.log.kept().forget(&self.store, now_ms)?;
        let what = "an operator had the witness follow the log anew";
        self.tell(one, "accepted", "over", what.to_owned(), now_ms);
        Ok(true)
    }

    /// Tells somebody of alarms from now on; what comes back has to run.
    pub(crate) fn tell_to(&self, webhook: &Webhook) -> Result<Sending, RemoteError> {
        let (sender, sending) = Sending::to(webhook)?;
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        Ok(sending)
    }

    /// Tells nobody any more, so that whoever sends comes to an end.
    pub(crate) fn tell_nobody(&self) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn watched(&self, origin: &str) -> Option<&Watched> {
        self.logs.iter().find(|one| one.log.key().name() == origin)
    }

    /// Notes how a look ended, and tells of alarms that begin or are over.
    pub(crate) fn take_down(
        &self,
        one: &Watched,
        outcome: &Result<(), Trouble>,
        silent_after_ms: Option<i64>,
        now_ms: i64,
    ) {
        let last = outcome.as_ref().err().map(|t| (t.name(), t.to_string()));
        if let Some((trouble, why)) = &last {
            let log = one.log.key().name();
            tracing::warn!(log, trouble, why, "a look at a log did not end well");
        }
        *one.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
        let (changes, saved) = one
            .log
            .settle(outcome, silent_after_ms, &self.store, now_ms);
        if let Err(error) = saved {
            tracing::error!(%error, "the witness's state cannot be written");
        }
        for change in changes {
            match change {
                Change::Raised(name, what) => self.tell(one, name, "raised", what, now_ms),
                Change::Over(name) => {
                    self.tell(
                        one,
                        &name,
                        "over",
                        "the log is as it should be".to_owned(),
                        now_ms,
                    );
                }
            }
        }
    }

    fn tell(&self, one: &Watched, name: &str, state: &'static str, what: String, now_ms: i64) {
        let alarm = Alarm {
            time_ms: now_ms,
            witness: self.key().name().to_owned(),
            log: one.log.key().name().to_owned(),
            alarm: name.to_owned(),
            state,
            what,
        };
        match state {
            "raised" => tracing::error!(log = alarm.log, alarm = name, what = alarm.what, "alarm"),
            _ => tracing::info!(log = alarm.log, alarm = name, "an alarm is over"),
        }
        let line = serde_json::to_string(&alarm).unwrap_or_default();
        if let Err(error) = self.store.add_alarm(&line) {
            tracing::error!(%error, "the alarm cannot be written down");
        }
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = &*told
            && told.try_send(alarm).is_err()
        {
            tracing::error!(alarm = name, "too many alarms wait for their receiver");
        }
    }
}

impl Watched {
    fn status(&self) -> Value {
        let kept = self.log.kept();
        let key = self.log.key();
        let signed = kept.signed.as_ref();
        let heard = Some(kept.beside.heard_ms).filter(|ms| *ms > 0);
        let trouble = self
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let trouble = trouble.map(|(name, what)| json!({ "name": name, "what": what }));
        let alarms: Vec<_> = kept
            .beside
            .standing
            .iter()
            .map(|(name, one)| json!({ "alarm": name, "since_ms": one.since_ms, "what": one.what }))
            .collect();
        json!({
            "origin": key.name(),
            "key": key.to_string(),
            "size": signed.map_or(0, |signed| signed.checkpoint.size),
            "root": signed.map(|signed| signed.checkpoint.root.to_text()),
            "signed_secs": signed.and_then(|signed| signed.ours.as_ref()).map(|ours| ours.time),
            "shown": kept.beside.shown,
            "heard_ms": heard,
            "forked": kept.beside.forked,
            "trouble": trouble,
            "alarms": alarms,
            "checkpoint": format!("/checkpoint/{}", kept.id()),
        })
    }
}

/// The witness, shared between whoever asks and whoever looks.
pub(crate) type Shared = Arc<Witness>;
