//! A conversation with a mail server (RFC 5321): the commands of a submission, one after another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::io::{AsyncWriteExt as _, BufReader};

use crate::mail::address::Address;
use crate::mail::mailer::MailError;
use crate::mail::reply::{MAX_LINE, Reply};

/// A byte stream, encrypted or not.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

pub(crate) struct Session<S> {
    stream: BufReader<S>,
    /// The answer to EHLO.
    offered: Reply,
}

impl<S: Wire> Session<S> {
    /// On a connection on which the server speaks first.
    pub(crate) async fn greeted(stream: S) -> Result<Self, MailError> {
        let mut session = Self::fresh(stream);
        session.expect(2).await?;
        Ok(session)
    }

    /// On a connection that was greeted before it was encrypted.
    pub(crate) fn fresh(stream: S) -> Self {
        Self {
            stream: BufReader::new(stream),
            offered: Reply::default(),
        }
    }

    pub(crate) async fn hello(&mut self, name: &str) -> Result<(), MailError> {
        self.offered = self.command(&format!("EHLO {name}"), 2).await?;
        Ok(())
    }

    /// Asks for TLS and gives the bare connection back (RFC 3207). A server that does not offer it
    /// gets nothing at all.
    pub(crate) async fn starttls(mut self) -> Result<S, MailError> {
        if !self.offered.offers("STARTTLS", "") {
            let why = "it does not offer STARTTLS, and nothing is sent in the clear";
            return Err(MailError::Later(why.to_owned()));
        }
        self.command("STARTTLS", 2).await?;
        // Whatever was pushed in before the handshake was not said by who proves itself in it.
        if !self.stream.buffer().is_empty() {
            let why = "it said something between STARTTLS and TLS";
            return Err(MailError::Later(why.to_owned()));
        }
        Ok(self.stream.into_inner())
    }

    /// RFC 4954 with PLAIN, or LOGIN where there is nothing else.
    pub(crate) async fn log_in(&mut self, user: &str, password: &str) -> Result<(), MailError> {
        if self.offered.offers("AUTH", "PLAIN") {
            let secret = STANDARD.encode(format!("\0{user}\0{password}"));
            self.command(&format!("AUTH PLAIN {secret}"), 2).await?;
        } else if self.offered.offers("AUTH", "LOGIN") {
            self.command("AUTH LOGIN", 3).await?;
            self.command(&STANDARD.encode(user), 3).await?;
            self.command(&STANDARD.encode(password), 2).await?;
        } else {
            let why = "it offers no way to log in that is known here (PLAIN, LOGIN)";
            return Err(MailError::Later(why.to_owned()));
        }
        Ok(())
    }

    pub(crate) async fn hand_over(
        &mut self,
        from: &Address,
        to: &[Address],
        text: &str,
    ) -> Result<(), MailError> {
        self.command(&format!("MAIL FROM:{}", from.path()), 2)
            .await?;
        for address in to {
            self.command(&format!("RCPT TO:{}", address.path()), 2)
                .await?;
        }
        self.command("DATA", 3).await?;
        // No line of a message of ours begins with a dot: headers do not, base64 has none.
        self.command(&format!("{text}."), 2).await?;
        // It is theirs now; what becomes of the farewell changes nothing.
        let _ = self.command("QUIT", 2).await;
        Ok(())
    }

    /// Sends a line and reads the answer, whose code has to begin with `class`.
    async fn command(&mut self, line: &str, class: u16) -> Result<Reply, MailError> {
        let stream = self.stream.get_mut();
        let sent = async {
            stream.write_all(line.as_bytes()).await?;
            stream.write_all(b"\r\n").await?;
            stream.flush().await
        };
        sent.await.map_err(broken)?;
        self.expect(class).await
    }

    async fn expect(&mut self, class: u16) -> Result<Reply, MailError> {
        let mut reply = Reply::default();
        loop {
            let mut line = Vec::new();
            let mut bounded = (&mut self.stream).take(MAX_LINE as u64);
            bounded.read_until(b'\n', &mut line).await.map_err(broken)?;
            if line.pop() != Some(b'\n') {
                return Err(MailError::Later("the connection ended early".to_owned()));
            }
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            match reply.take(line) {
                Some(true) => break,
                Some(false) => {}
                None => return Err(MailError::Later("it does not speak SMTP".to_owned())),
            }
        }
        match reply.code / 100 {
            got if got == class => Ok(reply),
            // RFC 5321 section 4.2.1: 5 is for good, everything else may pass.
            5 => Err(MailError::Refused(reply.shown())),
            _ => Err(MailError::Later(reply.shown())),
        }
    }
}

fn broken(error: std::io::Error) -> MailError {
    MailError::Later(format!("the connection broke: {}", error.kind()))
}
