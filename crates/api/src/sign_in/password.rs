//! The first step of a sign-in by password.

use std::net::IpAddr;
use std::time::Duration;

use ringfence_crypto::PasswordHash;
use ringfence_identity::{Login, password as rules};
use ringfence_state::SignInAs;
use tokio::time::Instant;

use crate::app::App;
use crate::problem::Problem;
use crate::sign_in::guesses::Place;

/// A wrong guess is answered no sooner: whether there is such an account, whether it is locked and
/// whether a hash was computed cannot be told from the time.
const WRONG_TAKES: Duration = Duration::from_millis(400);

/// What came of a guess.
#[derive(Debug)]
pub(crate) enum Gave {
    /// The password is theirs; boxed because it is the rare answer to a guess.
    Right(Box<SignInAs>),
    /// It is not, or there is no such person, or they are locked: nobody is told which.
    Wrong {
        /// Whose account it was aimed at, for the log alone.
        person: Option<String>,
        /// Until when it locked that account's password.
        locked_until_ms: Option<i64>,
    },
    /// Too many guess just now, or this address did.
    Busy,
}

/// Judges a name and a password. `is_known`: somebody of this name signed in by this browser before.
pub(crate) async fn judge(
    app: &App,
    login: &str,
    password: String,
    address: Option<IpAddr>,
    is_known: bool,
) -> Result<Gave, Problem> {
    let began = Instant::now();
    let now = app.inside.now().0;
    let door = &app.sign_in;
    let place = match is_known || !door.guesses.too_many(address, now) {
        true => door.lanes.enter(is_known),
        false => None,
    };
    let Some(place) = place else {
        door.lanes.turn_away().await;
        return Ok(Gave::Busy);
    };
    let gave = guess(app, &place, login, password, now).await;
    if matches!(gave, Ok(Gave::Wrong { .. })) {
        door.guesses.count(address, now);
        tokio::time::sleep_until(began + WRONG_TAKES).await;
    }
    gave
}

async fn guess(
    app: &App,
    place: &Place<'_>,
    login: &str,
    password: String,
    now: i64,
) -> Result<Gave, Problem> {
    let wrong = |person, locked_until_ms| Gave::Wrong {
        person,
        locked_until_ms,
    };
    let Ok(login) = Login::parse(login) else {
        return Ok(wrong(None, None));
    };
    let Some(who) = app.state.sign_in_as(&login, now).await? else {
        return Ok(wrong(None, None));
    };
    let Some(hash) = who.password.clone() else {
        return Ok(wrong(Some(who.person), None));
    };
    if who.locked_until_ms.is_some() {
        return Ok(wrong(Some(who.person), None));
    }
    let Some(turn) = place.turn().await else {
        return Ok(Gave::Busy);
    };
    let (matches, better) = hashing(move || {
        let matches = hash.matches(&password);
        let better = (matches && hash.is_outdated()).then(|| PasswordHash::of(&password));
        (matches, better.and_then(Result::ok).map(|new| (hash, new)))
    })
    .await?;
    drop(turn);
    if !matches {
        let locked = app.state.count_wrong(&who.person, now).await?;
        return Ok(wrong(Some(who.person), locked));
    }
    if let Some((before, after)) = better {
        app.state
            .rehash_password(&who.person, &before, &after)
            .await?;
    }
    Ok(Gave::Right(Box::new(who)))
}

/// What is wrong with a new password, if anything. Judging one may take a tenth of a second.
pub(crate) async fn weakness(
    password: String,
    about: [String; 2],
) -> Result<Option<String>, Problem> {
    hashing(move || {
        let about = about.each_ref().map(String::as_str);
        rules::judge(&password, &about)
            .err()
            .map(|weak| weak.to_string())
    })
    .await
}

/// Whether a password is one of those that may not come again.
pub(crate) async fn is_used_before(
    before: Vec<PasswordHash>,
    password: String,
) -> Result<bool, Problem> {
    hashing(move || before.iter().any(|hash| hash.matches(&password))).await
}

/// The hash of a new password.
pub(crate) async fn hash(password: String) -> Result<PasswordHash, Problem> {
    hashing(move || PasswordHash::of(&password))
        .await?
        .map_err(|e| Problem::internal(&e))
}

/// Work of tens of milliseconds has threads of its own.
async fn hashing<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| Problem::internal(&e))
}
