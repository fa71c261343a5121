//! Records of the evidence log: each once, in order, within the walls of programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::{T0, memory};
use ringfence_state::{EvidenceFilter, NewEvidence, PageRequest, Position, Scope};

fn record(spine: u64, actor: &str, program: &str) -> NewEvidence {
    NewEvidence {
        spine,
        part: 0,
        time_ms: T0 + spine as i64,
        kind: "account".to_owned(),
        program: program.to_owned(),
        actor: actor.to_owned(),
        target: format!("person-{spine}"),
        record: format!("{{\"spine\":{spine}}}"),
    }
}

fn at(next_offset: u64) -> Position<'static> {
    Position {
        consumer: "evidence",
        next_offset,
    }
}

#[tokio::test]
async fn each_event_is_taken_down_once_and_numbered_in_order() {
    let state = memory().await;
    let first = [record(3, "anna", "bank"), record(5, "ben", "shop")];
    let added = state.add_evidence(&first, at(6), T0).await.unwrap();
    assert_eq!(
        added.iter().map(|one| one.index).collect::<Vec<_>>(),
        [0, 1]
    );
    // The same events again, after a crash, with one that is new.
    let again = [record(5, "ben", "shop"), record(8, "anna", "bank")];
    let added = state.add_evidence(&again, at(9), T0).await.unwrap();
    assert_eq!(added.iter().map(|one| one.index).collect::<Vec<_>>(), [2]);
    assert_eq!(state.evidence_size().await.unwrap(), 3);
    assert_eq!(state.position("evidence").await.unwrap(), Some(9));

    let all = state.evidence_from(1, 10).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[1], added[0], "what is read is what was written");
    let salts: Vec<_> = all
        .iter()
        .map(|one| one.record.as_ref().unwrap().0)
        .collect();
    assert_ne!(salts[0], salts[1]);
}

#[tokio::test]
async fn whoever_looks_sees_their_programs_and_what_they_asked_for() {
    let state = memory().await;
    let new: Vec<_> = (0..7)
        .map(|n| {
            record(
                n,
                ["anna", "ben"][n as usize % 2],
                ["bank", "shop"][n as usize % 2],
            )
        })
        .collect();
    state.add_evidence(&new, at(7), T0).await.unwrap();
    let filter = EvidenceFilter::default();
    let mut page = PageRequest {
        limit: Some(2),
        cursor: None,
    };
    let mut seen = Vec::new();
    loop {
        let got = state
            .list_evidence(&Scope::program("bank"), &filter, &page)
            .await
            .unwrap();
        seen.extend(got.items.iter().map(|one| one.index));
        page.cursor = got.next;
        if page.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [6, 4, 2, 0]);
    let of = async |filter: EvidenceFilter| {
        let page = PageRequest::default();
        let got = state
            .list_evidence(&Scope::All, &filter, &page)
            .await
            .unwrap();
        got.items.iter().map(|one| one.index).collect::<Vec<_>>()
    };
    let actor = Some("ben".to_owned());
    assert_eq!(
        of(EvidenceFilter {
            actor,
            ..filter.clone()
        })
        .await,
        [5, 3, 1]
    );
    let target = Some("person-4".to_owned());
    assert_eq!(
        of(EvidenceFilter {
            target,
            ..filter.clone()
        })
        .await,
        [4]
    );
    let (from_ms, until_ms) = (Some(T0 + 2), Some(T0 + 4));
    assert_eq!(
        of(EvidenceFilter {
            from_ms,
            until_ms,
            ..filter
        })
        .await,
        [3, 2]
    );
    assert!(state.evidence(&Scope::program("shop"), 4).await.is_err());
    assert_eq!(
        state
            .evidence(&Scope::program("bank"), 4)
            .await
            .unwrap()
            .index,
        4
    );
}

#[tokio::test]
async fn what_is_taken_elsewhere_is_counted_and_read_in_order() {
    let state = memory().await;
    let new: Vec<_> = (0..9)
        .map(|n| record(n, "anna", ["bank", "shop"][n as usize % 2]))
        .collect();
    state.add_evidence(&new, at(9), T0).await.unwrap();
    let bank = Scope::program("bank");
    let late = EvidenceFilter {
        from_ms: Some(T0 + 2),
        ..EvidenceFilter::default()
    };
    let count = async |below, most| {
        let counted = state.count_evidence(&bank, &late, below, most).await;
        counted.unwrap()
    };
    assert_eq!(
        [count(9, 10).await, count(8, 10).await, count(9, 2).await],
        [4, 3, 3]
    );
    let read = async |numbers, most| {
        let rows = state.evidence_in_order(&bank, &late, numbers, most).await;
        let rows = rows.unwrap();
        rows.iter().map(|one| one.index).collect::<Vec<_>>()
    };
    assert_eq!(read(0..8, 2).await, [2, 4]);
    assert_eq!(read(5..8, 2).await, [6]);
}

#[tokio::test]
async fn whoever_it_is_about_sees_it_in_whatever_program_and_nobody_else() {
    let state = memory().await;
    let mut new: Vec<_> = (0..8)
        .map(|n| {
            record(
                n,
                ["anna", "ben"][n as usize % 2],
                ["bank", "shop"][n as usize / 4],
            )
        })
        .collect();
    // Somebody else acted upon her, and she upon herself.
    new[1].target = "anna".to_owned();
    new[6].target = "anna".to_owned();
    state.add_evidence(&new, at(8), T0).await.unwrap();
    let mut page = PageRequest {
        limit: Some(2),
        cursor: None,
    };
    let mut seen = Vec::new();
    loop {
        let got = state.evidence_about("anna", &page).await.unwrap();
        seen.extend(got.items.iter().map(|one| one.index));
        page.cursor = got.next;
        if page.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [6, 4, 2, 1, 0], "each once");
    let one = async |who: &str, index| state.evidence_about_one(who, index).await;
    assert_eq!(one("anna", 1).await.unwrap().actor, "ben");
    assert_eq!(one("ben", 1).await.unwrap().target, "anna");
    assert!(one("anna", 3).await.is_err());
    assert!(one("", 3).await.is_err());
}
