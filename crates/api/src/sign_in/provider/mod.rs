//! Sign-in by a provider of OpenID Connect: there, back, and what is still asked for here.
//!
//! Nobody is sent there by a link, only by a form of ours or a request of the console: another site
//! can begin nothing. What belongs to the answer (state, nonce, code verifier, which provider, what for) is
//! sealed into a cookie of this one way back, so that an answer counts in the browser that asked, at the
//! provider that was asked, once. The answer's address, which holds a code, is left at once.

mod back;
mod cookie;
mod depart;
mod heard;
mod link;
mod second;
mod stop;

use ringfence_crypto::TokenHash;
use ringfence_federation::Asked;
use ringfence_state::Vouch;
use serde::{Deserialize, Serialize};

pub(crate) use back::{arrived, back};
pub(crate) use depart::depart;
pub(crate) use heard::{Heard, provider_signed_out};
pub(crate) use link::{ShownProvider, begin_link, shown_providers};
pub(crate) use second::{second_page, second_step};
pub(crate) use stop::words;

/// What a browser keeps while somebody is at a provider.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Away {
    /// Its name here, and for itself.
    provider: String,
    issuer: String,
    asked: Asked,
    purpose: Purpose,
}

/// What somebody went there for.
#[derive(Debug, Serialize, Deserialize)]
enum Purpose {
    /// To sign in. The cookie of a session does not come along on the way back: its digest does.
    SignIn { instead_of: Option<String> },
    /// To link their account there to the one they have here, in a session of this id.
    Link { person: String, session: String },
}

/// A provider that vouched for somebody who is not signed in yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct By {
    /// Its name here.
    pub provider: String,
    link: String,
    /// The person there.
    subject: String,
    session: Option<String>,
    /// The words of sign-outs that had been heard before: a later one may be about them.
    heard: u64,
    instead_of: Option<String>,
    /// When they proved who they are, ms, as the provider says; absent when it is this moment, because
    /// they showed something here.
    proved_ms: Option<i64>,
}

impl By {
    /// The session that the browser had when it left.
    pub(crate) fn instead_of(&self) -> Option<TokenHash> {
        TokenHash::from_hex(self.instead_of.as_deref()?)
    }

    pub(crate) fn vouch(&self, now_ms: i64) -> Vouch {
        Vouch {
            link: self.link.clone(),
            session: self.session.clone(),
            proved_ms: self.proved_ms.unwrap_or(now_ms),
        }
    }
}
