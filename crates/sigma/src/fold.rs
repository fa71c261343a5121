//! Letter case: what "case-insensitive" means here.

/// Folds one character. Lower case, and the long s to s, so that the fold agrees
/// with what a case-insensitive regex calls equal among letters that occur in logs.
pub(crate) fn fold_char(c: char) -> impl Iterator<Item = char> {
    let c = if c == 'ſ' { 's' } else { c };
    c.to_lowercase()
}

/// Appends the folded `text` to `out`.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        if let Some(added) = out.get_mut(start..) {
            added.make_ascii_lowercase();
        }
    } else {
        // Character by character: `str::to_lowercase` treats a final sigma
        // differently from the same letter inside a word, which breaks `contains`.
        out.extend(text.chars().flat_map(fold_char));
    }
}

/// The folded `text`.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}
