//! Intake bodies: read and inflated within bounds.

use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};

use crate::app::Limits;
use crate::problem::Problem;

/// Reads a whole body, decompressed by its `Content-Encoding`.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Bytes, Problem> {
    let encoding = match headers.get(header::CONTENT_ENCODING).map(|v| v.to_str()) {
        None => Encoding::Identity,
        Some(Ok(text)) => Encoding::parse(text)?,
        Some(Err(_)) => return Err(Problem::unsupported("the content encoding is not text")),
    };
    let limit = limits.body_bytes;
    let sent = match Limited::new(body, limit).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(Problem::too_large(format!(
                "send at most {limit} bytes at a time"
            )));
        }
        Err(error) => return Err(broken_off(&*error)),
    };
    if encoding == Encoding::Identity {
        return Ok(sent);
    }
    let most = limits.inflated_bytes;
    // Inflating 32 MiB takes long enough to be kept off the threads that serve others.
    tokio::task::spawn_blocking(move || inflate(&sent, encoding, most))
        .await
        .map_err(|e| Problem::internal(&e))?
}

fn broken_off(error: &(dyn std::error::Error + 'static)) -> Problem {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut io = causes.filter_map(|error| error.downcast_ref::<std::io::Error>());
    if io.any(|error| error.kind() == std::io::ErrorKind::TimedOut) {
        return Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "too-slow",
            "The body came too slowly",
            "send it at 4 KiB a second at least",
        );
    }
    Problem::bad_request("the body ended early")
}

/// Reads a body that nobody asks for, so that its sender gets to the answer.
pub(crate) async fn discard(body: Body, limits: &Limits) {
    // What is longer than any intake may cost its sender the connection.
    let _ = Limited::new(body, limits.body_bytes).collect().await;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    fn parse(text: &str) -> Result<Self, Problem> {
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(Problem::unsupported(
                "content encodings are gzip, zstd and none",
            )),
        }
    }
}

fn inflate(sent: &[u8], encoding: Encoding, most: usize) -> Result<Bytes, Problem> {
    let mut out = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = match encoding {
        Encoding::Identity => return Ok(Bytes::copy_from_slice(sent)),
        Encoding::Gzip => flate2::read::MultiGzDecoder::new(sent)
            .take(limit)
            .read_to_end(&mut out),
        Encoding::Zstd => zstd::Decoder::new(sent).and_then(|mut decoder| {
            // A window of 128 MiB is what a frame may ask for; 8 MiB is what ours may have.
            decoder.window_log_max(23)?;
            decoder.take(limit).read_to_end(&mut out)
        }),
    };
    if out.len() > most {
        return Err(Problem::too_large(format!(
            "the body inflates to more than {most} bytes"
        )));
    }
    read.map_err(|_| Problem::bad_request("the body is not what its content encoding says"))?;
    Ok(out.into())
}

#[doc(hidden)]
pub fn fuzz_body(data: &[u8]) {
    for encoding in [Encoding::Gzip, Encoding::Zstd] {
        if let Ok(out) = inflate(data, encoding, 1 << 20) {
            assert!(out.len() <= 1 << 20);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        e.write_all(data).unwrap();
        e.finish().unwrap()
    }

    #[test]
    fn bombs_are_stopped_at_the_limit() {
        let zeros = vec![0; 4 << 20];
        for (bytes, encoding) in [
            (gzip(&zeros), Encoding::Gzip),
            (zstd::encode_all(&zeros[..], 3).unwrap(), Encoding::Zstd),
        ] {
            assert!(inflate(&bytes, encoding, 1 << 20).is_err());
            assert_eq!(inflate(&bytes, encoding, 4 << 20).unwrap().len(), 4 << 20);
        }
    }

    #[test]
    fn damaged_bodies_are_refused() {
        let mut bytes = gzip(b"hello hello hello");
        bytes.truncate(bytes.len() - 4);
        assert!(inflate(&bytes, Encoding::Gzip, 1 << 20).is_err());
        assert!(Encoding::parse("br").is_err());
    }
}
