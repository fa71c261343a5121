//! Providers of sign-in: a real one, and one that says whatever a test wants.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ringfence_crypto::stand_in::{Public, Signer};
use ringfence_crypto::{EcdsaForm, to_base64url};
use serde_json::{Value, json};

use crate::browser::{Browser, Page};
use crate::running::now_ms;

/// npm `oidc-provider`.
pub struct Real {
    child: Mutex<Child>,
    out: Mutex<BufReader<ChildStdout>>,
    pub issuer: String,
}

impl Real {
    /// Starts it; `None`, with a note, where it is not there.
    pub fn start(client: &Value) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        if !root.join("console/node_modules/oidc-provider").exists() {
            assert!(
                std::env::var_os("CI").is_none(),
                "oidc-provider is missing: make console"
            );
            eprintln!("left out: oidc-provider is missing: make console");
            return None;
        }
        let mut child = Command::new(root.join("scripts/node.sh"))
            .args(["node", "console/scripts/provider.mjs", &client.to_string()])
            .current_dir(&root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut real = Self {
            out: Mutex::new(BufReader::new(child.stdout.take().unwrap())),
            child: Mutex::new(child),
            issuer: String::new(),
        };
        real.issuer = real.line()["issuer"].as_str().unwrap().to_owned();
        Some(real)
    }

    /// What it says next, apart from the notices of the library.
    fn line(&self) -> Value {
        let mut out = self.out.lock().unwrap();
        loop {
            let mut line = String::new();
            assert!(out.read_line(&mut line).unwrap() > 0, "the provider ended");
            if let Ok(said) = serde_json::from_str(&line) {
                return said;
            }
        }
    }

    /// Gives it other keys.
    pub fn rotate(&self) {
        let mut child = self.child.lock().unwrap();
        let input = child.stdin.as_mut().unwrap();
        input.write_all(b"rotate\n").unwrap();
        assert!(self.line()["keys"].is_u64());
    }

    /// Goes in as somebody who showed these methods; answers path and query of where it leads back to.
    #[track_caller]
    pub fn go_in(&self, at: &Browser, page: &Page, login: &str, amr: &str) -> String {
        let mut to = leads_to(page);
        for _ in 0..8 {
            if !to.starts_with(&self.issuer) {
                let (_, rest) = to.split_once("://").unwrap();
                return rest[rest.find('/').unwrap()..].to_owned();
            }
            let path = &to[self.issuer.len()..];
            let answer = match path.starts_with("/interaction/") {
                true => at.post(path, &[("login", login), ("amr", amr)]),
                false => at.open(path),
            };
            let next = answer
                .location()
                .unwrap_or_else(|| panic!("{path}: {}", answer.text));
            to = match next.starts_with('/') {
                true => format!("{}{next}", self.issuer),
                false => next.to_owned(),
            };
        }
        panic!("it leads nowhere: {to}");
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        // Its end of input ends it, and the shell before it.
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(child.stdin.take());
        let _ = child.wait();
    }
}

/// Where a page leads by itself.
#[track_caller]
pub fn leads_to(page: &Page) -> String {
    let refresh = page.headers.get("refresh");
    let refresh = refresh.unwrap_or_else(|| panic!("{} {}", page.status, page.text));
    let (_, url) = refresh.to_str().unwrap().split_once("url=").unwrap();
    url.to_owned()
}

/// What is answered at a path.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub after: Duration,
}

impl Reply {
    pub fn json(body: &Value) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
            after: Duration::ZERO,
        }
    }
}

/// A request that came.
#[derive(Clone)]
pub struct Came {
    pub path: String,
    pub head: String,
    pub body: String,
}

impl Came {
    /// A value of its form.
    pub fn form(&self, name: &str) -> Option<String> {
        let mut pairs = self.body.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(known, _)| *known == name)?;
        Some(value.to_owned())
    }
}

/// A provider that says whatever a test wants, with keys of its own.
pub struct Hostile {
    pub issuer: String,
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    came: Arc<Mutex<Vec<Came>>>,
    key: Signer,
}

impl Hostile {
    /// An honest one, to begin with.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let replies = Arc::new(Mutex::new(HashMap::new()));
        let came = Arc::new(Mutex::new(Vec::new()));
        let (answers, seen) = (Arc::clone(&replies), Arc::clone(&came));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, seen) = (Arc::clone(&answers), Arc::clone(&seen));
                std::thread::spawn(move || answer(stream, &answers, &seen));
            }
        });
        let op = Self {
            issuer,
            replies,
            came,
            key: Signer::es256(EcdsaForm::Fixed).unwrap(),
        };
        op.publish(&json!({}));
        op.publish_keys(&[("first", &op.key)]);
        op
    }

    /// What it publishes of itself, with changes.
    pub fn publish(&self, change: &Value) {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let mut said = json!({
            "issuer": self.issuer, "authorization_endpoint": at("/auth"),
            "token_endpoint": at("/token"), "jwks_uri": at("/jwks"),
            "userinfo_endpoint": at("/me"), "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "authorization_response_iss_parameter_supported": true,
        });
        for (name, value) in change.as_object().unwrap() {
            said[name] = value.clone();
        }
        self.reply("/.well-known/openid-configuration", Reply::json(&said));
    }

    pub fn publish_keys(&self, keys: &[(&str, &Signer)]) {
        let keys: Vec<_> = keys.iter().map(|(kid, key)| jwk(kid, key)).collect();
        self.reply("/jwks", Reply::json(&json!({ "keys": keys })));
    }

    pub fn reply(&self, path: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// Everything that came to a path.
    pub fn came(&self, path: &str) -> Vec<Came> {
        let came = self.came.lock().unwrap();
        came.iter()
            .filter(|came| came.path == path)
            .cloned()
            .collect()
    }

    /// Gives this token for every code.
    pub fn grant(&self, id_token: &str) {
        self.reply("/token", Reply::json(&granted(id_token)));
    }

    /// The claims that an honest provider would sign.
    pub fn claims(&self, subject: &str, nonce: &str) -> Value {
        let now = now_ms() / 1_000;
        json!({
            "iss": self.issuer, "sub": subject, "aud": "ringfence", "nonce": nonce,
            "iat": now, "exp": now + 300, "auth_time": now, "amr": ["mfa"],
        })
    }

    /// An honest token.
    pub fn token(&self, claims: &Value) -> String {
        signed(&json!({"alg": "ES256", "kid": "first"}), claims, &self.key)
    }

    /// An honest token that says that somebody signed out.
    pub fn logout_token(&self, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "kid": "first", "typ": "logout+jwt"});
        signed(&header, claims, &self.key)
    }

    /// Its public key.
    pub fn jwk(&self) -> Value {
        jwk("first", &self.key)
    }
}

/// What a token endpoint answers.
pub fn granted(id_token: &str) -> Value {
    json!({"token_type": "Bearer", "access_token": "an access token", "id_token": id_token})
}

/// A token in compact form.
pub fn signed(header: &Value, claims: &Value, key: &Signer) -> String {
    let unsigned = unsigned(header, claims);
    let signature = to_base64url(&key.sign(unsigned.as_bytes()));
    format!("{unsigned}.{signature}")
}

pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| to_base64url(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

fn jwk(kid: &str, key: &Signer) -> Value {
    match key.public() {
        Public::Es256 { x, y } => json!({
            "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig",
            "x": to_base64url(&x), "y": to_base64url(&y),
        }),
        Public::Ed25519(x) => {
            json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": to_base64url(&x)})
        }
        Public::Rsa { n, e } => {
            json!({"kty": "RSA", "kid": kid, "n": to_base64url(&n), "e": to_base64url(&e)})
        }
    }
}

/// Answers one request and hangs up.
fn answer(
    mut stream: TcpStream,
    replies: &Mutex<HashMap<String, Reply>>,
    came: &Mutex<Vec<Came>>,
) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.split('?').next()?.to_owned();
    came.lock().unwrap().push(Came {
        path: path.clone(),
        head,
        body: String::from_utf8(body).ok()?,
    });
    let reply = replies.lock().unwrap().get(&path).cloned();
    let reply = reply.unwrap_or(Reply {
        status: 404,
        headers: Vec::new(),
        body: Vec::new(),
        after: Duration::ZERO,
    });
    std::thread::sleep(reply.after);
    let mut text = format!("HTTP/1.1 {} x\r\nconnection: close\r\n", reply.status);
    text.push_str(&format!("content-length: {}\r\n", reply.body.len()));
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{text}\r\n").as_bytes()).ok()?;
    stream.write_all(&reply.body).ok()
}
