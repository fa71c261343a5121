use std::borrow::Cow;

/// Replacements to be made in a message, applied in one pass.
#[derive(Debug, Default)]
pub(super) struct Edits {
    list: Vec<Edit>,
}

#[derive(Debug)]
struct Edit {
    start: usize,
    end: usize,
    with: Vec<u8>,
}

impl Edits {
    /// Notes that `data[start..end]` becomes `with`; nothing if it already is, or is empty.
    pub(super) fn replace(&mut self, data: &[u8], start: usize, end: usize, with: &[u8]) {
        match data.get(start..end) {
            None | Some([]) => {}
            Some(now) if now == with => {}
            Some(_) => self.list.push(Edit {
                start,
                end,
                with: with.to_vec(),
            }),
        }
    }

    /// Sorts, and joins edits that overlap: two rules may have found the same secret, and
    /// what either wanted gone must go.
    pub(super) fn settle(&mut self) {
        self.list
            .sort_by_key(|edit| (edit.start, std::cmp::Reverse(edit.end)));
        let mut settled: Vec<Edit> = Vec::with_capacity(self.list.len());
        for edit in self.list.drain(..) {
            match settled.last_mut() {
                Some(last) if edit.start < last.end => last.end = last.end.max(edit.end),
                _ => settled.push(edit),
            }
        }
        self.list = settled;
    }

    /// By how many bytes the text grows; call after [`Edits::settle`].
    pub(super) fn growth(&self) -> isize {
        let grow =
            |edit: &Edit| edit.with.len().cast_signed() - (edit.end - edit.start).cast_signed();
        self.list.iter().map(grow).sum()
    }

    pub(super) fn absorb(&mut self, other: Self) {
        self.list.extend(other.list);
    }

    /// The edited text; call after [`Edits::settle`].
    pub(super) fn apply(self, data: &[u8]) -> Cow<'_, [u8]> {
        if self.list.is_empty() {
            return Cow::Borrowed(data);
        }
        let mut out = Vec::with_capacity(data.len() + 64);
        let mut pos = 0;
        for edit in self.list {
            out.extend_from_slice(data.get(pos..edit.start).unwrap_or_default());
            out.extend_from_slice(&edit.with);
            pos = edit.end;
        }
        out.extend_from_slice(data.get(pos..).unwrap_or_default());
        Cow::Owned(out)
    }
}
