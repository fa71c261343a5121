//! Bounds on untrusted input.

/// How much of one input is looked at. Beyond it, the record is refused, not cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest record in bytes.
    pub record: usize,
    /// Most records in one body.
    pub records: usize,
    /// Deepest nesting of a JSON record.
    pub depth: usize,
    /// Most fields on the top level of a record.
    pub fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record: 256 * 1024,
            records: 100_000,
            depth: 32,
            fields: 2_000,
        }
    }
}

/// How far an event's own time may be from its receive time before it is flagged, in milliseconds.
/// A flagged event is kept: its receive time still moves windows and retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew {
    /// Allowed delay of delivery.
    pub behind: i64,
    /// Allowed advance of the producer's clock.
    pub ahead: i64,
}

impl Default for Skew {
    fn default() -> Self {
        Self {
            behind: 24 * 60 * 60 * 1000,
            ahead: 5 * 60 * 1000,
        }
    }
}
