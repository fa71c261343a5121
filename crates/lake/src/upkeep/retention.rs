//! How long rows are kept, and how long they must be.

use std::collections::BTreeSet;

/// How long rows are kept, by class and program. A row's age counts from its receive time:
/// a wrong clock of a sender expires nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days that rows are kept which no rule is about. Default 366, twelve months.
    pub days: u32,
    /// Frameworks whose least periods hold. Default `pci-dss`.
    pub frameworks: Vec<String>,
    /// Other periods. The most particular one wins: class and program, then program, then
    /// class.
    pub rules: Vec<RetentionRule>,
}

/// A period of its own for some rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionRule {
    /// OCSF `class_uid`; nothing for every class.
    pub class: Option<u32>,
    /// Program; nothing for every program.
    pub program: Option<String>,
    /// Days that rows are kept.
    pub days: u32,
}

/// The least period of a framework for some classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// Its name in the configuration.
    pub framework: &'static str,
    /// Where it is written.
    pub source: &'static str,
    /// OCSF classes that it is about; none for all.
    pub classes: &'static [u32],
    /// Least days.
    pub days: u32,
}

/// Class uids of the telephony extension (OCSF extension `ocsf/`): call, recording, consent.
const CALLS: &[u32] = &[99_904_001, 99_904_002, 99_904_003];
const RECORDINGS: &[u32] = &[99_904_001, 99_904_002];

/// What frameworks ask, in days: a year is 366, so that no calendar makes it too short. What
/// is law where, and for which records, is the operator's to decide; these are defaults.
pub const FRAMEWORKS: &[Floor] = &[
    floor("pci-dss", "PCI DSS 10.5.1", &[], 366),
    floor("hipaa", "45 CFR 164.316(b)(2)(i)", &[], 6 * 366),
    floor("tsr", "16 CFR 310.5", CALLS, 5 * 366),
    floor("cftc", "17 CFR 1.31(b)(2)", RECORDINGS, 366),
    floor("mifid", "MiFID II Art. 16(7)", RECORDINGS, 5 * 366),
    floor("debt-collection", "12 CFR 1006.100(b)", RECORDINGS, 3 * 366),
    floor("medicare-advantage", "42 CFR 422.504(d)", CALLS, 10 * 366),
];

const fn floor(
    framework: &'static str,
    source: &'static str,
    classes: &'static [u32],
    days: u32,
) -> Floor {
    Floor {
        framework,
        source,
        classes,
        days,
    }
}

/// A period that is shorter than a framework allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which rule, counted from 0; nothing for the general period.
    pub rule: Option<usize>,
    /// A class for which it is too short; nothing when it is for all.
    pub class: Option<u32>,
    /// What it falls short of.
    pub floor: Floor,
    /// What was asked for.
    pub days: u32,
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Floor {
            framework,
            source,
            days,
            ..
        } = self.floor;
        write!(
            f,
            "{} days are below the {days} that {source} asks",
            self.days
        )?;
        if let Some(class) = self.class {
            write!(f, " of class {class}")?;
        }
        write!(
            f,
            ": keep longer, or take `{framework}` out of `lake.retention.frameworks` if it is not for you"
        )
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            days: 366,
            frameworks: vec!["pci-dss".to_owned()],
            rules: Vec::new(),
        }
    }
}

impl Retention {
    /// Days that rows of a program and class are kept.
    #[must_use]
    pub fn days_of(&self, program: Option<&str>, class: Option<u32>) -> u32 {
        self.rule_for(program, class)
            .and_then(|at| self.rules.get(at))
            .map_or(self.days, |rule| rule.days)
    }

    /// Every period, shortest first.
    #[must_use]
    pub fn periods(&self) -> BTreeSet<u32> {
        let rules = self.rules.iter().map(|rule| rule.days);
        rules.chain([self.days]).collect()
    }

    /// Periods that are shorter than the configured frameworks allow.
    #[must_use]
    pub fn breaches(&self) -> Vec<Breach> {
        let mut programs: BTreeSet<Option<&str>> =
            self.rules.iter().map(|r| r.program.as_deref()).collect();
        programs.insert(None);
        let ruled = self.rules.iter().filter_map(|rule| rule.class);
        let ruled: BTreeSet<u32> = ruled.collect();
        let mut found: Vec<Breach> = Vec::new();
        let in_force = FRAMEWORKS
            .iter()
            .filter(|floor| self.frameworks.iter().any(|f| f == floor.framework));
        for floor in in_force {
            // Those that it names; or any other, and those that a rule names.
            let classes: Vec<Option<u32>> = if floor.classes.is_empty() {
                ruled.iter().copied().map(Some).chain([None]).collect()
            } else {
                floor.classes.iter().copied().map(Some).collect()
            };
            for (program, class) in programs
                .iter()
                .flat_map(|p| classes.iter().map(move |c| (*p, *c)))
            {
                let rule = self.rule_for(program, class);
                let days = self.days_of(program, class);
                let told = found
                    .iter()
                    .any(|b| b.rule == rule && b.floor.framework == floor.framework);
                if days < floor.days && !told {
                    let class = class.filter(|_| !floor.classes.is_empty());
                    found.push(Breach {
                        rule,
                        class,
                        floor: *floor,
                        days,
                    });
                }
            }
        }
        found
    }

    fn rule_for(&self, program: Option<&str>, class: Option<u32>) -> Option<usize> {
        let fits = |rule: &RetentionRule| {
            let class_fits = rule.class.is_none() || rule.class == class;
            let program_fits = rule.program.is_none() || rule.program.as_deref() == program;
            class_fits && program_fits
        };
        let weight = |rule: &RetentionRule| {
            2 * u8::from(rule.program.is_some()) + u8::from(rule.class.is_some())
        };
        let rules = self.rules.iter().enumerate().filter(|(_, rule)| fits(rule));
        // Of two alike the later one wins.
        rules.max_by_key(|(_, rule)| weight(rule)).map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(class: Option<u32>, program: Option<&str>, days: u32) -> RetentionRule {
        RetentionRule {
            class,
            program: program.map(str::to_owned),
            days,
        }
    }

    #[test]
    fn the_most_particular_rule_wins() {
        let retention = Retention {
            days: 400,
            rules: vec![
                rule(Some(3002), Some("gold"), 1),
                rule(None, Some("gold"), 2),
                rule(Some(3002), None, 3),
            ],
            frameworks: Vec::new(),
        };
        assert_eq!(retention.days_of(Some("gold"), Some(3002)), 1);
        assert_eq!(retention.days_of(Some("gold"), Some(6005)), 2);
        assert_eq!(retention.days_of(Some("blue"), Some(3002)), 3);
        assert_eq!(retention.days_of(Some("blue"), Some(6005)), 400);
        assert!(retention.breaches().is_empty(), "no framework, no floor");
    }

    #[test]
    fn a_period_below_a_framework_is_named_with_its_source() {
        let mut retention = Retention::default();
        assert!(retention.breaches().is_empty());
        retention.rules = vec![rule(Some(4001), None, 90)];
        let breaches = retention.breaches();
        assert_eq!(breaches.len(), 1);
        assert_eq!(breaches[0].rule, Some(0));
        let text = breaches[0].to_string();
        assert!(
            text.contains("90 days") && text.contains("PCI DSS 10.5.1"),
            "{text}"
        );

        // Five years of calls and no more: a rule for the calls is enough.
        retention.frameworks.push("tsr".to_owned());
        retention.rules = CALLS.iter().map(|c| rule(Some(*c), None, 1830)).collect();
        assert!(retention.breaches().is_empty());
        retention.rules.push(rule(None, Some("gold"), 400));
        let breaches = retention.breaches();
        assert_eq!(
            breaches.len(),
            1,
            "for `gold` the program's rule wins: {breaches:?}"
        );
        assert_eq!(
            (breaches[0].rule, breaches[0].floor.framework),
            (Some(3), "tsr")
        );
    }
}
