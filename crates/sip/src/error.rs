use std::fmt;

/// How deep the reader got before it met the defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The bytes cannot be cut into start line, headers and body. Refuses the message.
    Wire,
    /// One header's value breaks its grammar. The other headers can still be trusted.
    Header,
    /// Every header reads well, but together they contradict each other or a rule.
    Semantic,
}

impl Layer {
    /// The word used in output and in rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Header => "header",
            Self::Semantic => "semantic",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One defect of a message: where, what, and the rule it breaks.
///
/// Carries no bytes of the message, so it may be logged whatever the message held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{layer} layer, byte {offset}: {reason} ({section})")]
pub struct ParseError {
    /// The layer that found it.
    pub layer: Layer,
    /// Offset from the first byte given to the parser.
    pub offset: usize,
    /// What is wrong, in words.
    pub reason: &'static str,
    /// The rule that is broken, such as `RFC 3261 §20.14`.
    pub section: &'static str,
}

impl ParseError {
    pub(crate) const fn wire(offset: usize, reason: &'static str, section: &'static str) -> Self {
        Self {
            layer: Layer::Wire,
            offset,
            reason,
            section,
        }
    }

    pub(crate) const fn header(offset: usize, reason: &'static str, section: &'static str) -> Self {
        Self {
            layer: Layer::Header,
            offset,
            reason,
            section,
        }
    }

    pub(crate) const fn semantic(
        offset: usize,
        reason: &'static str,
        section: &'static str,
    ) -> Self {
        Self {
            layer: Layer::Semantic,
            offset,
            reason,
            section,
        }
    }
}
