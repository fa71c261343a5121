//! The one line that matters: a template in the rule, filled from the event.
//!
//! `{name}` is a field as rules name it; `{count}`, `{threshold}`, `{minutes}` and `{group}` come
//! from a correlation. `{{` is a brace. A field that is absent reads `?`.

use ringfence_event::{clip, neutralise};
use thiserror::Error;

/// Longest value put into a line.
const MOST_VALUE: usize = 160;
/// Longest line.
const MOST_LINE: usize = 600;

/// A message with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(String),
}

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// A brace that is not closed, or closed and never opened.
    #[error("a brace without its other half in `{0}`: write {{name}}, or two braces for one")]
    Brace(String),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When braces do not match.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let broken = || TemplateError::Brace(clip(&neutralise(text), 80).into_owned());
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.peek() == Some(&c) => {
                    chars.next();
                    plain.push(c);
                }
                '{' => {
                    let mut name = String::new();
                    let closed = loop {
                        match chars.next() {
                            Some('}') => break !name.is_empty(),
                            None | Some('{') => break false,
                            Some(c) => name.push(c),
                        }
                    };
                    if !closed {
                        return Err(broken());
                    }
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Field(name));
                }
                '}' => return Err(broken()),
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// The line; values are shortened and made harmless for a terminal.
    #[must_use]
    pub fn fill(&self, value: &dyn Fn(&str) -> Option<String>) -> String {
        let mut line = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => line.push_str(text),
                Part::Field(name) => {
                    let value = value(name).unwrap_or_else(|| "?".to_owned());
                    line.push_str(&clip(&neutralise(&value), MOST_VALUE));
                }
            }
        }
        clip(&line, MOST_LINE).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_holes_and_keeps_braces() {
        let t = Template::parse("{a} did {{it}} {b}").unwrap();
        let line = t.fill(&|n| (n == "a").then(|| "x\u{1b}".to_owned()));
        assert_eq!(line, "x\\u{1b} did {it} ?");
    }

    #[test]
    fn a_lonely_brace_is_a_mistake() {
        for text in ["{a", "a}", "{}", "{a {b}", "{a}{b"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
