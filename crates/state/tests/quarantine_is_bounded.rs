//! Refused input is visible, and never more than what was allowed for it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::*;
use ringfence_state::{Limits, NewQuarantined, PageRequest};

fn record(line: u64, sample: &[u8]) -> NewQuarantined {
    NewQuarantined {
        program: "bank".to_owned(),
        source: "crm".to_owned(),
        received_ms: T0,
        line: Some(line),
        offset: Some(17),
        code: "E-JSON-001".to_owned(),
        reason: "expected `,` or `}`".to_owned(),
        sample: sample.to_vec(),
    }
}

#[tokio::test]
async fn a_refused_record_is_found_with_its_position_and_reason() {
    let state = memory().await;
    let crm = state
        .create_source(&ALL, source("crm", "bank"), T0)
        .await
        .unwrap()
        .source;
    let other = NewQuarantined {
        source: "automation".to_owned(),
        ..record(1, b"x")
    };
    state.quarantine(&[other], T0 - 1).await.unwrap();
    state
        .quarantine(&[record(3, b"{\"a\" 1}"), record(4, &[0xff; 20_000])], T0)
        .await
        .unwrap();
    let kept = state
        .list_quarantine(&ALL, Some(&crm.id), &PageRequest::default())
        .await
        .unwrap();
    assert_eq!(kept.items.len(), 2);
    let all = state
        .list_quarantine(&ALL, None, &PageRequest::default())
        .await
        .unwrap();
    let of = |at: usize| {
        (
            all.items[at].source.as_str(),
            all.items[at].source_id.clone(),
        )
    };
    assert_eq!(of(0), ("crm", Some(crm.id.clone())));
    assert_eq!(of(2), ("automation", None), "built in, without a row");
    let (binary, text) = (&kept.items[0], &kept.items[1]);
    assert_eq!(
        (text.line, text.offset, text.sample.as_str()),
        (Some(3), Some(17), "{\"a\" 1}")
    );
    assert_eq!(
        (text.sample_encoding.as_str(), text.code.as_str()),
        ("text", "E-JSON-001")
    );
    assert_eq!(
        (binary.sample_encoding.as_str(), binary.record_bytes),
        ("base64", 20_000)
    );
    assert!(binary.sample.len() < 11_000);
}

#[tokio::test]
async fn the_oldest_go_when_there_are_too_many_rows() {
    let state = memory_with(Limits {
        quarantine_rows: 50,
        ..Limits::default()
    })
    .await;
    for round in 0..4_u64 {
        let batch: Vec<_> = (0..30).map(|n| record(round * 30 + n, b"x")).collect();
        state.quarantine(&batch, T0 + round as i64).await.unwrap();
    }
    let stats = state.quarantine_stats().await.unwrap();
    assert_eq!((stats.rows, stats.dropped), (50, 70));
    let page = PageRequest {
        limit: Some(500),
        cursor: None,
    };
    let kept = state
        .list_quarantine(&ALL, None, &page)
        .await
        .unwrap()
        .items;
    let lines: Vec<_> = kept.iter().map(|kept| kept.line.unwrap()).collect();
    assert_eq!(lines, (70..120).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn one_batch_larger_than_everything_leaves_its_end() {
    let state = memory_with(Limits {
        quarantine_rows: 10,
        ..Limits::default()
    })
    .await;
    let batch: Vec<_> = (0..1_000).map(|n| record(n, b"x")).collect();
    state.quarantine(&batch, T0).await.unwrap();
    let stats = state.quarantine_stats().await.unwrap();
    assert_eq!((stats.rows, stats.dropped), (10, 990));
    let kept = state
        .list_quarantine(&ALL, None, &PageRequest::default())
        .await
        .unwrap()
        .items;
    assert_eq!(kept[0].line, Some(999));
}

#[tokio::test]
async fn bytes_are_bounded_too_and_deleting_makes_room() {
    let limits = Limits {
        quarantine_bytes: 20_000,
        ..Limits::default()
    };
    let state = memory_with(limits).await;
    let batch: Vec<_> = (0..40).map(|n| record(n, &[b'x'; 1_000])).collect();
    state.quarantine(&batch, T0).await.unwrap();
    let stats = state.quarantine_stats().await.unwrap();
    assert!(stats.bytes <= 20_000 && stats.rows >= 15, "{stats:?}");
    assert_eq!(stats.rows + stats.dropped, 40);
    let page = PageRequest {
        limit: Some(500),
        cursor: None,
    };
    let kept = state
        .list_quarantine(&ALL, None, &page)
        .await
        .unwrap()
        .items;
    let ids: Vec<_> = kept.into_iter().map(|kept| kept.id).collect();
    assert_eq!(
        state.delete_quarantine(&ALL, &ids).await.unwrap(),
        stats.rows
    );
    let empty = state.quarantine_stats().await.unwrap();
    assert_eq!((empty.rows, empty.bytes), (0, 0));
}

#[tokio::test]
async fn pages_walk_through_it_all() {
    let state = memory().await;
    let batch: Vec<_> = (0..25).map(|n| record(n, b"x")).collect();
    state.quarantine(&batch, T0).await.unwrap();
    let (mut lines, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest {
            limit: Some(10),
            cursor,
        };
        let got = state.list_quarantine(&ALL, None, &page).await.unwrap();
        lines.extend(got.items.iter().map(|kept| kept.line.unwrap()));
        // Newer ones do not shift the pages behind.
        state
            .quarantine(&[record(99, b"new")], T0 + 1)
            .await
            .unwrap();
        cursor = got.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(lines, (0..25).rev().collect::<Vec<_>>());
}
