//! What cannot be taken, and why.

use std::fmt;

use ringfence_event::{clip, neutralise};
use serde::Serialize;
use thiserror::Error;

/// Where in the input something is wrong. Line and column count from 1, columns in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Byte within the line.
    pub column: usize,
    /// Byte within the input, from 0.
    pub byte: usize,
}

impl Position {
    /// The first byte.
    pub const START: Self = Self {
        line: 1,
        column: 1,
        byte: 0,
    };

    /// The position of `byte` in `input`.
    #[must_use]
    pub fn of(input: &[u8], byte: usize) -> Self {
        let before = input.get(..byte).unwrap_or(input);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        Self {
            line,
            column: before.len() - start + 1,
            byte: before.len(),
        }
    }

    /// This position, counted within an item that begins at `base`.
    #[must_use]
    pub const fn within(self, base: Self) -> Self {
        Self {
            line: base.line + self.line - 1,
            column: if self.line == 1 {
                base.column + self.column - 1
            } else {
                self.column
            },
            byte: base.byte + self.byte,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Kind of a [`Reject`], for counters and programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectCode {
    /// Not what its framing or grammar says.
    Syntax,
    /// Not UTF-8 where text is due.
    Encoding,
    /// Longer than the limit.
    TooLong,
    /// More items than the limit.
    TooMany,
    /// Nested deeper than the limit.
    TooDeep,
    /// Nothing in it.
    Empty,
    /// A field of an OCSF event has the wrong type.
    FieldType,
    /// The source may not send events of this class.
    ClassNotAllowed,
}

impl RejectCode {
    /// The code as a metric label and in API answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Encoding => "encoding",
            Self::TooLong => "too_long",
            Self::TooMany => "too_many",
            Self::TooDeep => "too_deep",
            Self::Empty => "empty",
            Self::FieldType => "field_type",
            Self::ClassNotAllowed => "class_not_allowed",
        }
    }
}

/// A record that is refused: it goes to quarantine with this reason.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize)]
#[error("{position}: {reason}")]
pub struct Reject {
    /// Kind.
    pub code: RejectCode,
    /// Where.
    pub position: Position,
    /// Why, for a person; free of control characters.
    pub reason: String,
}

impl Reject {
    /// A refusal at a position of the input.
    #[must_use]
    pub fn new(code: RejectCode, position: Position, reason: impl AsRef<str>) -> Self {
        Self {
            code,
            position,
            reason: clip(&neutralise(reason.as_ref()), 300).into_owned(),
        }
    }

    /// A refusal at `byte` of `input`.
    #[must_use]
    pub fn at(code: RejectCode, input: &[u8], byte: usize, reason: impl AsRef<str>) -> Self {
        Self::new(code, Position::of(input, byte), reason)
    }

    /// The same refusal, counted from where the item begins in a larger input.
    #[must_use]
    pub fn within(mut self, base: Position) -> Self {
        self.position = self.position.within(base);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_columns() {
        let text = b"ab\ncde\n";
        let p = Position::of(text, 5);
        assert_eq!((p.line, p.column, p.byte), (2, 3, 5));
        let inner = Position::of(b"x\ny", 2).within(p);
        assert_eq!((inner.line, inner.column, inner.byte), (3, 1, 7));
        assert_eq!(Position::of(text, 99).byte, 7);
    }
}
