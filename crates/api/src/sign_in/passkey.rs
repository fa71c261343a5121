//! Passkeys: shown at sign-in, and made.

use ringfence_identity::webauthn::{Passkey, Refused, RelyingParty, claimed};
use ringfence_state::KnownPasskey;

use crate::app::App;
use crate::problem::Problem;
use crate::sign_in::flow::{Flow, Stage};

/// Why a passkey did not open.
#[derive(Debug)]
pub(crate) struct NotOpened {
    /// Whose passkey it was aimed at, for the log alone.
    pub person: Option<String>,
    /// For the log: whoever shows it is told less.
    pub why: String,
    /// Its counter went back: somebody may have a copy of it.
    pub may_be_copy: bool,
}

impl NotOpened {
    fn of(known: Option<&KnownPasskey>, why: &Refused) -> Self {
        Self {
            person: known.map(|known| known.person.clone()),
            why: why.to_string(),
            may_be_copy: matches!(why, Refused::Counter),
        }
    }

    fn said(person: Option<String>, why: &str) -> Self {
        Self {
            person,
            why: why.to_owned(),
            may_be_copy: false,
        }
    }
}

/// What a browser is asked for at sign-in: any passkey for this server. No name is said, so there is
/// none to be found out.
pub(crate) fn asked(app: &App, party: &RelyingParty) -> Result<(String, String), Problem> {
    let flow = app.sign_in.flows.begin(app.inside.now().0)?;
    let options = party.request_options(&flow.challenge, &[]);
    let sealed = app.sign_in.flows.seal(Stage::Passkey, &flow)?;
    Ok((sealed, options.to_string()))
}

/// Whose passkey an answer is, once it is proved.
pub(crate) async fn shown(
    app: &App,
    party: &RelyingParty,
    flow: &Flow,
    answer: &str,
) -> Result<Result<KnownPasskey, NotOpened>, Problem> {
    let now = app.inside.now().0;
    let claim = match claimed(answer) {
        Ok(claim) => claim,
        Err(why) => return Ok(Err(NotOpened::of(None, &why))),
    };
    let Some(known) = app.state.passkey(&claim.credential_id).await? else {
        return Ok(Err(NotOpened::said(None, "the passkey is not known here")));
    };
    let not = |why| Ok(Err(NotOpened::said(Some(known.person.clone()), why)));
    // WebAuthn section 7.2, step 6: nobody was named, so the answer has to name them.
    if claim.user_handle.as_ref() != Some(&known.handle) {
        return not("the passkey is another person's than it says");
    }
    if flow.person.as_ref().is_some_and(|who| *who != known.person) {
        return not("the passkey is another person's than the provider vouched for");
    }
    let proof = match party.authenticate(&flow.challenge, &known.passkey, answer) {
        Ok(proof) => proof,
        Err(why) => return Ok(Err(NotOpened::of(Some(&known), &why))),
    };
    if !app.sign_in.flows.spend(flow, now) {
        return not("the answer was shown before");
    }
    if !app.state.used_passkey(&known, &proof, now).await? {
        return not("the passkey was used somewhere else at this moment");
    }
    Ok(Ok(known))
}

/// A new passkey, once it is proved.
pub(crate) fn registered(
    app: &App,
    party: &RelyingParty,
    flow: &Flow,
    answer: &str,
) -> Result<Passkey, Problem> {
    let made = party.register(&flow.challenge, answer);
    let passkey = made.map_err(|why| Problem::bad_request(format!("credential: {why}")))?;
    match app.sign_in.flows.spend(flow, app.inside.now().0) {
        true => Ok(passkey),
        false => Err(Problem::bad_request("credential: it was shown before")),
    }
}
