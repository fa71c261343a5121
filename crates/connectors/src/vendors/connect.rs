//! Amazon Connect: contacts by request (`SearchContacts`, signed), contact records and agent events
//! as Firehose writes them to a bucket or sends them to us.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Url;
use ringfence_event::Time;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::cloudtrail::BucketConfig;
use super::page;
use crate::aws::{Credentials, Files, Layout, Signer, ToSign};
use crate::config::{Made, Mistakes, Times, Vendor};
use crate::cursor::Cursor;
use crate::http::{Http, MOST_PAGE, at, checked_url, shape};
use crate::pull::{Page, Pull, PullError, Record, Stream};
use crate::push::{Push, PushError, PushRequest, Pushed};
use crate::secret::SecretRef;
use crate::window::Windows;

/// Contacts a request; Connect's most.
const PAGE: usize = 100;
const WINDOW_SECS: i64 = 3_600;
/// Records of one Firehose request; its batches hold 500.
const MOST_RECORDS: usize = 10_000;

/// `[connector.connect]`. At least one of `search`, `bucket` and `firehose_key`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectConfig {
    /// Contacts by request.
    pub search: Option<SearchConfig>,
    /// Contact records and agent events in a bucket, as Firehose writes them. Needs
    /// `s3:ListBucket` and `s3:GetObject`.
    pub bucket: Option<BucketConfig>,
    /// Access key that Firehose sends with what it delivers to the push route.
    pub firehose_key: Option<SecretRef>,
    /// Seconds that Firehose holds records back at most before it delivers. Default 60, the least
    /// that it holds back for a bucket.
    pub buffer_secs: Option<u32>,
}

/// `[connector.connect.search]`. Needs an IAM user or role with `connect:SearchContacts` on the
/// instance.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// Id of the instance.
    pub instance_id: String,
    /// Its region, such as `eu-central-1`.
    pub region: String,
    /// Keys.
    pub credentials: Credentials,
    /// Address in place of `https://connect.REGION.amazonaws.com`.
    pub url: Option<String>,
}

impl ConnectConfig {
    fn buffer(&self) -> i64 {
        i64::from(self.buffer_secs.unwrap_or(60)) * 1_000
    }
}

impl Vendor for ConnectConfig {
    const NAME: &'static str = "connect";
    // SearchContacts may be asked every two seconds, for all who ask.
    const TIMES: Times = Times {
        poll: 30,
        overlap: 600,
        lag: 15,
    };

    fn check(&self, m: &mut Mistakes) {
        if let Some(search) = &self.search {
            m.plain("connect.search.instance_id", &search.instance_id);
            m.plain("connect.search.region", &search.region);
            m.url("connect.search.url", search.url.as_deref());
        }
        if let Some(bucket) = &self.bucket {
            bucket.check("connect.bucket", m);
        }
        if self.search.is_none() && self.bucket.is_none() && self.firehose_key.is_none() {
            m.add(
                "connect.search",
                "at least one of `search`, `bucket` and `firehose_key`",
            );
        }
        if self.buffer_secs.is_some_and(|secs| secs > 900) {
            m.add("connect.buffer_secs", "at most 900");
        }
    }

    fn make(&self, times: &Times) -> Result<Made, PullError> {
        let mut streams = Vec::new();
        if let Some(search) = &self.search {
            let usual = || format!("https://connect.{}.amazonaws.com", search.region);
            let base =
                checked_url(&search.url.clone().unwrap_or_else(usual)).map_err(|e| shape(&e))?;
            let shared = Arc::new(Search {
                http: Http::new()?,
                url: at(&base, &["search-contacts"])?,
                instance: search.instance_id.clone(),
                signer: Signer {
                    credentials: search.credentials.clone(),
                    region: search.region.clone(),
                    service: "connect",
                },
                windows: times.windows(WINDOW_SECS),
            });
            // A contact is shown by each of its times: when it begins, is taken and ends.
            for (name, by) in [
                ("begun", "INITIATION_TIMESTAMP"),
                ("connected", "CONNECTED_TO_AGENT_TIMESTAMP"),
                ("ended", "DISCONNECT_TIMESTAMP"),
            ] {
                let shared = Arc::clone(&shared);
                streams.push(Stream {
                    name,
                    pull: Box::new(Contacts { shared, by }),
                    telephony: true,
                });
            }
        }
        if let Some(bucket) = &self.bucket {
            let lag = (self.buffer() + 15_000).max(i64::from(times.lag) * 1_000);
            streams.push(Stream {
                name: "bucket",
                pull: Box::new(Written(Files {
                    objects: Box::new(bucket.open()?),
                    prefix: bucket.prefix.clone(),
                    layout: bucket.layout.unwrap_or(Layout::Hour),
                    windows: Windows {
                        lag,
                        ..times.windows(WINDOW_SECS)
                    },
                    split: |key, text| Ok(split(key, text)),
                    skip: |_| false,
                })),
                telephony: true,
            });
        }
        let push = self.firehose_key.clone().map(|key| {
            let buffer = self.buffer();
            Box::new(Firehose { key, buffer }) as Box<dyn Push>
        });
        Ok(Made { streams, push })
    }

    fn delivery_ms(&self, times: &Times) -> Option<i64> {
        let buffered = self.bucket.is_some() || self.firehose_key.is_some();
        let held = if buffered {
            2 * self.buffer() + 15_000
        } else {
            0
        };
        Some(times.delivery_ms() + held)
    }
}

struct Search {
    http: Http,
    url: Url,
    instance: String,
    signer: Signer,
    windows: Windows,
}

struct Contacts {
    shared: Arc<Search>,
    by: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    #[serde(default)]
    contacts: Vec<Box<RawValue>>,
    next_token: Option<String>,
}

#[async_trait]
impl Pull for Contacts {
    async fn pull(&self, cursor: &Cursor, now: Time) -> Result<Page, PullError> {
        let Search {
            http,
            url,
            instance,
            signer,
            windows,
        } = &*self.shared;
        let Some(w) = windows.next(cursor, now) else {
            return Ok(Page::nothing(cursor));
        };
        // Amazon's JSON writes moments as seconds.
        let seconds = |ms: i64| ms.div_euclid(1_000);
        let mut body = json!({
            "InstanceId": instance,
            "TimeRange": {"Type": self.by, "StartTime": seconds(w.from), "EndTime": seconds(w.until) + 1},
            "SearchCriteria": {"Channels": ["VOICE"]},
            "MaxResults": PAGE,
            "Sort": {"FieldName": self.by, "Order": "ASCENDING"},
        });
        if let (Some(page), Some(body)) = (&w.page, body.as_object_mut()) {
            body.insert("NextToken".into(), page.as_str().into());
        }
        let body = body.to_string();
        let what = ToSign {
            method: "POST",
            url,
            body: body.as_bytes(),
            escape_path_again: true,
        };
        let request = http
            .post(url.clone())
            .header("content-type", "application/json");
        let request = signer.sign(request, &what, now)?.body(body.clone());
        let answer = match http.send(request, MOST_PAGE).await {
            // A token that has ended.
            Err(PullError::Status(400)) if w.page.is_some() => return Err(PullError::PageGone),
            other => other?,
        };
        let found: Found = page::read(&answer.body)?;
        let next = found.next_token.filter(|t| !t.is_empty());
        Ok(windows.page(&w, page::records(&found.contacts, "/Id"), next, now))
    }
}

struct Written(Files);

#[async_trait]
impl Pull for Written {
    async fn pull(&self, cursor: &Cursor, now: Time) -> Result<Page, PullError> {
        self.0.page(cursor, now).await
    }
}

/// The records of a file: Firehose writes JSON objects one behind the other, with or without a line
/// end between them.
fn split(key: &str, text: &[u8]) -> Vec<Record> {
    let objects = serde_json::Deserializer::from_slice(text).into_iter::<Box<RawValue>>();
    // What follows a broken object cannot be told apart: it is handed over as it is, to be refused
    // and seen in quarantine.
    let mut out = Vec::new();
    let mut objects = objects;
    while let Some(Ok(object)) = objects.next() {
        let nth = out.len();
        out.push(Record::json(
            object.get().to_owned(),
            &format!("{key}#{nth}"),
        ));
    }
    let rest = text
        .get(objects.byte_offset()..)
        .unwrap_or_default()
        .trim_ascii();
    if !rest.is_empty() {
        let rest = rest.get(..rest.len().min(64 << 10)).unwrap_or_default();
        out.push(Record::json(rest.to_vec(), &format!("{key}#rest")));
    }
    out
}

/// Firehose's *HTTP endpoint delivery*: JSON with records in base64, and an access key in a header.
struct Firehose {
    key: SecretRef,
    buffer: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivered {
    request_id: String,
    timestamp: i64,
    records: Vec<Data>,
}

#[derive(Deserialize)]
struct Data {
    data: String,
}

impl Push for Firehose {
    fn read(&self, request: &PushRequest, now: Time) -> Result<Pushed, PushError> {
        let given = request
            .header("x-amz-firehose-access-key")
            .unwrap_or_default();
        let key = self.key.read()?;
        if !ringfence_crypto::constant_time_eq(given.as_bytes(), key.reveal().as_bytes()) {
            return Err(PushError::Unproven);
        }
        let shape = |what: &str| PushError::Shape(what.to_owned());
        let delivered: Delivered =
            serde_json::from_slice(&request.body).map_err(|_| shape("no request of Firehose"))?;
        if delivered.records.len() > MOST_RECORDS || delivered.request_id.len() > 256 {
            return Err(shape("more than 10,000 records"));
        }
        let mut records = Vec::new();
        for (nth, record) in delivered.records.iter().enumerate() {
            let text = BASE64_STANDARD
                .decode(&record.data)
                .map_err(|_| shape("a record is not base64"))?;
            records.extend(split(&format!("{}/{nth}", delivered.request_id), &text));
        }
        let answer = json!({"requestId": delivered.request_id, "timestamp": now.0});
        Ok(Pushed {
            records,
            answer: Some(("application/json", answer.to_string().into_bytes())),
            // What was held back longer than this is in here, or was before.
            through: Some(Time(delivered.timestamp.min(now.0) - self.buffer)),
        })
    }
}
