//! Text patterns: Sigma's wildcards and escapes, and how they are matched.

use memchr::memmem::Finder;

use crate::fold::fold;

/// A piece of a pattern as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Lit(String),
    /// `*`: any text, also none.
    Star,
    /// `?`: exactly one character.
    One,
}

/// A pattern as written: escapes resolved, letter case kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Pattern(pub Vec<Part>);

impl Pattern {
    /// Sigma rules specification, "Escaping": a backslash escapes `*`, `?` and itself,
    /// and is itself in front of anything else.
    pub fn parse(text: &str) -> Self {
        let mut pattern = Self::default();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next_if(|next| matches!(next, '*' | '?' | '\\')) {
                    Some(escaped) => pattern.push_char(escaped),
                    None => pattern.push_char('\\'),
                },
                '*' => pattern.push(Part::Star),
                '?' => pattern.push(Part::One),
                plain => pattern.push_char(plain),
            }
        }
        pattern
    }

    pub fn literal(text: &str) -> Self {
        let mut pattern = Self::default();
        text.chars().for_each(|c| pattern.push_char(c));
        pattern
    }

    pub fn push(&mut self, part: Part) {
        match (self.0.last_mut(), part) {
            (Some(Part::Lit(last)), Part::Lit(more)) => last.push_str(&more),
            (Some(Part::Star), Part::Star) => {}
            (_, Part::Lit(text)) if text.is_empty() => {}
            (_, part) => self.0.push(part),
        }
    }

    fn push_char(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Part::Lit(last)) => last.push(c),
            _ => self.0.push(Part::Lit(c.to_string())),
        }
    }

    /// The text, if there are no wildcards.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Lit(text)] => Some(text),
            _ => None,
        }
    }

    /// Puts a `*` in front, behind, or both.
    pub fn surround(self, front: bool, behind: bool) -> Self {
        let mut out = Self::default();
        if front {
            out.push(Part::Star);
        }
        self.0.into_iter().for_each(|part| out.push(part));
        if behind {
            out.push(Part::Star);
        }
        out
    }

    fn folded(&self) -> Self {
        let mut out = Self::default();
        for part in &self.0 {
            out.push(match part {
                Part::Lit(text) => Part::Lit(fold(text)),
                other => other.clone(),
            });
        }
        out
    }
}

/// A pattern ready to match. Unless `cased`, its text and what it meets are folded.
#[derive(Debug, Clone)]
pub(crate) struct TextTest {
    pub cased: bool,
    pub shape: Shape,
}

/// What most patterns turn out to be, so that few need the general matcher.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Exact(String),
    Prefix(String),
    Suffix(String),
    Contains(Box<Finder<'static>>),
    Any,
    Wild(Vec<Part>),
}

impl TextTest {
    pub fn new(pattern: &Pattern, cased: bool) -> Self {
        let pattern = if cased {
            pattern.clone()
        } else {
            pattern.folded()
        };
        let shape = match pattern.0.as_slice() {
            [] => Shape::Exact(String::new()),
            [Part::Star] => Shape::Any,
            [Part::Lit(text)] => Shape::Exact(text.clone()),
            [Part::Lit(text), Part::Star] => Shape::Prefix(text.clone()),
            [Part::Star, Part::Lit(text)] => Shape::Suffix(text.clone()),
            [Part::Star, Part::Lit(text), Part::Star] => {
                Shape::Contains(Box::new(Finder::new(text).into_owned()))
            }
            _ => Shape::Wild(pattern.0),
        };
        Self { cased, shape }
    }

    /// Whether `text` matches; it must be folded already unless `cased`.
    pub fn matches(&self, text: &str) -> bool {
        match &self.shape {
            Shape::Exact(want) => text == want,
            Shape::Prefix(want) => text.starts_with(want.as_str()),
            Shape::Suffix(want) => text.ends_with(want.as_str()),
            Shape::Contains(finder) => finder.find(text.as_bytes()).is_some(),
            Shape::Any => true,
            Shape::Wild(parts) => wild(parts, text),
        }
    }
}

/// Matches greedily and returns only to the last `*`: at worst the product of both
/// lengths, whatever the pattern.
fn wild(parts: &[Part], text: &str) -> bool {
    let (mut rest, mut todo) = (text, parts);
    let mut retry: Option<(&[Part], &str)> = None;
    loop {
        let step = match todo.split_first() {
            Some((Part::Star, after)) => {
                if after.is_empty() {
                    return true;
                }
                retry = Some((after, rest));
                todo = after;
                continue;
            }
            Some((Part::One, after)) => {
                let mut chars = rest.chars();
                chars.next().map(|_| (after, chars.as_str()))
            }
            Some((Part::Lit(lit), after)) => {
                rest.strip_prefix(lit.as_str()).map(|left| (after, left))
            }
            None if rest.is_empty() => return true,
            None => None,
        };
        match (step, &mut retry) {
            (Some((after, left)), _) => (todo, rest) = (after, left),
            // Let the last star take one more character and try again.
            (None, Some((after, from))) => {
                let mut chars = from.chars();
                if chars.next().is_none() {
                    return false;
                }
                *from = chars.as_str();
                (todo, rest) = (*after, *from);
            }
            (None, None) => return false,
        }
    }
}

/// The pattern matcher against the plainest one that can be written.
#[doc(hidden)]
pub fn fuzz_pattern(data: &[u8]) {
    fn naive(parts: &[Part], text: &[char]) -> bool {
        match parts.split_first() {
            None => text.is_empty(),
            Some((Part::Star, rest)) => {
                (0..=text.len()).any(|skip| naive(rest, text.get(skip..).unwrap_or_default()))
            }
            Some((Part::One, rest)) => text.split_first().is_some_and(|(_, t)| naive(rest, t)),
            Some((Part::Lit(lit), rest)) => {
                let lit: Vec<char> = lit.chars().collect();
                text.strip_prefix(lit.as_slice())
                    .is_some_and(|t| naive(rest, t))
            }
        }
    }
    // The naive matcher is exponential: keep what it gets short.
    let text = String::from_utf8_lossy(data.get(..data.len().min(48)).unwrap_or_default());
    let Some((pattern, haystack)) = text.split_once('\n') else {
        return;
    };
    let parsed = Pattern::parse(pattern);
    if parsed.0.iter().filter(|part| **part == Part::Star).count() > 5 {
        return;
    }
    for cased in [true, false] {
        let ready = |t: &str| if cased { t.to_owned() } else { fold(t) };
        let parts = if cased {
            parsed.clone()
        } else {
            parsed.folded()
        };
        let chars: Vec<char> = ready(haystack).chars().collect();
        let got = TextTest::new(&parsed, cased).matches(&ready(haystack));
        assert_eq!(got, naive(&parts.0, &chars), "`{pattern}` on `{haystack}`");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lit(text: &str) -> Part {
        Part::Lit(text.to_owned())
    }

    #[test]
    fn escapes_follow_the_table_of_the_specification() {
        for (written, want) in [
            (r"a\b", vec![lit(r"a\b")]),
            (r"a\\b", vec![lit(r"a\b")]),
            (r"a\*", vec![lit("a*")]),
            (r"a\\*", vec![lit(r"a\"), Part::Star]),
            (r"a\\\*", vec![lit(r"a\*")]),
            (r"a\\\b", vec![lit(r"a\\b")]),
            (r"a\\\\b", vec![lit(r"a\\b")]),
            (r"a?**b\", vec![lit("a"), Part::One, Part::Star, lit(r"b\")]),
        ] {
            assert_eq!(Pattern::parse(written).0, want, "{written}");
        }
    }
}
