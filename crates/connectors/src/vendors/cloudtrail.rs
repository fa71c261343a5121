//! AWS CloudTrail: gzip files with a list `Records`, in a bucket or in a folder of this machine.

use std::path::PathBuf;

use async_trait::async_trait;
use reqwest::Url;
use ringfence_event::Time;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::page;
use crate::aws::{Bucket, Credentials, Files, Folder, Layout, Objects, Signer};
use crate::config::{Made, Mistakes, Times, Vendor};
use crate::cursor::Cursor;
use crate::http::{Http, checked_url, shape};
use crate::pull::{Page, Pull, PullError, Record, Stream};

/// A day of files at a time.
const WINDOW_SECS: i64 = 86_400;

/// `[connector.cloudtrail]`. Needs an IAM user or role with `s3:ListBucket` on the bucket and
/// `s3:GetObject` on the trail's prefix.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudTrailConfig {
    /// Files in a bucket. Either this or `folder`.
    pub bucket: Option<BucketConfig>,
    /// Files in a folder of this machine, its sub-folders included.
    pub folder: Option<PathBuf>,
}

/// A bucket, and where in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketConfig {
    /// The bucket's name.
    pub name: String,
    /// Its region, such as `eu-central-1`.
    pub region: String,
    /// What keys begin with, up to the folders that are named after time, such as
    /// `AWSLogs/123456789012/CloudTrail/eu-central-1/`.
    #[serde(default)]
    pub prefix: String,
    /// Folders under it: `day` (`2026/11/22/`), `hour` (`2026/11/22/09/`) or `none`.
    pub layout: Option<Layout>,
    /// Keys.
    pub credentials: Credentials,
    /// Address of the bucket, where it is not `https://NAME.s3.REGION.amazonaws.com`.
    pub url: Option<String>,
}

impl BucketConfig {
    pub(crate) fn check(&self, key: &str, m: &mut Mistakes) {
        m.plain(&format!("{key}.name"), &self.name);
        m.plain(&format!("{key}.region"), &self.region);
        m.url(&format!("{key}.url"), self.url.as_deref());
    }

    pub(crate) fn open(&self) -> Result<Bucket, PullError> {
        let usual = || format!("https://{}.s3.{}.amazonaws.com", self.name, self.region);
        let base: Url =
            checked_url(&self.url.clone().unwrap_or_else(usual)).map_err(|e| shape(&e))?;
        Ok(Bucket {
            http: Http::new()?,
            base,
            signer: Signer {
                credentials: self.credentials.clone(),
                region: self.region.clone(),
                service: "s3",
            },
        })
    }
}

impl Vendor for CloudTrailConfig {
    const NAME: &'static str = "cloudtrail";
    // Files are written about every five minutes, and are all there some minutes later.
    const TIMES: Times = Times {
        poll: 120,
        overlap: 900,
        lag: 10,
    };

    fn check(&self, m: &mut Mistakes) {
        if self.bucket.is_some() == self.folder.is_some() {
            m.add("cloudtrail.bucket", "either `bucket` or `folder`");
        }
        if let Some(bucket) = &self.bucket {
            bucket.check("cloudtrail.bucket", m);
        }
    }

    fn make(&self, times: &Times) -> Result<Made, PullError> {
        let (objects, prefix, layout): (Box<dyn Objects>, _, _) = match (&self.bucket, &self.folder)
        {
            (Some(bucket), _) => {
                let layout = bucket.layout.unwrap_or_default();
                (Box::new(bucket.open()?), bucket.prefix.clone(), layout)
            }
            (None, Some(folder)) => (
                Box::new(Folder(folder.clone())),
                String::new(),
                Layout::None,
            ),
            (None, None) => return Err(shape("neither bucket nor folder")),
        };
        Ok(Made {
            streams: vec![Stream {
                name: "files",
                pull: Box::new(Trail(Files {
                    objects,
                    prefix,
                    layout,
                    windows: times.windows(WINDOW_SECS),
                    split,
                    // Digests prove the files; they are no events.
                    skip: |key| key.contains("CloudTrail-Digest") || !key.contains(".json"),
                })),
                telephony: false,
            }],
            push: None,
        })
    }

    fn delivery_ms(&self, _: &Times) -> Option<i64> {
        None
    }
}

struct Trail(Files);

#[async_trait]
impl Pull for Trail {
    async fn pull(&self, cursor: &Cursor, now: Time) -> Result<Page, PullError> {
        self.0.page(cursor, now).await
    }
}

fn split(_: &str, text: &[u8]) -> Result<Vec<Record>, PullError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct File {
        records: Vec<Box<RawValue>>,
    }
    let file: File = page::read(text)?;
    Ok(page::records(&file.records, "/eventID"))
}
