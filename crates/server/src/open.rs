//! Opening: each store and part from the configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ringfence_crypto::{Token, TokenKind};
use ringfence_detect::Pack;
use ringfence_event::{Authority, Origin};
use ringfence_lake::Lake;
use ringfence_normalise::{Mapping, MappingSet, Normaliser, Settings};
use ringfence_respond::{AllowList, Guard, SenderConfig, WebhookSender};
use ringfence_sources::{
    CertificateAuthority, Clients, Identity, Intake, ListenerHandle, Mistake, Sink, Surroundings,
    follow,
};
use ringfence_spine::{LocalConfig, LocalSpine};
use ringfence_state::{Classes, NewSource, State};
use tokio_util::sync::CancellationToken;

use crate::bookmarks::StateBookmarks;
use crate::config::Config;
use crate::holders::StateHolders;
use crate::server::ServerError;
use crate::{clock, ending, people, rules};

/// How often old rows of the state store are cleared.
const MAINTAIN_EVERY: Duration = Duration::from_secs(600);

/// Makes the data folder, for its owner alone.
pub(crate) fn data_folder(path: &Path) -> Result<(), ServerError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let failed = |source| ServerError::Data {
        path: path.to_owned(),
        source,
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(failed)?;
    if ringfence_backup::is_half_restored(path) {
        return Err(ServerError::HalfRestored(path.to_owned()));
    }
    let probe = path.join(".writable");
    std::fs::write(&probe, b"")
        .and_then(|()| std::fs::remove_file(&probe))
        .map_err(failed)
}

/// Puts the operator's token of automation in force.
pub(crate) async fn automation(
    state: &State,
    preset: &str,
    now_ms: i64,
) -> Result<(), ServerError> {
    let token = Token::preset(TokenKind::Admin, preset)
        .map_err(|e| ServerError::AdminToken(e.to_string()))?;
    if token.is_weak() {
        tracing::warn!("RINGFENCE_ADMIN_TOKEN is short: use 32 characters or more");
    }
    state.preset_automation(&token, now_ms).await?;
    Ok(())
}

/// Sources that the configuration names exist without a token: listeners speak for them.
pub(crate) async fn declare_sources(state: &State, config: &Config) -> Result<(), ServerError> {
    let speak = config.connectors.iter().map(crate::connectors::source);
    let speak = speak.map(|source| (source, "connector"));
    let listen = config.sources.iter().cloned().map(|s| (s, "listener"));
    for (source, kind) in listen.chain(speak) {
        let new = NewSource {
            name: source.name.to_string(),
            kind: kind.to_owned(),
            program: source.program.to_string(),
            site: source.site.to_string(),
            classes: source
                .classes
                .clone()
                .map_or_else(Classes::all, Classes::These),
            grants: source.grants.clone(),
            allowed_peers: Vec::new(),
            expect_every_secs: source.expect_every_secs,
        };
        let id = format!("config.{}", source.name);
        state.ensure_source(&id, new, None, clock::now().0).await?;
    }
    Ok(())
}

/// The normaliser: the user's mapping files first, then ours.
///
/// # Errors
/// When a mapping file cannot be read or has mistakes, or the time zone is none.
pub fn normaliser(config: &Config) -> Result<Normaliser, ServerError> {
    let mut mappings = Vec::new();
    if let Some(folder) = &config.intake.mappings {
        let files = mapping_files(folder).map_err(|e| {
            ServerError::Config(vec![format!("intake.mappings `{}`: {e}", folder.display())])
        })?;
        let mut wrong = Vec::new();
        for (name, text) in files {
            match Mapping::parse(&name, &text) {
                Ok(mapping) => mappings.push(mapping),
                Err(errors) => wrong.push(errors.to_string()),
            }
        }
        if !wrong.is_empty() {
            return Err(ServerError::Config(wrong));
        }
    }
    let mut settings = Settings::default();
    if !settings.set_timezone(&config.intake.time_zone) {
        let zone = ringfence_event::neutralise(&config.intake.time_zone);
        return Err(ServerError::Config(vec![format!(
            "intake.time_zone: `{zone}` is no IANA time zone, such as `Europe/Berlin`"
        )]));
    }
    Ok(Normaliser::new(
        Arc::new(MappingSet::with_builtin(mappings)),
        settings,
    ))
}

fn mapping_files(folder: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| Ok((path.display().to_string(), std::fs::read_to_string(&path)?)))
        .collect()
}

/// Opens the event log; recovery may read for a while, so on a thread of its own.
pub(crate) async fn spine(folder: PathBuf) -> Result<Arc<LocalSpine>, ServerError> {
    let opened =
        tokio::task::spawn_blocking(move || LocalSpine::open(&folder, LocalConfig::default()));
    let spine = joined(opened.await)??;
    if let Some(cut) = &spine.recovery().cut {
        tracing::warn!(
            file = cut.file,
            bytes = cut.bytes,
            "the event log ended in the middle of a write and was cut there: nothing of that was acknowledged"
        );
    }
    Ok(Arc::new(spine))
}

pub(crate) async fn lake(
    folder: PathBuf,
    config: ringfence_lake::Config,
) -> Result<Arc<Lake>, ServerError> {
    let opened = tokio::task::spawn_blocking(move || Lake::open(folder, config));
    Ok(Arc::new(joined(opened.await)??))
}

pub(crate) async fn rules(config: &Config) -> Pack {
    let config = config.rules.clone();
    let pack = tokio::task::spawn_blocking(move || rules::load(&config))
        .await
        .unwrap_or_default();
    rules::report(&pack);
    pack
}

pub(crate) fn identity(config: &Config) -> Result<Identity, ServerError> {
    let server = &config.server;
    Ok(match (&server.tls_cert, &server.tls_key) {
        (Some(cert), Some(key)) => Identity::load(cert, key)?,
        _ if server.listen.ip().is_loopback() => Identity::self_signed(&server.data, None)?,
        // Beyond loopback whoever connects has to be able to check who answers.
        _ => {
            return Err(ServerError::Config(vec![format!(
                "server.listen `{}` is reachable from other machines: set `tls_cert` and \
                 `tls_key`, or listen on 127.0.0.1",
                server.listen
            )]));
        }
    })
}

/// Binds the listeners, and starts the feeds once all of them are bound.
pub(crate) async fn listen(
    config: &Config,
    intake: &Arc<Intake>,
    state: &State,
    authority: &Arc<CertificateAuthority>,
    cancel: &CancellationToken,
) -> Result<Vec<ListenerHandle>, ServerError> {
    let source = |name: &str| {
        let found = config.sources.iter().find(|s| s.name.as_str() == name)?;
        Some(Origin {
            source: found.name.clone(),
            program: found.program.clone(),
            site: found.site.clone(),
            authority: Authority {
                classes: found.classes.clone(),
                call_state: found.grants.contains("call-state"),
                authenticated: false,
            },
        })
    };
    let clients = Clients {
        authority: Arc::clone(authority),
        holders: Arc::new(StateHolders(state.clone())),
    };
    let around = Surroundings {
        source: &source,
        clients: Some(&clients),
        data_dir: &config.server.data,
    };
    let mut wrong = Vec::new();
    let mut told = |mistakes: Vec<Mistake>| {
        wrong.extend(mistakes.iter().map(ToString::to_string));
    };
    let listeners = config.listeners.build(&around);
    let listeners = listeners.map_err(&mut told).unwrap_or_default();
    let feeds = config.feeds.build(&around, &listeners);
    let feeds = feeds.map_err(&mut told).unwrap_or_default();
    if !wrong.is_empty() {
        return Err(ServerError::Config(wrong));
    }
    let sink = || Arc::clone(intake) as Arc<dyn Sink>;
    let mut handles = Vec::new();
    for listener in listeners {
        handles.push(ringfence_sources::run(listener, sink(), cancel.clone()).await?);
    }
    for feed in feeds {
        let bookmarks = Arc::new(StateBookmarks(state.clone()));
        handles.push(follow(feed, sink(), bookmarks, cancel.clone()));
    }
    Ok(handles)
}

/// What webhooks may reach.
pub(crate) fn guard(config: &Config) -> Result<Guard, ServerError> {
    let allow = AllowList::parse(&config.webhooks.allow)
        .map_err(|e| ServerError::Config(vec![format!("webhooks.allow: {e}")]))?;
    Ok(Guard::new(allow))
}

/// The sender of webhooks; none, with a warning, on a machine without TLS roots: what is queued
/// waits for a start that has them, and everything else works.
pub(crate) fn sender(
    config: &Config,
    guard: &Guard,
) -> Result<Option<Arc<WebhookSender>>, ServerError> {
    let wrong = |what: String| ServerError::Config(vec![what]);
    let extra_ca_pem = match &config.webhooks.ca_file {
        None => None,
        Some(path) => Some(
            std::fs::read(path)
                .map_err(|e| wrong(format!("webhooks.ca_file `{}`: {e}", path.display())))?,
        ),
    };
    let settings = SenderConfig {
        extra_ca_pem,
        ..SenderConfig::default()
    };
    match WebhookSender::new(guard.clone(), settings) {
        Ok(sender) => Ok(Some(Arc::new(sender))),
        Err(ringfence_respond::TlsError::Roots(error)) => {
            tracing::warn!(
                %error,
                code = "E-START-003",
                "no webhook will be sent: this machine has no TLS roots"
            );
            Ok(None)
        }
        Err(error) => Err(wrong(format!("webhooks.ca_file: {error}"))),
    }
}

/// Clears old rows, and switches accounts off that nobody uses, until `cancel`.
pub(crate) async fn maintain(state: State, intake: Arc<Intake>, cancel: CancellationToken) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(MAINTAIN_EVERY) => {}
        }
        if let Err(error) = state.maintain(clock::now().0).await {
            tracing::warn!(%error, "old rows could not be cleared");
        }
        if let Err(error) = people::disable_dormant(&state, &intake).await {
            tracing::warn!(%error, "accounts that nobody uses could not be switched off");
        }
        if let Err(error) = ending::tell(&state, &intake).await {
            tracing::warn!(%error, "it could not be told which credentials end soon");
        }
    }
}

fn joined<T>(result: Result<T, tokio::task::JoinError>) -> Result<T, ServerError> {
    result.map_err(|e| ServerError::Config(vec![format!("a thread broke off while starting: {e}")]))
}
