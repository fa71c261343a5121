//! How it goes: the same questions to a running server and to a data folder at rest.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Complaint, Level};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A source that was made and said nothing for this long.
const NEVER_HEARD_AFTER_MS: i64 = HOUR_MS;
/// Of a source's events; below so many it proves nothing.
const MOSTLY_BASE: f64 = 0.5;
const ENOUGH_EVENTS: u64 = 100;
const LAG: u64 = 50_000;
const OLD_TOKEN_MS: i64 = 365 * DAY_MS;

/// What each source sent lately, by kind. `{since}` is a moment in RFC 3339.
pub const PICTURE_SQL: &str = "\
    SELECT program, site, source, COUNT(*) AS n, \
    SUM(CASE WHEN class_uid = 0 THEN 1 ELSE 0 END) AS base, \
    SUM(CASE WHEN class_uid IN (99904001, 99904004) THEN 1 ELSE 0 END) AS telephony, \
    SUM(CASE WHEN class_uid IN (6001, 6005) AND customer IS NOT NULL THEN 1 ELSE 0 END) AS look_ups \
    FROM events WHERE received_time >= TIMESTAMP '{since}' \
    AND (message IS NULL OR message <> 'call facts revised') \
    GROUP BY program, site, source ORDER BY program, site, source LIMIT 10000";

/// As the API tells it; what could not be asked is empty.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// `GET /api/v1/sources`: its items.
    pub sources: Vec<Value>,
    /// `GET /api/v1/webhooks`: its items, each with the number of dead deliveries.
    pub webhooks: Vec<(Value, u64)>,
    /// `GET /api/v1/quarantine`: its `stats`.
    pub quarantine: Value,
    /// `GET /api/v1/status`; null at rest.
    pub status: Value,
    /// Rows of [`PICTURE_SQL`].
    pub recent: Vec<Value>,
    /// Principals that may sign in by token.
    pub principals: Vec<Value>,
    /// Credentials that end soon.
    pub ending: Vec<Value>,
    /// Rules that could not be read, in words.
    pub rule_mistakes: Vec<String>,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
}

impl Picture {
    /// What is not as it should be.
    #[must_use]
    pub fn judge(&self) -> Vec<Complaint> {
        let mut found = Vec::new();
        self.sources(&mut found);
        self.coverage(&mut found);
        self.quarantine(&mut found);
        self.flow(&mut found);
        self.notifying(&mut found);
        self.tokens(&mut found);
        self.ending(&mut found);
        for mistake in &self.rule_mistakes {
            found.push(
                Complaint::new("E-RULE-001", Level::Error, "rules")
                    .what(mistake)
                    .todo("ringfence rules check FOLDER; the rule is not in force until then"),
            );
        }
        found
    }

    fn sources(&self, found: &mut Vec<Complaint>) {
        let standing = self.by_source("/standing");
        let lost = self.by_source("/count/lost");
        let rejected = self.by_source("/count/rejected");
        let accepted = self.by_source("/count/accepted");
        for source in self
            .sources
            .iter()
            .filter(|s| number(s, "disabled_ms").is_none())
        {
            let key = format!("{}/{}", text(source, "program"), text(source, "name"));
            let about = || format!("source {key}");
            let figure =
                |map: &BTreeMap<String, Value>| map.get(&key).and_then(Value::as_u64).unwrap_or(0);
            let made = number(source, "created_ms").unwrap_or(self.now_ms);
            let heard = number(source, "last_seen_ms").is_some() || figure(&accepted) > 0;
            if !heard && self.now_ms.saturating_sub(made) > NEVER_HEARD_AFTER_MS {
                found.push(
                    Complaint::new("E-SRC-002", Level::Warning, about())
                        .what("it was never heard")
                        .todo("check token, address and allow list at the sender, or disable it"),
                );
            }
            if standing
                .get(&key)
                .is_some_and(|s| s.to_string().eq_ignore_ascii_case("\"silent\""))
            {
                found.push(
                    Complaint::new("E-SRC-001", Level::Error, about())
                        .what("it has fallen silent")
                        .todo("look at the sender; until then what it would show is not seen"),
                );
            }
            if figure(&lost) > 0 {
                found.push(
                    Complaint::new("E-SRC-007", Level::Error, about())
                        .what(format!("{} of its records were lost", figure(&lost)))
                        .todo("send over TCP or TLS, or give the disk more speed"),
                );
            }
            let (bad, good) = (figure(&rejected), figure(&accepted));
            if bad >= 10 && bad.saturating_mul(20) > good {
                found.push(
                    Complaint::new("E-SRC-006", Level::Warning, about())
                        .what(format!(
                            "{bad} of its records were refused, {good} accepted"
                        ))
                        .todo("GET /api/v1/quarantine shows them with their reasons"),
                );
            }
        }
    }

    /// What is sent and what it is good for.
    fn coverage(&self, found: &mut Vec<Complaint>) {
        let mut sites: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
        for row in &self.recent {
            let count = |key: &str| row.get(key).and_then(Value::as_u64).unwrap_or(0);
            let (program, name) = (text(row, "program"), text(row, "source"));
            let about = format!("source {program}/{name}");
            let (n, base) = (count("n"), count("base"));
            #[allow(
                clippy::cast_precision_loss,
                reason = "a share of events, compared with a half"
            )]
            let share = base as f64 / n.max(1) as f64;
            if n >= ENOUGH_EVENTS && share > MOSTLY_BASE {
                found.push(
                    Complaint::new("E-SRC-003", Level::Warning, &about)
                        .what(format!(
                            "{base} of its {n} events have no mapping: no rule reads them"
                        ))
                        .todo(
                            "write a mapping (docs/intake.md) and try it with `ringfence map test`",
                        ),
                );
            }
            let telephony = count("telephony");
            let granted = self.sources.iter().any(|s| {
                let same = text(s, "program") == program && text(s, "name") == name;
                same && s
                    .get("grants")
                    .is_some_and(|g| g.to_string().contains("call-state"))
            });
            let known = self.sources.iter().any(|s| text(s, "name") == name);
            if telephony > 0 && known && !granted {
                found.push(
                    Complaint::new("E-SRC-004", Level::Error, &about)
                        .what("it tells of calls and agents without the grant `call-state`: its word does not decide")
                        .todo("if it can be trusted: grants = [\"call-state\"], or PATCH /api/v1/sources/{id}"),
                );
            }
            let site = sites
                .entry((program.clone(), text(row, "site")))
                .or_default();
            site.0 = site.0.saturating_add(count("look_ups"));
            site.1 = site.1.saturating_add(telephony);
        }
        for ((program, site), (look_ups, telephony)) in sites {
            if look_ups > 0 && telephony == 0 {
                found.push(
                    Complaint::new("E-SRC-005", Level::Error, format!("site {program}/{site}"))
                        .what(format!("{look_ups} look-ups of customers and no word of any call: every one is `unknown`"))
                        .todo("connect the site's telephony: HEP, CDR or agent events (docs/intake.md)"),
                );
            }
        }
    }

    fn quarantine(&self, found: &mut Vec<Complaint>) {
        let dropped = self
            .quarantine
            .get("dropped")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        if dropped > 0 {
            found.push(
                Complaint::new("E-SRC-006", Level::Warning, "quarantine")
                    .what(format!(
                        "it overflowed: {dropped} refused records are not kept"
                    ))
                    .todo("correct the senders whose records are refused, then empty it"),
            );
        }
    }

    fn flow(&self, found: &mut Vec<Complaint>) {
        let lag = self.status.pointer("/spine/lag").and_then(Value::as_object);
        for (consumer, behind) in lag.into_iter().flatten() {
            let behind = behind.as_u64().unwrap_or(0);
            if behind > LAG {
                found.push(
                    Complaint::new("E-PIPE-001", Level::Warning, format!("consumer {consumer}"))
                        .what(format!("it is {behind} entries behind the event log"))
                        .todo("it catches up after a burst; if not, the machine is too small"),
                );
            }
        }
        let reasons = self
            .status
            .pointer("/readiness/reasons")
            .and_then(Value::as_array);
        for reason in reasons.into_iter().flatten().filter_map(Value::as_str) {
            found.push(
                Complaint::new("E-PIPE-002", Level::Error, "server")
                    .what(format!("not ready: {reason}"))
                    .todo("see the server's log"),
            );
        }
        let mistakes = self
            .status
            .pointer("/rules/mistakes")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        if mistakes > 0 && self.rule_mistakes.is_empty() {
            found.push(
                Complaint::new("E-RULE-001", Level::Error, "rules")
                    .what(format!(
                        "{mistakes} mistakes: the rules with them are not in force"
                    ))
                    .todo("ringfence rules check FOLDER"),
            );
        }
    }

    fn notifying(&self, found: &mut Vec<Complaint>) {
        for (webhook, dead) in self.webhooks.iter().filter(|(_, dead)| *dead > 0) {
            found.push(
                Complaint::new(
                    "E-HOOK-001",
                    Level::Error,
                    format!("webhook {}", text(webhook, "name")),
                )
                .what(format!("{dead} deliveries were given up"))
                .todo("GET /api/v1/webhooks/{id}/deliveries says why; replay them afterwards"),
            );
        }
        for way in ["webhooks", "mail"] {
            if self.status.pointer(&format!("/notifying/{way}")) == Some(&Value::Bool(false)) {
                found.push(
                    Complaint::new("E-START-003", Level::Error, way)
                        .what("it is off: this machine has no TLS roots")
                        .todo(
                            "install the package ca-certificates, or name a ca_file, and restart",
                        ),
                );
            }
        }
    }

    fn tokens(&self, found: &mut Vec<Complaint>) {
        for principal in self
            .principals
            .iter()
            .filter(|p| number(p, "disabled_ms").is_none())
        {
            let made = number(principal, "created_ms").unwrap_or(self.now_ms);
            if self.now_ms.saturating_sub(made) > OLD_TOKEN_MS {
                found.push(
                    Complaint::new(
                        "E-TOK-001",
                        Level::Warning,
                        format!("token of {}", text(principal, "name")),
                    )
                    .what(format!("it was made {}", ringfence_event::Time(made)))
                    .todo("replace it: tokens wander into scripts and histories"),
                );
            }
        }
    }

    fn ending(&self, found: &mut Vec<Complaint>) {
        for one in &self.ending {
            let what = match text(one, "credential").as_str() {
                "certificate" => "certificate",
                _ => "token",
            };
            let about = format!("{} {}", text(one, "holder"), text(one, "name"));
            let end = ringfence_event::Time(number(one, "ends_ms").unwrap_or(self.now_ms));
            let todo = match what {
                "certificate" => "`ringfence certificate renew`, where its key is",
                _ => "give it a new token on the page Access, or POST /api/v1/services/{id}/rotate",
            };
            found.push(
                Complaint::new("E-TOK-002", Level::Warning, about)
                    .what(format!("its {what} ends at {end}"))
                    .todo(todo),
            );
        }
    }

    /// A value of each source in the status, by `program/name`.
    fn by_source(&self, pointer: &str) -> BTreeMap<String, Value> {
        let sources = self.status.get("sources").and_then(Value::as_array);
        let entry = |s: &Value| {
            let key = format!("{}/{}", text(s, "program"), text(s, "source"));
            Some((key, s.pointer(pointer)?.clone()))
        };
        sources.into_iter().flatten().filter_map(entry).collect()
    }
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn number(value: &Value, key: &str) -> Option<i64> {
    value.get(key).and_then(Value::as_i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn codes(picture: &Picture) -> Vec<&'static str> {
        let mut codes: Vec<_> = picture.judge().iter().map(|c| c.code).collect();
        codes.sort_unstable();
        codes
    }

    fn source(name: &str, grants: &[&str]) -> Value {
        json!({
            "name": name, "program": "default", "grants": grants, "created_ms": 0,
            "last_seen_ms": 5, "disabled_ms": null,
        })
    }

    fn recent(source: &str, base: u64, telephony: u64, look_ups: u64) -> Value {
        json!({
            "program": "default", "site": "berlin", "source": source, "n": 200, "base": base,
            "telephony": telephony, "look_ups": look_ups,
        })
    }

    #[test]
    fn a_house_in_order_has_no_complaints() {
        let picture = Picture {
            sources: vec![source("pbx", &["call-state"]), source("crm", &[])],
            recent: vec![recent("pbx", 0, 200, 0), recent("crm", 3, 0, 190)],
            status: json!({"spine": {"lag": {"lake": 12}}, "readiness": {"reasons": []}}),
            now_ms: DAY_MS,
            ..Picture::default()
        };
        assert_eq!(picture.judge(), []);
    }

    #[test]
    fn each_trouble_has_its_code() {
        let picture = Picture {
            sources: vec![
                source("pbx", &[]),
                json!({"name": "new", "program": "default", "created_ms": 0, "grants": []}),
                source("quiet", &[]),
            ],
            recent: vec![recent("pbx", 150, 20, 0)],
            quarantine: json!({"dropped": 4}),
            status: json!({
                "sources": [
                    {"program": "default", "source": "quiet", "standing": "silent",
                     "count": {"lost": 3, "rejected": 50, "accepted": 2}},
                ],
                "spine": {"lag": {"detect": 60_000}},
                "readiness": {"reasons": ["the event log cannot be written"]},
                "rules": {"mistakes": 2}, "notifying": {"webhooks": false, "mail": null},
            }),
            webhooks: vec![(json!({"name": "on call"}), 2)],
            principals: vec![json!({"name": "admin", "created_ms": 0})],
            ending: vec![json!({
                "credential": "token", "holder": "service", "name": "crm", "ends_ms": 3 * OLD_TOKEN_MS,
            })],
            now_ms: 2 * OLD_TOKEN_MS,
            ..Picture::default()
        };
        assert_eq!(
            codes(&picture),
            [
                "E-HOOK-001",
                "E-PIPE-001",
                "E-PIPE-002",
                "E-RULE-001",
                "E-SRC-001",
                "E-SRC-002",
                "E-SRC-003",
                "E-SRC-004",
                "E-SRC-006",
                "E-SRC-006",
                "E-SRC-007",
                "E-START-003",
                "E-TOK-001",
                "E-TOK-002",
            ]
        );
    }

    #[test]
    fn a_site_with_look_ups_and_no_telephony_is_blind() {
        let picture = Picture {
            sources: vec![source("crm", &[])],
            recent: vec![recent("crm", 0, 0, 200)],
            ..Picture::default()
        };
        assert_eq!(codes(&picture), ["E-SRC-005"]);
    }
}
