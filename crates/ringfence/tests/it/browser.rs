//! A browser that runs no script: it keeps cookies and posts forms.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use reqwest::header::{HeaderMap, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use ringfence_crypto::{from_base32, hmac_sha1_legacy};
use serde_json::Value;

use crate::running::{Server, block_on, now_ms, send};

/// Good enough for every rule.
pub const PASSWORD: &str = "correct-horse-battery-7";

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    block_on(async {});
    let client = Client::builder().redirect(Policy::none());
    client.timeout(Duration::from_secs(60)).build().unwrap()
});

/// A browser at a server.
pub struct Browser {
    base: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What a form's answer is.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub text: String,
    pub headers: HeaderMap,
}

impl Page {
    /// The value of a hidden field.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let rest = self.text.split(&mark).nth(1);
        let rest = rest.unwrap_or_else(|| panic!("no field {name}: {}", self.text));
        rest.split('"').next().unwrap().replace("&amp;", "&")
    }

    /// Where it leads.
    pub fn location(&self) -> Option<&str> {
        self.headers.get("location")?.to_str().ok()
    }

    /// What it says is wrong.
    pub fn error(&self) -> Option<&str> {
        self.text
            .split("<p class=\"error\" role=\"alert\">")
            .nth(1)?
            .split("</p>")
            .next()
    }
}

/// What shows one-time codes.
#[derive(Clone)]
pub struct Phone(Vec<u8>);

impl Phone {
    /// Of the secret that a page shows.
    #[track_caller]
    pub fn of(page: &Page) -> Self {
        let shown = page
            .text
            .split("<figcaption><code>")
            .nth(1)
            .expect(&page.text);
        Self(from_base32(shown.split('<').next().unwrap()).unwrap())
    }

    /// The code of now, or of so many steps later.
    pub fn code(&self, later: i64) -> String {
        let step = now_ms() / 30_000 + later;
        let tag = hmac_sha1_legacy(&self.0, &[&step.to_be_bytes()]);
        let at = usize::from(tag[19] & 15);
        let number = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

impl Browser {
    pub fn new(server: &Server) -> Self {
        Self::at(&server.url(""))
    }

    /// At any server, such as a provider of sign-in.
    pub fn at(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            cookies: Mutex::default(),
        }
    }

    /// A request with the cookies that it has.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies = self.cookies.lock().unwrap();
        let all: Vec<_> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        CLIENT
            .request(method, format!("{}{path}", self.base))
            .header("cookie", all.join("; "))
            .header("user-agent", "A test's browser")
    }

    /// Sends what it is given, keeps the cookies of the answer.
    pub fn go(&self, request: RequestBuilder) -> Page {
        let page = block_on(async {
            let answer = request.send().await.unwrap();
            Page {
                status: answer.status().as_u16(),
                headers: answer.headers().clone(),
                text: answer.text().await.unwrap(),
            }
        });
        for set in page.headers.get_all(SET_COOKIE) {
            let (name, rest) = set.to_str().unwrap().split_once('=').unwrap();
            self.set_cookie(name, rest.split(';').next().unwrap());
        }
        page
    }

    pub fn open(&self, path: &str) -> Page {
        self.go(self
            .request(Method::GET, path)
            .header("accept", "text/html"))
    }

    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let request = self
            .request(Method::POST, path)
            .header("origin", &self.base);
        self.go(form_of(request, form))
    }

    /// What the console's script asks.
    pub fn api(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let request = self
            .request(method, path)
            .header("x-ringfence-console", "1");
        send(request.header("x-ringfence-idle", "0").json(body))
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        self.api(Method::GET, path, &Value::Null)
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies
            .lock()
            .unwrap()
            .insert(name.to_owned(), value.to_owned());
    }

    /// Enrols by a code with a password and one-time codes.
    #[track_caller]
    pub fn enrol(&self, code: &str) -> Phone {
        let page = self.post("/enrol", &[("code", code)]);
        assert_eq!(page.status, 200, "{}", page.text);
        self.choose(&page)
    }

    /// Sets a password and one-time codes up on the page that asks for them.
    #[track_caller]
    pub fn choose(&self, page: &Page) -> Phone {
        let phone = Phone::of(page);
        let (flow, code) = (page.field("flow"), phone.code(-1));
        let page = self.post(
            "/enrol/password",
            &[
                ("flow", &flow),
                ("password", PASSWORD),
                ("again", PASSWORD),
                ("code", &code),
            ],
        );
        assert_eq!(page.status, 200, "{:?}", page.error());
        assert!(self.cookie("ringfence_session").is_some());
        phone
    }

    /// Signs in with a password and a code.
    pub fn sign_in(&self, login: &str, code: &str) -> Page {
        let page = self.post("/signin", &[("login", login), ("password", PASSWORD)]);
        if page.status != 200 {
            return page;
        }
        let flow = page.field("flow");
        self.post("/signin/code", &[("flow", &flow), ("code", code)])
    }
}

/// Puts a form into a request, as browsers write it.
pub fn form_of(request: RequestBuilder, form: &[(&str, &str)]) -> RequestBuilder {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._*".contains(byte);
    let written = |text: &str| -> String {
        let byte = |byte: u8| match plain(&byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    let pairs = form
        .iter()
        .map(|(name, value)| format!("{}={}", written(name), written(value)));
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(pairs.collect::<Vec<_>>().join("&"))
}

/// Signs the first administrator in: `ada`, with the roles administrator and analyst everywhere.
#[track_caller]
pub fn administrator(server: &Server) -> (Browser, Phone) {
    let file = server.data().join("first-administrator.txt");
    let code = std::fs::read_to_string(file).unwrap();
    let browser = Browser::new(server);
    let page = browser.post("/enrol", &[("code", code.trim())]);
    assert_eq!(page.status, 200, "{}", page.text);
    let who = [
        ("flow", page.field("flow")),
        ("login", "Ada".to_owned()),
        ("name", "Ada L".to_owned()),
    ];
    let who: Vec<_> = who
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let page = browser.post("/enrol/name", &who);
    assert_eq!(page.status, 200, "{}", page.text);
    let phone = browser.choose(&page);
    (browser, phone)
}

/// Invites somebody; answers their id and enrolment code.
#[track_caller]
pub fn invite(by: &Browser, login: &str, roles: &Value) -> (String, String) {
    let new = serde_json::json!({"login": login, "name": login, "roles": roles});
    let (status, made) = by.api(Method::POST, "/api/v1/people", &new);
    assert_eq!(status, 201, "{made}");
    let text = |pointer: &str| made.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    (text("/account/id"), text("/enrolment/code"))
}
