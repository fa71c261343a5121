//! What time does to who may do what: grants end, glasses mend, reviews open, remind and end. Each of
//! it is an event.

use std::sync::Arc;
use std::time::Duration;

use ringfence_access::Access;
use ringfence_api::occasions::{self, Phase};
use ringfence_event::{Own, Time};
use ringfence_sources::{Intake, Sink as _};
use ringfence_state::{ReviewStep, State};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::clock;

/// How often it looks. What is over is over at its moment, whoever looks when.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Looks at once, and then again and again until `cancel`.
pub(crate) async fn keep(
    state: State,
    access: Arc<Access>,
    intake: Arc<Intake>,
    cancel: CancellationToken,
) {
    // Uses are noted from here on: the time says so before the first question about them.
    if let Err(error) = state.rights_noted_since(clock::now().0).await {
        tracing::warn!(%error, "since when uses of rights are noted could not be kept");
    }
    loop {
        if let Err(error) = look(&state, &access, &intake, clock::now()).await {
            tracing::warn!(error, "what had its time could not be ended");
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn look(state: &State, access: &Access, intake: &Intake, now: Time) -> Result<(), String> {
    let failed = |e: ringfence_state::Error| e.to_string();
    for request in state.settle_requests(now.0).await.map_err(failed)? {
        tell(intake, occasions::request(&request, now)).await?;
    }
    for ended in state.settle_emergencies(now.0).await.map_err(failed)? {
        tell(intake, occasions::emergency(&ended, Phase::Ended, now)).await?;
    }
    for untold in state.untold_emergencies(now.0).await.map_err(failed)? {
        let phase = match untold.told_ms {
            None => Phase::Began,
            Some(_) => Phase::Unreviewed,
        };
        tell(intake, occasions::emergency(&untold, phase, now)).await?;
        state
            .emergency_told(&untold.id, now.0)
            .await
            .map_err(failed)?;
    }
    let policies = access.policies();
    match state.step_reviews(&policies, now.0).await.map_err(failed)? {
        None => {}
        Some(ReviewStep::Opened(review)) => {
            tracing::info!(roles = review.items, "an access review is due and open");
            tell(intake, occasions::review_opened(&review, now)).await?;
        }
        Some(ReviewStep::Reminder(review, days)) => {
            if review.undecided > 0 {
                tell(intake, occasions::review_reminder(&review, days, now)).await?;
            }
            let noted = state.review_reminded(&review.id, days);
            noted.await.map_err(failed)?;
        }
        Some(ReviewStep::Lapsed(review, by_time)) => {
            tracing::warn!(
                roles = by_time.len(),
                "an access review ended with roles that nobody confirmed"
            );
            for item in &by_time {
                tell(intake, occasions::review_item(&review, item, now)).await?;
            }
            let own = occasions::review_ended(&review, Some(by_time.len()), now);
            tell(intake, own).await?;
            let ended = state.end_lapsed_review(&review.id, now.0);
            ended.await.map_err(failed)?;
        }
    }
    Ok(())
}

async fn tell(intake: &Intake, own: Own) -> Result<(), String> {
    let own = own.with("actor", json!({"app_name": "ringfence"}));
    let told = intake.own(own.event()).await;
    told.map(drop).map_err(|e| e.to_string())
}
