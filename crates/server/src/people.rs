//! What the server does about people by itself: the first one, their key, and those who stay away.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use ringfence_crypto::{SealKey, from_hex, to_hex};
use ringfence_event::{Own, Severity};
use ringfence_sources::{Intake, Sink as _};
use ringfence_state::{Invitation, Limits, State, Store};
use serde_json::json;

use crate::clock;
use crate::config::Config;
use crate::server::ServerError;

/// Seals what is kept of people and has to be read back.
const KEY: &str = "identity.key";
/// Holds the enrolment code of the first administrator until they enrolled.
const CODE: &str = "first-administrator.txt";
/// OCSF Account Change, and in it Disable.
const ACCOUNT: u32 = 3001;
const DISABLE: u8 = 5;

/// A code that waits for the first administrator.
#[derive(Debug)]
pub struct Waiting {
    /// The code, and until when it is good.
    pub invitation: Invitation,
    /// The file that holds it, for its owner alone.
    pub file: PathBuf,
}

/// The installation's key, made at the first start.
pub(crate) fn key(data: &Path) -> Result<SealKey, ServerError> {
    let path = data.join(KEY);
    let failed = |source| ServerError::Data {
        path: path.clone(),
        source,
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let bytes = from_hex(text.trim()).ok();
            let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            let wrong = || io::Error::new(io::ErrorKind::InvalidData, "it is no key of Ringfence");
            Ok(SealKey::from_bytes(bytes.ok_or_else(|| failed(wrong()))?))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = SealKey::mint()?;
            write(&path, &to_hex(key.reveal())).map_err(failed)?;
            Ok(key)
        }
        Err(error) => Err(failed(error)),
    }
}

/// A code for the first administrator, as long as nobody administers everything. It goes into a file
/// for its owner alone, since what a service prints ends up in logs.
pub(crate) async fn bootstrap(
    state: &State,
    data: &Path,
    now_ms: i64,
) -> Result<Option<Waiting>, ServerError> {
    let file = data.join(CODE);
    let failed = |source| ServerError::Data {
        path: file.clone(),
        source,
    };
    let Some(invitation) = state.bootstrap(now_ms).await? else {
        return match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(None),
        };
    };
    write(&file, invitation.code.reveal()).map_err(failed)?;
    Ok(Some(Waiting { invitation, file }))
}

/// Somebody who was made administrator on the machine.
#[derive(Debug)]
pub struct Recovered {
    /// Who.
    pub name: String,
    /// Their code, and until when it is good.
    pub invitation: Invitation,
    /// Where it is shown.
    pub url: String,
}

/// Makes somebody an administrator, while no server uses the state: the person of this name, or a new
/// one. The next start tells of it.
///
/// # Errors
/// When there is no state here, a server uses it, or nobody has this name.
pub async fn recover_administrator(
    config: &Config,
    login: Option<&str>,
) -> Result<Recovered, ServerError> {
    let place = config.state.place(&config.server.data)?;
    // Opening would make it.
    if let Store::File(path) = &place {
        std::fs::metadata(path).map_err(|source| ServerError::Data {
            path: path.clone(),
            source,
        })?;
    }
    let limits = Limits {
        sign_in: config.access.sign_in.clone(),
        ..Limits::default()
    };
    let state = State::open_in(&place, limits).await?;
    let made = state.recover_administrator(login, clock::now().0).await;
    state.close().await;
    let (account, invitation, _) = made?;
    let url = config.server.url_at(config.server.listen.port());
    Ok(Recovered {
        name: account.principal.name,
        invitation,
        url: format!("{url}/enrol"),
    })
}

/// Switches accounts off that nobody uses, each as an event.
pub(crate) async fn disable_dormant(state: &State, intake: &Intake) -> Result<(), String> {
    let now = clock::now();
    let gone = state.disable_dormant(now.0).await;
    for (id, name) in gone.map_err(|e| e.to_string())? {
        let own = Own::new("account", ACCOUNT, DISABLE, now)
            .severity(Severity::Low)
            .message(format!(
                "{name}: was switched off after not being used for long"
            ))
            .with(
                "user",
                json!({"uid": id, "name": name, "type": "User", "type_id": 1}),
            );
        intake.own(own.event()).await.map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Writes a file that only its owner may read, as a whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}
