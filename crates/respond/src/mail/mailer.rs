//! One attempt to hand one mail to a mail server, over TLS except on this machine.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::mail::address::Address;
use crate::mail::message::message;
use crate::mail::session::{Session, Wire};
use crate::mail::text::Composed;
use crate::tls::client_config;

/// Time for the whole attempt.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How the way to the mail server is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314), usually port 465.
    Tls,
    /// Plain at first, then TLS or nothing (RFC 3207), usually port 587.
    Starttls,
    /// Not at all; only to a server on this machine.
    Plain,
}

/// A password; it does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a password.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where mails go.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// Name or address of the mail server; its certificate has to carry it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is guarded.
    pub security: Security,
    /// The sender, such as `Ringfence <ringfence@example.com>`.
    pub from: String,
    /// User name and password, where the server wants them.
    pub login: Option<(String, Password)>,
    /// PEM certificates of authorities trusted beside the platform's.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// Address of an alert, with `{id}` in it.
    pub link: String,
}

/// Why mails cannot be sent at all, or one was not.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// An address that is none.
    #[error("`{0}` is no mail address")]
    Address(String),
    /// A plain connection that others could read.
    #[error("`plain` is only for a mail server on this machine, not for `{0}`")]
    Plain(String),
    /// No TLS roots, or an unusable CA file.
    #[error("TLS for mail cannot be set up: {0}")]
    Tls(String),
    /// The server refused it for good (5xx).
    #[error("the mail server refused it: {0}")]
    Refused(String),
    /// It may go through later.
    #[error("the mail server did not take it: {0}")]
    Later(String),
}

impl MailError {
    /// Whether another attempt is of no use.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Later(_))
    }
}

/// Hands mails to one server.
pub struct Mailer {
    config: MailConfig,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    from: Address,
}

impl Mailer {
    /// Prepares; nothing is connected yet.
    ///
    /// # Errors
    /// When the sender is no address, the security does not suit the server, or there are no TLS
    /// roots.
    pub fn new(config: MailConfig) -> Result<Self, MailError> {
        let from = Address::parse(&config.from)?;
        let tls = match config.security {
            Security::Plain if is_this_machine(&config.host) => None,
            Security::Plain => return Err(MailError::Plain(config.host)),
            Security::Tls | Security::Starttls => Some((connector(&config)?, name(&config.host)?)),
        };
        Ok(Self { config, tls, from })
    }

    /// Whether this is a mail address, with or without a name before it.
    ///
    /// # Errors
    /// When it is not.
    pub fn check_address(text: &str) -> Result<(), MailError> {
        Address::parse(text).map(|_| ())
    }

    /// The address of an alert, with `{id}` in it.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.config.link
    }

    /// Makes one attempt. `id` names the message; the same id at every attempt lets a mail program
    /// recognise a second copy.
    ///
    /// # Errors
    /// Says why the server did not take it.
    pub async fn send(
        &self,
        id: &str,
        to: &[String],
        composed: &Composed,
        now_ms: i64,
    ) -> Result<(), MailError> {
        let to = to.iter().map(|a| Address::parse(a));
        let to = to.collect::<Result<Vec<_>, _>>()?;
        let text = message(id, &self.from, &to, composed, now_ms);
        tokio::time::timeout(TIMEOUT, self.exchange(&to, &text))
            .await
            .unwrap_or_else(|_| Err(MailError::Later("no answer in time".to_owned())))
    }

    async fn exchange(&self, to: &[Address], text: &str) -> Result<(), MailError> {
        let mut session = self.connect().await?;
        if let Some((user, password)) = &self.config.login {
            session.log_in(user, &password.0).await?;
        }
        session.hand_over(&self.from, to, text).await
    }

    /// A session that has said hello over the guarded way. Where TLS is wanted there is no other.
    async fn connect(&self) -> Result<Session<Box<dyn Wire>>, MailError> {
        let failed = |e: std::io::Error| MailError::Later(format!("no connection: {}", e.kind()));
        let hello = &self.from.domain;
        let stream = TcpStream::connect((self.config.host.as_str(), self.config.port))
            .await
            .map_err(failed)?;
        let wire: Box<dyn Wire> = match (&self.tls, self.config.security) {
            (None, _) => Box::new(stream),
            (Some(tls), Security::Starttls) => {
                let mut plain = Session::greeted(Box::new(stream) as Box<dyn Wire>).await?;
                plain.hello(hello).await?;
                let mut upgraded = Session::fresh(shake(tls, plain.starttls().await?).await?);
                upgraded.hello(hello).await?;
                return Ok(upgraded);
            }
            (Some(tls), _) => shake(tls, Box::new(stream)).await?,
        };
        let mut session = Session::greeted(wire).await?;
        session.hello(hello).await?;
        Ok(session)
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

async fn shake(
    (connector, name): &(TlsConnector, ServerName<'static>),
    wire: Box<dyn Wire>,
) -> Result<Box<dyn Wire>, MailError> {
    match connector.connect(name.clone(), wire).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(MailError::Later(format!("TLS failed: {error}"))),
    }
}

fn connector(config: &MailConfig) -> Result<TlsConnector, MailError> {
    let trusted =
        client_config(config.extra_ca_pem.as_deref()).map_err(|e| MailError::Tls(e.to_string()))?;
    // That one offers HTTP; a mail server is offered nothing.
    let mut own: ClientConfig = (*trusted).clone();
    own.alpn_protocols.clear();
    Ok(TlsConnector::from(Arc::new(own)))
}

fn name(host: &str) -> Result<ServerName<'static>, MailError> {
    ServerName::try_from(host.to_owned())
        .map_err(|_| MailError::Tls("the mail server's name is no valid DNS name".to_owned()))
}

/// A name that resolves elsewhere than here would not be `localhost`.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(host: &str, security: Security) -> MailConfig {
        MailConfig {
            host: host.to_owned(),
            port: 25,
            security,
            from: "Ringfence <rf@example.com>".to_owned(),
            login: Some(("u".to_owned(), Password::new("geheim"))),
            extra_ca_pem: None,
            link: String::new(),
        }
    }

    #[test]
    fn plain_is_for_this_machine_only() {
        assert!(Mailer::new(config("127.0.0.1", Security::Plain)).is_ok());
        let refused = Mailer::new(config("mail.example.com", Security::Plain));
        assert!(matches!(refused, Err(MailError::Plain(_))));
    }

    #[test]
    fn a_password_does_not_print() {
        let mailer = Mailer::new(config("localhost", Security::Plain)).unwrap();
        let shown = format!("{mailer:?}");
        assert!(!shown.contains("geheim"), "{shown}");
    }
}
