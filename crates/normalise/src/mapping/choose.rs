//! A value out of a fixed set, constant or by a field of the record.

use super::take::Take;
use super::view::View;
use crate::path;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Chooses an activity or severity.
#[derive(Debug, Clone)]
pub(super) enum Choice<T> {
    Fixed(T),
    /// By what is taken from the record: name in lower case, and what it stands for.
    By {
        take: Box<Take>,
        map: Vec<(String, T)>,
        default: Option<T>,
    },
}

impl<T: Copy> Choice<T> {
    /// The value, and the text that it was chosen by where no entry fits.
    pub fn choose(&self, view: View<'_>, zone: &TimeZone) -> (Option<T>, Option<String>) {
        match self {
            Self::Fixed(value) => (Some(*value), None),
            Self::By { take, map, default } => {
                let value = take.take(view, zone).ok().flatten();
                // Of a list, the first element that has an entry counts.
                let texts: Vec<_> = match &value {
                    Some(Value::Array(items)) => {
                        items.iter().take(64).filter_map(path::text).collect()
                    }
                    single => single.iter().filter_map(path::text).collect(),
                };
                let entry =
                    |text: &str| map.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
                match (texts.iter().find_map(|text| entry(text)), texts.first()) {
                    (Some((_, value)), _) => (Some(*value), None),
                    (None, unknown) => (*default, unknown.map(ToString::to_string)),
                }
            }
        }
    }
}
