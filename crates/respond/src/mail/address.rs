//! Mail addresses, strictly: what could carry a second address or a header is none.

use crate::mail::mailer::MailError;

/// RFC 5321 section 4.5.3.1.3 bounds a path at 256 octets with its brackets.
const MAX_ADDRESS: usize = 254;
const MAX_NAME: usize = 64;

/// `Name <local@domain>` or `local@domain`, in ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    name: String,
    local: String,
    pub(crate) domain: String,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, MailError> {
        Self::read(text).ok_or_else(|| {
            let shown = ringfence_event::neutralise(text);
            MailError::Address(ringfence_event::clip(&shown, MAX_ADDRESS).into_owned())
        })
    }

    fn read(text: &str) -> Option<Self> {
        let text = text.trim_matches(' ');
        let (name, address) = match text.strip_suffix('>') {
            Some(rest) => rest.split_once('<')?,
            None => ("", text),
        };
        let name = name.trim_matches(' ');
        let name_fits = |c: char| c.is_ascii_alphanumeric() || " .-_'()".contains(c);
        let (local, domain) = address.split_once('@')?;
        // RFC 5322 atext and dots; quoted local parts are nobody's mailbox.
        let atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        let label = |l: &str| {
            (1..=63).contains(&l.len())
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let fits = name.len() <= MAX_NAME
            && name.chars().all(name_fits)
            && address.len() <= MAX_ADDRESS
            && (1..=64).contains(&local.len())
            && local.chars().all(atext)
            && !local.split('.').any(str::is_empty)
            && domain.split('.').all(label);
        fits.then(|| Self {
            name: name.to_owned(),
            local: local.to_owned(),
            domain: domain.to_owned(),
        })
    }

    /// As `MAIL FROM` and `RCPT TO` want it.
    pub(crate) fn path(&self) -> String {
        format!("<{}@{}>", self.local, self.domain)
    }

    /// As a header shows it.
    pub(crate) fn shown(&self) -> String {
        match self.name.as_str() {
            "" => self.path(),
            name => format!("\"{name}\" {}", self.path()),
        }
    }
}

/// Fuzz entry: whatever is accepted is one line with one address in it.
#[doc(hidden)]
pub fn fuzz_address(data: &[u8]) {
    if let Ok(address) = Address::parse(&String::from_utf8_lossy(data)) {
        let shown = address.shown();
        assert!(
            !shown.contains(char::is_control) && shown.is_ascii(),
            "one line"
        );
        assert!(!shown.contains(','), "one address");
        assert_eq!(shown.matches('@').count(), 1, "one address");
        assert_eq!(
            Address::parse(&address.path()).map(|a| a.path()).ok(),
            Some(address.path()),
            "its path is an address"
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_cannot_carry_a_header_or_a_second_address() {
        for text in [
            "a@example.com\r\nBcc: b@example.com",
            "a@example.com, b@example.com",
            "<a@example.com> b@example.com",
            "a@b@example.com",
            "x <a@example.com",
            "a@example.com> SIZE=1 <b@example.com",
            "no address",
            "@example.com",
            "a@",
            "a..b@example.com",
            "a@-x.example",
            "ü@example.com",
            "",
        ] {
            assert!(Address::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_and_plain_addresses_are_read() {
        let shown = |text: &str| Address::parse(text).unwrap().shown();
        assert_eq!(shown("soc+rf@example.com"), "<soc+rf@example.com>");
        assert_eq!(
            shown("Security Team <soc@localhost>"),
            "\"Security Team\" <soc@localhost>"
        );
    }

    proptest! {
        #[test]
        fn anything_accepted_is_harmless(text in "[ -~\r\n]{0,40}|[a-z <>@.,\"]{0,30}") {
            fuzz_address(text.as_bytes());
        }
    }
}
