//! Witnesses: a few cheap tests of which at least one must hold before a rule can match.
//!
//! For an `and`, the best witness of any part stands for the whole; for an `or`, every
//! part needs one. A `not` has none. Too many candidates cost time; a missing one would
//! be a missed attack, so whatever is not certain is "no witness".

use crate::expr::Expr;
use crate::number::Number;
use crate::pattern::Part;
use crate::predicate::{FieldId, KEYWORDS, Predicate, Predicates, Spec};

/// Something to look up or search for in a field's folded text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Witness {
    Exact(String),
    Literal {
        text: String,
        at_start: bool,
        at_end: bool,
    },
    /// The field is there.
    Present,
}

/// Alternatives, and how much they are expected to exclude.
#[derive(Debug, Clone)]
pub(crate) struct Witnesses {
    pub any: Vec<(FieldId, Witness)>,
    score: usize,
}

/// The witnesses of `expr`, or `None` if it can hold without any.
pub(crate) fn of(expr: &Expr, predicates: &Predicates) -> Option<Witnesses> {
    match expr {
        Expr::Pred(id) => of_predicate(predicates.get(*id)?),
        Expr::And(parts) => parts
            .iter()
            .filter_map(|part| of(part, predicates))
            .max_by_key(|w| w.score),
        // At least n of them hold, so at least one does.
        Expr::Or(parts) | Expr::AtLeast(_, parts) => {
            let mut joined = Witnesses {
                any: Vec::new(),
                score: usize::MAX,
            };
            for part in parts {
                let one = of(part, predicates)?;
                joined.any.extend(one.any);
                joined.score = joined.score.min(one.score);
            }
            (!joined.any.is_empty()).then_some(joined)
        }
        Expr::Not(_) => None,
    }
}

fn of_predicate(predicate: &Predicate) -> Option<Witnesses> {
    let field = predicate.field;
    let one = |witness, score| {
        Some(Witnesses {
            any: vec![(field, witness)],
            score,
        })
    };
    // Text of the event is always there: its presence excludes nothing.
    let present = || {
        if field == KEYWORDS {
            None
        } else {
            one(Witness::Present, 1)
        }
    };
    match &predicate.spec {
        Spec::Text { pattern, .. } => {
            let parts = pattern.0.as_slice();
            if let Some(text) = pattern.as_literal() {
                return one(Witness::Exact(crate::fold::fold(text)), text.len() + 6);
            }
            let longest = parts
                .iter()
                .enumerate()
                .filter_map(|(at, part)| match part {
                    Part::Lit(text) => Some((at, text)),
                    _ => None,
                });
            match longest.max_by_key(|(_, text)| text.len()) {
                Some((at, text)) => {
                    let (at_start, at_end) = (at == 0, at + 1 == parts.len());
                    let score = text.len() + if at_start || at_end { 3 } else { 0 };
                    let text = crate::fold::fold(text);
                    one(
                        Witness::Literal {
                            text,
                            at_start,
                            at_end,
                        },
                        score,
                    )
                }
                None => present(),
            }
        }
        Spec::Number { text } => {
            // A number in the event is spelled our way, a number in text as in the rule.
            let mut any = vec![(field, Witness::Exact(crate::fold::fold(text)))];
            if let Some(canonical) = Number::parse(text).map(Number::text)
                && canonical != *text
            {
                any.push((field, Witness::Exact(canonical)));
            }
            Some(Witnesses { any, score: 4 })
        }
        Spec::Regex(regex) => match regex.required() {
            Some(texts) => {
                let score = texts.iter().map(String::len).min().unwrap_or(0);
                let literal = |text| {
                    (
                        field,
                        Witness::Literal {
                            text,
                            at_start: false,
                            at_end: false,
                        },
                    )
                };
                Some(Witnesses {
                    any: texts.into_iter().map(literal).collect(),
                    score,
                })
            }
            None => present(),
        },
        Spec::Exists(true)
        | Spec::Cidr(_)
        | Spec::Compare { .. }
        | Spec::Date { .. }
        | Spec::FieldRef { .. } => present(),
        Spec::Null | Spec::Exists(false) => None,
    }
}
