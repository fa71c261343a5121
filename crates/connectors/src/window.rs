//! Time cut into windows, for vendors that are asked for a span of time page by page.
//!
//! A window begins a little before the last one ended (`overlap`: what a vendor shows late is found
//! the second time, and what was seen is a duplicate on the spine) and ends a little before now
//! (`lag`: nothing newer is complete yet).

use ringfence_event::Time;

use crate::cursor::Cursor;
use crate::pull::{Page, Record};

/// How windows are cut. All in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    pub overlap: i64,
    pub lag: i64,
    /// Longest window.
    pub most: i64,
}

/// A window that is to be fetched, from this page on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    pub from: i64,
    pub until: i64,
    pub page: Option<String>,
    since: i64,
}

impl Windows {
    /// The window that the cursor stands in, or the next; `None` while nothing is due.
    pub fn next(&self, cursor: &Cursor, now: Time) -> Option<Window> {
        let newest = now.0 - self.lag;
        let until = match cursor.until {
            Some(until) => until,
            None => newest.min(cursor.since.saturating_add(self.most)),
        };
        (until > cursor.since).then(|| Window {
            from: cursor.since - self.overlap,
            until,
            page: cursor.page.clone(),
            since: cursor.since,
        })
    }

    /// The page that follows from what a vendor answered: with the mark of its next page, or with
    /// none at the window's end.
    pub fn page(&self, w: &Window, records: Vec<Record>, next: Option<String>, now: Time) -> Page {
        match next {
            Some(page) => Page {
                records,
                next: Cursor {
                    since: w.since,
                    until: Some(w.until),
                    page: Some(page),
                },
                more: true,
                through: None,
            },
            None => Page {
                records,
                next: Cursor::at(Time(w.until)),
                // Time goes on while pages are fetched: what little has come meanwhile is for the
                // next round, or there would be no end to this one.
                more: now.0 - self.lag - w.until >= self.most,
                through: Some(Time(w.until)),
            },
        }
    }
}

impl Window {
    /// Its ends as RFC 3339 in UTC with milliseconds.
    pub fn ends(&self) -> (String, String) {
        (Time(self.from).to_rfc3339(), Time(self.until).to_rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOWS: Windows = Windows {
        overlap: 10,
        lag: 5,
        most: 100,
    };

    #[test]
    fn windows_follow_each_other_without_a_gap() {
        let now = Time(1_240);
        let (mut cursor, mut ends) = (Cursor::at(Time(1_000)), Vec::new());
        while let Some(w) = WINDOWS.next(&cursor, now) {
            ends.push((w.from, w.until));
            let page = WINDOWS.page(&w, Vec::new(), None, now);
            assert_eq!(page.more, w.until == 1_100);
            cursor = page.next;
        }
        assert_eq!(ends, [(990, 1_100), (1_090, 1_200), (1_190, 1_235)]);
        assert_eq!(cursor, Cursor::at(Time(1_235)));
    }

    #[test]
    fn a_window_stays_the_same_while_its_pages_are_fetched() {
        let cursor = Cursor::at(Time(1_000));
        let first = WINDOWS.next(&cursor, Time(1_050)).unwrap();
        let page = WINDOWS.page(&first, Vec::new(), Some("2".into()), Time(1_050));
        assert!(page.more && page.through.is_none());
        let later = WINDOWS.next(&page.next, Time(9_000)).unwrap();
        assert_eq!((later.from, later.until), (first.from, first.until));
        assert_eq!(later.page.as_deref(), Some("2"));
        assert_eq!(page.next.rewound(), cursor);
    }
}
