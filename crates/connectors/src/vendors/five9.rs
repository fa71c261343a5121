//! Five9: a report is run for a span of time (`runReport`), waited for (`isReportRunning`) and
//! fetched as CSV (`getReportResultCsv`): SOAP of the Configuration Web Services.

use async_trait::async_trait;
use reqwest::Url;
use ringfence_event::Time;
use serde::Deserialize;

use crate::config::{Made, Mistakes, Times, Vendor};
use crate::csv;
use crate::cursor::Cursor;
use crate::http::{Http, checked_url, shape};
use crate::pull::{Page, Pull, PullError, Stream};
use crate::secret::SecretRef;
use crate::window::{Window, Windows};

/// Largest report.
const MOST_REPORT: usize = 64 << 20;
/// Five9 asks for short spans.
const WINDOW_SECS: i64 = 3_600;
/// A report that was asked for so often and is not done is given up and asked for anew.
const MOST_LOOKS: u32 = 120;

/// `[connector.five9]`. Needs a user with the role *Administrator* or *Reporting* and the
/// permission to use web services.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Five9Config {
    /// User.
    pub username: String,
    /// Password.
    pub password: SecretRef,
    /// Folder of the report. Default `Call Log Reports`.
    pub folder: Option<String>,
    /// Name of the report. Default `Call Log`. Its columns are those that the mapping `five9`
    /// names (docs/connectors.md).
    pub report: Option<String>,
    /// Address of the web service. Default
    /// `https://api.five9.com/wsadmin/v13/AdminWebService`; `.eu` for Europe.
    pub url: Option<String>,
}

impl Vendor for Five9Config {
    const NAME: &'static str = "five9";
    // A call is in the report when it is over, and its record is written.
    const TIMES: Times = Times {
        poll: 300,
        overlap: 1_800,
        lag: 60,
    };

    fn check(&self, m: &mut Mistakes) {
        m.url("five9.url", self.url.as_deref());
        if self.username.is_empty() || self.username.contains(':') {
            m.add("five9.username", "must not be empty or hold a colon");
        }
    }

    fn make(&self, times: &Times) -> Result<Made, PullError> {
        let usual = "https://api.five9.com/wsadmin/v13/AdminWebService";
        let url = checked_url(self.url.as_deref().unwrap_or(usual)).map_err(|e| shape(&e))?;
        let text = |written: &Option<String>, usual: &str| {
            written.clone().unwrap_or_else(|| usual.to_owned())
        };
        let pull = Reports {
            http: Http::new()?,
            url,
            username: self.username.clone(),
            password: self.password.clone(),
            folder: text(&self.folder, "Call Log Reports"),
            report: text(&self.report, "Call Log"),
            windows: times.windows(WINDOW_SECS),
        };
        Ok(Made {
            streams: vec![Stream {
                name: "report",
                pull: Box::new(pull),
                telephony: true,
            }],
            push: None,
        })
    }

    fn delivery_ms(&self, _: &Times) -> Option<i64> {
        // Detail records: the join waits for those in its own way.
        None
    }
}

struct Reports {
    http: Http,
    url: Url,
    username: String,
    password: SecretRef,
    folder: String,
    report: String,
    windows: Windows,
}

#[async_trait]
impl Pull for Reports {
    async fn pull(&self, cursor: &Cursor, now: Time) -> Result<Page, PullError> {
        let Some(w) = self.windows.next(cursor, now) else {
            return Ok(Page::nothing(cursor));
        };
        // The mark: the report that is being made, and how often it was looked at.
        let mark = w.page.as_deref().and_then(|m| m.split_once(' '));
        let Some((looks, id)) = mark else {
            let id = self.call("runReport", &self.criteria(&w)).await?;
            let mark = format!("0 {}", id.trim());
            return Ok(self.windows.page(&w, Vec::new(), Some(mark), now));
        };
        let looks: u32 = looks.parse().unwrap_or(0);
        let named = format!("<identifier>{}</identifier>", escape(id));
        let wait = format!("{named}<timeout>5</timeout>");
        if self.call("isReportRunning", &wait).await?.trim() != "false" {
            if looks >= MOST_LOOKS {
                return Err(PullError::PageGone);
            }
            return Err(PullError::NotYet);
        }
        let text = self.call("getReportResultCsv", &named).await?;
        // The same span of time gives the same rows again, but not at the same places: rows are
        // known by the uid that the mapping takes from them.
        let records = csv::parts(&format!("five9 {id}"), text.as_bytes());
        Ok(self.windows.page(&w, records, None, now))
    }
}

impl Reports {
    fn criteria(&self, w: &Window) -> String {
        let (from, until) = w.ends();
        format!(
            "<folderName>{}</folderName><reportName>{}</reportName>\
             <criteria><time><end>{until}</end><start>{from}</start></time></criteria>",
            escape(&self.folder),
            escape(&self.report)
        )
    }

    /// Calls a method; answers the text of its `return`.
    async fn call(&self, method: &str, arguments: &str) -> Result<String, PullError> {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns:ser=\"http://service.admin.ws.five9.com/\"><soapenv:Header/><soapenv:Body>\
             <ser:{method}>{arguments}</ser:{method}></soapenv:Body></soapenv:Envelope>"
        );
        let password = self.password.read()?;
        let request = self
            .http
            .post(self.url.clone())
            .basic_auth(&self.username, Some(password.reveal()))
            .header("content-type", "text/xml; charset=utf-8")
            .header("soapaction", "\"\"")
            .body(body);
        let answer = self.http.send(request, MOST_REPORT).await?;
        returned(&answer.body)
    }
}

/// The text of `return` in a SOAP answer.
fn returned(body: &[u8]) -> Result<String, PullError> {
    let text = std::str::from_utf8(body).map_err(|_| shape("the answer is no text"))?;
    let document = roxmltree::Document::parse(text).map_err(|_| shape("the answer is no XML"))?;
    let named = |name: &str| document.descendants().find(|n| n.tag_name().name() == name);
    if named("Fault").is_some() {
        return Err(shape("a SOAP fault: check folder and name of the report"));
    }
    let node = named("return").ok_or_else(|| shape("no `return` in it"))?;
    Ok(node.text().unwrap_or_default().to_owned())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_in_return() {
        let envelope =
            |body: &str| format!("<e:Envelope xmlns:e=\"x\"><e:Body>{body}</e:Body></e:Envelope>");
        let good = envelope(
            "<ns2:r xmlns:ns2=\"y\"><return>CALL ID,ANI\n1,\"a &amp; b\"\n</return></ns2:r>",
        );
        assert_eq!(
            returned(good.as_bytes()).unwrap(),
            "CALL ID,ANI\n1,\"a & b\"\n"
        );
        let fault = envelope("<e:Fault><faultstring>no</faultstring></e:Fault>");
        assert!(returned(fault.as_bytes()).is_err());
        assert!(returned(b"<html>").is_err());
    }
}
