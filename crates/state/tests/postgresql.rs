//! What only a PostgreSQL server can do: ask for a password, speak TLS, and break connections.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::*;
use ringfence_state::{Error, Limits, Password, PostgresStore, State, Store};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

struct Cluster {
    folder: tempfile::TempDir,
    url: String,
    port: u16,
}

fn script(args: &[&str]) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres.sh");
    let output = Command::new(path).args(args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    output.status.success().then_some(text)
}

impl Cluster {
    /// One that speaks TLS on loopback; `None`, with a note, where PostgreSQL is not installed.
    fn start() -> Option<Self> {
        if script(&["there"]).is_none() {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL is missing");
            println!("left out: PostgreSQL is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let key = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let write = |name: &str, text: String| {
            use std::os::unix::fs::PermissionsExt as _;
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let cert = write("server.crt", key.cert.pem());
        let secret = write("server.key", key.signing_key.serialize_pem());
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let settings = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={cert}"),
            format!("ssl_key_file={secret}"),
        ];
        let mut args = vec!["start", folder.path().to_str().unwrap()];
        args.extend(settings.iter().map(String::as_str));
        let url = script(&args).unwrap();
        Some(Self { folder, url, port })
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("server.crt")
    }

    async fn admin(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    async fn say(&self, sql: String) -> i64 {
        let mut admin = self.admin().await;
        let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut admin).await;
        row.unwrap().get(0)
    }

    async fn open(&self, password: &str, ca: Option<&Path>) -> Result<State, Error> {
        let url = format!("postgres://postgres@127.0.0.1:{}/postgres", self.port);
        let store = PostgresStore::parse(&url, Some(&Password::new(password)), ca).unwrap();
        State::open_in(&Store::Postgres(store), Limits::default()).await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        script(&["stop", self.folder.path().to_str().unwrap(), "immediate"]);
    }
}

#[tokio::test]
async fn password_and_certificate_are_checked() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let mut admin = cluster.admin().await;
    let set = "ALTER ROLE postgres PASSWORD 'right'";
    sqlx::raw_sql(set).execute(&mut admin).await.unwrap();
    let ca = cluster.ca();

    let error = cluster.open("wrong", Some(&ca)).await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable(_)), "{error:?}");
    assert!(
        error.to_string().contains("password authentication failed"),
        "{error}"
    );
    // An authority that did not sign it.
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let stranger = folder.path().join("ca.pem");
    std::fs::write(&stranger, other.cert.pem()).unwrap();
    let error = cluster.open("right", Some(&stranger)).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");

    let state = cluster.open("right", Some(&ca)).await.unwrap();
    state.check_writable(T0).await.unwrap();
    let protected = "SELECT COUNT(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE application_name = 'ringfence' AND ssl";
    assert!(cluster.say(protected.to_owned()).await >= 1);
}

#[tokio::test]
async fn a_broken_connection_comes_back_with_its_lock_or_not_at_all() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let place = PostgresStore::parse(&cluster.url, None, None).unwrap();
    let place = Store::Postgres(place);
    let state = open(&place).await;
    let applied = state
        .apply_findings(&[finding("a", "1", T0, 3)], at(1), T0)
        .await
        .unwrap();
    assert_eq!(applied.fresh, 1);
    let cut = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE application_name = 'ringfence'";
    assert!(cluster.say(cut.to_owned()).await >= 1);
    // The first call may meet the broken connection; the caller tries again, as all do.
    let batch = [finding("a", "1", T0, 3), finding("b", "1", T0, 3)];
    let applied = loop {
        match state.apply_findings(&batch, at(2), T0).await {
            Ok(applied) => break applied,
            Err(error) => assert!(error.is_transient(), "{error:?}"),
        }
    };
    assert_eq!((applied.fresh, applied.repeated), (1, 1));
    let second = State::open_in(&place, Limits::default()).await;
    assert!(matches!(second, Err(Error::InUse)), "{second:?}");

    // Another server that waited for the lock gets it when the connection breaks again. Then
    // the first one may read, and not write.
    let mut successor = cluster.admin().await;
    let take = "SELECT pg_advisory_lock(1380348788, hashtext('public'))";
    let waiting = tokio::spawn(async move {
        sqlx::raw_sql(take).execute(&mut successor).await.unwrap();
        successor
    });
    let queued = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while cluster.say(queued.to_owned()).await == 0 {}
    cluster.say(cut.to_owned()).await;
    let successor = waiting.await.unwrap();
    let late = [finding("c", "1", T0, 3)];
    loop {
        match state.apply_findings(&late, at(3), T0).await.unwrap_err() {
            Error::InUse => break,
            error => assert!(error.is_transient(), "{error:?}"),
        }
    }
    assert!(
        state
            .trouble()
            .unwrap()
            .contains("another Ringfence server")
    );
    assert_eq!(state.position("alerts").await.unwrap(), Some(2));
    drop(successor);
    let next = loop {
        match state.apply_findings(&late, at(3), T0).await {
            Ok(applied) => break applied,
            Err(error) => assert!(error.is_transient(), "{error:?}"),
        }
    };
    assert_eq!(next.changes[0].id, 3, "numbers have no gaps");
    assert_eq!(state.trouble(), None);
}
