//! What a query asks without whom it asks about: a record of who asked what outlives whoever is erased, and
//! people search for what should be nowhere.

/// The query with `?` for every text and number in it, and without its comments.
pub(crate) fn shape(sql: &str) -> String {
    let mut out = String::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let word = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let taken = match first {
            '\'' => {
                out.push('?');
                text(rest, '\'')
            }
            '"' => {
                let taken = text(rest, '"');
                out.push_str(rest.get(..taken).unwrap_or_default());
                taken
            }
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '$' if !word => match dollars(rest) {
                Some(taken) => {
                    out.push('?');
                    taken
                }
                None => push(&mut out, first),
            },
            '0'..='9' if !word => {
                out.push('?');
                let number = |c: char| c.is_ascii_alphanumeric() || c == '.';
                rest.find(|c| !number(c)).unwrap_or(rest.len())
            }
            _ => push(&mut out, first),
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

fn push(out: &mut String, c: char) -> usize {
    out.push(c);
    c.len_utf8()
}

/// Bytes of what begins with a quote, to its end: two quotes are one within. What has no end is all of it.
fn text(rest: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(next) = rest.get(at..).and_then(|rest| rest.find(quote)) {
        at += next + 1;
        if rest.get(at..).is_none_or(|rest| !rest.starts_with(quote)) {
            return at;
        }
        at += 1;
    }
    rest.len()
}

/// Bytes of `$tag$ … $tag$`, if it is that.
fn dollars(rest: &str) -> Option<usize> {
    let end = rest.get(1..)?.find('$')? + 2;
    let tag = rest.get(..end)?;
    let name = tag.trim_matches('$');
    if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let closed = rest.get(end..)?.find(tag);
    Some(closed.map_or(rest.len(), |at| end + at + tag.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_and_numbers_go_and_the_rest_stays() {
        for (sql, wanted) in [
            (
                "SELECT n1 FROM events WHERE customer = 'C-1' AND n > 4.5e3",
                "SELECT n1 FROM events WHERE customer = ? AND n > ?",
            ),
            ("a = 'it''s me' OR b", "a = ? OR b"),
            ("\"my 'col'\" = ''", "\"my 'col'\" = ?"),
            ("x -- 'C-1'\ny /* 7 */ z", "x \ny  z"),
            ("a = $$C-1$$, b = $t$C-$$2$t$", "a = ?, b = ?"),
            ("a = $1", "a = $?"),
            ("a = 'no end", "a = ?"),
            ("a = 'ü' AND ü = 3", "a = ? AND ü = ?"),
            ("E'a' X'00'", "E? X?"),
        ] {
            assert_eq!(shape(sql), wanted, "{sql}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(sql in any::<String>()) {
            shape(&sql);
        }

        #[test]
        fn no_text_is_kept(inner in "[a-z' $/-]{0,12}", before in "[a-z =(]{0,8}") {
            let sql = format!("{before}'Q{}Q' end", inner.replace('\'', "''"));
            prop_assert!(!shape(&sql).contains('Q'), "{}", shape(&sql));
        }
    }
}
