//! Boolean expressions over predicates.

use std::fmt;

/// A rule's logic. Predicates are numbers into the rule set's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    Pred(u32),
    And(Box<[Expr]>),
    Or(Box<[Expr]>),
    Not(Box<Expr>),
    AtLeast(usize, Box<[Expr]>),
}

impl Expr {
    /// `and` of several; one alone stays as it is, nested ones are flattened.
    pub fn and(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::And(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.pop() {
            Some(only) if flat.is_empty() => only,
            last => Self::And(flat.into_iter().chain(last).collect()),
        }
    }

    /// `or` of several; one alone stays as it is, nested ones are flattened.
    pub fn or(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.pop() {
            Some(only) if flat.is_empty() => only,
            last => Self::Or(flat.into_iter().chain(last).collect()),
        }
    }

    /// How many nodes the expression has.
    pub fn size(&self) -> usize {
        match self {
            Self::Pred(_) => 1,
            Self::Not(inner) => 1 + inner.size(),
            Self::And(parts) | Self::Or(parts) | Self::AtLeast(_, parts) => {
                1 + parts.iter().map(Self::size).sum::<usize>()
            }
        }
    }

    pub fn negate(inner: Self) -> Self {
        match inner {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Evaluates with `test` deciding each predicate. Stops as soon as it is settled.
    pub fn holds(&self, test: &mut dyn FnMut(u32) -> bool) -> bool {
        match self {
            Self::Pred(p) => test(*p),
            Self::And(all) => all.iter().all(|e| e.holds(test)),
            Self::Or(any) => any.iter().any(|e| e.holds(test)),
            Self::Not(inner) => !inner.holds(test),
            Self::AtLeast(n, of) => of.iter().filter(|e| e.holds(test)).take(*n).count() == *n,
        }
    }

    /// Predicates that hold and are wanted to hold, for telling why a rule matched.
    pub fn reasons(&self, test: &mut dyn FnMut(u32) -> bool, out: &mut Vec<u32>) {
        match self {
            Self::Pred(p) => {
                if test(*p) && !out.contains(p) {
                    out.push(*p);
                }
            }
            Self::And(parts) | Self::Or(parts) | Self::AtLeast(_, parts) => {
                for part in parts {
                    if part.holds(test) {
                        part.reasons(test, out);
                    }
                }
            }
            Self::Not(_) => {}
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |parts: &[Self], by: &str| {
            parts
                .iter()
                .map(Self::to_string)
                .collect::<Vec<_>>()
                .join(by)
        };
        match self {
            Self::Pred(p) => write!(f, "{p}"),
            Self::And(parts) => write!(f, "({})", join(parts, " and ")),
            Self::Or(parts) => write!(f, "({})", join(parts, " or ")),
            Self::Not(inner) => write!(f, "not {inner}"),
            Self::AtLeast(n, parts) => write!(f, "{n} of ({})", join(parts, ", ")),
        }
    }
}
