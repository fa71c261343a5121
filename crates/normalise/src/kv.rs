//! `key=value` bodies, as firewalls and many applications write them.

use ringfence_event::Map;
use serde_json::Value;

/// Reads a line that is nothing but `key=value` pairs, values bare or in double quotes with `\`
/// escapes. One word that is no pair makes it a sentence, not a record: `None`.
pub(crate) fn parse(text: &str, max_fields: usize) -> Option<Map> {
    let mut fields = Map::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let key_ok = !key.is_empty()
            && key.len() <= 128
            && key
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-.@/:[]".contains(&b));
        if !key_ok || fields.len() >= max_fields {
            return None;
        }
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let end = after.find([' ', '\t', ',']).unwrap_or(after.len());
                let (value, after) = after.split_at_checked(end)?;
                (value.to_owned(), after)
            }
        };
        fields.insert(key.to_owned(), Value::String(value));
        let next = after.trim_start_matches([' ', '\t', ',', ';']);
        // `a="b"c` has no separator after its value.
        if !after.is_empty() && next.len() == after.len() {
            return None;
        }
        rest = next;
    }
    // A single pair is more often part of a sentence or a Base64 text than a record.
    (fields.len() >= 2).then_some(fields)
}

fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match chars.next()? {
                (_, escaped @ ('"' | '\\')) => value.push(escaped),
                (_, other) => value.extend(['\\', other]),
            },
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pairs_are_read_and_sentences_are_not() {
        let map = parse(r#"date=2026-11-22 devname="FW 1" msg="say \"hi\"" n=5"#, 10).unwrap();
        assert_eq!(
            Value::Object(map),
            json!({"date": "2026-11-22", "devname": "FW 1", "msg": "say \"hi\"", "n": "5"})
        );
        for text in [
            "Failed password for root",
            "alice : TTY=pts/0 ; PWD=/home ; USER=root ; COMMAND=/bin/ls",
            "a=1",
            "a=\"open",
            "a=\"b\"c d=1",
            "",
        ] {
            assert!(parse(text, 10).is_none(), "{text}");
        }
    }
}
