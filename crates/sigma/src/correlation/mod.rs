//! Correlations: rules over the matches of other rules.
//!
//! Sigma Correlation Rules Specification 2.0: `event_count`, `value_count`, `temporal`
//! and `temporal_ordered`.

pub(crate) mod group;
pub(crate) mod state;
pub(crate) mod store;

use crate::document::expected;
use crate::error::{Problem, shorten};
use crate::modifier::Order;
use crate::number::Number;
use crate::yaml::{Node, Scalar};

/// Highest count a condition may ask for; state grows with it.
const MOST_COUNT: u64 = 100_000;
/// Most rules one correlation may join.
const MOST_RULES: usize = 256;

/// How matches are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Join {
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
}

/// A `correlation` section as written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CorrelationSpec {
    pub join: Join,
    /// Ids or names of rules, and the lines that name them.
    pub rules: Vec<(String, usize)>,
    pub group_by: Vec<String>,
    pub span_ms: i64,
    pub count: Vec<(Order, u64)>,
    /// Fields whose values `value_count` counts; several count combinations.
    pub fields: Vec<String>,
    /// Alias, rule, field.
    pub aliases: Vec<(String, String, String)>,
    pub generate: bool,
}

/// A correlation with its references resolved.
#[derive(Debug)]
pub(crate) struct Correlation {
    pub join: Join,
    pub group_by: Vec<String>,
    pub span_ms: i64,
    pub count: Vec<(Order, u64)>,
    /// One per rule it names, in that order.
    pub inputs: Vec<Input>,
    /// Changes whenever kept state would mean something else.
    pub fingerprint: u64,
    /// Inputs of a correlation always rank lower than itself.
    pub rank: usize,
}

/// A rule that feeds a correlation, and what its fields are called.
#[derive(Debug)]
pub(crate) struct Input {
    pub group_by: Vec<String>,
    pub fields: Vec<String>,
}

type Result<T> = std::result::Result<T, (usize, Problem)>;

impl CorrelationSpec {
    pub fn read(node: &Node, outer_generate: Option<Scalar<'_>>) -> Result<Self> {
        let need = |key| node.get(key).ok_or((node.line, Problem::Missing(key)));
        let kind = need("type")?;
        let join = match kind.text().unwrap_or_default() {
            "event_count" => Join::EventCount,
            "value_count" => Join::ValueCount,
            "temporal" => Join::Temporal,
            "temporal_ordered" => Join::TemporalOrdered,
            later @ ("value_sum" | "value_avg" | "value_percentile" | "value_median") => {
                let what = format!("correlation type `{later}`");
                return Err((kind.line, Problem::NotSupported(what)));
            }
            _ => {
                let types = "one of event_count, value_count, temporal, temporal_ordered";
                return Err((kind.line, expected("type", types)));
            }
        };
        let rules = need("rules")?;
        let names: Vec<_> = rules
            .items()
            .iter()
            .filter_map(|item| Some((item.text()?.to_owned(), item.line)))
            .collect();
        if names.is_empty() {
            return Err((rules.line, expected("rules", "a list of rule ids or names")));
        }
        if names.len() > MOST_RULES {
            let problem = Problem::TooLarge {
                what: "number of rules",
                limit: MOST_RULES,
            };
            return Err((rules.line, problem));
        }
        let span = need("timespan")?;
        let span_ms = span.text().and_then(timespan).ok_or_else(|| {
            (
                span.line,
                expected(
                    "timespan",
                    "a number and one of s, m, h, d, for example `15m`",
                ),
            )
        })?;
        let (count, fields) = match node.get("condition") {
            Some(condition) => condition_of(condition)?,
            None => (Vec::new(), Vec::new()),
        };
        let counts = matches!(join, Join::EventCount | Join::ValueCount);
        if counts && count.is_empty() {
            return Err((node.line, Problem::Missing("condition")));
        }
        if join == Join::ValueCount && fields.is_empty() {
            return Err((node.line, Problem::Missing("field")));
        }
        let generate = node
            .get("generate")
            .and_then(Node::scalar)
            .or(outer_generate);
        Ok(Self {
            join,
            group_by: node.get("group-by").map(Node::texts).unwrap_or_default(),
            span_ms,
            count: if count.is_empty() {
                vec![(Order::Gte, names.len() as u64)]
            } else {
                count
            },
            rules: names,
            fields,
            aliases: aliases(node)?,
            generate: generate == Some(Scalar::Bool(true)),
        })
    }

    /// What `field` is called in events of the rule referred to as `rule`.
    pub fn name_in(&self, field: &str, is_rule: &dyn Fn(&str) -> bool) -> String {
        let alias = self
            .aliases
            .iter()
            .find(|(alias, rule, _)| alias == field && is_rule(rule));
        alias.map_or(field, |(_, _, real)| real).to_owned()
    }
}

/// What a condition counts up to, and the fields whose values it counts.
type Counting = (Vec<(Order, u64)>, Vec<String>);

fn condition_of(node: &Node) -> Result<Counting> {
    let Some(entries) = node.map() else {
        let what = "a condition over rule names".to_owned();
        return Err((node.line, Problem::NotSupported(what)));
    };
    let (mut count, mut fields) = (Vec::new(), Vec::new());
    for (key, value) in entries {
        let order = match key.text.as_str() {
            "field" => {
                fields = value.texts();
                continue;
            }
            "lt" => Order::Lt,
            "lte" => Order::Lte,
            "eq" => Order::Eq,
            "gte" => Order::Gte,
            "gt" => Order::Gt,
            other => {
                let what = format!("condition key `{}`", shorten(other));
                return Err((key.line, Problem::NotSupported(what)));
            }
        };
        let number = value.text().and_then(|t| t.parse::<u64>().ok());
        let number = number.filter(|n| *n <= MOST_COUNT).ok_or_else(|| {
            (
                value.line,
                expected(&key.text, "a whole number from 0 to 100000"),
            )
        })?;
        count.push((order, number));
    }
    Ok((count, fields))
}

fn aliases(node: &Node) -> Result<Vec<(String, String, String)>> {
    let mut out = Vec::new();
    let Some(aliases) = node.get("aliases") else {
        return Ok(out);
    };
    for (alias, by_rule) in aliases.map().unwrap_or_default() {
        let Some(entries) = by_rule.map() else {
            return Err((
                by_rule.line,
                expected(&alias.text, "a map from rule name to field"),
            ));
        };
        for (rule, field) in entries {
            let field = field
                .text()
                .ok_or((field.line, expected(&rule.text, "a field's name")))?;
            out.push((alias.text.clone(), rule.text.clone(), field.to_owned()));
        }
    }
    Ok(out)
}

/// A number and a unit, in milliseconds. Longer than ten years is a slip of the pen.
fn timespan(text: &str) -> Option<i64> {
    const MOST_MS: i64 = 3_653 * 86_400_000;
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let unit_ms = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    number
        .checked_mul(unit_ms)
        .filter(|ms| (1..=MOST_MS).contains(ms))
}

impl Correlation {
    /// Whether `count` fulfils all parts of the condition.
    pub fn fires(&self, count: u64) -> bool {
        let int = |n: u64| Number::Int(i64::try_from(n).unwrap_or(i64::MAX));
        self.count
            .iter()
            .all(|(order, limit)| order.holds(int(count), int(*limit)))
    }

    /// The number that a match reports as its threshold.
    pub fn threshold(&self) -> u64 {
        let least = |(order, n): &(Order, u64)| match order {
            Order::Gt => Some(n + 1),
            Order::Gte | Order::Eq => Some(*n),
            Order::Lt | Order::Lte => None,
        };
        self.count.iter().find_map(least).unwrap_or(0)
    }

    /// Entries worth keeping in a group: one more than the largest number asked for
    /// tells "more than that" from "exactly that".
    pub fn capacity(&self) -> usize {
        const LEAST: usize = 128;
        let most = self.count.iter().map(|(_, n)| *n).max().unwrap_or(0);
        usize::try_from(most)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
            .max(LEAST)
    }
}

#[cfg(test)]
mod tests {
    use super::timespan;

    #[test]
    fn timespans() {
        for (text, want) in [
            ("90m", Some(5_400_000)),
            ("1s", Some(1_000)),
            ("0s", None),
            ("5", None),
            ("m", None),
            ("1M", None),
            ("999999999999d", None),
        ] {
            assert_eq!(timespan(text), want, "{text}");
        }
    }
}
