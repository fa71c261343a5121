//! Filters (RFC 7644, section 3.4.2.2).

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::error::ScimError;
use crate::path::{Named, named};
use crate::resource::{Object, container};
use crate::schema::{Attribute, Kind, Place, ResourceType, part};

/// Longest filter, bytes.
const MOST_BYTES: usize = 4_096;
/// Parentheses within each other.
const MOST_DEPTH: usize = 16;
/// Comparisons in one filter.
const MOST_TERMS: usize = 64;

/// A condition on resources of a type, or on the values of one attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Expression);

#[derive(Debug, Clone, PartialEq)]
enum Expression {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Present(Operand),
    Compare(Operand, Operator, Constant),
    /// Some value of an attribute meets all of it.
    Within(Place, Box<Self>),
    /// It asks for what there is none of.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operand {
    Attribute(Place, Option<&'static Attribute>),
    /// Of the value at hand.
    Part(&'static Attribute),
    Nowhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Contains,
    Starts,
    Ends,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

#[derive(Debug, Clone, PartialEq)]
enum Constant {
    Text(String),
    Bool(bool),
    Number,
    Null,
}

/// Whose names a filter uses.
#[derive(Clone, Copy)]
enum Names {
    Resource(&'static ResourceType),
    Parts(&'static Attribute),
}

impl Filter {
    /// Reads a filter of resources. An attribute that there is not is in no resource.
    ///
    /// # Errors
    /// `invalidFilter` with what is wrong.
    pub fn parse(of: &'static ResourceType, text: &str) -> Result<Self, ScimError> {
        Parser::read(Names::Resource(of), text)
    }

    /// Reads a filter of the values of one attribute, as it stands in brackets.
    pub(crate) fn of_parts(of: &'static Attribute, text: &str) -> Result<Self, ScimError> {
        Parser::read(Names::Parts(of), text)
    }

    /// Whether a resource meets it.
    #[must_use]
    pub fn matches(&self, resource: &Object) -> bool {
        self.0.holds(&Subject::Resource(resource))
    }

    pub(crate) fn picks(&self, value: &Value) -> bool {
        value
            .as_object()
            .is_some_and(|value| self.0.holds(&Subject::Value(value)))
    }

    /// The text that an attribute has to be equal to, when that is all of the filter: what a store can
    /// look up.
    #[must_use]
    pub fn only(&self, attribute: &str) -> Option<&str> {
        match &self.0 {
            Expression::Compare(
                Operand::Attribute(place, None),
                Operator::Equal,
                Constant::Text(text),
            ) if place.attribute.name == attribute => Some(text),
            _ => None,
        }
    }

    /// The parts that its values have to be equal to, when it says nothing else: a value can be made
    /// that meets it.
    pub(crate) fn equalities(&self) -> Option<Map<String, Value>> {
        let mut found = Map::new();
        self.0.equalities(&mut found).then_some(found)
    }
}

enum Subject<'r> {
    Resource(&'r Object),
    Value(&'r Object),
}

impl Expression {
    fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::And(one, other) => one.holds(subject) && other.holds(subject),
            Self::Or(one, other) => one.holds(subject) || other.holds(subject),
            Self::Not(inner) => !inner.holds(subject),
            Self::Never => false,
            Self::Present(operand) => !operand.values(subject).0.is_empty(),
            Self::Compare(operand, operator, constant) => {
                let (values, attribute) = operand.values(subject);
                compare(&values, attribute, *operator, constant)
            }
            Self::Within(place, inner) => {
                let Subject::Resource(resource) = subject else {
                    return false;
                };
                let of_one = |value: &Value| {
                    let value = value.as_object();
                    value.is_some_and(|value| inner.holds(&Subject::Value(value)))
                };
                match find(resource, *place) {
                    Some(Value::Array(values)) => values.iter().any(of_one),
                    Some(value) => of_one(value),
                    None => false,
                }
            }
        }
    }

    fn equalities(&self, found: &mut Map<String, Value>) -> bool {
        match self {
            Self::And(one, other) => one.equalities(found) && other.equalities(found),
            Self::Compare(Operand::Part(part), Operator::Equal, constant) => {
                let value = match constant {
                    Constant::Text(text) => text.as_str().into(),
                    Constant::Bool(bool) => (*bool).into(),
                    Constant::Number | Constant::Null => return false,
                };
                found.insert(part.name.to_owned(), value).is_none()
            }
            _ => false,
        }
    }
}

fn find(resource: &Object, place: Place) -> Option<&Value> {
    container(resource, place.extension)?.get(place.attribute.name)
}

impl Operand {
    /// The values it stands for, and what they are.
    fn values<'r>(&self, subject: &Subject<'r>) -> (Vec<&'r Value>, Option<&'static Attribute>) {
        let (found, of, below) = match (*self, subject) {
            (Self::Attribute(place, below), Subject::Resource(resource)) => {
                (find(resource, place), place.attribute, below)
            }
            (Self::Part(part), Subject::Value(value)) => (value.get(part.name), part, None),
            _ => return (Vec::new(), None),
        };
        let all: Vec<&Value> = match found {
            Some(Value::Array(values)) => values.iter().collect(),
            Some(value) => vec![value],
            None => Vec::new(),
        };
        // Several values stand for what their `value` says (RFC 7644, section 3.4.2.2).
        let below = below.or_else(|| match of.many {
            true => part(of, "value"),
            false => None,
        });
        match below {
            None => (all, Some(of)),
            Some(below) => {
                let inner = all.iter().filter_map(|value| value.get(below.name));
                (inner.collect(), Some(below))
            }
        }
    }
}

fn compare(
    values: &[&Value],
    attribute: Option<&'static Attribute>,
    operator: Operator,
    constant: &Constant,
) -> bool {
    let Some(attribute) = attribute else {
        return false;
    };
    let any = |operator| {
        values
            .iter()
            .any(|value| one(value, attribute, operator, constant))
    };
    match (operator, constant) {
        (Operator::Equal, Constant::Null) => values.is_empty(),
        (Operator::NotEqual, Constant::Null) => !values.is_empty(),
        (Operator::NotEqual, _) => !any(Operator::Equal),
        _ => any(operator),
    }
}

fn one(value: &Value, attribute: &Attribute, operator: Operator, constant: &Constant) -> bool {
    match (value, constant) {
        (Value::Bool(value), Constant::Bool(wanted)) => {
            operator == Operator::Equal && value == wanted
        }
        (Value::String(value), Constant::Text(wanted)) if attribute.kind == Kind::DateTime => {
            let read = |text: &str| text.parse::<jiff::Timestamp>().ok();
            match (read(value), read(wanted)) {
                (Some(value), Some(wanted)) => orders(value.cmp(&wanted), operator),
                _ => false,
            }
        }
        (Value::String(value), Constant::Text(wanted)) if attribute.case_exact => {
            texts(value, wanted, operator)
        }
        (Value::String(value), Constant::Text(wanted)) => {
            texts(&value.to_lowercase(), &wanted.to_lowercase(), operator)
        }
        _ => false,
    }
}

fn texts(value: &str, wanted: &str, operator: Operator) -> bool {
    match operator {
        Operator::Contains => value.contains(wanted),
        Operator::Starts => value.starts_with(wanted),
        Operator::Ends => value.ends_with(wanted),
        other => orders(value.cmp(wanted), other),
    }
}

fn orders(found: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Equal => found.is_eq(),
        Operator::Greater => found.is_gt(),
        Operator::GreaterEqual => found.is_ge(),
        Operator::Less => found.is_lt(),
        Operator::LessEqual => found.is_le(),
        Operator::NotEqual | Operator::Contains | Operator::Starts | Operator::Ends => false,
    }
}

struct Parser<'t> {
    names: Names,
    rest: &'t str,
    depth: usize,
    terms: usize,
}

impl<'t> Parser<'t> {
    fn read(names: Names, text: &'t str) -> Result<Filter, ScimError> {
        if text.len() > MOST_BYTES {
            let detail = format!("a filter has at most {MOST_BYTES} bytes");
            return Err(ScimError::filter(detail));
        }
        let mut parser = Self {
            names,
            rest: text,
            depth: 0,
            terms: 0,
        };
        let expression = parser.either()?;
        parser.space();
        match parser.rest.is_empty() {
            true => Ok(Filter(expression)),
            false => Err(parser.wrong("nothing more, or `and` or `or`")),
        }
    }

    fn wrong(&self, expected: &str) -> ScimError {
        let at: String = self.rest.chars().take(20).collect();
        let at = match at.is_empty() {
            true => "the end".to_owned(),
            false => format!("`{}`", at.escape_debug()),
        };
        ScimError::filter(format!("at {at} the filter should have {expected}"))
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Takes a mark, if it is next.
    fn mark(&mut self, mark: char) -> bool {
        self.space();
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn peek_word(&self) -> &'t str {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        let in_word = |c: char| c.is_ascii_alphanumeric() || ":.-_$".contains(c);
        let end = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    fn word(&mut self) -> &'t str {
        let word = self.peek_word();
        self.space();
        self.rest = self.rest.get(word.len()..).unwrap_or_default();
        word
    }

    /// Takes a word in whatever case, if it is next.
    fn keyword(&mut self, keyword: &str) -> bool {
        let found = self.peek_word().eq_ignore_ascii_case(keyword);
        if found {
            self.word();
        }
        found
    }

    fn either(&mut self) -> Result<Expression, ScimError> {
        let mut all = self.both()?;
        while self.keyword("or") {
            all = Expression::Or(Box::new(all), Box::new(self.both()?));
        }
        Ok(all)
    }

    fn both(&mut self) -> Result<Expression, ScimError> {
        let mut all = self.single()?;
        while self.keyword("and") {
            all = Expression::And(Box::new(all), Box::new(self.single()?));
        }
        Ok(all)
    }

    fn single(&mut self) -> Result<Expression, ScimError> {
        let not = self.peek_word().eq_ignore_ascii_case("not");
        if not {
            self.word();
        }
        if self.mark('(') {
            let inner = self.inner(')')?;
            return Ok(match not {
                true => Expression::Not(Box::new(inner)),
                false => inner,
            });
        }
        match not {
            true => Err(self.wrong("`(` after `not`")),
            false => self.term(),
        }
    }

    /// What stands before a closing mark.
    fn inner(&mut self, end: char) -> Result<Expression, ScimError> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(ScimError::filter("the filter is nested too deeply"));
        }
        let inner = self.either()?;
        self.depth -= 1;
        match self.mark(end) {
            true => Ok(inner),
            false => Err(self.wrong(&format!("`{end}`"))),
        }
    }

    fn term(&mut self) -> Result<Expression, ScimError> {
        self.terms += 1;
        if self.terms > MOST_TERMS {
            let detail = format!("a filter has at most {MOST_TERMS} comparisons");
            return Err(ScimError::filter(detail));
        }
        let name = self.word();
        if name.is_empty() {
            return Err(self.wrong("the name of an attribute"));
        }
        let operand = self.operand(name);
        if self.rest.starts_with('[') {
            self.mark('[');
            return self.within(operand);
        }
        let word = self.word().to_ascii_lowercase();
        let operator = match word.as_str() {
            "pr" => {
                return Ok(match operand {
                    Operand::Nowhere => Expression::Never,
                    operand => Expression::Present(operand),
                });
            }
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "co" => Operator::Contains,
            "sw" => Operator::Starts,
            "ew" => Operator::Ends,
            "gt" => Operator::Greater,
            "ge" => Operator::GreaterEqual,
            "lt" => Operator::Less,
            "le" => Operator::LessEqual,
            _ => {
                let all = "an operator: eq, ne, co, sw, ew, pr, gt, ge, lt or le";
                return Err(self.wrong(all));
            }
        };
        let constant = self.constant()?;
        Ok(match operand {
            Operand::Nowhere => Expression::Never,
            operand => Expression::Compare(operand, operator, constant),
        })
    }

    fn within(&mut self, operand: Operand) -> Result<Expression, ScimError> {
        let Operand::Attribute(place, None) = operand else {
            return Err(self.wrong("an attribute with parts before `[`"));
        };
        if place.attribute.parts().is_empty() {
            return Err(self.wrong("an attribute with parts before `[`"));
        }
        let outer = std::mem::replace(&mut self.names, Names::Parts(place.attribute));
        let inner = self.inner(']')?;
        self.names = outer;
        Ok(Expression::Within(place, Box::new(inner)))
    }

    fn operand(&self, name: &str) -> Operand {
        match self.names {
            Names::Parts(of) => part(of, name).map_or(Operand::Nowhere, Operand::Part),
            Names::Resource(of) => match named(of, name) {
                Named::Attribute(place, part) => Operand::Attribute(place, part),
                Named::Extension(_) | Named::PassedOver | Named::Nothing => Operand::Nowhere,
            },
        }
    }

    fn constant(&mut self) -> Result<Constant, ScimError> {
        self.space();
        if self.rest.starts_with('"') {
            let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
            let text = values.next().and_then(Result::ok);
            let taken = values.byte_offset();
            let text = text.ok_or_else(|| self.wrong("a text in double quotes"))?;
            self.rest = self.rest.get(taken..).unwrap_or_default();
            return Ok(Constant::Text(text));
        }
        match self.word() {
            "true" => Ok(Constant::Bool(true)),
            "false" => Ok(Constant::Bool(false)),
            "null" => Ok(Constant::Null),
            number if number.parse::<f64>().is_ok() => Ok(Constant::Number),
            _ => Err(self.wrong("a text in double quotes, a number, true, false or null")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::USER;
    use proptest::prelude::*;
    use serde_json::json;

    fn ann() -> Object {
        let ann = json!({
            "id": "7", "userName": "Ann@X", "active": true, "externalId": "E-7",
            "name": {"givenName": "Ann", "familyName": "O\"Hara"},
            "emails": [{"value": "ann@x.example", "type": "work", "primary": true},
                       {"value": "a@home.example", "type": "home"}],
            "meta": {"lastModified": "2026-01-02T03:04:05.000Z"},
            crate::AGENT_EXTENSION: {"agent": "4711"},
        });
        ann.as_object().unwrap().clone()
    }

    #[test]
    fn finds_what_rfc_7644_says() {
        for (filter, found) in [
            (r#"userName eq "ann@x""#, true),
            (r#"USERNAME Eq "ann@x""#, true),
            (r#"externalId eq "e-7""#, false),
            (r#"externalId eq "E-7""#, true),
            (r#"name.familyName co "O\"H""#, true),
            (r#"userName sw "A" and active eq true"#, true),
            (r#"userName sw "A" and active eq false"#, false),
            (r#"active ne true"#, false),
            (r#"userName ew "y" or userName ew "x""#, true),
            (r#"not (userName ew "x")"#, false),
            (r#"displayName pr"#, false),
            (r#"not(displayName pr)"#, true),
            (r#"displayName eq null"#, true),
            (r#"emails eq "ann@x.example""#, true),
            (r#"emails.type eq "home""#, true),
            (r#"emails[type eq "work" and value co "@x.example"]"#, true),
            (r#"emails[type eq "home" and value co "@x.example"]"#, false),
            (r#"emails[type eq "home"] and active eq true"#, true),
            (r#"meta.lastModified gt "2026-01-02T04:04:04+01:00""#, true),
            (r#"meta.lastModified gt "2026-01-02T03:04:05Z""#, false),
            (r#"meta.lastModified ge "2026-01-02T03:04:05Z""#, true),
            (
                r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ann@x""#,
                true,
            ),
            (
                r#"urn:ringfence:params:scim:schemas:extension:agent:2.0:User:agent eq "4711""#,
                true,
            ),
            (r#"shoeSize eq "43""#, false),
            (r#"title pr or userName pr"#, true),
            (r#"userName eq 5"#, false),
            (
                r#"userName eq "n" and userName eq "n" or userName eq "ann@x""#,
                true,
            ),
            (
                r#"userName eq "n" and (userName eq "n" or userName eq "ann@x")"#,
                false,
            ),
        ] {
            let read = Filter::parse(&USER, filter).unwrap_or_else(|e| panic!("{filter}: {e}"));
            assert_eq!(read.matches(&ann()), found, "{filter}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for filter in [
            "",
            " ",
            "userName",
            "userName eq",
            "userName eq ann",
            "userName is \"x\"",
            "eq \"x\"",
            "userName eq \"x",
            "(userName pr",
            "userName pr)",
            "not userName pr",
            "userName pr and",
            "emails[type eq \"x\"",
            "userName[type eq \"x\"]",
            "userName pr userName pr",
            "\u{0}",
        ] {
            let error = Filter::parse(&USER, filter).unwrap_err();
            assert_eq!(error.kind, Some("invalidFilter"), "{filter}");
        }
        let deep = "(".repeat(100_000) + "userName pr";
        assert!(Filter::parse(&USER, &deep).is_err());
        let long = vec!["userName pr"; 100].join(" or ");
        assert!(Filter::parse(&USER, &long).is_err());
    }

    #[test]
    fn a_single_equality_can_be_looked_up() {
        let only = |text: &str| {
            let filter = Filter::parse(&USER, text).unwrap();
            filter.only("userName").map(str::to_owned)
        };
        assert_eq!(only(r#"username eq "Ann""#).as_deref(), Some("Ann"));
        assert_eq!(only(r#"userName sw "Ann""#), None);
        assert_eq!(only(r#"userName eq "a" or userName eq "b""#), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(userName|emails|\\[|\\]|\\(|\\)|not| |eq|and|or|pr|\"|x|\\\\|é){0,30}") {
            if let Ok(filter) = Filter::parse(&USER, &text) {
                let _ = filter.matches(&ann());
            }
        }
    }
}
