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
use ringfence_state::{AlertFilter, AlertOrder, Error, Limits, NewQuarantined, State};

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
        max_bytes: Some(700 << 10),
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
    let state = open(&place(&folder).await).await;
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
    let place = place(&folder).await;
    let state = open(&place).await;
    let (id, start) = (
        state.instance_id(T0).await.unwrap(),
        state.first_start_ms(T0).await.unwrap(),
    );
    state.set_setting("theme", "dark").await.unwrap();
    drop(state);
    let state = open(&place).await;
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
        source: "crm".to_owned(),
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

#[tokio::test]
async fn a_second_server_on_the_same_state_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder).await;
    let first = open(&place).await;
    let second = State::open_in(&place, Limits::default()).await;
    assert!(matches!(second, Err(Error::InUse)), "{second:?}");
    first.check_writable(T0).await.unwrap();
    drop(first);
    open(&place).await.check_writable(T0).await.unwrap();
}

#[tokio::test]
async fn ids_sort_by_time_in_every_language() {
    let state = memory().await;
    // In Danish AA is a letter after Z.
    let rows: Vec<_> = ["AA", "AB", "ZZ", "a", "Å"]
        .iter()
        .map(|name| ((*name).to_owned(), Some(String::new())))
        .collect();
    state.set_bookmarks("test", &rows, T0).await.unwrap();
    let read = state.bookmarks("test").await.unwrap();
    let names: Vec<_> = read.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["AA", "AB", "ZZ", "a", "Å"]);
}

#[tokio::test]
async fn a_nul_in_a_text_is_no_reason_to_stop() {
    let state = memory().await;
    let mut odd = finding("a\0b", "1\0", T0, 3);
    odd.message = "name \0 number".to_owned();
    for fresh in [1, 0] {
        let applied = state
            .apply_findings(&[odd.clone()], None, T0)
            .await
            .unwrap();
        assert_eq!(applied.fresh, fresh);
    }
    let page = ringfence_state::PageRequest::default();
    let alerts = state
        .list_alerts(&ALL, &AlertFilter::default(), AlertOrder::Newest, &page)
        .await
        .unwrap();
    assert_eq!(alerts.items.len(), 1);
    assert_eq!(alerts.items[0].message, "name \u{fffd} number");
}

#[tokio::test]
async fn each_reader_finds_its_own_bookmarks_again() {
    let state = memory().await;
    let mark = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
    let set = [mark("a", Some("1")), mark("b", Some("2"))];
    state.set_bookmarks("logs", &set, 1).await.unwrap();
    let change = [mark("a", Some("3")), mark("b", None)];
    state.set_bookmarks("logs", &change, 2).await.unwrap();
    let other = [mark("a", Some("9"))];
    state.set_bookmarks("other", &other, 2).await.unwrap();
    let want = vec![("a".to_owned(), "3".to_owned())];
    assert_eq!(state.bookmarks("logs").await.unwrap(), want);
}
