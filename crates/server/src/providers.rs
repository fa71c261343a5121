//! `[[access.provider]]`: who vouches for people.

use std::path::PathBuf;

use ringfence_connectors::SecretRef;
use ringfence_event::Secret;
use ringfence_federation::{Mfa, Provider, ProviderConfig, ReadSecret};
use ringfence_identity::oidc;
use serde::Deserialize;
use toml::Spanned;

use crate::config::AccessConfig;
use crate::server::ServerError;
use crate::written::{Mistakes, Section};

/// Providers that a page of sign-in has room for.
const MOST: usize = 10;
const MOST_LABEL: usize = 64;
const DAY_MINUTES: u64 = 24 * 60;

/// `[[access.provider]]`.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// `name`: its name in addresses of ours: lower-case letters, digits and `-`.
    pub name: String,
    /// `label`: what people call it. Default: its name.
    pub label: String,
    /// `issuer`: its name for itself, letter by letter; beneath it is what it publishes of itself.
    pub issuer: String,
    /// `client_id`: what this server is called there.
    pub client_id: String,
    /// `client_secret`: `{ file = "…" }` or `{ env = "…" }`. Default none: a public client.
    pub client_secret: Option<SecretRef>,
    /// `scopes`: asked for besides `openid`. Default: what `match` needs.
    pub scopes: Vec<String>,
    /// `mfa`: values of `acr` or `amr` that say that more than one factor was shown there. Default none.
    pub mfa: Mfa,
    /// `match`: the claim that is the sign-in name of somebody who never signed in. Default none.
    pub matching: Option<String>,
    /// `max_age_minutes`: how long ago somebody may have signed in there. Default: as it sees fit.
    pub max_age_minutes: Option<u64>,
    /// `ca_file`: PEM file of further authorities for it.
    pub ca_file: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenMfa {
    acr: Vec<String>,
    amr: Vec<String>,
}

/// Reads all of them.
pub(crate) fn read_all<'i>(
    access: &mut Section<'i>,
    m: &mut Mistakes<'i>,
) -> Vec<ProviderSettings> {
    let mut found: Vec<ProviderSettings> = Vec::new();
    for section in access.tables("provider", m) {
        let (at, path) = (section.at(), section.path_of("name"));
        let Some(provider) = read(section, m) else {
            continue;
        };
        // Answers of two with one issuer could not be told apart.
        if found.iter().any(|p| p.name == provider.name) {
            m.add(at, path, "is the name of another provider");
        } else if found.iter().any(|p| p.issuer == provider.issuer) {
            m.add(at, path, "another provider has the same `issuer`");
        } else if found.len() == MOST {
            m.add(at, path, format!("{MOST} providers at most"));
        } else {
            found.push(provider);
        }
    }
    found
}

fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Option<ProviderSettings> {
    let mut text = |key: &'static str, wanted: &str, fits: fn(&str) -> bool| {
        let text = s.take::<String>(key, m);
        match text {
            Some(text) if fits(text.get_ref()) => return Some(text.into_inner()),
            Some(text) => m.add(text.span().start, s.path_of(key), wanted),
            None => m.add(s.at(), s.path_of(key), wanted),
        }
        None
    };
    let name = text(
        "name",
        "a provider needs a name of 1 to 32 lower-case letters, digits and `-`",
        is_name,
    );
    let client_id = text(
        "client_id",
        "a provider needs what this server is called there",
        is_visible,
    );
    let issuer = s.take::<String>("issuer", m);
    match &issuer {
        None => m.add(
            s.at(),
            s.path_of("issuer"),
            "a provider needs its address, such as `https://login.example.com`",
        ),
        Some(text) => {
            if let Err(why) = oidc::issuer(text.get_ref()) {
                m.add(text.span().start, s.path_of("issuer"), why.to_string());
            }
        }
    }
    let label = s.take::<String>("label", m);
    if let Some(text) = label.as_ref().filter(|text| !is_label(text.get_ref())) {
        let what = format!("1 to {MOST_LABEL} characters on one line");
        m.add(text.span().start, s.path_of("label"), what);
    }
    let mut words = |key: &'static str| -> Vec<String> {
        let all = s.take::<Vec<String>>(key, m);
        if let Some(all) = all
            .as_ref()
            .filter(|all| !all.get_ref().iter().all(|w| is_visible(w)))
        {
            m.add(
                all.span().start,
                s.path_of(key),
                "words without space in them",
            );
        }
        all.map(Spanned::into_inner).unwrap_or_default()
    };
    let scopes = words("scopes");
    let mfa = s.take_or("mfa", WrittenMfa::default(), m);
    let matching = s.take::<String>("match", m);
    if let Some(claim) = matching
        .as_ref()
        .filter(|claim| !is_visible(claim.get_ref()))
    {
        let what = "the name of a claim, such as `preferred_username` or `email`";
        m.add(claim.span().start, s.path_of("match"), what);
    }
    // Nobody is let in for the first time by one factor.
    if let Some(claim) = matching
        .as_ref()
        .filter(|_| mfa.acr.is_empty() && mfa.amr.is_empty())
    {
        let what = "needs `mfa`: whoever signs in for the first time has no second factor here";
        m.add(claim.span().start, s.path_of("match"), what);
    }
    let max_age = s.take::<u64>("max_age_minutes", m);
    if let Some(age) = max_age
        .as_ref()
        .filter(|age| !(1..=DAY_MINUTES).contains(age.get_ref()))
    {
        let what = format!("between 1 and {DAY_MINUTES}");
        m.add(age.span().start, s.path_of("max_age_minutes"), what);
    }
    let client_secret = s.take("client_secret", m).map(Spanned::into_inner);
    let ca_file = s.take("ca_file", m).map(Spanned::into_inner);
    s.finish(m);
    let name = name?;
    let matching = matching.map(Spanned::into_inner);
    Some(ProviderSettings {
        label: label.map_or_else(|| name.clone(), Spanned::into_inner),
        scopes: with_needed(scopes, matching.as_deref()),
        issuer: issuer?.into_inner(),
        client_id: client_id?,
        client_secret,
        mfa: Mfa {
            acr: mfa.acr,
            amr: mfa.amr,
        },
        matching,
        max_age_minutes: max_age.map(Spanned::into_inner),
        ca_file,
        name,
    })
}

/// The scopes of OpenID Connect Core 1.0, section 5.4, that a claim comes with.
fn with_needed(mut scopes: Vec<String>, claim: Option<&str>) -> Vec<String> {
    let needed = match claim {
        None => return scopes,
        Some("email") => "email",
        Some(_) => "profile",
    };
    if scopes.is_empty() {
        scopes.push(needed.to_owned());
    }
    scopes.retain(|scope| scope != "openid");
    scopes
}

/// Prepares all of them. None is asked: one that does not answer keeps nothing from starting.
pub(crate) fn open(access: &AccessConfig) -> Result<Vec<Provider>, ServerError> {
    let mut wrong = Vec::new();
    let mut ready = Vec::new();
    for settings in &access.providers {
        match settings.provider() {
            Ok(provider) => ready.push(provider),
            Err(why) => wrong.push(format!("access.provider `{}`: {why}", settings.name)),
        }
    }
    match wrong.is_empty() {
        true => Ok(ready),
        false => Err(ServerError::Config(wrong)),
    }
}

impl ProviderSettings {
    /// The provider, which nobody has asked yet.
    ///
    /// # Errors
    /// When a file or variable that it needs is not there, in words.
    pub(crate) fn provider(&self) -> Result<Provider, String> {
        let extra_ca_pem = match &self.ca_file {
            Some(path) => {
                let read = std::fs::read(path);
                Some(read.map_err(|e| format!("`ca_file`: `{}`: {e}", path.display()))?)
            }
            None => None,
        };
        let secret = self.client_secret.clone().map(|secret| {
            let read = move || match secret.read() {
                Ok(text) => Ok(Secret::new(text.reveal().to_owned())),
                Err(why) => Err(why.to_string()),
            };
            // Not there at the start is a mistake; gone later is an outage.
            read().map(|_| ReadSecret::by(read))
        });
        let secret = secret.transpose();
        let config = ProviderConfig {
            name: self.name.clone(),
            label: self.label.clone(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            secret: secret.map_err(|why| format!("`client_secret`: {why}"))?,
            scopes: self.scopes.clone(),
            mfa: self.mfa.clone(),
            matching: self.matching.clone(),
            max_age_s: self.max_age_minutes.map(|minutes| minutes * 60),
            extra_ca_pem,
        };
        Provider::new(config).map_err(|why| why.to_string())
    }
}

fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=32).contains(&text.len()) && text.chars().all(plain)
}

fn is_visible(text: &str) -> bool {
    (1..=256).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
}

fn is_label(text: &str) -> bool {
    (1..=MOST_LABEL).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn every_mistake_of_a_provider_is_told_with_its_line() {
        let text = r#"[[access.provider]]
name = "Corp!"
label = ""
issuer = "http://login.example.com"
client_id = "a b"
client_secret = "hunter2"
scopes = ["a b"]
match = "email"
max_age_minutes = 0
secret = "x"
[[access.provider]]
name = "two"
issuer = "https://a.example"
client_id = "ringfence"
[[access.provider]]
name = "two"
issuer = "https://b.example"
client_id = "ringfence"
[[access.provider]]
name = "three"
issuer = "https://a.example"
client_id = "ringfence"
[[access.provider]]
"#;
        let told = Config::parse(text).unwrap_err();
        let keys: Vec<_> = told.iter().map(|m| (m.line, m.key.as_str())).collect();
        for wanted in [
            (2, "access.provider[0].name"),
            (3, "access.provider[0].label"),
            (4, "access.provider[0].issuer"),
            (5, "access.provider[0].client_id"),
            (6, "access.provider[0].client_secret"),
            (7, "access.provider[0].scopes"),
            (8, "access.provider[0].match"),
            (9, "access.provider[0].max_age_minutes"),
            (10, "access.provider[0].secret"),
        ] {
            assert!(keys.contains(&wanted), "{wanted:?} in {keys:?}");
        }
        let named = |at: usize| {
            keys.iter()
                .any(|(_, key)| *key == format!("access.provider[{at}].name"))
        };
        assert!(!named(1) && named(2) && named(3) && named(4), "{keys:?}");
        assert!(!format!("{told:?}").contains("hunter2"));
    }

    #[test]
    fn little_is_needed_and_the_scopes_follow_from_the_claim() {
        let text = r#"[[access.provider]]
name = "corp"
issuer = "https://login.example.com/realms/corp"
client_id = "ringfence"
match = "email"
mfa = { amr = ["mfa"] }
"#;
        let config = Config::parse(text).unwrap();
        let provider = config.access.providers.first().unwrap();
        assert_eq!(provider.label, "corp");
        assert_eq!(provider.scopes, ["email"]);
        assert!(provider.provider().is_ok());
        let missing = text.replace(
            "match",
            "client_secret = { env = \"RF_NO_SUCH_VARIABLE\" }\nmatch",
        );
        let config = Config::parse(&missing).unwrap();
        let why = config.access.providers.first().unwrap().provider();
        assert!(why.unwrap_err().contains("RF_NO_SUCH_VARIABLE"));
    }
}
