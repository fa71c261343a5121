//! Acknowledge, close, reopen, assign, note: one alert and thousands.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::*;
use ringfence_state::{
    AlertEdit, AlertFilter, BulkOutcome, BulkTarget, Error, Scope, Status, Verdict,
};

fn close(reason: &str) -> AlertEdit {
    AlertEdit::Close {
        verdict: Verdict::FalsePositive,
        reason: reason.to_owned(),
    }
}

#[tokio::test]
async fn closing_needs_a_reason() {
    let state = memory().await;
    let id = open_alerts(&state, 0..1).await.remove(0);
    for empty in ["", "  \n"] {
        let error = state
            .edit_alert(&ALL, &id, &close(empty), None, "ada", T0)
            .await
            .unwrap_err();
        assert!(
            matches!(
                error,
                Error::Invalid {
                    field: "reason",
                    ..
                }
            ),
            "{error}"
        );
    }
    let edited = state
        .edit_alert(&ALL, &id, &close("test call"), None, "ada", T0)
        .await
        .unwrap();
    assert_eq!(
        (edited.changed, edited.alert.status),
        (true, Status::Closed)
    );
    assert_eq!(edited.alert.verdict, Some(Verdict::FalsePositive));
}

#[tokio::test]
async fn every_step_is_in_the_history_with_its_author() {
    let state = memory().await;
    let id = open_alerts(&state, 0..1).await.remove(0);
    let steps = [
        AlertEdit::Acknowledge {},
        AlertEdit::Assign {
            assignee: Some("ada".to_owned()),
        },
        AlertEdit::Note {
            text: "Called her supervisor".to_owned(),
            key: None,
        },
        close("training"),
        AlertEdit::Reopen {},
    ];
    for (minute, step) in steps.iter().enumerate() {
        // The alert opened at `T0`; rows of one millisecond have no order.
        let now = T0 + (minute as i64 + 1) * MINUTE;
        assert!(
            state
                .edit_alert(&ALL, &id, step, None, "ada", now)
                .await
                .unwrap()
                .changed
        );
    }
    let detail = state.alert_detail(&ALL, &id).await.unwrap();
    let history: Vec<_> = detail
        .history
        .iter()
        .map(|entry| (entry.action.as_str(), entry.actor.as_str()))
        .collect();
    let expected = [
        ("opened", "ringfence"),
        ("acknowledged", "ada"),
        ("assigned", "ada"),
        ("noted", "ada"),
        ("closed", "ada"),
        ("reopened", "ada"),
    ];
    assert_eq!(history, expected);
    assert_eq!(detail.notes[0].text, "Called her supervisor");
    assert_eq!(
        (detail.alert.status, detail.alert.verdict),
        (Status::Open, None)
    );
}

#[tokio::test]
async fn repeating_an_edit_changes_nothing() {
    let state = memory().await;
    let id = open_alerts(&state, 0..1).await.remove(0);
    let note = AlertEdit::Note {
        text: "once".to_owned(),
        key: Some("req-1".to_owned()),
    };
    for edit in [AlertEdit::Acknowledge {}, note, close("x")] {
        let first = state
            .edit_alert(&ALL, &id, &edit, None, "ada", T0)
            .await
            .unwrap();
        // The client lost the answer and repeats with the version it knew.
        let stale = Some(first.alert.version - 1);
        let again = state
            .edit_alert(&ALL, &id, &edit, stale, "ada", T0 + MINUTE)
            .await
            .unwrap();
        assert_eq!((first.changed, again.changed), (true, false));
        assert_eq!(again.alert.version, first.alert.version);
    }
    assert_eq!(state.alert_detail(&ALL, &id).await.unwrap().notes.len(), 1);
}

#[tokio::test]
async fn two_people_do_not_overwrite_each_other() {
    let state = memory().await;
    let id = open_alerts(&state, 0..1).await.remove(0);
    let seen = state.alert(&ALL, &id).await.unwrap().version;
    state
        .edit_alert(&ALL, &id, &close("ada was first"), Some(seen), "ada", T0)
        .await
        .unwrap();
    let late = close("bob had not seen that");
    let error = state
        .edit_alert(&ALL, &id, &late, Some(seen), "bob", T0)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Conflict(_)), "{error}");
    // More findings of the same severity are no reason to refuse an edit.
    let other = open_alerts(&state, 7..8).await.remove(0);
    let seen = state.alert(&ALL, &other).await.unwrap().version;
    state
        .apply_findings(&[finding("more", "7", T0 + MINUTE, 3)], None, T0)
        .await
        .unwrap();
    assert!(
        state
            .edit_alert(&ALL, &other, &close("ok"), Some(seen), "ada", T0)
            .await
            .is_ok()
    );
    let third = open_alerts(&state, 8..9).await.remove(0);
    let seen = state.alert(&ALL, &third).await.unwrap().version;
    state
        .apply_findings(&[finding("worse", "8", T0 + MINUTE, 5)], None, T0)
        .await
        .unwrap();
    assert!(
        state
            .edit_alert(&ALL, &third, &close("ok"), Some(seen), "ada", T0)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_closed_alert_is_not_acknowledged() {
    let state = memory().await;
    let id = open_alerts(&state, 0..1).await.remove(0);
    state
        .edit_alert(&ALL, &id, &close("x"), None, "ada", T0)
        .await
        .unwrap();
    let error = state
        .edit_alert(&ALL, &id, &AlertEdit::Acknowledge {}, None, "ada", T0)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Conflict(_)));
}

#[tokio::test]
async fn five_thousand_alerts_are_closed_by_one_filter() {
    let state = memory().await;
    open_alerts(&state, 0..5_000).await;
    let target = BulkTarget::Filter(Box::new(AlertFilter {
        status: vec![Status::Open],
        rule_id: Some("lookup-without-call".to_owned()),
        ..AlertFilter::default()
    }));
    let result = state
        .bulk_edit(&ALL, &target, &close("bad rule"), "ada", T0)
        .await
        .unwrap();
    assert_eq!((result.items.len(), result.more), (5_000, false));
    assert!(
        result
            .items
            .iter()
            .all(|item| item.outcome == BulkOutcome::Changed { version: 2 })
    );
    let counts = state
        .count_alerts(&ALL, &AlertFilter::default())
        .await
        .unwrap();
    assert_eq!((counts.open, counts.closed), (0, 5_000));
    // Again: nothing matches any more, and by id nothing changes.
    let again = state
        .bulk_edit(&ALL, &target, &close("bad rule"), "ada", T0)
        .await
        .unwrap();
    assert!(again.items.is_empty());
    let ids = result.items.into_iter().map(|item| item.id).collect();
    let by_id = BulkTarget::Ids(ids);
    let again = state
        .bulk_edit(&ALL, &by_id, &close("bad rule"), "ada", T0)
        .await
        .unwrap();
    assert!(
        again
            .items
            .iter()
            .all(|item| item.outcome == BulkOutcome::Unchanged)
    );
}

#[tokio::test]
async fn bulk_answers_for_each_alert() {
    let state = memory().await;
    let ids = open_alerts(&state, 0..3).await;
    state
        .edit_alert(&ALL, &ids[1], &close("x"), None, "ada", T0)
        .await
        .unwrap();
    let target = BulkTarget::Ids(vec![
        ids[0].clone(),
        ids[1].clone(),
        "nowhere".to_owned(),
        ids[2].clone(),
    ]);
    let ack = AlertEdit::Acknowledge {};
    let items = state
        .bulk_edit(&ALL, &target, &ack, "ada", T0)
        .await
        .unwrap()
        .items;
    assert_eq!(items[0].outcome, BulkOutcome::Changed { version: 2 });
    assert!(matches!(items[1].outcome, BulkOutcome::Conflict { .. }));
    assert_eq!(items[2].outcome, BulkOutcome::NotFound);
    assert_eq!(items[3].outcome, BulkOutcome::Changed { version: 2 });
    let foreign = Scope::program("shop");
    let items = state
        .bulk_edit(&foreign, &target, &ack, "eve", T0)
        .await
        .unwrap()
        .items;
    assert!(
        items
            .iter()
            .all(|item| item.outcome == BulkOutcome::NotFound)
    );
}
