//! Documents to a rule set: everything that can be decided before the first event.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::correlation::{Correlation, CorrelationSpec, Input};
use crate::detection::{BUDGET, Reader};
use crate::document::{Body, Document, Targets};
use crate::error::{Problem, RuleError};
use crate::expr::Expr;
use crate::index::Bucket;
use crate::predicate::Predicates;
use crate::rule::{LogSource, Rule, RuleLogSource};
use crate::transform::Placeholders;

/// What a rule set needs besides the rules.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Values for `%name%` in values with the `expand` modifier. They may have wildcards.
    pub placeholders: Placeholders,
}

/// Rules ready to judge events. Immutable: share it behind an [`Arc`].
#[derive(Debug, Default)]
pub struct RuleSet {
    pub(crate) entries: Vec<Entry>,
    pub(crate) predicates: Predicates,
    buckets: Vec<(RuleLogSource, Bucket)>,
    sources: Sources,
}

/// One rule with its logic.
#[derive(Debug)]
pub(crate) struct Entry {
    pub rule: Arc<Rule>,
    pub logic: Logic,
    /// False for rules that only feed correlations.
    pub emits: bool,
    /// Correlations that this rule feeds, and its position in each.
    pub feeds: Vec<(usize, usize)>,
}

#[derive(Debug)]
pub(crate) enum Logic {
    Detection(Expr),
    Correlation(Correlation),
}

/// Log source names as small numbers; 0 is "not named".
#[derive(Debug, Default)]
struct Sources {
    products: HashMap<String, u32>,
    services: HashMap<String, u32>,
    categories: HashMap<String, u32>,
    buckets: HashMap<[u32; 3], usize>,
}

impl RuleSet {
    /// Compiles documents of any number of files. Rules that are wrong are reported
    /// and left out, and so is what depends on them; the rest is ready.
    #[must_use]
    pub fn compile(documents: Vec<Document>, options: &Options) -> (Self, Vec<RuleError>) {
        let mut build = Build::new(options);
        let documents = build.without_duplicates(documents);
        let mut filters = Vec::new();
        let mut correlations = Vec::new();
        let mut detections = Vec::new();
        for Document { rule, body } in documents {
            match body {
                Body::Detection(node) => {
                    if let Some(expr) = build.section(&rule, &node) {
                        detections.push((rule, expr));
                    }
                }
                Body::Correlation(spec) => correlations.push((rule, spec)),
                Body::Filter { targets, filter } => {
                    if let Some(expr) = build.section(&rule, &filter) {
                        filters.push((rule, targets, expr));
                    }
                }
            }
        }
        for (filter, targets, expr) in &filters {
            build.apply_filter(filter, targets, expr, &mut detections);
        }
        for (rule, expr) in detections {
            build.push(rule, Logic::Detection(expr));
        }
        build.correlations(correlations);
        build.finish()
    }

    /// All rules that can match, in the order of their numbers.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.entries.iter().map(|entry| &entry.rule)
    }

    /// How many rules can match.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many different tests the rules consist of.
    #[must_use]
    pub fn predicate_count(&self) -> usize {
        self.predicates.len()
    }

    /// The detection with this number.
    pub(crate) fn expr(&self, rule: u32) -> Option<&Expr> {
        match &self.entries.get(rule as usize)?.logic {
            Logic::Detection(expr) => Some(expr),
            Logic::Correlation(_) => None,
        }
    }

    /// The buckets whose log source accepts events from `source`: at most eight.
    pub(crate) fn buckets(&self, source: LogSource<'_>) -> impl Iterator<Item = &Bucket> {
        let id = |names: &HashMap<String, u32>, name: Option<&str>| {
            name.and_then(|name| names.get(name)).copied().unwrap_or(0)
        };
        let ids = [
            id(&self.sources.products, source.product),
            id(&self.sources.services, source.service),
            id(&self.sources.categories, source.category),
        ];
        (0..8u8).filter_map(move |mask| {
            let mut key = ids;
            for (bit, part) in key.iter_mut().enumerate() {
                if mask & (1 << bit) != 0 {
                    if *part == 0 {
                        return None;
                    }
                    *part = 0;
                }
            }
            let bucket = self.sources.buckets.get(&key)?;
            self.buckets.get(*bucket).map(|(_, bucket)| bucket)
        })
    }

    /// Buckets by the plain definition of the log source rule, for the full scan.
    pub(crate) fn accepting<'a>(
        &'a self,
        source: LogSource<'a>,
    ) -> impl Iterator<Item = &'a Bucket> {
        self.buckets
            .iter()
            .filter(move |(rule, _)| rule.accepts(source))
            .map(|(_, b)| b)
    }
}

struct Build<'a> {
    options: &'a Options,
    set: RuleSet,
    errors: Vec<RuleError>,
}

impl<'a> Build<'a> {
    fn new(options: &'a Options) -> Self {
        Self {
            options,
            set: RuleSet::default(),
            errors: Vec::new(),
        }
    }

    fn report(&mut self, rule: &Rule, line: usize, problem: Problem) {
        let (key, problem) = (rule.key().to_owned(), Box::new(problem));
        self.errors.push(RuleError {
            file: rule.file.clone(),
            line,
            rule: Some(key),
            problem,
        });
    }

    /// The first rule with an id or name keeps it.
    fn without_duplicates(&mut self, documents: Vec<Document>) -> Vec<Document> {
        let mut first: HashMap<String, String> = HashMap::new();
        let mut kept = Vec::with_capacity(documents.len());
        for document in documents {
            let rule = &document.rule;
            let names = [
                Some(&rule.id).filter(|id| !id.is_empty()),
                rule.name.as_ref(),
            ];
            let taken = names
                .into_iter()
                .flatten()
                .find_map(|name| first.get(name).map(|at| (name.clone(), at.clone())));
            if let Some((id, first)) = taken {
                self.report(rule, rule.line, Problem::Duplicate { id, first });
                continue;
            }
            let at = format!("{}:{}", rule.file, rule.line);
            first.extend(
                names
                    .into_iter()
                    .flatten()
                    .map(|name| (name.clone(), at.clone())),
            );
            kept.push(document);
        }
        kept
    }

    fn section(&mut self, rule: &Rule, node: &crate::yaml::Node) -> Option<Expr> {
        let placeholders = &self.options.placeholders;
        let predicates = &mut self.set.predicates;
        let mut reader = Reader {
            predicates,
            placeholders,
            budget: BUDGET,
        };
        match reader.section(node) {
            Ok(expr) => Some(expr),
            Err((line, problem)) => {
                self.report(rule, line, problem);
                None
            }
        }
    }

    /// Sigma Filters Specification: the filter's condition must hold besides the
    /// rule's own, so a filter that leaves events out says `condition: not selection`.
    fn apply_filter(
        &mut self,
        filter: &Rule,
        targets: &Targets,
        expr: &Expr,
        detections: &mut [(Rule, Expr)],
    ) {
        let covers = |rule: &Rule| filter.logsource.accepts(rule.logsource.as_event());
        let mut narrow = |chosen: &dyn Fn(&Rule) -> bool| {
            let mut found = false;
            for (rule, logic) in detections.iter_mut().filter(|(rule, _)| chosen(rule)) {
                found = true;
                if covers(rule) {
                    let own = std::mem::replace(logic, Expr::Pred(0));
                    *logic = Expr::and(vec![own, expr.clone()]);
                }
            }
            found
        };
        match targets {
            Targets::Any => {
                narrow(&|_| true);
            }
            Targets::Named(names) => {
                for name in names {
                    if !narrow(&|rule| rule.is_called(name)) {
                        self.report(filter, filter.line, Problem::UnknownRule(name.clone()));
                    }
                }
            }
        }
    }

    fn push(&mut self, rule: Rule, logic: Logic) {
        let entry = Entry {
            rule: Arc::new(rule),
            logic,
            emits: true,
            feeds: Vec::new(),
        };
        self.set.entries.push(entry);
    }

    /// Adds correlations in rounds: each round those whose rules are all there. What is
    /// left when a round adds nothing refers to something missing or to itself.
    fn correlations(&mut self, mut waiting: Vec<(Rule, CorrelationSpec)>) {
        let mut by_name: HashMap<String, usize> = HashMap::new();
        for (number, entry) in self.set.entries.iter().enumerate() {
            by_name.extend(names(&entry.rule).map(|name| (name, number)));
        }
        let mut generated: HashSet<usize> = HashSet::new();
        let mut silent: HashSet<usize> = HashSet::new();
        loop {
            let before = waiting.len();
            let mut still = Vec::new();
            for (rule, spec) in waiting {
                let found: Option<Vec<usize>> = spec
                    .rules
                    .iter()
                    .map(|(name, _)| by_name.get(name).copied())
                    .collect();
                let Some(inputs) = found else {
                    still.push((rule, spec));
                    continue;
                };
                if spec.generate {
                    &mut generated
                } else {
                    &mut silent
                }
                .extend(&inputs);
                by_name.extend(names(&rule).map(|name| (name, self.set.entries.len())));
                let correlation = self.resolve(&spec, &inputs);
                self.push(rule, Logic::Correlation(correlation));
            }
            waiting = still;
            if waiting.len() == before {
                break;
            }
        }
        let stuck: HashSet<String> = waiting.iter().flat_map(|(rule, _)| names(rule)).collect();
        for (rule, spec) in &waiting {
            let missing = spec
                .rules
                .iter()
                .find(|(name, _)| !by_name.contains_key(name));
            if let Some((name, line)) = missing {
                let problem = match stuck.contains(name) {
                    true => Problem::Cycle(name.clone()),
                    false => Problem::UnknownRule(name.clone()),
                };
                self.report(rule, *line, problem);
            }
        }
        // Correlation Rules Specification, "Generate": a rule that only feeds
        // correlations stays silent unless one of them asks for its matches too.
        for number in silent.difference(&generated) {
            if let Some(entry) = self.set.entries.get_mut(*number) {
                entry.emits = false;
            }
        }
    }

    fn resolve(&mut self, spec: &CorrelationSpec, inputs: &[usize]) -> Correlation {
        let number = self.set.entries.len();
        let mut rank = 0;
        let mut resolved = Vec::with_capacity(inputs.len());
        for (position, input) in inputs.iter().enumerate() {
            let Some(entry) = self.set.entries.get_mut(*input) else {
                continue;
            };
            entry.feeds.push((number, position));
            if let Logic::Correlation(inner) = &entry.logic {
                rank = rank.max(inner.rank + 1);
            }
            let is_rule = |name: &str| entry.rule.is_called(name);
            let name_in = |field: &String| spec.name_in(field, &is_rule);
            resolved.push(Input {
                group_by: spec.group_by.iter().map(name_in).collect(),
                fields: spec.fields.iter().map(name_in).collect(),
            });
        }
        Correlation {
            join: spec.join,
            group_by: spec.group_by.clone(),
            span_ms: spec.span_ms,
            count: spec.count.clone(),
            inputs: resolved,
            fingerprint: fingerprint(spec),
            rank,
        }
    }

    fn finish(mut self) -> (RuleSet, Vec<RuleError>) {
        let set = &mut self.set;
        set.predicates.freeze();
        let mut by_source: BTreeMap<&RuleLogSource, Vec<(u32, &Expr)>> = BTreeMap::new();
        for (entry, number) in set.entries.iter().zip(0u32..) {
            if let Logic::Detection(expr) = &entry.logic {
                by_source
                    .entry(&entry.rule.logsource)
                    .or_default()
                    .push((number, expr));
            }
        }
        for (source, rules) in by_source {
            let key = set.sources.add(source);
            set.sources.buckets.insert(key, set.buckets.len());
            set.buckets
                .push((source.clone(), Bucket::build(&rules, &set.predicates)));
        }
        self.errors
            .sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        (self.set, self.errors)
    }
}

impl Sources {
    fn add(&mut self, source: &RuleLogSource) -> [u32; 3] {
        let id = |names: &mut HashMap<String, u32>, name: &Option<String>| {
            let Some(name) = name else { return 0 };
            let next = u32::try_from(names.len() + 1).unwrap_or(u32::MAX);
            *names.entry(name.clone()).or_insert(next)
        };
        [
            id(&mut self.products, &source.product),
            id(&mut self.services, &source.service),
            id(&mut self.categories, &source.category),
        ]
    }
}

fn names(rule: &Rule) -> impl Iterator<Item = String> + use<> {
    let id = Some(rule.id.clone()).filter(|id| !id.is_empty());
    id.into_iter().chain(rule.name.clone())
}

/// Lines and `generate` change without changing what kept state means.
fn fingerprint(spec: &CorrelationSpec) -> u64 {
    let mut hasher = DefaultHasher::new();
    spec.join.hash(&mut hasher);
    spec.rules
        .iter()
        .for_each(|(name, _)| name.hash(&mut hasher));
    (
        &spec.group_by,
        spec.span_ms,
        &spec.count,
        &spec.fields,
        &spec.aliases,
    )
        .hash(&mut hasher);
    hasher.finish()
}
