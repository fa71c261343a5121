//! Findings of one story become one alert, each counted once.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::time::Duration;

use common::*;
use ringfence_state::{
    AlertEdit, AlertFilter, AlertOrder, ChangeKind, Limits, PageRequest, Status, Verdict,
};

#[tokio::test]
async fn findings_of_one_agent_are_one_alert() {
    let state = memory().await;
    let batch = [
        finding("a", "1", T0, 3),
        finding("b", "1", T0 + MINUTE, 4),
        finding("c", "2", T0 + MINUTE, 2),
        finding("d", "1", T0 + 2 * MINUTE, 3),
    ];
    let applied = state.apply_findings(&batch, at(10), T0).await.unwrap();
    assert_eq!(applied.changes.len(), 2);
    let first = &applied.changes[0].alert;
    assert_eq!((first.finding_count, first.severity_id), (3, 4));
    assert_eq!(first.message, "agent 1 opened a record (b)");
    assert_eq!(
        (first.first_time_ms, first.last_time_ms),
        (T0, T0 + 2 * MINUTE)
    );
    assert_eq!(state.position("alerts").await.unwrap(), Some(10));

    let detail = state.alert_detail(&ALL, &first.id).await.unwrap();
    assert_eq!(detail.rules[0].finding_count, 3);
    let seen: Vec<_> = detail
        .findings
        .iter()
        .map(|finding| finding.uid.as_str())
        .collect();
    assert_eq!(seen, ["d", "b", "a"]);
    assert_eq!(detail.findings[0].event_ids, ["event-d"]);
    assert_eq!(detail.history[0].action, "opened");
}

#[tokio::test]
async fn a_later_batch_joins_until_the_story_has_been_silent() {
    let state = memory().await;
    let apply = async |uid: &str, at_ms: i64| {
        let batch = [finding(uid, "1", at_ms, 3)];
        state
            .apply_findings(&batch, None, at_ms)
            .await
            .unwrap()
            .changes[0]
            .clone()
    };
    let first = apply("a", T0).await;
    let joined = apply("b", T0 + 3 * HOUR).await;
    let later = apply("c", T0 + 6 * HOUR).await;
    assert_eq!(
        (joined.kind, joined.alert.id.as_str()),
        (ChangeKind::MoreFindings, &*first.alert.id)
    );
    assert_eq!(later.alert.finding_count, 3);
    let next = apply("d", T0 + 10 * HOUR).await;
    assert_eq!(next.kind, ChangeKind::Opened);
    assert_eq!(next.alert.previous_id, Some(first.alert.id));
}

#[tokio::test]
async fn a_closed_alert_swallows_nothing() {
    let state = memory().await;
    let id = open_alerts(&state, 1..2).await.remove(0);
    let close = AlertEdit::Close {
        verdict: Verdict::Benign,
        reason: "asked her".to_owned(),
    };
    state
        .edit_alert(&ALL, &id, &close, None, "ada", T0)
        .await
        .unwrap();
    let batch = [finding("new", "1", T0 + MINUTE, 3)];
    let applied = state
        .apply_findings(&batch, None, T0 + MINUTE)
        .await
        .unwrap();
    assert_eq!(applied.changes[0].kind, ChangeKind::Opened);
    assert_eq!(
        applied.changes[0].alert.previous_id.as_deref(),
        Some(id.as_str())
    );
    assert_eq!(state.alert(&ALL, &id).await.unwrap().finding_count, 1);
}

#[tokio::test]
async fn programs_with_equal_agents_have_stories_of_their_own() {
    let state = memory().await;
    let mut other = finding("b", "1", T0, 3);
    other.program = "shop".to_owned();
    let batch = [finding("a", "1", T0, 3), other];
    let applied = state.apply_findings(&batch, None, T0).await.unwrap();
    assert_eq!(applied.changes.len(), 2);
}

#[tokio::test]
async fn a_batch_applied_again_after_a_crash_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder).await;
    let batch: Vec<_> = (0..50)
        .map(|n| finding(&format!("f{n}"), "1", T0 + n, 3))
        .collect();
    let state = open(&place).await;
    let first = state
        .apply_findings(&batch[..30], at(30), T0)
        .await
        .unwrap();
    assert_eq!((first.fresh, first.repeated), (30, 0));
    // The process dies here: nothing is closed in good order.
    drop(state);
    let state = open(&place).await;
    assert_eq!(state.position("alerts").await.unwrap(), Some(30));
    let again = state
        .apply_findings(&batch[..30], at(30), T0)
        .await
        .unwrap();
    assert_eq!((again.fresh, again.changes.len()), (0, 0));
    // A restart may also cut batches elsewhere: the overlap is known by its uids.
    let overlap = state
        .apply_findings(&batch[20..], at(50), T0)
        .await
        .unwrap();
    assert_eq!((overlap.fresh, overlap.repeated), (20, 10));
    assert_eq!(overlap.changes[0].alert.finding_count, 50);
    assert_eq!(overlap.changes[0].alert.id, first.changes[0].alert.id);
}

#[tokio::test]
async fn a_finding_twice_in_one_batch_counts_once() {
    let state = memory().await;
    let batch = [finding("a", "1", T0, 3), finding("a", "1", T0, 3)];
    let applied = state.apply_findings(&batch, None, T0).await.unwrap();
    assert_eq!((applied.fresh, applied.repeated), (1, 1));
    assert_eq!(applied.changes[0].alert.finding_count, 1);
}

#[tokio::test]
async fn a_burst_keeps_true_counts_and_a_bounded_sample() {
    let limits = Limits {
        findings_first: 5,
        findings_newest: 20,
        ..Limits::default()
    };
    let state = memory_with(limits).await;
    for round in 0..4 {
        let batch: Vec<_> = (0..300)
            .map(|n| round * 300 + n)
            .map(|n| finding(&format!("f{n}"), "1", T0 + n, 3))
            .collect();
        state.apply_findings(&batch, None, T0).await.unwrap();
    }
    let page = PageRequest::default();
    let alerts = state
        .list_alerts(&ALL, &AlertFilter::default(), AlertOrder::Newest, &page)
        .await
        .unwrap();
    assert_eq!(alerts.items.len(), 1);
    assert_eq!(alerts.items[0].finding_count, 1200);
    let all = PageRequest {
        limit: Some(500),
        cursor: None,
    };
    let kept = state
        .alert_findings(&ALL, &alerts.items[0].id, &all)
        .await
        .unwrap()
        .items;
    let seqs: Vec<_> = kept.iter().map(|finding| finding.seq).collect();
    let expected: Vec<_> = (1181..=1200).rev().chain((1..=5).rev()).collect();
    assert_eq!(seqs, expected);
}

#[tokio::test]
async fn equal_findings_give_equal_alert_ids_wherever_they_are_applied() {
    let (one, two) = (memory().await, memory().await);
    assert_eq!(open_alerts(&one, 0..5).await, open_alerts(&two, 0..5).await);
}

#[tokio::test]
async fn monstrous_findings_are_cut_not_refused() {
    let state = memory().await;
    let mut huge = finding(&"u".repeat(5_000), "1", T0, 3);
    huge.message = "ä".repeat(100_000);
    huge.reason = serde_json::json!({ "field": "x".repeat(1_000_000) });
    huge.event_ids = vec!["e".repeat(1_000); 5_000];
    huge.story_key = "k".repeat(10_000);
    huge.severity_id = 99;
    let applied = state
        .apply_findings(&[huge.clone(), huge], None, T0)
        .await
        .unwrap();
    assert_eq!((applied.fresh, applied.repeated), (1, 1));
    let alert = &applied.changes[0].alert;
    assert_eq!((alert.severity_id, alert.message.len()), (0, 2048));
    let detail = state.alert_detail(&ALL, &alert.id).await.unwrap();
    assert_eq!(detail.findings[0].reason["truncated"], true);
    assert_eq!(detail.findings[0].event_ids.len(), 100);
}

#[tokio::test]
async fn old_closed_alerts_and_identities_go_and_open_alerts_stay() {
    let day = Duration::from_secs(24 * 3600);
    let limits = Limits {
        closed_alerts_for: day,
        findings_seen_for: day,
        ..Limits::default()
    };
    let state = memory_with(limits).await;
    let ids = open_alerts(&state, 0..3).await;
    let close = AlertEdit::Close {
        verdict: Verdict::Other,
        reason: "done".to_owned(),
    };
    state
        .edit_alert(&ALL, &ids[0], &close, None, "ada", T0)
        .await
        .unwrap();
    let gone = state.maintain(T0 + 25 * HOUR).await.unwrap();
    assert_eq!((gone.alerts, gone.findings_seen), (1, 3));
    assert!(state.alert(&ALL, &ids[0]).await.is_err());
    assert_eq!(
        state.alert(&ALL, &ids[1]).await.unwrap().status,
        Status::Open
    );
}
