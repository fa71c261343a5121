//! `[lake]` of the configuration, with retention and what frameworks ask of it.

use std::time::Duration;

use ringfence_lake::{Config, FRAMEWORKS, Retention, RetentionRule};

use crate::config::within;
use crate::written::{Mistakes, Section};

/// A hundred years.
const MOST_DAYS: usize = 36_600;

/// Reads the section: the lake's settings, the share of upkeep, retention.
pub(crate) fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> (Config, f64, Retention) {
    let mut config = Config::default();
    let commit = within(&mut s, "commit_secs", 60, 1, 3_600, m);
    config.commit_every = Duration::from_secs(commit as u64);
    config.tail_bytes = within(&mut s, "tail_mib", 16, 1, 4_096, m) << 20;
    config.query_threads = within(&mut s, "query_threads", 1, 1, 64, m);
    config.compact_bytes = (within(&mut s, "compact_mib", 128, 1, 4_096, m) as u64) << 20;
    let vacuum = within(&mut s, "vacuum_after_mins", 60, 1, 525_600, m);
    config.file_retention = Duration::from_secs(60 * vacuum as u64);
    #[allow(clippy::cast_precision_loss, reason = "a number up to 100")]
    let share = within(&mut s, "upkeep_percent", 25, 1, 100, m) as f64 / 100.0;
    let retention = retention(s.table("retention", m), m);
    s.finish(m);
    (config, share, retention)
}

fn retention<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Retention {
    let mut retention = Retention::default();
    let (at, path) = (s.at(), s.path_of("days"));
    retention.days = days(&mut s, m).unwrap_or(retention.days);
    if let Some(frameworks) = s.take::<Vec<String>>("frameworks", m) {
        for name in frameworks.get_ref() {
            if !FRAMEWORKS.iter().any(|floor| floor.framework == name) {
                let known: Vec<_> = FRAMEWORKS.iter().map(|floor| floor.framework).collect();
                let what = format!("there are: {}", known.join(", "));
                m.add(frameworks.span().start, s.path_of("frameworks"), what);
            }
        }
        retention.frameworks = frameworks.into_inner();
    }
    let mut places = Vec::new();
    for mut rule in s.tables("rule", m) {
        places.push((rule.at(), rule.path_of("days")));
        let class = rule.take::<u32>("class", m).map(toml::Spanned::into_inner);
        let program = rule
            .take::<String>("program", m)
            .map(toml::Spanned::into_inner);
        if class.is_none() && program.is_none() {
            let what = "a rule names a `class`, a `program` or both";
            m.add(rule.at(), rule.path_of("class"), what);
        }
        let Some(days) = days(&mut rule, m) else {
            m.add(rule.at(), rule.path_of("days"), "a rule says how many days");
            continue;
        };
        rule.finish(m);
        retention.rules.push(RetentionRule {
            class,
            program,
            days,
        });
    }
    for breach in retention.breaches() {
        let place = breach.rule.and_then(|rule| places.get(rule)).cloned();
        let (at, path) = place.unwrap_or_else(|| (at, path.clone()));
        m.add(at, path, breach.to_string());
    }
    s.finish(m);
    retention
}

fn days<'i>(s: &mut Section<'i>, m: &mut Mistakes<'i>) -> Option<u32> {
    let days = within(s, "days", 0, 1, MOST_DAYS, m);
    u32::try_from(days).ok().filter(|days| *days > 0)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn mistakes(text: &str) -> Vec<(usize, String, String)> {
        let told = Config::parse(text).unwrap_err().into_iter();
        told.map(|m| (m.line, m.key, m.what)).collect()
    }

    #[test]
    fn a_period_below_what_a_framework_asks_is_refused_with_its_line() {
        let told = mistakes("[lake.retention]\ndays = 90\n");
        assert_eq!(told.len(), 1, "{told:?}");
        let (_, key, what) = &told[0];
        assert_eq!(key, "lake.retention.days");
        assert!(what.contains("PCI DSS 10.5.1"), "{what}");

        let text = "[lake.retention]\nframeworks = [\"pci-dss\", \"hipaa\"]\ndays = 2200\n\n\
                    [[lake.retention.rule]]\nprogram = \"gold\"\ndays = 400\n";
        let told = mistakes(text);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].1, "lake.retention.rule[0].days");
        assert!(told[0].2.contains("164.316"), "{told:?}");
    }

    #[test]
    fn without_a_framework_any_period_goes() {
        let text = "[lake.retention]\nframeworks = []\ndays = 30\n";
        let config = Config::parse(text).unwrap();
        assert_eq!(config.retention.days, 30);
        assert_eq!(Config::parse("").unwrap().retention.days, 366);
        let told = mistakes("[lake.retention]\nframeworks = [\"pci\"]\n");
        assert!(told[0].2.contains("pci-dss"), "{told:?}");
    }
}
