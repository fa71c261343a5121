//! Nothing of another program is seen, counted, changed or even admitted to exist.
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
    AlertEdit, AlertFilter, AlertOrder, Error, NewQuarantined, NewWebhook, PageRequest, Scope,
    SourceChange, State, WebhookChange,
};

struct Two {
    state: State,
    bank_alert: String,
    bank_source: String,
}

async fn two_programs() -> Two {
    let state = memory().await;
    let mut shop = finding("s", "1", T0, 5);
    shop.program = "shop".to_owned();
    let batch = [finding("b", "1", T0, 3), shop];
    let changes = state
        .apply_findings(&batch, None, T0)
        .await
        .unwrap()
        .changes;
    let bank_source = state
        .create_source(&ALL, source("crm", "bank"), T0)
        .await
        .unwrap();
    state
        .create_source(&ALL, source("crm", "shop"), T0)
        .await
        .unwrap();
    Two {
        state,
        bank_alert: changes[0].alert.id.clone(),
        bank_source: bank_source.source.id,
    }
}

fn is_not_found<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(result.unwrap_err(), Error::NotFound { .. })
}

#[tokio::test]
async fn alerts_of_another_program_do_not_exist() {
    let Two {
        state, bank_alert, ..
    } = two_programs().await;
    let shop = Scope::program("shop");
    let (all, page) = (AlertFilter::default(), PageRequest::default());
    let listed = state
        .list_alerts(&shop, &all, AlertOrder::Newest, &page)
        .await
        .unwrap()
        .items;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].program, "shop");
    assert_eq!(state.count_alerts(&shop, &all).await.unwrap().open, 1);
    let asked = AlertFilter {
        program: Some("bank".to_owned()),
        ..AlertFilter::default()
    };
    let listed = state
        .list_alerts(&shop, &asked, AlertOrder::Newest, &page)
        .await
        .unwrap();
    assert!(listed.items.is_empty());
    assert!(is_not_found(state.alert(&shop, &bank_alert).await));
    assert!(is_not_found(state.alert_detail(&shop, &bank_alert).await));
    assert!(is_not_found(
        state.alert_findings(&shop, &bank_alert, &page).await
    ));
    let ack = AlertEdit::Acknowledge {};
    assert!(is_not_found(
        state
            .edit_alert(&shop, &bank_alert, &ack, None, "eve", T0)
            .await
    ));
    let changes = state.changes_since(&shop, 0, 100).await.unwrap();
    assert_eq!(changes.changes.len(), 1);
    assert_eq!(changes.changes[0].alert.program, "shop");
    assert_eq!(
        changes.position, 2,
        "the position moves past what is not shown"
    );
}

#[tokio::test]
async fn a_scope_of_nothing_sees_nothing() {
    let Two { state, .. } = two_programs().await;
    let nobody = Scope::Programs(std::collections::BTreeSet::new());
    let counts = state
        .count_alerts(&nobody, &AlertFilter::default())
        .await
        .unwrap();
    assert_eq!(counts.open, 0);
    assert!(state.list_sources(&nobody).await.unwrap().is_empty());
}

#[tokio::test]
async fn sources_of_another_program_do_not_exist() {
    let Two {
        state, bank_source, ..
    } = two_programs().await;
    let shop = Scope::program("shop");
    assert_eq!(state.list_sources(&shop).await.unwrap().len(), 1);
    assert!(is_not_found(state.source(&shop, &bank_source).await));
    let off = SourceChange {
        disabled: Some(true),
        ..SourceChange::default()
    };
    assert!(is_not_found(
        state.change_source(&shop, &bank_source, off, T0).await
    ));
    assert!(is_not_found(
        state
            .rotate_source(&shop, &bank_source, Duration::ZERO, T0)
            .await
    ));
    let error = state
        .create_source(&shop, source("x", "bank"), T0)
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        Error::Invalid {
            field: "program",
            ..
        }
    ));
    let silent = state.silent_sources(&shop, T0 + HOUR).await.unwrap();
    assert_eq!(silent.len(), 1);
}

#[tokio::test]
async fn quarantine_of_another_program_does_not_exist() {
    let Two {
        state, bank_source, ..
    } = two_programs().await;
    let record = NewQuarantined {
        program: "bank".to_owned(),
        source: "crm".to_owned(),
        received_ms: T0,
        line: Some(1),
        offset: None,
        code: "E-JSON-001".to_owned(),
        reason: "not JSON".to_owned(),
        sample: b"{".to_vec(),
    };
    state.quarantine(&[record], T0).await.unwrap();
    let (shop, page) = (Scope::program("shop"), PageRequest::default());
    assert!(
        state
            .list_quarantine(&shop, None, &page)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(
        state
            .list_quarantine(&shop, Some(&bank_source), &page)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let kept = state
        .list_quarantine(&ALL, None, &page)
        .await
        .unwrap()
        .items;
    let ids = [kept[0].id.clone()];
    assert_eq!(state.delete_quarantine(&shop, &ids).await.unwrap(), 0);
    assert_eq!(
        state
            .delete_quarantine(&Scope::program("bank"), &ids)
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn webhooks_reach_no_further_than_their_owner() {
    let Two { state, .. } = two_programs().await;
    let shop = Scope::program("shop");
    let new = |scope: Scope| NewWebhook {
        name: "chat".to_owned(),
        url: "https://hooks.example/x".to_owned(),
        scope,
        min_severity_id: 0,
    };
    for wide in [Scope::All, Scope::program("bank")] {
        let error = state
            .create_webhook(&shop, new(wide), T0)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Invalid { field: "scope", .. }));
    }
    let mine = state
        .create_webhook(&shop, new(shop.clone()), T0)
        .await
        .unwrap()
        .webhook
        .id;
    let theirs = state
        .create_webhook(&ALL, new(Scope::All), T0)
        .await
        .unwrap()
        .webhook
        .id;
    assert_eq!(state.list_webhooks(&shop).await.unwrap().len(), 1);
    let wider = WebhookChange {
        scope: Some(Scope::All),
        ..WebhookChange::default()
    };
    assert!(state.change_webhook(&shop, &mine, wider, T0).await.is_err());
    let page = PageRequest::default();
    assert!(is_not_found(
        state.list_outbox(&shop, &theirs, None, &page).await
    ));
    assert!(is_not_found(state.delete_webhook(&shop, &theirs).await));
    assert!(is_not_found(state.enqueue_test(&shop, &theirs, T0).await));
}
