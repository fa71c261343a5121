//! How findings become alerts. Pure: the rows come in, the rows go out.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::alert::{Alert, Status};
use crate::finding::{MAX_TAGS, NewFinding};
use crate::id::derived_id;
use crate::limits::{Limits, millis};

/// What an alert in memory has seen since it was read.
pub(crate) struct Story {
    pub(crate) alert: Alert,
    pub(crate) opened: bool,
    /// The severity before, when it rose.
    pub(crate) escalated_from: Option<u8>,
    pub(crate) rules: BTreeMap<String, RuleShare>,
    /// New findings with their place in the alert.
    pub(crate) findings: Vec<(u64, NewFinding)>,
}

/// What one rule added to an alert.
pub(crate) struct RuleShare {
    pub(crate) title: String,
    pub(crate) severity_id: u8,
    pub(crate) count: u64,
    pub(crate) last_time_ms: i64,
}

impl Story {
    /// Goes on with an alert from the database.
    pub(crate) fn resume(alert: Alert) -> Self {
        Self {
            alert,
            opened: false,
            escalated_from: None,
            rules: BTreeMap::new(),
            findings: Vec::new(),
        }
    }

    /// Opens an alert for its first finding.
    pub(crate) fn open(finding: NewFinding, previous_id: Option<String>, now_ms: i64) -> Self {
        let mut seed = finding.program.clone().into_bytes();
        seed.push(0);
        seed.extend(finding.uid.as_bytes());
        let alert = Alert {
            id: derived_id(finding.received_ms, &seed),
            program: finding.program.clone(),
            site: finding.site.clone(),
            story_key: finding.story_key.clone(),
            entity_kind: finding.story_entity.kind.clone(),
            entity_value: finding.story_entity.value.clone(),
            severity_id: finding.severity_id,
            status: Status::Open,
            verdict: None,
            verdict_reason: None,
            assignee: None,
            rule_id: finding.rule_id.clone(),
            title: finding.rule_title.clone(),
            message: finding.message.clone(),
            first_steps: finding.first_steps.clone(),
            tags: Vec::new(),
            finding_count: 0,
            first_time_ms: finding.time_ms,
            last_time_ms: finding.time_ms,
            first_received_ms: finding.received_ms,
            last_received_ms: finding.received_ms,
            previous_id,
            created_ms: now_ms,
            updated_ms: now_ms,
            closed_ms: None,
            version: 1,
            lead_time_ms: finding.time_ms,
        };
        let mut story = Self {
            opened: true,
            ..Self::resume(alert)
        };
        story.add(finding, now_ms);
        story
    }

    /// Adds one finding.
    pub(crate) fn add(&mut self, finding: NewFinding, now_ms: i64) {
        let alert = &mut self.alert;
        alert.finding_count += 1;
        alert.first_time_ms = alert.first_time_ms.min(finding.time_ms);
        alert.last_time_ms = alert.last_time_ms.max(finding.time_ms);
        alert.first_received_ms = alert.first_received_ms.min(finding.received_ms);
        alert.last_received_ms = alert.last_received_ms.max(finding.received_ms);
        alert.updated_ms = now_ms;
        if finding.severity_id > alert.severity_id {
            self.escalated_from.get_or_insert(alert.severity_id);
            alert.severity_id = finding.severity_id;
            alert.version += 1;
            alert.lead_time_ms = i64::MIN;
        }
        // The newest of the most severe findings speaks for the alert.
        if finding.severity_id == alert.severity_id && finding.time_ms >= alert.lead_time_ms {
            alert.lead_time_ms = finding.time_ms;
            alert.rule_id.clone_from(&finding.rule_id);
            alert.title.clone_from(&finding.rule_title);
            alert.message.clone_from(&finding.message);
            alert.first_steps.clone_from(&finding.first_steps);
        }
        for tag in &finding.tags {
            if alert.tags.len() < MAX_TAGS && !alert.tags.contains(tag) {
                alert.tags.push(tag.clone());
            }
        }
        let share = self
            .rules
            .entry(finding.rule_id.clone())
            .or_insert_with(|| RuleShare {
                title: finding.rule_title.clone(),
                severity_id: finding.severity_id,
                count: 0,
                last_time_ms: finding.time_ms,
            });
        share.count += 1;
        share.severity_id = share.severity_id.max(finding.severity_id);
        share.last_time_ms = share.last_time_ms.max(finding.time_ms);
        self.findings.push((alert.finding_count, finding));
    }

    /// The new findings that the alert's bounded sample keeps.
    pub(crate) fn kept<'a>(
        &'a self,
        limits: &'a Limits,
    ) -> impl Iterator<Item = &'a (u64, NewFinding)> {
        let (first, newest) = self.kept_edges(limits);
        self.findings
            .iter()
            .filter(move |(seq, _)| *seq <= first || *seq > newest)
    }

    /// The sample is everything up to the first number and everything after the second.
    pub(crate) fn kept_edges(&self, limits: &Limits) -> (u64, u64) {
        let newest = u64::from(limits.findings_newest);
        (
            u64::from(limits.findings_first),
            self.alert.finding_count.saturating_sub(newest),
        )
    }
}

/// Whether a finding belongs to this alert: not closed, and received within the window
/// of its last one. Receive time decides, so no record from 2099 ends a story. One that
/// comes late belongs to the story as well.
pub(crate) fn joins(alert: &Alert, finding: &NewFinding, window: Duration) -> bool {
    alert.status != Status::Closed
        && finding.received_ms.saturating_sub(alert.last_received_ms) < millis(window)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Entity;

    fn finding(uid: &str, severity_id: u8, time_ms: i64) -> NewFinding {
        NewFinding {
            uid: uid.to_owned(),
            rule_id: format!("rule-{severity_id}"),
            rule_title: format!("Rule of {severity_id}"),
            severity_id,
            program: "bank".to_owned(),
            site: "north".to_owned(),
            time_ms,
            received_ms: time_ms,
            story_key: "agent:1".to_owned(),
            story_entity: Entity {
                kind: "agent".to_owned(),
                value: "1".to_owned(),
            },
            message: format!("{uid} happened"),
            reason: serde_json::Value::Null,
            event_ids: Vec::new(),
            tags: vec!["insider".to_owned()],
            first_steps: Vec::new(),
        }
    }

    #[test]
    fn the_newest_of_the_most_severe_speaks() {
        let mut story = Story::open(finding("a", 2, 10), None, 0);
        story.add(finding("b", 4, 5), 0);
        story.add(finding("c", 3, 20), 0);
        assert_eq!(
            (story.alert.severity_id, story.alert.message.as_str()),
            (4, "b happened")
        );
        assert_eq!(story.escalated_from, Some(2));
        story.add(finding("d", 4, 4), 0);
        assert_eq!(
            story.alert.message, "b happened",
            "an older one does not take over"
        );
        story.add(finding("e", 4, 6), 0);
        assert_eq!(story.alert.message, "e happened");
        assert_eq!(
            (story.alert.first_time_ms, story.alert.last_time_ms),
            (4, 20)
        );
        assert_eq!(story.alert.finding_count, 5);
        assert_eq!(story.alert.tags, ["insider"]);
    }

    #[test]
    fn only_the_edges_of_a_burst_are_kept() {
        let mut story = Story::open(finding("0", 3, 0), None, 0);
        (1..50).for_each(|at| story.add(finding(&at.to_string(), 3, at), 0));
        let limits = Limits {
            findings_first: 3,
            findings_newest: 4,
            ..Limits::default()
        };
        let kept: Vec<_> = story.kept(&limits).map(|(seq, _)| *seq).collect();
        assert_eq!(kept, [1, 2, 3, 47, 48, 49, 50]);
        assert_eq!(story.rules["rule-3"].count, 50);
    }

    #[test]
    fn a_story_ends_by_silence_or_by_hand() {
        let mut alert = Story::open(finding("a", 3, 1_000), None, 0).alert;
        let window = Duration::from_secs(10);
        assert!(joins(&alert, &finding("b", 3, 10_999), window));
        assert!(!joins(&alert, &finding("b", 3, 11_000), window));
        assert!(
            joins(&alert, &finding("b", 3, 0), window),
            "late findings still belong"
        );
        alert.status = Status::Closed;
        assert!(!joins(&alert, &finding("b", 3, 1_001), window));
    }
}
