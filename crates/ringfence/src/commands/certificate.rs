//! `ringfence certificate`: the key is made here and never leaves; the server certifies it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::Done;
use crate::args::{Certificate, CertificateHolder, CertificateWhat};
use crate::client::{Api, block_on};
use crate::output::{Failure, Out, say};

/// Issues, renews, lists or revokes certificates.
pub fn run(args: &Certificate, out: &Out) -> Done {
    match &args.what {
        CertificateWhat::Issue {
            holder,
            key,
            cert,
            days,
            server,
        } => {
            let api = Api::new(server)?;
            let (secret, request) = ringfence_sources::new_request().map_err(Failure::input)?;
            let body = json!({"request": request, "days": days});
            let made = ask(&api, Method::POST, &path(holder), Some(&body))?;
            keep(key, secret.expose(), cert, &made)?;
            told(cert, &made, out)?;
        }
        CertificateWhat::Renew {
            key,
            cert,
            overlap_minutes,
            server,
        } => {
            let api = Api::with_certificate(server, key, cert)?;
            let (secret, request) = ringfence_sources::new_request().map_err(Failure::input)?;
            let body = json!({"request": request, "overlap_minutes": overlap_minutes});
            let path = "/api/v1/certificates/renew";
            let made = ask(&api, Method::POST, path, Some(&body))?;
            keep(key, secret.expose(), cert, &made)?;
            told(cert, &made, out)?;
        }
        CertificateWhat::List { holder, server } => {
            let answer = ask(&Api::new(server)?, Method::GET, &path(holder), None)?;
            let items = answer.get("items").and_then(Value::as_array);
            let rows = items.into_iter().flatten();
            let rows: Vec<Map<_, _>> = rows.filter_map(|i| i.as_object().cloned()).collect();
            let columns = [
                "until_ms",
                "last_used_ms",
                "revoked_ms",
                "made_by",
                "fingerprint",
            ];
            out.rows(&columns, &rows)?;
        }
        CertificateWhat::Revoke {
            holder,
            fingerprint,
            server,
        } => {
            let api = Api::new(server)?;
            let path = format!("{}/{fingerprint}", path(holder));
            block_on(async {
                let request = api.request(Method::DELETE, &path).map_err(Failure::usage)?;
                api.send(request).await
            })?;
            say("The next request with it is refused.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn path(holder: &CertificateHolder) -> String {
    match (&holder.source, &holder.service) {
        (Some(id), _) => format!("/api/v1/sources/{id}/certificates"),
        (None, id) => {
            let id = id.as_deref().unwrap_or_default();
            format!("/api/v1/services/{id}/certificates")
        }
    }
}

fn ask(api: &Api, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
    block_on(async {
        let request = api.request(method, path).map_err(Failure::usage)?;
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        api.json(request).await
    })
}

/// Both files beside their places first, so that those there were are replaced when both are whole.
fn keep(key: &Path, secret: &str, cert: &Path, made: &Value) -> Result<(), Failure> {
    let pem = made.get("pem").and_then(Value::as_str).unwrap_or_default();
    let new_key = beside(key, 0o600, secret)?;
    let new_cert = beside(cert, 0o644, pem)?;
    for (new, place) in [(new_key, key), (new_cert, cert)] {
        fs::rename(&new, place)
            .with_context(|| format!("cannot write `{}`", place.display()))
            .map_err(Failure::input)?;
    }
    Ok(())
}

fn beside(place: &Path, mode: u32, text: &str) -> Result<PathBuf, Failure> {
    let mut name = place.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let write = || {
        if new.exists() {
            fs::remove_file(&new)?;
        }
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(mode).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write()
        .with_context(|| format!("cannot write `{}`", new.display()))
        .map_err(Failure::input)?;
    Ok(new)
}

fn told(cert: &Path, made: &Value, out: &Out) -> Result<(), Failure> {
    say(format!("The certificate is in {}.", cert.display()));
    let row = made.get("certificate").and_then(Value::as_object);
    out.object(&json!(row))?;
    Ok(())
}
