//! What Ringfence says of itself: that it started and stopped, in which version, and what was changed in
//! its configuration and its rules, while it ran or while it did not.

use std::collections::BTreeMap;

use ringfence_crypto::{hmac_sha256_hex, sha256_hex};
use ringfence_detect::PackFile;
use ringfence_event::{Own, Severity, clip};
use ringfence_sources::{Intake, Sink as _};
use ringfence_state::State;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock;
use crate::config::RulesConfig;
use crate::rules;

/// OCSF Application Lifecycle, and its activities.
pub(crate) const CLASS: u32 = 6002;
pub(crate) const START: u8 = 3;
const STOP: u8 = 4;
const UPDATE: u8 = 8;

/// What the last run left behind of itself.
const SETTING: &str = "lifecycle";
/// Changes that one event lists; it counts the rest.
const MOST_CHANGES: usize = 100;
/// Bytes of what something was and is, in an event; and of all that is remembered for that.
const MOST_SHOWN: usize = 8 << 10;
const MOST_KEPT: usize = 1 << 20;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The last run.
#[derive(Debug, Serialize, Deserialize)]
struct Run {
    version: String,
    /// It said that it stopped.
    stopped: bool,
}

/// Tells that the server starts: before anybody is answered, so that what the last run left undone is
/// known by it.
///
/// # Errors
/// In words, when it cannot be told.
pub(crate) async fn started(state: &State, intake: &Intake) -> Result<(), String> {
    let before = state.setting(SETTING).await.map_err(|e| e.to_string())?;
    let before = before.and_then(|text| serde_json::from_str::<Run>(&text).ok());
    let (words, severity) = match &before {
        Some(run) if !run.stopped => (
            "; the run before it ended without saying so",
            Severity::Medium,
        ),
        _ => ("", Severity::Informational),
    };
    let other = before.as_ref().filter(|run| run.version != VERSION);
    let other = other.map(|run| format!("; the run before it was {}", run.version));
    let message = format!(
        "Ringfence {VERSION} started{}{words}",
        other.unwrap_or_default()
    );
    let own = own(START, message).severity(severity).with(
        "run_before",
        json!({
            "version": before.as_ref().map(|run| &run.version),
            "stopped": before.as_ref().map(|run| run.stopped),
        }),
    );
    intake.own(own.event()).await.map_err(|e| e.to_string())?;
    remember(state, false).await
}

/// Tells that it stops. The consumers, which are still there, take it to its end.
pub(crate) async fn stopped(state: &State, intake: &Intake) {
    let own = own(STOP, format!("Ringfence {VERSION} stopped"));
    let told = match intake.own(own.event()).await {
        Ok(_) => remember(state, true).await,
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = told {
        tracing::error!(error, "the end of this run could not be told");
    }
}

async fn remember(state: &State, stopped: bool) -> Result<(), String> {
    let run = Run {
        version: VERSION.to_owned(),
        stopped,
    };
    let text = serde_json::to_string(&run).map_err(|e| e.to_string())?;
    let kept = state.set_setting(SETTING, &text).await;
    kept.map_err(|e| e.to_string())
}

fn own(activity: u8, message: String) -> Own {
    Own::new("lifecycle", CLASS, activity, clock::now())
        .message(message)
        .with("app", json!({"name": "Ringfence", "version": VERSION}))
}

/// Something that is remembered by name, to tell what changed in it: settings, rules.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trace(BTreeMap<String, String>);

impl Trace {
    /// Of a configuration, name by name. Of a secret only whether it is another one.
    pub(crate) fn of_config(written: &str, key: &[u8]) -> Self {
        let mut all = BTreeMap::new();
        if let Ok(table) = written.parse::<toml::Table>() {
            for (name, value) in table {
                flatten(name, &value, key, &mut all);
            }
        }
        Self(all)
    }

    /// Of rules, file by file.
    pub(crate) fn of_rules(files: &[PackFile]) -> Self {
        let mut left = MOST_KEPT;
        let shown = files.iter().map(|file| {
            let text = match file.text.len() <= left.min(MOST_SHOWN) {
                true => {
                    left -= file.text.len();
                    file.text.clone()
                }
                false => format!("SHA-256 {}", sha256_hex(file.text.as_bytes())),
            };
            (file.name.clone(), text)
        });
        Self(shown.collect())
    }

    /// Tells what is another one now than when it was told last.
    ///
    /// # Errors
    /// In words, when it cannot be told; then it will be the next time.
    pub(crate) async fn tell(
        &self,
        what: &str,
        server: &str,
        state: &State,
        intake: &Intake,
    ) -> Result<(), String> {
        let setting = format!("trace.{what}");
        let before = state.setting(&setting).await.map_err(|e| e.to_string())?;
        let known = before.and_then(|text| serde_json::from_str::<Self>(&text).ok());
        if known.as_ref() == Some(self) {
            return Ok(());
        }
        let changes = known.map(|known| self.since(&known)).unwrap_or_default();
        if !changes.is_empty() {
            let (count, names) = (changes.len(), names(&changes));
            let listed: Vec<_> = changes.iter().take(MOST_CHANGES).collect();
            let own = own(UPDATE, format!("{what}: {names}"))
                .severity(Severity::Low)
                .with("activity_name", "Update")
                .with(
                    "change",
                    json!({"what": what, "server": server, "count": count, "changes": listed}),
                );
            intake.own(own.event()).await.map_err(|e| e.to_string())?;
        }
        let text = serde_json::to_string(self).map_err(|e| e.to_string())?;
        let kept = state.set_setting(&setting, &text).await;
        kept.map_err(|e| e.to_string())
    }

    fn since(&self, before: &Self) -> Vec<Change> {
        let names: std::collections::BTreeSet<_> = self.0.keys().chain(before.0.keys()).collect();
        let shown = |text: &String| clip(text, MOST_SHOWN).into_owned();
        names
            .into_iter()
            .filter(|name| self.0.get(*name) != before.0.get(*name))
            .map(|name| Change {
                name: name.clone(),
                before: before.0.get(name).map(shown),
                after: self.0.get(name).map(shown),
            })
            .collect()
    }
}

/// What is another one.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Change {
    name: String,
    before: Option<String>,
    after: Option<String>,
}

fn names(changes: &[Change]) -> String {
    let words = changes.iter().take(3).map(|change| {
        let verb = match (&change.before, &change.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        format!("{} {verb}", change.name)
    });
    let mut words: Vec<_> = words.collect();
    if let Some(more) = changes.len().checked_sub(3).filter(|more| *more > 0) {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}

fn flatten(name: String, value: &toml::Value, key: &[u8], all: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (inner, value) in table {
                flatten(format!("{name}.{inner}"), value, key, all);
            }
        }
        toml::Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                flatten(format!("{name}[{at}]"), value, key, all);
            }
        }
        value => {
            let text = value.to_string();
            let shown = match is_secret(&name) || text.contains('@') {
                // Under a key of this installation: nobody can try what it might be.
                true => {
                    let tag = hmac_sha256_hex(key, &[name.as_bytes(), text.as_bytes()]);
                    format!("(not shown, {})", tag.get(..16).unwrap_or_default())
                }
                false => text,
            };
            all.insert(name, shown);
        }
    }
}

/// Whether a setting may hold a secret, by its name. An address with `@` may, too.
fn is_secret(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    [
        "pass",
        "secret",
        "token",
        "key",
        "pin",
        "credential",
        "community",
        "url",
    ]
    .iter()
    .any(|word| last.contains(word))
}

/// Tells what is another one in configuration and rules than in the last run.
pub(crate) async fn since_last_run(
    written: &str,
    rules: &RulesConfig,
    key: &[u8],
    state: &State,
    intake: &Intake,
) {
    let config = Trace::of_config(written, key);
    told(config.tell("configuration", "stopped", state, intake).await);
    tell_rules(rules, "stopped", state, intake).await;
}

/// Tells what is another one in the rules.
pub(crate) async fn tell_rules(rules: &RulesConfig, server: &str, state: &State, intake: &Intake) {
    let config = rules.clone();
    let read = tokio::task::spawn_blocking(move || Trace::of_rules(&rules::sources(&config))).await;
    if let Ok(trace) = read {
        told(trace.tell("rules", server, state, intake).await);
    }
}

fn told(done: Result<(), String>) {
    if let Err(error) = done {
        tracing::error!(error, "what was changed could not be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"of this installation";

    #[test]
    fn what_changed_in_a_configuration_is_named_and_no_secret_shown() {
        let before = Trace::of_config(
            "[server]\nlisten = '127.0.0.1:1'\n[mail]\npassword = 'hunter2'\n",
            KEY,
        );
        let after = Trace::of_config(
            "[server]\nlisten = '127.0.0.1:2'\n[mail]\npassword = 'hunter3'\n[lake]\nx = [1, {y = 2}]\n",
            KEY,
        );
        let changes = after.since(&before);
        assert_eq!(
            names(&changes),
            "lake.x[0] added, lake.x[1].y added, mail.password changed, 1 more"
        );
        let said = serde_json::to_string(&changes).unwrap();
        assert!(said.contains("127.0.0.1:1") && said.contains("127.0.0.1:2"));
        assert!(!said.contains("hunter"), "{said}");
        assert_eq!(after.since(&after), vec![]);
    }

    #[test]
    fn a_changed_rule_is_told_with_what_it_was() {
        let file = |name: &str, text: &str| PackFile {
            name: name.to_owned(),
            text: text.to_owned(),
        };
        let long = "x".repeat(MOST_SHOWN + 1);
        let before = Trace::of_rules(&[file("a.yml", "old"), file("b.yml", &long)]);
        let after = Trace::of_rules(&[file("a.yml", "new"), file("b.yml", &long)]);
        let change = Change {
            name: "a.yml".to_owned(),
            before: Some("old".to_owned()),
            after: Some("new".to_owned()),
        };
        assert_eq!(after.since(&before), vec![change]);
    }
}
