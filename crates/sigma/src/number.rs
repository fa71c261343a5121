//! Numbers as rules compare them.

use std::cmp::Ordering;

use crate::modifier::Order;
use crate::record::{Value, whole};

/// A number without the detour that loses digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub fn of_value(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Int(i) => Some(Self::Int(*i)),
            Value::Float(f) => Some(Self::of_float(*f)),
            _ => None,
        }
    }

    pub fn of_float(f: f64) -> Self {
        whole(f).map_or(Self::Float(f), Self::Int)
    }

    /// Reads a number written in text: logs often quote them.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let first = text.bytes().find(|b| !matches!(b, b'+' | b'-' | b'.'))?;
        if !first.is_ascii_digit() {
            return None;
        }
        match text.parse() {
            Ok(i) => Some(Self::Int(i)),
            Err(_) => text
                .parse()
                .ok()
                .filter(|f: &f64| f.is_finite())
                .map(Self::of_float),
        }
    }

    pub fn text(self) -> String {
        match self {
            Self::Int(i) => i.to_string(),
            Self::Float(f) => f.to_string(),
        }
    }

    pub fn compare(self, other: Self) -> Option<Ordering> {
        #[allow(
            clippy::cast_precision_loss,
            reason = "only to order an integer and a fraction"
        )]
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b),
            (Self::Int(a), Self::Float(b)) => (a as f64).partial_cmp(&b),
            (Self::Float(a), Self::Int(b)) => a.partial_cmp(&(b as f64)),
        }
    }
}

impl Order {
    pub fn holds(self, left: Number, right: Number) -> bool {
        let Some(order) = left.compare(right) else {
            return false;
        };
        match self {
            Self::Lt => order.is_lt(),
            Self::Lte => order.is_le(),
            Self::Eq => order.is_eq(),
            Self::Gte => order.is_ge(),
            Self::Gt => order.is_gt(),
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Lt => "is less than",
            Self::Lte => "is at most",
            Self::Eq => "is",
            Self::Gte => "is at least",
            Self::Gt => "is more than",
        }
    }
}
