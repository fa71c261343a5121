//! Lists: filters, order, and pages that neither repeat nor skip.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::*;
use proptest::prelude::*;
use ringfence_state::{
    Alert, AlertEdit, AlertFilter, AlertOrder, Cursor, Error, PageRequest, Scope, State, Status,
    fuzz_cursor,
};

async fn all_pages(state: &State, order: AlertOrder, between: impl AsyncFn(usize)) -> Vec<Alert> {
    let (mut seen, mut cursor) = (Vec::new(), None);
    for page in 0.. {
        let request = PageRequest {
            limit: Some(7),
            cursor,
        };
        let got = state
            .list_alerts(&ALL, &AlertFilter::default(), order, &request)
            .await
            .unwrap();
        seen.extend(got.items);
        between(page).await;
        match got.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    seen
}

#[tokio::test]
async fn pages_stay_put_while_alerts_arrive_and_grow() {
    for order in [AlertOrder::Newest, AlertOrder::MostSevere] {
        let state = memory().await;
        let mut expected: Vec<_> = Vec::new();
        for n in 0..50_i64 {
            let one = finding(&format!("f{n}"), &n.to_string(), T0 + n, (n % 4) as u8 + 1);
            let applied = state.apply_findings(&[one], None, T0).await.unwrap();
            expected.push(applied.changes[0].alert.clone());
        }
        match order {
            AlertOrder::Newest => expected.sort_by(|a, b| b.id.cmp(&a.id)),
            AlertOrder::MostSevere => {
                expected.sort_by(|a, b| (b.severity_id, &b.id).cmp(&(a.severity_id, &a.id)))
            }
        }
        let seen = all_pages(&state, order, async |page| {
            // A more severe newcomer, and more findings for one that was not shown yet.
            let new = finding(
                &format!("new{page}"),
                &format!("n{page}"),
                T0 + HOUR + page as i64,
                6,
            );
            let more = finding(&format!("more{page}"), "0", T0 + page as i64, 1);
            state
                .apply_findings(&[new, more], None, T0 + HOUR)
                .await
                .unwrap();
        })
        .await;
        let ids = |alerts: &[Alert]| {
            alerts
                .iter()
                .map(|alert| alert.id.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&seen), ids(&expected), "{order:?}");
    }
}

#[tokio::test]
async fn a_cursor_serves_only_its_own_list() {
    let state = memory().await;
    open_alerts(&state, 0..5).await;
    let first = PageRequest {
        limit: Some(2),
        cursor: None,
    };
    let (all, newest) = (AlertFilter::default(), AlertOrder::Newest);
    let next = state
        .list_alerts(&ALL, &all, newest, &first)
        .await
        .unwrap()
        .next;
    let page = PageRequest {
        limit: Some(2),
        cursor: next,
    };
    assert!(state.list_alerts(&ALL, &all, newest, &page).await.is_ok());
    let other = AlertFilter {
        min_severity_id: Some(2),
        ..AlertFilter::default()
    };
    let severe = AlertOrder::MostSevere;
    let bank = Scope::program("bank");
    for refused in [
        state.list_alerts(&ALL, &all, severe, &page).await,
        state.list_alerts(&ALL, &other, newest, &page).await,
        state.list_alerts(&bank, &all, newest, &page).await,
    ] {
        assert!(matches!(
            refused.unwrap_err(),
            Error::Invalid {
                field: "cursor",
                ..
            }
        ));
    }
}

#[tokio::test]
async fn filters_find_what_they_say() {
    let state = memory().await;
    let mut toll = finding("t", "9", T0 + 2 * HOUR, 5);
    toll.rule_id = "toll-fraud".to_owned();
    toll.rule_title = "100% toll_fraud".to_owned();
    let batch = [
        finding("a", "1", T0, 2),
        finding("b", "2", T0 + HOUR, 3),
        toll,
    ];
    let ids: Vec<_> = state
        .apply_findings(&batch, None, T0)
        .await
        .unwrap()
        .changes;
    let id = &ids[1].alert.id;
    let assign = AlertEdit::Assign {
        assignee: Some("ada".to_owned()),
    };
    state
        .edit_alert(&ALL, id, &AlertEdit::Acknowledge {}, None, "ada", T0)
        .await
        .unwrap();
    state
        .edit_alert(&ALL, id, &assign, None, "ada", T0)
        .await
        .unwrap();
    let text = |text: &str| Some(text.to_owned());
    let none = AlertFilter::default;
    let table = [
        (none(), "192"),
        (
            AlertFilter {
                status: vec![Status::Acknowledged],
                ..none()
            },
            "2",
        ),
        (
            AlertFilter {
                min_severity_id: Some(3),
                ..none()
            },
            "92",
        ),
        (
            AlertFilter {
                rule_id: text("toll-fraud"),
                ..none()
            },
            "9",
        ),
        (
            AlertFilter {
                entity_value: text("1"),
                entity_kind: text("agent"),
                ..none()
            },
            "1",
        ),
        (
            AlertFilter {
                assignee: text("ada"),
                ..none()
            },
            "2",
        ),
        (
            AlertFilter {
                assignee: text(""),
                ..none()
            },
            "91",
        ),
        (
            AlertFilter {
                text: text("TOLL_"),
                ..none()
            },
            "9",
        ),
        (
            AlertFilter {
                text: text("100% t"),
                ..none()
            },
            "9",
        ),
        (
            AlertFilter {
                text: text("%"),
                ..none()
            },
            "9",
        ),
        (
            AlertFilter {
                text: text("agent:2"),
                ..none()
            },
            "2",
        ),
        (
            AlertFilter {
                text: text("'; DROP TABLE alerts; --"),
                ..none()
            },
            "",
        ),
        (
            AlertFilter {
                from_ms: Some(T0 + 1),
                to_ms: Some(T0 + 2 * HOUR),
                ..none()
            },
            "2",
        ),
        (
            AlertFilter {
                site: text("south"),
                ..none()
            },
            "",
        ),
    ];
    for (filter, agents) in table {
        let page = PageRequest::default();
        let found = state
            .list_alerts(&ALL, &filter, AlertOrder::Newest, &page)
            .await
            .unwrap();
        let mut found: Vec<_> = found
            .items
            .into_iter()
            .map(|alert| alert.entity_value)
            .collect();
        found.sort();
        let mut agents: Vec<_> = agents.chars().map(String::from).collect();
        agents.sort();
        assert_eq!(found, agents, "{filter:?}");
    }
}

#[tokio::test]
async fn counts_are_by_status_and_by_severity_of_what_is_not_done() {
    let state = memory().await;
    let batch = [
        finding("a", "1", T0, 2),
        finding("b", "2", T0, 4),
        finding("c", "3", T0, 4),
    ];
    let changes = state
        .apply_findings(&batch, None, T0)
        .await
        .unwrap()
        .changes;
    let ack = AlertEdit::Acknowledge {};
    state
        .edit_alert(&ALL, &changes[0].alert.id, &ack, None, "ada", T0)
        .await
        .unwrap();
    let counts = state
        .count_alerts(&ALL, &AlertFilter::default())
        .await
        .unwrap();
    assert_eq!((counts.open, counts.acknowledged, counts.closed), (2, 1, 0));
    assert_eq!(counts.by_severity, [(2, 1), (4, 2)].into());
}

proptest! {
    #[test]
    fn cursors_survive_a_round_trip(tag: u32, key: i64, id in "[!-~]{0,64}") {
        let cursor = Cursor { tag, key, id };
        prop_assert_eq!(Cursor::decode(&cursor.encode(), tag), Ok(cursor.clone()));
        prop_assert!(Cursor::decode(&cursor.encode(), tag.wrapping_add(1)).is_err());
    }

    #[test]
    fn any_text_is_read_as_a_cursor_or_refused(data: Vec<u8>, text in "[A-Za-z0-9_-]{0,120}") {
        fuzz_cursor(&data);
        fuzz_cursor(text.as_bytes());
    }

    #[test]
    fn mutated_cursors_are_read_exactly_or_refused(key: i64, at in 0usize..40, with in "[ -~]") {
        let cursor = Cursor { tag: 7, key, id: "01ARYZ6S410000000000000000".to_owned() };
        let mut text = cursor.encode();
        text.replace_range(at..=at, &with);
        fuzz_cursor(text.as_bytes());
    }
}
