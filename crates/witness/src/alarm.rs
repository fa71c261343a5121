//! Who is told when a log is not what it was.

use std::time::Duration;

use reqwest::{Client, Url};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::fetch::{RemoteError, is_private};

/// Alarms that wait for a receiver; more are in the file alone.
const MOST_WAITING: usize = 256;
/// Tries of one alarm, and the time before the second; each further one waits twice as long.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);
/// For one try.
const WAIT: Duration = Duration::from_secs(10);

/// Something that somebody has to look at, or that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// In milliseconds since 1970, by the witness's clock.
    pub time_ms: i64,
    /// The witness.
    pub witness: String,
    /// The log.
    pub log: String,
    /// Its name: docs/witness.md says what to do.
    pub alarm: String,
    /// `raised` or `over`.
    pub state: &'static str,
    /// In words.
    pub what: String,
}

/// Where alarms are posted as JSON: encrypted, or this machine. The address may hold a secret and is not shown.
#[derive(Clone)]
pub struct Webhook(Url);

impl Webhook {
    /// From its address.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, RemoteError> {
        let url = Url::parse(text).ok().filter(is_private);
        url.map(Self).ok_or(RemoteError::Webhook)
    }
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhook")
    }
}

/// Alarms on their way to a receiver.
#[derive(Debug)]
pub(crate) struct Sending {
    client: Client,
    webhook: Webhook,
    waiting: mpsc::Receiver<Alarm>,
}

impl Sending {
    /// A way to the receiver.
    pub fn to(webhook: &Webhook) -> Result<(mpsc::Sender<Alarm>, Self), RemoteError> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder()
            .timeout(WAIT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("ringfence/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = client.map_err(|error| RemoteError::Tls(error.to_string()))?;
        let (sender, waiting) = mpsc::channel(MOST_WAITING);
        Ok((
            sender,
            Self {
                client,
                webhook: webhook.clone(),
                waiting,
            },
        ))
    }

    /// Sends until nobody raises alarms any more.
    pub async fn run(mut self) {
        while let Some(alarm) = self.waiting.recv().await {
            self.send(&alarm).await;
        }
    }

    async fn send(&self, alarm: &Alarm) {
        for attempt in 0..TRIES {
            let sent = self
                .client
                .post(self.webhook.0.clone())
                .json(alarm)
                .send()
                .await;
            // The address may hold a secret, so the error is told without it.
            let why = match sent {
                Ok(answer) if answer.status().is_success() => return,
                Ok(answer) => answer.status().to_string(),
                Err(error) => error.without_url().to_string(),
            };
            if attempt + 1 == TRIES {
                tracing::error!(
                    why,
                    alarm = alarm.alarm,
                    log = alarm.log,
                    "the alarm's receiver did not take it"
                );
                return;
            }
            tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await;
        }
    }
}
