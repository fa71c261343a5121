//! The typed join keys of an event.

use serde::{Deserialize, Serialize};

use crate::Name;

/// What an event is joined by. Absent means that the event does not say, which is not the same as
/// "none".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Program of the credential that sent it.
    #[serde(rename = "p")]
    pub program: Name,
    /// Site of the credential that sent it.
    #[serde(rename = "s")]
    pub site: Name,
    /// Name of the source that sent it.
    #[serde(rename = "src")]
    pub source: Name,
    /// The conversation: as the source calls it until the join maps it (SIP Call-ID, PBX unique
    /// id, vendor contact id).
    #[serde(rename = "call", default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Agent's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Customer's id (record key in the CRM).
    #[serde(rename = "cust", default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Outside number, E.164 where that could be told, else the digits as dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Machine: host name or asset id.
    #[serde(rename = "dev", default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Source address of the activity that is reported (not of the reporter), without port.
    #[serde(rename = "ip", default, skip_serializing_if = "Option::is_none")]
    pub src_ip: Option<String>,
    /// Destination address of the activity.
    #[serde(rename = "dip", default, skip_serializing_if = "Option::is_none")]
    pub dst_ip: Option<String>,
    /// Account name of who acts, where it is not an agent's id.
    #[serde(rename = "usr", default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl Keys {
    /// Keys that say no more than where the event comes from.
    #[must_use]
    pub fn of(program: Name, site: Name, source: Name) -> Self {
        Self {
            program,
            site,
            source,
            call: None,
            agent: None,
            customer: None,
            caller: None,
            device: None,
            src_ip: None,
            dst_ip: None,
            user: None,
        }
    }
}

/// Brings a telephone number into the form that joins use: `+` and digits for a number with an
/// international prefix (`+`, `00` or `011`), else the bare digits as dialled. `None` for what has
/// no digit or more than 32 (E.164 allows 15; internal dial strings are longer).
#[must_use]
pub fn caller_key(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("tel:");
    let plus = text.starts_with('+');
    if text
        .chars()
        .any(|c| !(c.is_ascii_digit() || "+-. ()/*#".contains(c)))
    {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    let rest = if plus {
        Some(digits.as_str())
    } else {
        digits
            .strip_prefix("011")
            .or_else(|| digits.strip_prefix("00"))
    };
    match rest {
        Some(e164) if (7..=15).contains(&e164.len()) && !e164.starts_with('0') => {
            Some(format!("+{e164}"))
        }
        _ => Some(digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_meet_in_one_form() {
        for (text, want) in [
            ("+1 (212) 555-0100", Some("+12125550100")),
            ("0012125550100", Some("+12125550100")),
            ("01112125550100", Some("+12125550100")),
            ("tel:+442079460000", Some("+442079460000")),
            ("2125550100", Some("2125550100")),
            ("1001", Some("1001")),
            ("00", Some("00")),
            ("alice", None),
            ("", None),
        ] {
            assert_eq!(caller_key(text).as_deref(), want, "{text}");
        }
    }
}
