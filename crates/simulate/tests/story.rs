//! What a user of the simulator relies on.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::collections::{BTreeMap, HashSet};

use ringfence_simulate::{Feed, Place, Shift};

fn small(seed: u64) -> Shift {
    Shift {
        seed,
        agents: 60,
        branch_agents: 8,
        hours: 4,
        ..Shift::default()
    }
}

#[test]
fn the_same_seed_tells_the_same_story_and_another_tells_another() {
    let text = |seed| {
        let story = small(seed).run();
        let lines: Vec<String> = story
            .items
            .iter()
            .take(2_000)
            .map(|i| format!("{} {}", i.at.0, i.to_ocsf_json()))
            .collect();
        (lines, story.truth)
    };
    assert_eq!(text(5), text(5));
    assert_ne!(text(5).0, text(6).0);
}

#[test]
fn items_arrive_in_order_with_uids_of_their_own() {
    let story = small(1).run();
    assert!(story.items.windows(2).all(|w| w[0].at <= w[1].at));
    let uids: HashSet<String> = story.items.iter().map(|i| i.uid()).collect();
    assert_eq!(uids.len(), story.items.len());
    for i in &story.truth.illicit {
        assert!(
            uids.contains(&i.uid),
            "the truth speaks of events that arrive"
        );
    }
}

#[test]
fn every_insider_is_exposed_and_nobody_else_is_accused() {
    for seed in 1..4 {
        let truth = Shift::of_seed(seed).run().truth;
        assert_eq!(truth.insiders.len(), 3);
        let sinners: HashSet<_> = truth.illicit.iter().map(|i| &i.agent).collect();
        assert!(sinners.iter().all(|a| truth.insiders.contains(a)));
        assert!(truth.illicit.iter().any(|i| i.exposed), "seed {seed}");
    }
}

#[test]
fn a_silence_is_silent_and_work_goes_on() {
    let mut shift = small(3);
    shift.silences = 2;
    let story = shift.run();
    assert_eq!(story.truth.silences.len(), 2);
    for s in &story.truth.silences {
        let during = |f: Feed| {
            let within = |i: &&ringfence_simulate::Item| {
                i.feed == f && i.at >= s.from + 2_000 && i.at < s.to
            };
            story.items.iter().filter(within).count()
        };
        assert_eq!(
            during(Feed::Dialer) + during(Feed::Agents) + during(Feed::Sip),
            0
        );
        assert!(during(Feed::Crm) > 10);
    }
}

#[test]
fn a_shift_has_the_size_of_a_real_one() {
    let story = Shift::default().run();
    let mut by_feed: BTreeMap<Feed, usize> = BTreeMap::new();
    for i in &story.items {
        *by_feed.entry(i.feed).or_default() += 1;
    }
    // 180 agents at the main place, 6 to 12 calls an hour each, four reports a call at least.
    assert!(
        (30_000..140_000).contains(&by_feed[&Feed::Dialer]),
        "{by_feed:?}"
    );
    assert!(
        (20_000..120_000).contains(&by_feed[&Feed::Crm]),
        "{by_feed:?}"
    );
    assert!(by_feed[&Feed::Cdr] > 700, "{by_feed:?}");
    let branch = story.items.iter().filter(|i| i.place == Place::Branch);
    assert!(branch.into_iter().all(|i| i.feed != Feed::Dialer));
}

#[test]
fn each_call_has_its_sip_dialog_and_nothing_else_changes() {
    // A feed that falls silent loses messages of dialogs.
    let of = |signalling| Shift {
        signalling,
        silences: 0,
        ..small(3)
    };
    let (plain, told) = (of(false).run(), of(true).run());
    assert_eq!(plain.truth, told.truth);
    let mut dialogs: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    let mut named = HashSet::new();
    let mut others = 0;
    for item in &told.items {
        let e = item.to_ocsf_json();
        let id = e["sip"]["call_id"].as_str().unwrap_or_default().to_owned();
        if item.feed == Feed::Sip && id.starts_with("d-") {
            let text = |name: &str| e["sip"][name].as_str().map(str::to_owned);
            let what = text("method").or_else(|| {
                let code = &e["sip"]["status_code"];
                Some(format!("{code} {}", text("cseq_method")?))
            });
            dialogs
                .entry(id)
                .or_default()
                .push((item.time.0, what.unwrap()));
        } else {
            others += 1;
            if item.feed == Feed::Dialer && !id.is_empty() {
                named.insert(id);
            }
        }
    }
    assert_eq!(others, plain.items.len());
    assert!(dialogs.len() > 500 && dialogs.keys().all(|id| named.contains(id)));
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for messages in dialogs.values_mut() {
        messages.sort();
        let said: Vec<&str> = messages.iter().map(|(_, what)| &**what).collect();
        assert_eq!(
            said[..3],
            ["INVITE", "100 INVITE", "180 INVITE"],
            "{said:?}"
        );
        *ends.entry(said[3..].join(" ")).or_default() += 1;
    }
    let answered = "200 INVITE ACK BYE 200 BYE";
    let given_up = "CANCEL 200 CANCEL 487 INVITE ACK";
    assert!(
        ends[answered] > ends[given_up] && ends[given_up] > 5,
        "{ends:?}"
    );
    let whole: u32 = ends[answered] + ends[given_up];
    assert!(
        dialogs.len() - whole as usize <= 60,
        "only the last of the shift are cut: {ends:?}"
    );
}
