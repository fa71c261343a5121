//! Modes, full and read-only disks, concurrent callers, facts of the installation.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::os::unix::fs::PermissionsExt as _;

use common::*;
use ringfence_state::{AlertFilter, Error, Limits, NewQuarantined, State};

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn folder_and_files_are_their_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("state.db");
    let state = State::open(&path).await.unwrap();
    open_alerts(&state, 0..1).await;
    assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
    assert_eq!(mode(&path.with_file_name("state.db-wal")), 0o600);
    state.close().await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    State::open(&path).await.unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn a_full_disk_is_named_and_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let limits = Limits {
        max_bytes: Some(600 << 10),
        ..Limits::default()
    };
    let state = State::open_with(&path, limits).await.unwrap();
    let (mut applied, mut offset) = (0, 0_u64);
    let error = loop {
        let batch: Vec<_> = (0..50)
            .map(|n| finding(&format!("f{offset}-{n}"), &format!("{offset}-{n}"), T0, 3))
            .collect();
        match state.apply_findings(&batch, at(offset + 50), T0).await {
            Ok(done) => {
                applied += done.fresh as u64;
                offset += 50;
            }
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, Error::DiskFull) && error.is_transient(),
        "{error:?}"
    );
    let counts = state
        .count_alerts(&ALL, &AlertFilter::default())
        .await
        .unwrap();
    assert_eq!(counts.open, applied);
    assert_eq!(state.position("alerts").await.unwrap(), Some(offset));
    state.close().await;
    // Room was made: the same batch goes through, exactly once.
    let state = State::open(&path).await.unwrap();
    let batch: Vec<_> = (0..50)
        .map(|n| finding(&format!("f{offset}-{n}"), &format!("{offset}-{n}"), T0, 3))
        .collect();
    assert_eq!(
        state
            .apply_findings(&batch, at(offset + 50), T0)
            .await
            .unwrap()
            .fresh,
        50
    );
    state.check_writable(T0).await.unwrap();
}

#[tokio::test]
async fn callers_at_the_same_time_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(&folder.path().join("state.db")).await.unwrap();
    let writers: Vec<_> = (0..8_i64)
        .map(|writer| {
            let state = state.clone();
            tokio::spawn(async move {
                for n in 0..20 {
                    let one = finding(&format!("{writer}-{n}"), &n.to_string(), T0 + n, 3);
                    state.apply_findings(&[one], None, T0).await.unwrap();
                    state
                        .count_alerts(&ALL, &AlertFilter::default())
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let changes = state.changes_since(&ALL, 0, 500).await.unwrap().changes;
    assert_eq!(changes.len(), 160);
    assert!(
        changes.iter().map(|change| change.id).eq(1..=160),
        "numbers have no gaps"
    );
    let counts = state
        .count_alerts(&ALL, &AlertFilter::default())
        .await
        .unwrap();
    assert_eq!(counts.open, 20);
}

#[tokio::test]
async fn an_installation_keeps_its_identity() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let state = State::open(&path).await.unwrap();
    let (id, start) = (
        state.instance_id(T0).await.unwrap(),
        state.first_start_ms(T0).await.unwrap(),
    );
    state.set_setting("theme", "dark").await.unwrap();
    let state = State::open(&path).await.unwrap();
    assert_eq!(state.instance_id(T0 + HOUR).await.unwrap(), id);
    assert_eq!(state.first_start_ms(T0 + HOUR).await.unwrap(), start);
    assert_eq!(
        state.setting("theme").await.unwrap().as_deref(),
        Some("dark")
    );
    assert_eq!(state.setting("nothing").await.unwrap(), None);
}

#[tokio::test]
async fn a_consumer_never_goes_back() {
    let state = memory().await;
    assert_eq!(state.position("alerts").await.unwrap(), None);
    for offset in [0, 7, 3] {
        state.set_position(at(offset).unwrap(), T0).await.unwrap();
    }
    assert_eq!(state.position("alerts").await.unwrap(), Some(7));
}

#[tokio::test]
async fn text_with_quotes_and_nul_in_samples_is_stored_as_it_came() {
    let state = memory().await;
    let record = NewQuarantined {
        program: "bank".to_owned(),
        source_id: "crm".to_owned(),
        received_ms: T0,
        line: None,
        offset: None,
        code: "E".to_owned(),
        reason: "it's \"bad\"; --".to_owned(),
        sample: b"a\0b".to_vec(),
    };
    state.quarantine(&[record], T0).await.unwrap();
    let page = ringfence_state::PageRequest::default();
    let kept = state
        .list_quarantine(&ALL, None, &page)
        .await
        .unwrap()
        .items;
    assert_eq!(kept[0].reason, "it's \"bad\"; --");
    assert_eq!(kept[0].sample_encoding, "base64");
}
