//! `[mail]`: who is told of alerts by mail, and the outbox behind the sender's seam.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ringfence_respond::{
    Batch, Item, MailConfig, MailError, MailOutbox, Mailer, Outcome, Password, Security,
};
use ringfence_state::{NewRecipient, Scope, State};

use crate::outbox::settlement;
use crate::server::ServerError;
use crate::written::{Mistakes, Section};

/// `[mail]`.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// `server`: host and port of the mail server.
    pub host: String,
    /// The port in `server`. Default 465, 587 or 25, by `security`.
    pub port: u16,
    /// `security`: `starttls`, `tls`, or `plain` to this machine. Default `starttls`.
    pub security: Security,
    /// `from`: the sender's address.
    pub from: String,
    /// `user`: name to log in with; needs one of the next two.
    pub user: Option<String>,
    /// `password_file`: file that holds the password.
    pub password_file: Option<PathBuf>,
    /// `password_env`: environment variable that holds it.
    pub password_env: Option<String>,
    /// `ca_file`: PEM file of further authorities for the mail server.
    pub ca_file: Option<PathBuf>,
    /// `link`: address of an alert with `{id}` in it. Default: the API of `server.listen`.
    pub link: Option<String>,
    /// `at_most_every_secs`: a recipient gets one mail in this time; more go into one. Default 60.
    pub every: Duration,
    /// `[[mail.recipient]]`.
    pub recipients: Vec<NewRecipient>,
}

impl MailSettings {
    /// Reads the section; nothing where no mail is wanted.
    pub(crate) fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Option<Self> {
        let security = match s.take::<String>("security", m) {
            None => Security::Starttls,
            Some(text) => match text.get_ref().as_str() {
                "starttls" => Security::Starttls,
                "tls" => Security::Tls,
                "plain" => Security::Plain,
                _ => {
                    let what = "`starttls`, `tls` or `plain`";
                    m.add(text.span().start, s.path_of("security"), what);
                    Security::Starttls
                }
            },
        };
        let server = s.take::<String>("server", m);
        let from = s.take::<String>("from", m);
        let every = s.take_or("at_most_every_secs", 60_u32, m);
        let mut recipients = Vec::new();
        for recipient in s.tables("recipient", m) {
            recipients.extend(read_recipient(recipient, m));
        }
        let mut settings = Self {
            host: String::new(),
            port: 0,
            security,
            from: String::new(),
            user: s.take("user", m).map(toml::Spanned::into_inner),
            password_file: s.take("password_file", m).map(toml::Spanned::into_inner),
            password_env: s.take("password_env", m).map(toml::Spanned::into_inner),
            ca_file: s.take("ca_file", m).map(toml::Spanned::into_inner),
            link: s.take("link", m).map(toml::Spanned::into_inner),
            every: Duration::from_secs(u64::from(every)),
            recipients,
        };
        let (Some(server), Some(from)) = (server, from) else {
            let wanted = !settings.recipients.is_empty();
            if wanted {
                let what = "mail needs `server` and `from`";
                m.add(s.at(), s.path_of("server"), what);
            }
            s.finish(m);
            return None;
        };
        match host_and_port(server.get_ref(), security) {
            Some((host, port)) => (settings.host, settings.port) = (host, port),
            None => {
                let what =
                    "a host with or without a port is wanted, such as `mail.example.com:587`";
                m.add(server.span().start, s.path_of("server"), what);
            }
        }
        if let Err(error) = Mailer::check_address(from.get_ref()) {
            m.add(from.span().start, s.path_of("from"), error.to_string());
        }
        settings.from = from.into_inner();
        let secrets = usize::from(settings.password_file.is_some())
            + usize::from(settings.password_env.is_some());
        if secrets != usize::from(settings.user.is_some()) {
            let what = "`user` goes with one of `password_file` and `password_env`";
            m.add(s.at(), s.path_of("user"), what);
        }
        s.finish(m);
        Some(settings)
    }

    /// Reads the secrets and prepares the sender.
    ///
    /// # Errors
    /// When a file or variable is not there; [`MailError::Tls`] where there are no roots.
    pub(crate) fn mailer(&self, listen: std::net::SocketAddr) -> Result<Mailer, MailStart> {
        let read = |key: &'static str, path: &PathBuf| {
            std::fs::read(path)
                .map_err(|e| MailStart::Config(format!("mail.{key}: `{}`: {e}", path.display())))
        };
        let password = match (&self.password_file, &self.password_env) {
            (Some(path), _) => {
                let bytes = read("password_file", path)?;
                let text = String::from_utf8_lossy(&bytes);
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            (None, Some(name)) => Some(std::env::var(name).map_err(|_| {
                MailStart::Config(format!(
                    "mail.password_env: `{name}` is not in the environment"
                ))
            })?),
            (None, None) => None,
        };
        let scheme = if listen.ip().is_loopback() {
            "http"
        } else {
            "https"
        };
        let link = format!("{scheme}://{listen}/api/v1/alerts/{{id}}");
        let config = MailConfig {
            host: self.host.clone(),
            port: self.port,
            security: self.security,
            from: self.from.clone(),
            login: self.user.clone().zip(password.map(Password::new)),
            extra_ca_pem: match &self.ca_file {
                Some(path) => Some(read("ca_file", path)?),
                None => None,
            },
            link: self.link.clone().unwrap_or(link),
        };
        Mailer::new(config).map_err(|error| match error {
            MailError::Tls(_) => MailStart::Roots(error.to_string()),
            other => MailStart::Config(format!("mail: {other}")),
        })
    }
}

/// Why mail is not sent.
#[derive(Debug)]
pub(crate) enum MailStart {
    /// The configuration is wrong.
    Config(String),
    /// The machine has no TLS roots: a reason to warn, not to refuse everything else.
    Roots(String),
}

/// Names the recipients in the state store, and answers with the sender if mail can be sent.
pub(crate) async fn open(
    settings: Option<&MailSettings>,
    listen: std::net::SocketAddr,
    state: &State,
    now_ms: i64,
) -> Result<Option<(Arc<Mailer>, Duration)>, ServerError> {
    let named = settings.map_or(&[][..], |s| &s.recipients);
    state.declare_recipients(named, now_ms).await?;
    let Some(settings) = settings else {
        return Ok(None);
    };
    match settings.mailer(listen) {
        Ok(mailer) => Ok(Some((Arc::new(mailer), settings.every))),
        Err(MailStart::Config(what)) => Err(ServerError::Config(vec![what])),
        Err(MailStart::Roots(error)) => {
            tracing::warn!(error, code = "E-START-003", "no mail will be sent");
            Ok(None)
        }
    }
}

/// The outbox table.
pub(crate) struct StateMail(pub State);

impl MailOutbox for StateMail {
    type Error = ringfence_state::Error;

    async fn claim(
        &self,
        now_ms: i64,
        most: usize,
        busy: &[String],
    ) -> Result<Vec<Batch>, Self::Error> {
        let due = self.0.claim_mail(now_ms, most, busy).await?;
        let batch = |d: ringfence_state::DueMail| Batch {
            recipient_id: d.recipient.id,
            to: d.recipient.addresses,
            items: d
                .items
                .into_iter()
                .map(|i| Item {
                    id: i.id,
                    payload: i.payload,
                    attempts: i.attempts,
                })
                .collect(),
        };
        Ok(due.into_iter().map(batch).collect())
    }

    async fn settle(&self, id: &str, outcome: Outcome, now_ms: i64) -> Result<(), Self::Error> {
        self.0.settle(id, settlement(outcome), now_ms).await
    }
}

fn read_recipient<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Option<NewRecipient> {
    let name = s.take::<ringfence_event::Name>("name", m);
    if name.is_none() {
        m.add(s.at(), s.path_of("name"), "a recipient needs a name");
    }
    let to = s.take::<Vec<String>>("to", m);
    match &to {
        None => m.add(
            s.at(),
            s.path_of("to"),
            "a recipient needs addresses: `to = [\"…\"]`",
        ),
        Some(to) if to.get_ref().is_empty() => {
            m.add(to.span().start, s.path_of("to"), "at least one address");
        }
        Some(to) => {
            for address in to.get_ref() {
                if let Err(error) = Mailer::check_address(address) {
                    m.add(to.span().start, s.path_of("to"), error.to_string());
                }
            }
        }
    }
    const SEVERITIES: [&str; 5] = ["informational", "low", "medium", "high", "critical"];
    let severity = s.take::<String>("min_severity", m);
    let min_severity_id = match &severity {
        None => 4,
        Some(text) => match SEVERITIES.iter().position(|known| known == text.get_ref()) {
            Some(at) => u8::try_from(at + 1).unwrap_or(1),
            None => {
                let what = format!("one of {}", SEVERITIES.join(", "));
                m.add(text.span().start, s.path_of("min_severity"), what);
                4
            }
        },
    };
    let programs = s.take::<std::collections::BTreeSet<String>>("programs", m);
    let recipient = NewRecipient {
        name: name?.into_inner().to_string(),
        addresses: to.map(toml::Spanned::into_inner).unwrap_or_default(),
        scope: programs.map_or(Scope::All, |p| Scope::Programs(p.into_inner())),
        min_severity_id,
        rules: s.take_or("rules", Vec::new(), m),
    };
    s.finish(m);
    Some(recipient)
}

fn host_and_port(text: &str, security: Security) -> Option<(String, u16)> {
    let usual = match security {
        Security::Tls => 465,
        Security::Starttls => 587,
        Security::Plain => 25,
    };
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok()?)
        }
        _ => (text, usual),
    };
    let host = host.trim_matches(['[', ']']);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
    (!host.is_empty() && host.chars().all(plain)).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn every_mistake_of_the_mail_section_is_told() {
        let text = r#"[mail]
server = "mail host"
from = "nobody"
security = "ssl"
user = "rf"
[[mail.recipient]]
name = "soc"
to = ["a@example.com\nBcc: b@example.com"]
min_severity = "huge"
"#;
        let told = Config::parse(text).unwrap_err();
        let keys: Vec<_> = told.iter().map(|m| (m.line, m.key.as_str())).collect();
        for wanted in [
            (2, "mail.server"),
            (3, "mail.from"),
            (4, "mail.security"),
            (8, "mail.recipient[0].to"),
            (9, "mail.recipient[0].min_severity"),
        ] {
            assert!(keys.contains(&wanted), "{wanted:?} in {keys:?}");
        }
        assert!(keys.iter().any(|(_, k)| *k == "mail.user"), "{keys:?}");
    }

    #[test]
    fn recipients_are_told_high_alerts_of_all_programs_by_default() {
        let text = "[mail]\nserver = \"mail.example.com\"\nfrom = \"rf@example.com\"\n\
                    [[mail.recipient]]\nname = \"soc\"\nto = [\"soc@example.com\"]\n";
        let mail = Config::parse(text).unwrap().mail.unwrap();
        assert_eq!((mail.host.as_str(), mail.port), ("mail.example.com", 587));
        let first = mail.recipients.first().unwrap();
        assert_eq!(first.min_severity_id, 4);
        assert!(first.scope.allows("anything"));
        assert!(Config::parse("").unwrap().mail.is_none());
    }
}
