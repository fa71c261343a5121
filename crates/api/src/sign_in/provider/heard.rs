//! A provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ringfence_crypto::sha256;
use ringfence_federation::Provider;
use serde::Deserialize;
use serde_json::json;

use super::By;
use super::depart::none;
use crate::app::App;
use crate::problem::Problem;
use crate::sign_in::flow::LASTS_MS;
use crate::sign_in::told;

/// Longer than such a token is good, and than somebody takes from a provider to their session here.
const REMEMBERED_MS: i64 = LASTS_MS + 5 * 60_000;
/// Tokens that are remembered, and as many words.
const MOST: usize = 50_000;

/// What was heard of late: tokens, because each counts once; and of whom they were, because somebody may
/// be between the provider and a session here, which the word would otherwise not end.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<Late>);

#[derive(Debug)]
struct Late {
    /// When each token was heard, ms.
    tokens: HashMap<[u8; 32], i64>,
    /// The last word of each person and session there.
    words: HashMap<[u8; 32], Word>,
    /// Goes on by one with each word, from the moment of the start: so it is beyond what it was before a stop.
    count: u64,
    /// Not all of the words up to this one are remembered.
    lost: u64,
}

#[derive(Debug)]
struct Word {
    number: u64,
    at_ms: i64,
}

/// A token that is being acted on. Forgotten again if that comes to no end, whyever, so that the provider
/// can say it once more.
struct Taken<'h> {
    heard: &'h Heard,
    token: [u8; 32],
    is_done: bool,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.heard.late().tokens.remove(&self.token);
        }
    }
}

impl Heard {
    fn late(&self) -> MutexGuard<'_, Late> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a token in, unless it was heard before, or too many were (fails closed: whoever is on their way
    /// here from a provider begins again).
    fn take(&self, issuer: &str, id: &str, now_ms: i64) -> Option<Taken<'_>> {
        let token = digest(&[Some(issuer), Some(id)]);
        let mut late = self.late();
        if late.tokens.len() >= MOST {
            late.tokens
                .retain(|_, at| now_ms.saturating_sub(*at) < REMEMBERED_MS);
        }
        if late.tokens.contains_key(&token) {
            return None;
        }
        if late.tokens.len() >= MOST {
            late.lose();
            return None;
        }
        late.tokens.insert(token, now_ms);
        Some(Taken {
            heard: self,
            token,
            is_done: false,
        })
    }

    /// Remembers of whom a word is.
    fn note(&self, issuer: &str, subject: Option<&str>, session: Option<&str>, now_ms: i64) {
        let mut late = self.late();
        if late.words.len() >= MOST {
            late.words
                .retain(|_, word| now_ms.saturating_sub(word.at_ms) < REMEMBERED_MS);
        }
        if late.words.len() >= MOST {
            late.lose();
            return;
        }
        late.count += 1;
        let word = Word {
            number: late.count,
            at_ms: now_ms,
        };
        late.words
            .insert(digest(&[Some(issuer), subject, session]), word);
    }

    /// How many words were heard by now: who is vouched for after this takes it along.
    pub(super) fn count(&self) -> u64 {
        self.late().count
    }

    /// Whether somebody whom a provider vouched for signed out there since, as far as that is known: what
    /// would have ended their session ends their sign-in too.
    pub(crate) fn ends(&self, provider: &Provider, by: &By) -> bool {
        self.is_over(
            provider.issuer(),
            &by.subject,
            by.session.as_deref(),
            by.heard,
        )
    }

    fn is_over(&self, issuer: &str, subject: &str, session: Option<&str>, since: u64) -> bool {
        let (issuer, subject) = (Some(issuer), Some(subject));
        let mut meant = vec![digest(&[issuer, subject, None])];
        if session.is_some() {
            meant.push(digest(&[issuer, None, session]));
            meant.push(digest(&[issuer, subject, session]));
        }
        let late = self.late();
        let mut words = meant.iter().filter_map(|whose| late.words.get(whose));
        late.lost > since || words.any(|word| word.number > since)
    }
}

impl Default for Late {
    /// What was heard before the server stopped is not known: who was on their way then begins again.
    fn default() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let count = since_1970.map_or(0, |time| time.as_millis());
        let count = u64::try_from(count).unwrap_or(u64::MAX / 2);
        Self {
            tokens: HashMap::new(),
            words: HashMap::new(),
            count,
            lost: count,
        }
    }
}

impl Late {
    /// A word that there is no place for is one of anybody: all who are on their way begin again.
    fn lose(&mut self) {
        self.count += 1;
        self.lost = self.count;
        self.words.clear();
    }
}

fn digest(parts: &[Option<&str>]) -> [u8; 32] {
    sha256(json!(parts).to_string().as_bytes())
}

/// What a provider sends.
#[derive(Deserialize)]
pub(crate) struct Said {
    logout_token: String,
}

/// `POST /signin/logout-of/{provider}`: the sessions that were opened by it end.
pub(crate) async fn provider_signed_out(
    State(app): State<App>,
    Path(name): Path<String>,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let provider = app.sign_in.provider(&name).ok_or_else(|| none(&name))?;
    let now = app.inside.now().0;
    let token = provider
        .signed_out(&said.logout_token, now.div_euclid(1_000))
        .await;
    let token = match token {
        Ok(token) => token,
        Err(failure) => {
            tracing::warn!(provider = name, %failure, "a provider's word of a sign-out was not believed");
            return Ok(refused());
        }
    };
    let (issuer, heard) = (provider.issuer(), &app.sign_in.signed_out);
    let Some(mut taken) = heard.take(issuer, &token.id, now) else {
        return Ok(refused());
    };
    let (subject, session) = (token.subject.as_deref(), token.session.as_deref());
    // Before sessions end: one that is opened meanwhile is found here, or is among them.
    heard.note(issuer, subject, session, now);
    let whose = app
        .state
        .end_provider_sessions(issuer, subject, session)
        .await?;
    for person in whose {
        let account = app.state.account(&person, now).await?;
        let how = format!("signed out at {}", provider.label());
        told::signed_out(&app, &account.principal, &how).await?;
    }
    taken.is_done = true;
    Ok(StatusCode::OK.into_response())
}

/// Section 2.8.
fn refused() -> Response {
    let why = Json(json!({ "error": "invalid_request" }));
    (StatusCode::BAD_REQUEST, why).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_counts_once_and_again_only_if_nothing_came_of_it() {
        let heard = Heard::default();
        let take = |id, now| heard.take("op", id, now);
        drop(take("a", 0).unwrap());
        let mut taken = take("a", 1).unwrap();
        assert!(take("a", 2).is_none() && take("b", 2).is_some());
        taken.is_done = true;
        drop(taken);
        assert!(take("a", 3).is_none());
        assert!(heard.take("other", "a", 3).is_some());
    }

    #[test]
    fn a_word_ends_the_sign_ins_before_it_that_it_means() {
        let (ann, s1) = (Some("ann"), Some("s1"));
        for (subject, session, ends) in [
            (ann, None, true),
            (None, s1, true),
            (ann, s1, true),
            (ann, Some("s2"), false),
            (Some("ben"), None, false),
            (Some("ben"), s1, false),
        ] {
            let heard = Heard::default();
            let before = heard.count();
            heard.note("op", subject, session, 0);
            let over = |since| heard.is_over("op", "ann", s1, since);
            assert_eq!((over(before), over(heard.count())), (ends, false));
            assert!(!heard.is_over("other", "ann", s1, before));
        }
        // Who has no session there that has a name is meant by words of the person alone.
        let heard = Heard::default();
        let before = heard.count();
        heard.note("op", ann, s1, 0);
        assert!(!heard.is_over("op", "ann", None, before));
    }

    #[test]
    fn when_too_many_are_heard_everybody_on_the_way_begins_again() {
        let heard = Heard::default();
        for n in 0..MOST {
            heard.note("op", Some(&n.to_string()), None, 0);
        }
        let over = |since| heard.is_over("op", "ann", None, since);
        let before = heard.count();
        assert!(!over(before));
        heard.note("op", Some("ben"), None, 1);
        assert!(over(before) && !over(heard.count()));
        assert!(heard.late().words.len() < MOST);
        // Those of long ago make room.
        for n in 0..MOST {
            heard.note("op", Some(&n.to_string()), None, 2);
        }
        let before = heard.count();
        heard.note("op", Some("ben"), None, 2 + REMEMBERED_MS);
        assert!(!over(before) && heard.is_over("op", "ben", None, before));

        for n in 0..MOST {
            let mut taken = heard.take("op", &n.to_string(), 0).unwrap();
            taken.is_done = true;
        }
        let before = heard.count();
        assert!(heard.take("op", "x", 1).is_none() && over(before));
        assert!(heard.take("op", "x", REMEMBERED_MS).is_some());
    }
}
