//! Sign-in of people: what is behind the pages `/signin` and `/enrol`.
//!
//! The pages are made here and need neither the console's bundle nor, but for passkeys, a script. A
//! ceremony under way is kept by the browser, sealed ([`Flows`]); the server remembers only those that
//! succeeded, so nobody fills its memory by beginning many.

mod device;
mod enrol;
mod flow;
mod guesses;
mod html;
mod pages;
mod passkey;
mod password;
mod posted;
mod provider;
mod recovery;
mod steps;
pub(crate) mod told;

use ringfence_crypto::{RandomError, SealKey};
use ringfence_federation::Provider;
use ringfence_identity::webauthn::RelyingParty;

use crate::problem::Problem;

pub(crate) use enrol::{
    enrol_page, enrol_with_passkey, enrol_with_password, name_first, show_code,
};
pub(crate) use flow::{Flow, Flows, Stage};
pub(crate) use passkey::registered;
pub(crate) use password::{Gave, hash, is_used_before, judge, weakness};
pub(crate) use provider::{
    ShownProvider, arrived, back, begin_link, depart, provider_signed_out, second_page,
    shown_providers,
};
pub(crate) use recovery::new_codes;
pub(crate) use steps::{code, page, passkey_form, password_form, script, seal_codes, style};

use guesses::{Guesses, Lanes};
use provider::Heard;

/// What sign-in stands on.
#[derive(Debug)]
pub struct SignIn {
    /// Whom passkeys are made for; in words why there can be none.
    pub(crate) relying_party: Result<RelyingParty, String>,
    /// Seals the secrets of one-time codes in the database.
    pub(crate) kept: SealKey,
    /// Seals what browsers keep that signed in once.
    pub(crate) device: SealKey,
    pub(crate) flows: Flows,
    pub(crate) guesses: Guesses,
    pub(crate) lanes: Lanes,
    /// Providers that vouch for people.
    pub(crate) providers: Vec<Provider>,
    /// Their words that somebody signed out, of late: each counts once.
    pub(crate) signed_out: Heard,
    /// How browsers reach this server: scheme, host and port.
    public_url: String,
}

impl SignIn {
    /// For a server that browsers reach under `public_url`, with the installation's key.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn new(
        public_url: &str,
        key: &SealKey,
        providers: Vec<Provider>,
    ) -> Result<Self, RandomError> {
        Ok(Self {
            relying_party: RelyingParty::of_url(public_url, "Ringfence").map_err(|e| e.to_string()),
            kept: key.derive("one-time codes"),
            device: key.derive("devices"),
            flows: Flows::new()?,
            guesses: Guesses::default(),
            lanes: Lanes::default(),
            providers,
            signed_out: Heard::default(),
            public_url: public_url.to_owned(),
        })
    }

    /// Whom passkeys are made for.
    pub(crate) fn party(&self) -> Result<&RelyingParty, Problem> {
        let party = self.relying_party.as_ref();
        party.map_err(|why| Problem::bad_request(why.clone()))
    }

    /// The provider of a name.
    pub(crate) fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers
            .iter()
            .find(|provider| provider.name() == name)
    }

    /// Where a provider sends browsers back to.
    pub(crate) fn redirect_uri(&self, provider: &Provider) -> String {
        format!("{}/signin/from/{}", self.public_url, provider.name())
    }

    /// Why there are no passkeys here, if there are none.
    #[must_use]
    pub fn no_passkeys(&self) -> Option<&str> {
        self.relying_party.as_ref().err().map(String::as_str)
    }
}
