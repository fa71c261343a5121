//! A source as one listener hears it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ringfence_event::{Origin, Time};

/// Nobody speaks at this moment: it stands for "not heard yet".
const NEVER: i64 = i64::MIN;

/// A source and when it was last heard.
#[derive(Debug)]
pub(crate) struct Speaker {
    origin: Arc<Origin>,
    last: AtomicI64,
}

impl Speaker {
    pub(crate) fn new(origin: Arc<Origin>) -> Arc<Self> {
        let last = AtomicI64::new(NEVER);
        Arc::new(Self { origin, last })
    }

    pub(crate) fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    pub(crate) fn heard(&self, at: Time) {
        self.last.fetch_max(at.0, Ordering::Relaxed);
    }

    pub(crate) fn last_heard(&self) -> Option<Time> {
        Some(self.last.load(Ordering::Relaxed))
            .filter(|at| *at != NEVER)
            .map(Time)
    }
}

/// Everybody whom one listener hears.
#[derive(Debug)]
pub(crate) struct Speakers(Mutex<Vec<Arc<Speaker>>>);

impl Speakers {
    pub(crate) fn new(origins: Vec<Arc<Origin>>) -> Arc<Self> {
        let speakers = origins.into_iter().map(Speaker::new).collect();
        Arc::new(Self(Mutex::new(speakers)))
    }

    /// The one that speaks where nobody is told apart.
    pub(super) fn first(&self) -> Option<Arc<Speaker>> {
        self.all().into_iter().next()
    }

    /// The one that speaks for a source.
    pub(super) fn of(&self, origin: &Origin) -> Option<Arc<Speaker>> {
        let mut all = self.all().into_iter();
        all.find(|speaker| is_of(speaker, origin))
    }

    /// The same where the configuration does not name all of them.
    pub(crate) fn of_any(&self, origin: &Arc<Origin>) -> Arc<Speaker> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|speaker| is_of(speaker, origin)) {
            return Arc::clone(known);
        }
        let new = Speaker::new(Arc::clone(origin));
        all.push(Arc::clone(&new));
        new
    }

    pub(crate) fn all(&self) -> Vec<Arc<Speaker>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn is_of(speaker: &Speaker, origin: &Origin) -> bool {
    speaker.origin.source == origin.source && speaker.origin.program == origin.program
}
