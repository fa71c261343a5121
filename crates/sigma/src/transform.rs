//! Modifiers that change a value before it is searched for.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::Problem;
use crate::modifier::Transform;
use crate::pattern::{Part, Pattern};

/// Most values that one value may become: four dashes in five shapes are 625.
const MOST_VALUES: usize = 1024;

/// Values for placeholders, by the name between the percent signs.
pub type Placeholders = BTreeMap<String, Vec<String>>;

/// A value on its way through the chain.
enum Value {
    Text(Pattern),
    Bytes(Vec<u8>),
}

/// What went wrong; the caller knows field and value.
pub(crate) enum Failure {
    Why(&'static str),
    Problem(Problem),
}

/// Applies the chain in order. The results are alternatives to each other.
pub(crate) fn apply(
    value: Pattern,
    chain: &[Transform],
    placeholders: &Placeholders,
) -> Result<Vec<Pattern>, Failure> {
    let mut values = vec![Value::Text(value)];
    for transform in chain {
        let mut next = Vec::new();
        for value in values {
            step(value, *transform, placeholders, &mut next)?;
            if next.len() > MOST_VALUES {
                return Err(Failure::Why("stands for more than 1024 values; split it"));
            }
        }
        values = next;
    }
    Ok(values.into_iter().map(finish).collect())
}

fn step(
    value: Value,
    transform: Transform,
    placeholders: &Placeholders,
    out: &mut Vec<Value>,
) -> Result<(), Failure> {
    match (transform, value) {
        (Transform::Windash, Value::Text(pattern)) => {
            out.extend(product(&dashes(&pattern))?.into_iter().map(Value::Text));
        }
        (Transform::Expand, Value::Text(pattern)) => {
            let choices = expand(&pattern, placeholders).map_err(Failure::Problem)?;
            out.extend(product(&choices)?.into_iter().map(Value::Text));
        }
        (Transform::Windash | Transform::Expand, Value::Bytes(_)) => {
            return Err(Failure::Why("is encoded already; put this modifier first"));
        }
        (Transform::Base64, value) => {
            let bytes = bytes(value)?;
            out.push(Value::Text(Pattern::literal(&STANDARD.encode(bytes))));
        }
        (Transform::Base64Offset, value) => {
            let bytes = bytes(value)?;
            out.extend((0..3).map(|shift| Value::Text(Pattern::literal(&shifted(&bytes, shift)))));
        }
        (Transform::Utf16Le, value) => out.push(Value::Bytes(utf16(value, u16::to_le_bytes)?)),
        (Transform::Utf16Be, value) => out.push(Value::Bytes(utf16(value, u16::to_be_bytes)?)),
        (Transform::Utf16, value) => {
            let mut marked = vec![0xff, 0xfe];
            marked.extend(utf16(value, u16::to_le_bytes)?);
            out.push(Value::Bytes(marked));
        }
    }
    Ok(())
}

/// Bytes that were not encoded further stand for the characters of the same number:
/// `cmd` as UTF-16 is searched for as `c`, NUL, `m`, NUL, `d`, NUL.
fn finish(value: Value) -> Pattern {
    match value {
        Value::Text(pattern) => pattern,
        Value::Bytes(bytes) => {
            Pattern::literal(&bytes.into_iter().map(char::from).collect::<String>())
        }
    }
}

fn bytes(value: Value) -> Result<Vec<u8>, Failure> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        Value::Text(pattern) => match pattern.as_literal() {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => Err(Failure::Why(
                "has wildcards, which cannot be encoded; escape them",
            )),
        },
    }
}

fn utf16(value: Value, order: fn(u16) -> [u8; 2]) -> Result<Vec<u8>, Failure> {
    match value {
        Value::Text(pattern) => match pattern.as_literal() {
            Some(text) => Ok(text.encode_utf16().flat_map(order).collect()),
            None => Err(Failure::Why(
                "has wildcards, which cannot be encoded; escape them",
            )),
        },
        Value::Bytes(_) => Err(Failure::Why("is encoded already; put utf16 first")),
    }
}

/// The part of the encoding that stays the same when `shift` bytes stand before the
/// value. Cut off are characters that also hold bits of a neighbour.
fn shifted(bytes: &[u8], shift: usize) -> String {
    let mut padded = vec![0; shift];
    padded.extend(bytes);
    let encoded = STANDARD.encode(&padded);
    // A shift of 1 spoils 8 bits = 2 characters, of 2 spoils 16 bits = 3 characters.
    let skip = [0, 2, 3].get(shift).copied().unwrap_or(0);
    // One byte over leaves 1 shared character and two `=`; two over leave 1 and one `=`.
    let drop = [0, 3, 2].get(padded.len() % 3).copied().unwrap_or(0);
    encoded
        .get(skip..encoded.len().saturating_sub(drop))
        .unwrap_or_default()
        .to_owned()
}

/// A pattern in pieces, each with its alternatives.
type Choices = Vec<Vec<Pattern>>;

fn product(choices: &Choices) -> Result<Vec<Pattern>, Failure> {
    let count = choices
        .iter()
        .try_fold(1usize, |n, c| n.checked_mul(c.len()));
    if count.is_none_or(|n| n > MOST_VALUES) {
        return Err(Failure::Why("stands for more than 1024 values; split it"));
    }
    let mut out = vec![Pattern::default()];
    for alternatives in choices {
        let mut next = Vec::with_capacity(out.len() * alternatives.len());
        for start in &out {
            for end in alternatives {
                let mut joined = start.clone();
                end.0.iter().for_each(|part| joined.push(part.clone()));
                next.push(joined);
            }
        }
        out = next;
    }
    Ok(out)
}

/// Sigma modifiers appendix, `windash`: a dash that begins a word stands for any of
/// five characters with which Windows programs let an option begin.
fn dashes(pattern: &Pattern) -> Choices {
    const DASHES: [char; 5] = ['-', '/', '–', '—', '―'];
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut choices = Choices::new();
    for part in &pattern.0 {
        let Part::Lit(text) = part else {
            choices.push(vec![Pattern(vec![part.clone()])]);
            continue;
        };
        let mut plain = String::new();
        let mut before = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let begins = !before.is_some_and(is_word) && chars.peek().copied().is_some_and(is_word);
            if DASHES.contains(&c) && begins {
                choices.push(vec![Pattern::literal(&std::mem::take(&mut plain))]);
                choices.push(
                    DASHES
                        .iter()
                        .map(|d| Pattern::literal(&d.to_string()))
                        .collect(),
                );
            } else {
                plain.push(c);
            }
            before = Some(c);
        }
        choices.push(vec![Pattern::literal(&plain)]);
    }
    choices
}

/// Sigma rules specification, "Placeholders": `%name%`, where `\%` is a plain percent
/// sign. A name without values refuses the rule.
fn expand(pattern: &Pattern, placeholders: &Placeholders) -> Result<Choices, Problem> {
    let mut choices = Choices::new();
    for part in &pattern.0 {
        let Part::Lit(text) = part else {
            choices.push(vec![Pattern(vec![part.clone()])]);
            continue;
        };
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('%') {
            if let Some(before) = before.strip_suffix('\\') {
                choices.push(vec![Pattern::literal(&format!("{before}%"))]);
                rest = after;
                continue;
            }
            choices.push(vec![Pattern::literal(before)]);
            match after.split_once('%') {
                Some((name, after)) if is_name(name) => {
                    let values = placeholders
                        .get(name)
                        .filter(|values| !values.is_empty())
                        .ok_or_else(|| Problem::Placeholder(name.to_owned()))?;
                    choices.push(values.iter().map(|v| Pattern::parse(v)).collect());
                    rest = after;
                }
                _ => {
                    choices.push(vec![Pattern::literal("%")]);
                    rest = after;
                }
            }
        }
        choices.push(vec![Pattern::literal(rest)]);
    }
    Ok(choices)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(value: &str, chain: &[Transform]) -> Vec<String> {
        let placeholders = Placeholders::from([("who".into(), vec!["a*".into(), "b".into()])]);
        let made = apply(Pattern::parse(value), chain, &placeholders);
        made.unwrap_or_default()
            .iter()
            .map(|p| format!("{:?}", p.0))
            .collect()
    }

    fn literals(value: &str, chain: &[Transform]) -> Vec<String> {
        let made = apply(Pattern::parse(value), chain, &Placeholders::new());
        let literal = |p: &Pattern| p.as_literal().unwrap().to_owned();
        made.unwrap_or_default().iter().map(literal).collect()
    }

    #[test]
    fn encodings() {
        use Transform::{Base64, Base64Offset, Utf16, Utf16Be, Utf16Le, Windash};
        assert_eq!(literals("/bin/bash", &[Base64]), ["L2Jpbi9iYXNo"]);
        assert_eq!(
            literals("/bin/bash", &[Base64Offset]),
            ["L2Jpbi9iYXNo", "9iaW4vYmFza", "vYmluL2Jhc2"]
        );
        assert_eq!(literals("ping", &[Utf16Le, Base64]), ["cABpAG4AZwA="]);
        assert_eq!(literals("A", &[Utf16]), ["\u{ff}\u{fe}A\0"]);
        assert_eq!(literals("A", &[Utf16Be]), ["\0A"]);
        assert_eq!(literals(" -a x-y", &[Windash]).len(), 5);
        assert_eq!(literals(" -a /b", &[Windash]).len(), 25);
        assert!(literals("a*b", &[Base64]).is_empty());
    }

    #[test]
    fn placeholders_become_patterns() {
        let made = run("x%who%y", &[Transform::Expand]);
        assert_eq!(made, [r#"[Lit("xa"), Star, Lit("y")]"#, r#"[Lit("xby")]"#]);
        assert_eq!(run(r"\%who%", &[Transform::Expand]), [r#"[Lit("%who%")]"#]);
        assert!(run("%nobody%", &[Transform::Expand]).is_empty());
    }
}
