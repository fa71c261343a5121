//! Looking at logs again and again.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::alarm::Webhook;
use crate::fetch::{Blocking, Remote, RemoteError};
use crate::witness::{Shared, Witness};

/// For all files that one proof takes.
const ROUND: Duration = Duration::from_secs(60);

/// A log that is looked at.
#[derive(Debug, Clone)]
pub struct Pull {
    /// Which.
    pub origin: String,
    /// Its server.
    pub remote: Remote,
    /// How often.
    pub every: Duration,
    /// After so long without anything valid it counts as silent.
    pub silent_after: Duration,
}

/// Follows logs until `cancel`. Alarms go to `webhook`, too.
///
/// # Errors
/// When TLS cannot be set up for the webhook.
pub async fn run(
    witness: Arc<Witness>,
    pulls: Vec<Pull>,
    webhook: Option<&Webhook>,
    clock: fn() -> i64,
    cancel: CancellationToken,
) -> Result<(), RemoteError> {
    let sending = webhook.map(|to| witness.tell_to(to)).transpose()?;
    let sending = sending.map(|sending| tokio::spawn(sending.run()));
    let mut following = JoinSet::new();
    for pull in pulls {
        following.spawn(follow(Arc::clone(&witness), pull, clock, cancel.clone()));
    }
    cancel.cancelled().await;
    while following.join_next().await.is_some() {}
    witness.tell_nobody();
    if let Some(sending) = sending {
        // What a receiver does not take now is in the file.
        let _ = tokio::time::timeout(Duration::from_secs(10), sending).await;
    }
    Ok(())
}

/// Looks at each log once, and sends what alarms there are.
///
/// # Errors
/// When TLS cannot be set up for the webhook.
pub async fn run_once(
    witness: &Arc<Witness>,
    pulls: &[Pull],
    webhook: Option<&Webhook>,
    clock: fn() -> i64,
) -> Result<(), RemoteError> {
    let sending = webhook.map(|to| witness.tell_to(to)).transpose()?;
    let sending = sending.map(|sending| tokio::spawn(sending.run()));
    for pull in pulls {
        round(witness, pull, clock).await;
    }
    witness.tell_nobody();
    if let Some(sending) = sending {
        let _ = sending.await;
    }
    Ok(())
}

async fn follow(witness: Shared, pull: Pull, clock: fn() -> i64, cancel: CancellationToken) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = round(&witness, &pull, clock) => {}
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(pull.every) => {}
        }
    }
}

async fn round(witness: &Shared, pull: &Pull, clock: fn() -> i64) {
    let shown = pull.remote.checkpoint().await;
    let (shared, pull, handle) = (Arc::clone(witness), pull.clone(), Handle::current());
    // What is judged is written, and that waits for the disk.
    let work = move || {
        let Some(one) = shared.watched(&pull.origin) else {
            return;
        };
        let tiles = Blocking {
            remote: &pull.remote,
            handle,
            until: Instant::now() + ROUND,
        };
        let outcome = match shown {
            Ok(shown) => one
                .log
                .look(&shown, tiles, &shared.signer, &shared.store, clock()),
            Err(error) => Err(error.into()),
        };
        let silent_after = i64::try_from(pull.silent_after.as_millis()).unwrap_or(i64::MAX);
        shared.take_down(one, &outcome, Some(silent_after), clock());
    };
    if let Err(error) = tokio::task::spawn_blocking(work).await {
        tracing::error!(%error, "a look at a log broke off");
    }
}
