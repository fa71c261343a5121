//! `{field}` inside text.

use ringfence_event::clip;

use super::view::View;

/// Longest text that a template makes.
const MAX: usize = 2_000;

/// Text with fields in it. `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(String),
}

impl Template {
    pub fn parse(text: &str) -> Result<Self, String> {
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
                    let mut field = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(c) if c != '{' => field.push(c),
                            _ => return Err(format!("`{{` in `{text}` is not closed by `}}`")),
                        }
                    }
                    if field.is_empty() {
                        return Err(format!("`{{}}` in `{text}` names no field"));
                    }
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Field(field));
                }
                '}' => return Err(format!("write `}}}}` for a brace in `{text}`")),
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// The text, and the fields that the record lacks, which stand as `?`.
    pub fn fill(&self, view: View<'_>) -> (String, Vec<&str>) {
        let (mut out, mut missing) = (String::new(), Vec::new());
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Field(field) => match view.text(field) {
                    Some(text) => out.push_str(&text),
                    None => {
                        out.push('?');
                        missing.push(field.as_str());
                    }
                },
            }
        }
        (clip(&out, MAX).into_owned(), missing)
    }

    /// The text, if the record has all its fields.
    pub fn fill_whole(&self, view: View<'_>) -> Option<String> {
        let (text, missing) = self.fill(view);
        missing.is_empty().then_some(text)
    }

    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Field(field) => Some(field.as_str()),
            Part::Text(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parsed::Parsed;

    #[test]
    fn fields_and_braces() {
        let mut parsed = Parsed::default();
        parsed.fill("user", "ann");
        let t = Template::parse("{{{user}}} {x}").unwrap();
        assert_eq!(
            t.fill(View::whole(&parsed)),
            ("{ann} ?".to_owned(), vec!["x"])
        );
        assert_eq!(t.fill_whole(View::whole(&parsed)), None);
        for bad in ["{", "a}", "{}", "{a{b}"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }
}
