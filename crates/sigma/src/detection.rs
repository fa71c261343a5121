//! The `detection` section: selections to expressions over predicates.

use ipnet::IpNet;

use crate::condition::{self, Selections};
use crate::document::expected;
use crate::error::{Problem, shorten};
use crate::expr::Expr;
use crate::modifier::{self, Kind, Modifiers, Order};
use crate::number::Number;
use crate::pattern::Pattern;
use crate::predicate::{FieldId, Predicates, Spec};
use crate::regexes::RegexSpec;
use crate::transform::{self, Failure, Placeholders};
use crate::yaml::{Node, Scalar};

/// Tests that one rule may consist of. A regular expression counts for many, since it
/// may take megabytes once compiled.
pub(crate) const BUDGET: usize = 100_000;
const REGEX_COST: usize = 500;

/// Reads sections into the predicate table of a rule set.
pub(crate) struct Reader<'a> {
    pub predicates: &'a mut Predicates,
    pub placeholders: &'a Placeholders,
    /// What the rule may still spend on tests.
    pub budget: usize,
}

type Result<T> = std::result::Result<T, (usize, Problem)>;

impl Reader<'_> {
    /// Reads a `detection` section, or a `filter` section, which has the same form.
    pub fn section(&mut self, node: &Node) -> Result<Expr> {
        let mut selections = Vec::new();
        let mut conditions = None;
        for (key, value) in node.map().unwrap_or_default() {
            match key.text.as_str() {
                "condition" => conditions = Some(value),
                // Sigma 1 wrote its aggregation's window here; `rules` belongs to filters.
                "timeframe" | "rules" => {}
                name => selections.push((name.to_owned(), self.selection(value)?)),
            }
        }
        let conditions = conditions.ok_or((node.line, Problem::Missing("condition")))?;
        let mut any = Vec::new();
        for node in conditions.items() {
            let text = node
                .text()
                .ok_or((node.line, expected("condition", "text")))?;
            let expr = condition::parse(text, &Selections(&selections)).map_err(|why| {
                (
                    node.line,
                    Problem::Condition {
                        condition: shorten(text),
                        why,
                    },
                )
            })?;
            any.push(expr);
        }
        if any.is_empty() {
            return Err((
                conditions.line,
                expected("condition", "text or a list of texts"),
            ));
        }
        Ok(Expr::or(any))
    }

    /// A map is an `and`, a list an `or`; text alone is a keyword.
    fn selection(&mut self, node: &Node) -> Result<Expr> {
        if let Some(entries) = node.map() {
            let mut all = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                let (field, modifiers) =
                    modifier::parse(&key.text).map_err(|problem| (key.line, problem))?;
                all.push(self.item(field, &key.text, &modifiers, value)?);
            }
            return match all.is_empty() {
                true => Err((
                    node.line,
                    expected("selection", "a map with at least one field"),
                )),
                false => Ok(Expr::and(all)),
            };
        }
        if node.scalar().is_some() {
            return self.item("", "keywords", &Modifiers::default(), node);
        }
        let mut any = Vec::new();
        for item in node.items() {
            any.push(self.selection(item)?);
        }
        match any.is_empty() {
            true => Err((
                node.line,
                expected("selection", "a list with at least one entry"),
            )),
            false => Ok(Expr::or(any)),
        }
    }

    fn item(&mut self, field: &str, key: &str, modifiers: &Modifiers, node: &Node) -> Result<Expr> {
        let id = self.predicates.field(field);
        let mut values = Vec::new();
        for value in node.items() {
            let Some(scalar) = value.scalar() else {
                return Err((
                    value.line,
                    expected(key, "a value or a flat list of values"),
                ));
            };
            let specs = self
                .specs(field, key, modifiers, scalar)
                .map_err(|p| (value.line, p))?;
            let mut any = Vec::with_capacity(specs.len());
            for spec in specs {
                let cost = if matches!(spec, Spec::Regex(_)) {
                    REGEX_COST
                } else {
                    1
                };
                self.budget = self.budget.checked_sub(cost).ok_or({
                    let what = "number of tests (a regular expression counts for 500)";
                    (
                        value.line,
                        Problem::TooLarge {
                            what,
                            limit: BUDGET,
                        },
                    )
                })?;
                let predicate = self.predicates.add(id, spec).map_err(|why| {
                    (
                        value.line,
                        bad_value(key, value.text().unwrap_or("null"), why),
                    )
                })?;
                any.push(Expr::Pred(predicate));
            }
            values.push(Expr::or(any));
        }
        if values.is_empty() {
            return Err((
                node.line,
                expected(key, "a value or a list with at least one value"),
            ));
        }
        let joined = if modifiers.all {
            Expr::and(values)
        } else {
            Expr::or(values)
        };
        Ok(if modifiers.neq {
            Expr::negate(joined)
        } else {
            joined
        })
    }

    /// The tests that one written value stands for; any of them suffices.
    fn specs(
        &mut self,
        field: &str,
        key: &str,
        modifiers: &Modifiers,
        scalar: Scalar<'_>,
    ) -> std::result::Result<Vec<Spec>, Problem> {
        let text = scalar_text(scalar);
        let bad = |why: &str| bad_value(key, &text, why.to_owned());
        if field.is_empty() && !matches!(modifiers.kind, Kind::Text | Kind::Regex(_)) {
            return Err(bad(
                "needs a field; keywords are searched as text or with `re`",
            ));
        }
        let spec =
            match modifiers.kind {
                Kind::Exists => match text.to_ascii_lowercase().as_str() {
                    "true" | "yes" => Spec::Exists(true),
                    "false" | "no" => Spec::Exists(false),
                    _ => return Err(bad("must be true or false")),
                },
                Kind::Cidr => Spec::Cidr(net(&text).ok_or_else(|| {
                    bad("is no network; write it as in `10.0.0.0/8` or `fe80::/10`")
                })?),
                Kind::Regex(flags) => Spec::Regex(RegexSpec {
                    pattern: text,
                    flags,
                }),
                Kind::Compare(order) => number_spec(modifiers, order, text),
                Kind::FieldRef => Spec::FieldRef {
                    other: self
                        .other_field(&text)
                        .ok_or_else(|| bad("must be a field's name"))?,
                    open_start: modifiers.open_start,
                    open_end: modifiers.open_end,
                    cased: modifiers.cased,
                },
                Kind::Text if modifiers.date.is_some() => number_spec(modifiers, Order::Eq, text),
                Kind::Text => return self.text_specs(field, key, modifiers, scalar),
            };
        Ok(vec![spec])
    }

    fn text_specs(
        &mut self,
        field: &str,
        key: &str,
        modifiers: &Modifiers,
        scalar: Scalar<'_>,
    ) -> std::result::Result<Vec<Spec>, Problem> {
        let bare = !modifiers.open_start
            && !modifiers.open_end
            && !modifiers.cased
            && modifiers.transforms.is_empty();
        let text = scalar_text(scalar);
        let keyword = field.is_empty();
        let pattern = match scalar {
            Scalar::Null if bare && !keyword => return Ok(vec![Spec::Null]),
            Scalar::Null => return Err(bad_value(key, "null", "is not text".to_owned())),
            Scalar::Int(_) | Scalar::Float(_) if bare && !keyword => {
                return Ok(vec![Spec::Number { text }]);
            }
            Scalar::Str(text) => Pattern::parse(text),
            _ => Pattern::literal(&text),
        };
        let made = transform::apply(pattern, &modifiers.transforms, self.placeholders);
        let patterns = made.map_err(|failure| match failure {
            Failure::Why(why) => bad_value(key, &text, why.to_owned()),
            Failure::Problem(problem) => problem,
        })?;
        let finish = |pattern: Pattern| Spec::Text {
            // A keyword is looked for anywhere in the event.
            pattern: pattern.surround(
                modifiers.open_start || keyword,
                modifiers.open_end || keyword,
            ),
            cased: modifiers.cased,
        };
        Ok(patterns.into_iter().map(finish).collect())
    }

    fn other_field(&mut self, name: &str) -> Option<FieldId> {
        (!name.is_empty()).then(|| self.predicates.field(name))
    }
}

fn number_spec(modifiers: &Modifiers, order: Order, text: String) -> Spec {
    match modifiers.date {
        Some(part) => Spec::Date { part, order, text },
        None => Spec::Compare { order, text },
    }
}

fn scalar_text(scalar: Scalar<'_>) -> String {
    match scalar {
        Scalar::Null => String::new(),
        Scalar::Bool(b) => b.to_string(),
        Scalar::Int(i) => i.to_string(),
        Scalar::Float(f) => Number::of_float(f).text(),
        Scalar::Str(s) => s.to_owned(),
    }
}

fn net(text: &str) -> Option<IpNet> {
    let alone = || {
        text.parse()
            .ok()
            .map(|address: std::net::IpAddr| IpNet::from(address))
    };
    text.parse().ok().or_else(alone)
}

fn bad_value(key: &str, value: &str, why: String) -> Problem {
    Problem::Value {
        field: shorten(key),
        value: shorten(value),
        why,
    }
}
