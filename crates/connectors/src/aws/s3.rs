//! A bucket: `ListObjectsV2` and `GetObject`, signed.

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::Url;
use ringfence_event::Time;

use super::objects::{MOST_STORED, Object, Objects};
use super::sigv4::{Signer, ToSign};
use crate::http::{Http, MOST_PAGE, shape};
use crate::pull::PullError;

/// Keys a request.
const PAGE: &str = "200";

/// One bucket.
pub(crate) struct Bucket {
    pub http: Http,
    /// `https://bucket.s3.region.amazonaws.com`, or an address of another service with the bucket
    /// as its path.
    pub base: Url,
    pub signer: Signer,
}

#[async_trait]
impl Objects for Bucket {
    async fn list(
        &self,
        prefix: &str,
        after: &str,
        now: Time,
    ) -> Result<(Vec<Object>, bool), PullError> {
        let mut url = self.base.clone();
        url.query_pairs_mut()
            .append_pair("list-type", "2")
            .append_pair("max-keys", PAGE)
            .append_pair("prefix", prefix);
        if !after.is_empty() {
            url.query_pairs_mut().append_pair("start-after", after);
        }
        let body = self.ask(url, MOST_PAGE, now).await?;
        listing(&body)
    }

    async fn get(&self, key: &str, now: Time) -> Result<Bytes, PullError> {
        let parts: Vec<&str> = key.split('/').collect();
        let url = crate::http::at(&self.base, &parts)?;
        self.ask(url, MOST_STORED, now).await
    }
}

impl Bucket {
    async fn ask(&self, url: Url, most: usize, now: Time) -> Result<Bytes, PullError> {
        let what = ToSign {
            method: "GET",
            url: &url,
            body: b"",
            escape_path_again: false,
        };
        let request = self.signer.sign(self.http.get(url.clone()), &what, now)?;
        Ok(self.http.send(request, most).await?.body)
    }
}

/// Keys and times of a `ListBucketResult`, and whether it was cut.
fn listing(body: &[u8]) -> Result<(Vec<Object>, bool), PullError> {
    let text = std::str::from_utf8(body).map_err(|_| shape("a listing is no text"))?;
    let document = roxmltree::Document::parse(text).map_err(|_| shape("a listing is no XML"))?;
    let root = document.root_element();
    let text_of = |node: roxmltree::Node<'_, '_>, name: &str| {
        let child = node.children().find(|c| c.tag_name().name() == name)?;
        child.text().map(str::to_owned)
    };
    let contents = root
        .children()
        .filter(|n| n.tag_name().name() == "Contents");
    let objects = contents
        .filter_map(|node| {
            let written = text_of(node, "LastModified")?;
            Some(Object {
                key: text_of(node, "Key")?,
                written: Time::parse_rfc3339(&written).ok()?.0,
            })
        })
        .collect();
    let cut = text_of(root, "IsTruncated").is_some_and(|t| t == "true");
    Ok((objects, cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read() {
        let text = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
            <Name>b</Name><IsTruncated>true</IsTruncated>\
            <Contents><Key>a&amp;b.gz</Key><LastModified>2026-11-22T09:30:00.000Z</LastModified><Size>1</Size></Contents>\
            </ListBucketResult>";
        let (objects, cut) = listing(text.as_bytes()).unwrap();
        assert_eq!(objects[0].key, "a&b.gz");
        assert_eq!(objects[0].written, 1_795_339_800_000);
        assert!(cut && listing(b"<html").is_err());
    }
}
