//! Correlation state over restarts and reloads.

use std::sync::Arc;

use ringfence_sigma::{Engine, EventRef, Limits, LogSource, Restored, State};

use crate::correlations_fire::{GUESSES, Story};
use crate::data::{Event, rules};

const BASE: &str = "title: Failed\nname: failed\nlogsource: {}\n\
                    detection: {s: {result: fail}, condition: s}\n---\n";
const FAIL: &str = r#"{"result":"fail","user":"a"}"#;

fn third_guess(engine: &mut Engine) -> usize {
    let event: Event = serde_json::from_str(FAIL).unwrap();
    engine
        .evaluate(LogSource::default(), &event, EventRef::at(9, 9000))
        .len()
}

fn after_two_guesses() -> Engine {
    let mut story = Story::new(GUESSES);
    story.at(0, FAIL);
    story.at(1, FAIL);
    story.engine
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let old = after_two_guesses();
    let json = serde_json::to_string(&old.snapshot()).unwrap();
    let mut new = Engine::new(Arc::clone(old.rules()), Limits::default());
    let restored = new.restore(serde_json::from_str::<State>(&json).unwrap());
    assert_eq!(
        restored,
        Restored {
            kept: 1,
            dropped: 0
        }
    );
    assert_eq!(new.snapshot(), old.snapshot());
    assert_eq!(third_guess(&mut new), 1);
}

#[test]
fn quiet_groups_stay_quiet_over_a_restart() {
    let mut old = after_two_guesses();
    assert_eq!(third_guess(&mut old), 1);
    let mut new = Engine::new(Arc::clone(old.rules()), Limits::default());
    new.restore(old.snapshot());
    assert_eq!(third_guess(&mut new), 0);
}

#[test]
fn a_reload_keeps_what_did_not_change() {
    let mut engine = after_two_guesses();
    // More rules in front, and another title: the correlation means the same.
    let more = "title: New\nlogsource: {}\ndetection: {s: {x: 1}, condition: s}\n---\n";
    let same = GUESSES.replace("Guessing", "Guesses");
    let restored = engine.swap(Arc::new(rules(&format!("{more}{BASE}{same}"))));
    assert_eq!(
        restored,
        Restored {
            kept: 1,
            dropped: 0
        }
    );
    assert_eq!(third_guess(&mut engine), 1);
}

#[test]
fn a_changed_correlation_starts_empty() {
    let mut engine = after_two_guesses();
    let changed = GUESSES.replace("10m", "20m");
    let restored = engine.swap(Arc::new(rules(&format!("{BASE}{changed}"))));
    assert_eq!(
        restored,
        Restored {
            kept: 0,
            dropped: 1
        }
    );
    assert_eq!(third_guess(&mut engine), 0);
}

#[test]
fn damaged_state_is_survived() {
    let good = serde_json::to_value(after_two_guesses().snapshot()).unwrap();
    for (from, to) in [
        ("\"latest_ms\":1000", "\"latest_ms\":-9223372036854775808"),
        ("00000001", "not a hex number"),
        (
            "\"groups\":[",
            "\"groups\":[{\"key\":[\"a\"],\"latest_ms\":5},",
        ),
    ] {
        let text = good.to_string();
        assert!(text.contains(from), "{text}");
        let state: State = serde_json::from_str(&text.replace(from, to)).unwrap();
        let mut engine = after_two_guesses();
        engine.restore(state);
        third_guess(&mut engine);
    }
}
