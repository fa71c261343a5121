//! Microsoft Entra ID sign-ins: `GET /auditLogs/signIns` of Microsoft Graph, followed by
//! `@odata.nextLink`. Sign-ins appear minutes after they happened, some much later: windows reach
//! far back.

use async_trait::async_trait;
use reqwest::Url;
use ringfence_event::Time;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::page;
use crate::config::{Made, Mistakes, Times, Vendor};
use crate::cursor::Cursor;
use crate::http::{Http, MOST_PAGE, at, checked_url, own_link, shape};
use crate::oauth::{ClientAuth, OAuth, Tokens};
use crate::pull::{Page, Pull, PullError, Stream};
use crate::secret::SecretRef;
use crate::window::Windows;

/// Records a page; Graph's most for sign-ins.
const PAGE: usize = 1_000;
const WINDOW_SECS: i64 = 6 * 3_600;

/// `[connector.entra]`. Needs an app registration with the application permissions
/// `AuditLog.Read.All` and `Directory.Read.All`, and a tenant with Entra ID P1.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntraConfig {
    /// Id or domain of the tenant.
    pub tenant: String,
    /// Application (client) id.
    pub client_id: String,
    /// A client secret.
    pub client_secret: SecretRef,
    /// Address of Graph, for a national cloud. Default `https://graph.microsoft.com`.
    pub graph_url: Option<String>,
    /// Address of the login, for a national cloud. Default `https://login.microsoftonline.com`.
    pub login_url: Option<String>,
}

impl Vendor for EntraConfig {
    const NAME: &'static str = "entra";
    const TIMES: Times = Times {
        poll: 120,
        overlap: 3_600,
        lag: 30,
    };

    fn check(&self, m: &mut Mistakes) {
        m.plain("entra.tenant", &self.tenant);
        m.url("entra.graph_url", self.graph_url.as_deref());
        m.url("entra.login_url", self.login_url.as_deref());
    }

    fn make(&self, times: &Times) -> Result<Made, PullError> {
        let address = |written: &Option<String>, usual: &str| {
            checked_url(written.as_deref().unwrap_or(usual)).map_err(|e| shape(&e))
        };
        let graph = address(&self.graph_url, "https://graph.microsoft.com")?;
        let login = address(&self.login_url, "https://login.microsoftonline.com")?;
        let scope = graph.join("/.default").map_err(|_| shape("no scope"))?;
        let pull = SignIns {
            http: Http::new()?,
            tokens: Tokens::new(OAuth {
                token_url: at(&login, &[&self.tenant, "oauth2", "v2.0", "token"])?,
                client_id: self.client_id.clone(),
                client_secret: self.client_secret.clone(),
                scope: Some(scope.into()),
                auth: ClientAuth::Body,
            }),
            graph,
            windows: times.windows(WINDOW_SECS),
        };
        Ok(Made {
            streams: vec![Stream {
                name: "sign-ins",
                pull: Box::new(pull),
                telephony: false,
            }],
            push: None,
        })
    }

    fn delivery_ms(&self, _: &Times) -> Option<i64> {
        None
    }
}

struct SignIns {
    http: Http,
    tokens: Tokens,
    graph: Url,
    windows: Windows,
}

#[derive(Deserialize)]
struct Found {
    value: Vec<Box<RawValue>>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

#[async_trait]
impl Pull for SignIns {
    async fn pull(&self, cursor: &Cursor, now: Time) -> Result<Page, PullError> {
        let Some(w) = self.windows.next(cursor, now) else {
            return Ok(Page::nothing(cursor));
        };
        let url = match &w.page {
            Some(link) => own_link(&self.graph, link)?,
            None => {
                let (from, until) = w.ends();
                let mut url = at(&self.graph, &["v1.0", "auditLogs", "signIns"])?;
                let span = format!("createdDateTime ge {from} and createdDateTime lt {until}");
                url.query_pairs_mut()
                    .append_pair("$filter", &span)
                    .append_pair("$top", &PAGE.to_string());
                url
            }
        };
        let request = |_: &_| Ok(self.http.get(url.clone()));
        let answer = match self.tokens.send(&self.http, MOST_PAGE, request).await {
            // The mark of a page lives for some minutes.
            Err(PullError::Status(400 | 404)) if w.page.is_some() => {
                return Err(PullError::PageGone);
            }
            other => other?,
        };
        let found: Found = page::read(&answer.body)?;
        if let Some(link) = &found.next {
            own_link(&self.graph, link)?;
        }
        Ok(self
            .windows
            .page(&w, page::records(&found.value, "/id"), found.next, now))
    }
}
