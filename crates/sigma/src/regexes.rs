//! Regular expressions: compiled under limits, and read for text they cannot do without.

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::fold::{fold, fold_char};
use crate::modifier::RegexFlags;

/// Memory that one compiled expression may take, and its search cache besides.
const MOST_COMPILED: usize = 4 << 20;
const MOST_CACHE: usize = 2 << 20;
/// More alternatives than this are no help as a prefilter.
const MOST_ALTERNATIVES: usize = 32;

/// A regular expression as written. `regex` runs in linear time on any input and so
/// has no look-around or back-references; Sigma's own subset has none either.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RegexSpec {
    pub pattern: String,
    pub flags: RegexFlags,
}

impl RegexSpec {
    pub fn compile(&self) -> Result<Regex, String> {
        RegexBuilder::new(&self.pattern)
            .case_insensitive(self.flags.insensitive)
            .multi_line(self.flags.multi_line)
            .dot_matches_new_line(self.flags.dot_all)
            .size_limit(MOST_COMPILED)
            .dfa_size_limit(MOST_CACHE)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => {
                    "compiles to more than 4 MiB; use smaller repetition counts".to_owned()
                }
                other => {
                    // The message ends with the reason; above it stands a drawing.
                    let text = other.to_string();
                    let reason = text.lines().last().unwrap_or_default();
                    format!(
                        "is no regular expression: {}",
                        reason.trim_start_matches("error: ")
                    )
                }
            })
    }

    /// Folded texts of which at least one is in every folded text that matches, or
    /// `None` if no such set was found.
    pub fn required(&self) -> Option<Vec<String>> {
        let hir = ParserBuilder::new()
            .case_insensitive(self.flags.insensitive)
            .multi_line(self.flags.multi_line)
            .dot_matches_new_line(self.flags.dot_all)
            .build()
            .parse(&self.pattern)
            .ok()?;
        required(&hir).filter(|set| set.iter().all(|text| !text.is_empty()))
    }
}

fn required(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![fold(std::str::from_utf8(&literal.0).ok()?)]),
        HirKind::Class(class) => Some(vec![one_letter(class)?.to_string()]),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Concat(parts) => best_of(parts),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(required(part)?);
                if all.len() > MOST_ALTERNATIVES {
                    return None;
                }
            }
            Some(all)
        }
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// Of neighbours that must all match, the set whose shortest text is longest. Letters
/// side by side are joined first: `(?i)ab` is two classes to the parser.
fn best_of(parts: &[Hir]) -> Option<Vec<String>> {
    let mut best: Option<Vec<String>> = None;
    let mut run = String::new();
    let mut offer = |set: Vec<String>| {
        let weight = |set: &[String]| set.iter().map(String::len).min().unwrap_or(0);
        if best.as_ref().is_none_or(|old| weight(old) < weight(&set)) {
            best = Some(set);
        }
    };
    for part in parts {
        match part.kind() {
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) => run.push_str(&fold(text)),
                Err(_) => offer(vec![std::mem::take(&mut run)]),
            },
            HirKind::Class(class) if one_letter(class).is_some() => run.extend(one_letter(class)),
            // Matches no text, so what is left and right of it touches.
            HirKind::Look(_) | HirKind::Empty => {}
            _ => {
                offer(vec![std::mem::take(&mut run)]);
                if let Some(set) = required(part) {
                    offer(set);
                }
            }
        }
    }
    offer(vec![run]);
    best
}

/// The letter, if the class is one letter in all its cases.
fn one_letter(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let mut letter = None;
    for range in class.ranges() {
        if range.len() > 4 {
            return None;
        }
        for c in range.start()..=range.end() {
            let mut folded = fold_char(c);
            let (Some(only), None) = (folded.next(), folded.next()) else {
                return None;
            };
            if *letter.get_or_insert(only) != only {
                return None;
            }
        }
    }
    letter
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(pattern: &str) -> Option<Vec<String>> {
        RegexSpec {
            pattern: pattern.to_owned(),
            flags: RegexFlags::default(),
        }
        .required()
    }

    #[test]
    fn text_that_must_be_there() {
        for (pattern, want) in [
            (r"(?i)set.*Sky\d", Some(vec!["set"])),
            (r"(?i)\s-k\s", Some(vec!["-k"])),
            (r"(foo|barbaz)+x?", Some(vec!["foo", "barbaz"])),
            (r"a?b*", None),
            (r"\d{4}", None),
            (r"(cat|)", None),
            (r"^Abc$", Some(vec!["abc"])),
        ] {
            let want = want.map(|w| w.into_iter().map(str::to_owned).collect());
            assert_eq!(required(pattern), want, "{pattern}");
        }
    }

    #[test]
    fn a_huge_expression_is_refused_in_words() {
        let spec = RegexSpec {
            pattern: r"(\w{500}){200}".into(),
            flags: RegexFlags::default(),
        };
        assert!(spec.compile().unwrap_err().contains("4 MiB"));
        let spec = RegexSpec {
            pattern: r"(?=x)".into(),
            flags: RegexFlags::default(),
        };
        assert!(spec.compile().unwrap_err().contains("look-around"));
    }
}
