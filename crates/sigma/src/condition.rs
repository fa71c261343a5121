//! The condition language: `selection and (a or b) and not 1 of filter_*`.

use crate::expr::Expr;

/// Longest condition taken and deepest nesting in it.
const MOST_BYTES: usize = 16 * 1024;
const MOST_DEPTH: usize = 64;
/// Most nodes a condition may unfold to: `a or a or a` copies what `a` stands for.
const MOST_NODES: usize = 500_000;

/// Named selections that a condition may use.
pub(crate) struct Selections<'a>(pub &'a [(String, Expr)]);

impl Selections<'_> {
    fn named(&self, name: &str) -> Option<Expr> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, e)| e.clone())
    }

    /// Selections that `pattern` means. By the specification, `them` leaves out names
    /// that begin with an underscore; a pattern that spells the underscore gets them.
    fn matching(&self, pattern: &str) -> Vec<Expr> {
        let fits = |name: &str| match pattern {
            "them" => !name.starts_with('_'),
            _ => glob(pattern.as_bytes(), name.as_bytes()),
        };
        self.0
            .iter()
            .filter(|(n, _)| fits(n))
            .map(|(_, e)| e.clone())
            .collect()
    }
}

/// Reads a condition. The error says what is wrong in words.
pub(crate) fn parse(text: &str, selections: &Selections<'_>) -> Result<Expr, String> {
    if text.len() > MOST_BYTES {
        return Err(format!("is longer than {MOST_BYTES} bytes; split the rule"));
    }
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
        nodes: 0,
        selections,
    };
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(expr),
        Some(")") => Err("has a `)` without a `(`".to_owned()),
        Some(other) => Err(format!("expected `and` or `or` before `{other}`")),
    }
}

fn tokens(text: &str) -> Result<Vec<&str>, String> {
    let mut tokens = Vec::new();
    let mut word_start = None;
    let end = text.len();
    for (at, c) in text.char_indices().chain([(end, ' ')]) {
        let in_word = c.is_alphanumeric() || matches!(c, '_' | '*' | '?' | '-' | '.');
        if in_word {
            word_start.get_or_insert(at);
            continue;
        }
        if let Some(start) = word_start.take() {
            tokens.extend(text.get(start..at));
        }
        match c {
            '(' | ')' => tokens.extend(text.get(at..at + 1)),
            c if c.is_whitespace() => {}
            '|' => {
                return Err("uses `|`, the aggregation of Sigma 1; write a correlation \
                            (`correlation: type: event_count`) instead"
                    .to_owned());
            }
            other => return Err(format!("has `{other}`, which is not part of the language")),
        }
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    at: usize,
    depth: usize,
    nodes: usize,
    selections: &'a Selections<'a>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|t| t.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    // Binding from loosest: or, and, not, `x of y`, parentheses.
    fn or(&mut self) -> Result<Expr, String> {
        let mut any = vec![self.and()?];
        while self.take_word("or") {
            any.push(self.and()?);
        }
        Ok(Expr::or(any))
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut all = vec![self.not()?];
        while self.take_word("and") {
            all.push(self.not()?);
        }
        Ok(Expr::and(all))
    }

    fn not(&mut self) -> Result<Expr, String> {
        let mut negated = false;
        while self.take_word("not") {
            negated = !negated;
        }
        let term = self.term()?;
        Ok(if negated { Expr::negate(term) } else { term })
    }

    fn term(&mut self) -> Result<Expr, String> {
        let Some(token) = self.peek() else {
            return Err("ends where a selection is expected".to_owned());
        };
        if token == "(" {
            return self.parenthesis();
        }
        self.at += 1;
        if self.peek().is_some_and(|t| t.eq_ignore_ascii_case("of"))
            && let Some(quantity) = Quantity::parse(token)
        {
            self.at += 1;
            return self.quantified(quantity);
        }
        let Some(chosen) = self.selections.named(token) else {
            return Err(match token {
                ")" => "has nothing inside or before `)`".to_owned(),
                _ => format!("uses `{token}`, but the rule has no selection of that name"),
            });
        };
        self.count(std::slice::from_ref(&chosen))?;
        Ok(chosen)
    }

    fn count(&mut self, used: &[Expr]) -> Result<(), String> {
        self.nodes += used.iter().map(Expr::size).sum::<usize>();
        match self.nodes > MOST_NODES {
            true => Err(format!(
                "unfolds to more than {MOST_NODES} tests; split the rule"
            )),
            false => Ok(()),
        }
    }

    fn parenthesis(&mut self) -> Result<Expr, String> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(format!(
                "is nested deeper than {MOST_DEPTH}; split the rule"
            ));
        }
        let inner = self.or()?;
        self.depth -= 1;
        if self.take_word(")") {
            Ok(inner)
        } else {
            Err("has a `(` without a `)`".to_owned())
        }
    }

    fn quantified(&mut self, quantity: Quantity) -> Result<Expr, String> {
        let Some(pattern) = self.peek().filter(|t| !matches!(*t, "(" | ")")) else {
            return Err("ends after `of`; name `them` or a selection pattern".to_owned());
        };
        self.at += 1;
        let chosen = self.selections.matching(pattern);
        if chosen.is_empty() {
            return Err(format!(
                "uses `{pattern}`, which no selection of the rule matches"
            ));
        }
        self.count(&chosen)?;
        Ok(match quantity {
            Quantity::All => Expr::and(chosen),
            Quantity::AtLeast(1) => Expr::or(chosen),
            Quantity::AtLeast(n) if n <= chosen.len() => Expr::AtLeast(n, chosen.into()),
            Quantity::AtLeast(n) => {
                return Err(format!(
                    "wants {n} of `{pattern}`, but only {} match it",
                    chosen.len()
                ));
            }
        })
    }
}

#[derive(Clone, Copy)]
enum Quantity {
    All,
    AtLeast(usize),
}

impl Quantity {
    fn parse(token: &str) -> Option<Self> {
        match token.to_ascii_lowercase().as_str() {
            "all" => Some(Self::All),
            "any" => Some(Self::AtLeast(1)),
            number => number.parse().ok().filter(|n| *n > 0).map(Self::AtLeast),
        }
    }
}

/// `*` in selection names. Names are short; returns to the last star only.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(p), name.get(n)) {
            (Some(b'*'), _) => {
                retry = Some((p + 1, n));
                p += 1;
            }
            (Some(a), Some(b)) if a == b => (p, n) = (p + 1, n + 1),
            (None, None) => return true,
            _ => match retry {
                Some((after, from)) if from < name.len() => {
                    retry = Some((after, from + 1));
                    (p, n) = (after, from + 1);
                }
                _ => return false,
            },
        }
    }
}

#[doc(hidden)]
pub fn fuzz_condition(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let named = [("a", 0), ("b", 1), ("filter_x", 2), ("_hidden", 3)];
    let selections: Vec<_> = named.map(|(n, i)| (n.to_owned(), Expr::Pred(i))).into();
    if let Ok(expr) = parse(&text, &Selections(&selections)) {
        // A parenthesis around a whole condition changes nothing.
        let again = parse(&format!("({text})"), &Selections(&selections));
        if let Ok(again) = again {
            assert_eq!(expr, again, "{text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let names = ["a", "b", "c", "f_1", "f_2", "_g"];
        let selections: Vec<_> = names
            .iter()
            .zip(0..)
            .map(|(n, i)| ((*n).to_owned(), Expr::Pred(i)))
            .collect();
        parse(text, &Selections(&selections)).map(|e| e.to_string())
    }

    #[test]
    fn binding_is_or_and_not() {
        for (text, want) in [
            ("a or b and not c", "(0 or (1 and not 2))"),
            ("not not a", "0"),
            ("(a or b) and c", "((0 or 1) and 2)"),
            ("A1 or a", "error"),
            ("1 of f_*", "(3 or 4)"),
            ("ALL of f_* AND a", "(3 and 4 and 0)"),
            ("2 of them", "2 of (0, 1, 2, 3, 4)"),
            ("1 of _*", "5"),
            ("any of f*1", "3"),
            ("all of them", "(0 and 1 and 2 and 3 and 4)"),
        ] {
            assert_eq!(
                read(text).unwrap_or_else(|_| "error".to_owned()),
                want,
                "{text}"
            );
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, word) in [
            ("", "ends where"),
            ("a b", "expected `and`"),
            ("(a", "without a `)`"),
            ("a)", "without a `(`"),
            ("1 of x*", "no selection"),
            ("9 of f_*", "only 2"),
            ("a | count() > 3", "correlation"),
            ("a and", "ends where"),
            ("a & b", "`&`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
