//! The prefilter of one log source: which rules an event could match at all.

use std::collections::{BTreeMap, HashMap};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::predicate::{FieldId, Predicates};
use crate::record::Record;
use crate::slots::Slots;
use crate::witness::{self, Witness};

/// Rules that name the same log source.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// All of them, for the full scan.
    pub rules: Vec<u32>,
    /// Rules without a witness: always candidates.
    always: Vec<u32>,
    fields: Vec<FieldIndex>,
}

/// What one field's value can witness.
#[derive(Debug)]
struct FieldIndex {
    field: FieldId,
    exact: HashMap<String, Vec<u32>>,
    literals: Option<Literals>,
    present: Vec<u32>,
}

/// Many texts searched for in one pass.
#[derive(Debug)]
struct Literals {
    search: AhoCorasick,
    /// By the searcher's pattern number.
    users: Vec<Vec<User>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct User {
    rule: u32,
    at_start: bool,
    at_end: bool,
}

/// A field's witnesses while the index is built. Ordered, so that builds are equal.
#[derive(Default)]
struct Draft {
    exact: BTreeMap<String, Vec<u32>>,
    literals: BTreeMap<String, Vec<User>>,
    present: Vec<u32>,
}

impl Bucket {
    /// Builds the index over `rules`, each with its expression.
    pub fn build(rules: &[(u32, &crate::expr::Expr)], predicates: &Predicates) -> Self {
        let mut bucket = Self::default();
        let mut drafts: BTreeMap<FieldId, Draft> = BTreeMap::new();
        for (rule, expr) in rules {
            bucket.rules.push(*rule);
            let Some(witnesses) = witness::of(expr, predicates) else {
                bucket.always.push(*rule);
                continue;
            };
            for (field, witness) in witnesses.any {
                let draft = drafts.entry(field).or_default();
                match witness {
                    Witness::Exact(text) => draft.exact.entry(text).or_default().push(*rule),
                    Witness::Literal {
                        text,
                        at_start,
                        at_end,
                    } => {
                        let user = User {
                            rule: *rule,
                            at_start,
                            at_end,
                        };
                        draft.literals.entry(text).or_default().push(user);
                    }
                    Witness::Present => draft.present.push(*rule),
                }
            }
        }
        bucket.fields = drafts
            .into_iter()
            .map(|(field, d)| d.finish(field))
            .collect();
        bucket
    }

    /// Calls `candidate` for every rule that might match; some more than once.
    pub fn candidates(
        &self,
        predicates: &Predicates,
        record: &dyn Record,
        slots: &mut Slots,
        candidate: &mut dyn FnMut(u32),
    ) {
        self.always.iter().for_each(|rule| candidate(*rule));
        for index in &self.fields {
            let Some(slot) = slots.get(index.field, predicates, record) else {
                continue;
            };
            if !slot.present {
                continue;
            }
            index.present.iter().for_each(|rule| candidate(*rule));
            for item in slot.items() {
                if let Some(rules) = index.exact.get(item.folded.as_str()) {
                    rules.iter().for_each(|rule| candidate(*rule));
                }
                if let Some(literals) = &index.literals {
                    literals.find(&item.folded, candidate);
                }
            }
        }
    }
}

impl Draft {
    fn finish(self, field: FieldId) -> FieldIndex {
        let (texts, users): (Vec<_>, Vec<_>) = self.literals.into_iter().unzip();
        let mut present = self.present;
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&texts);
        let literals = match search {
            _ if texts.is_empty() => None,
            Ok(search) => Some(Literals { search, users }),
            // Too large for a searcher: the rules stay candidates whenever the field is there.
            Err(_) => {
                present.extend(users.iter().flatten().map(|user| user.rule));
                None
            }
        };
        FieldIndex {
            field,
            exact: self.exact.into_iter().collect(),
            literals,
            present,
        }
    }
}

impl Literals {
    fn find(&self, text: &str, candidate: &mut dyn FnMut(u32)) {
        for found in self.search.find_overlapping_iter(text) {
            let Some(users) = self.users.get(found.pattern().as_usize()) else {
                continue;
            };
            for user in users {
                let fits = (!user.at_start || found.start() == 0)
                    && (!user.at_end || found.end() == text.len());
                if fits {
                    candidate(user.rule);
                }
            }
        }
    }
}
