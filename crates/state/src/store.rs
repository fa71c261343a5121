//! Where the state lives: a file of its own, or a PostgreSQL database.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// A place for the state.
#[derive(Debug, Clone)]
pub enum Store {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    Postgres(PostgresStore),
}

impl std::fmt::Display for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(database) => write!(f, "{database}"),
        }
    }
}

/// A PostgreSQL database and how to get there, checked.
#[derive(Clone)]
pub struct PostgresStore {
    pub(crate) options: Box<PgConnectOptions>,
}

/// A password. It cannot be printed.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Takes it as it stands.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What is wrong with the address of a database. Never shows the address: somebody may have
/// put a password into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It is no such URL.
    #[error("must be `postgres://USER@HOST:PORT/DATABASE`, or `postgres:///DATABASE?host=/FOLDER`")]
    Shape,
    /// It names no database, and the user's own would be a surprise.
    #[error("must name a database after the host")]
    NoDatabase,
    /// It carries a password, which lists of processes, logs and backups would show.
    #[error(
        "must not carry a password: give it by `password = {{ file = \"…\" }}` or \
         `password = {{ env = \"…\" }}`"
    )]
    Password,
    /// It asks for something that is not among what we pass on.
    #[error(
        "takes no parameters but `host`, `port`, `user`, `dbname`, `options`, `sslmode`, \
         `sslcert` and `sslkey`"
    )]
    Parameter,
    /// It would send everything over the network for all to read or change.
    #[error(
        "may only ask for `sslmode=verify-full` when the database is on another machine: \
         state crosses no network unprotected"
    )]
    Unprotected,
}

const PARAMETERS: [&str; 8] = [
    "host", "port", "user", "dbname", "options", "sslmode", "sslcert", "sslkey",
];

impl PostgresStore {
    /// Checks an address. The password comes from `password`, else from `PGPASSWORD` or the
    /// user's password file, as for PostgreSQL's own programs. A database on another machine
    /// is reached through TLS only, its certificate checked against the well-known
    /// authorities and those in `ca_file` (PEM); with `ca_file` so is one on this machine.
    ///
    /// # Errors
    /// Says what is wrong and what would be right.
    pub fn parse(
        url: &str,
        password: Option<&Password>,
        ca_file: Option<&Path>,
    ) -> Result<Self, StoreError> {
        let modes = check_text(url)?;
        let mut options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Shape)?;
        if options.get_database().is_none() {
            return Err(StoreError::NoDatabase);
        }
        let here = is_local(&options);
        if !here && modes.iter().any(|mode| *mode != "verify-full") {
            return Err(StoreError::Unprotected);
        }
        if !here || ca_file.is_some() {
            options = options.ssl_mode(PgSslMode::VerifyFull);
        }
        if let Some(file) = ca_file {
            options = options.ssl_root_cert(file);
        }
        if let Some(Password(password)) = password {
            options = options.password(password);
        }
        Ok(Self {
            options: Box::new(options),
        })
    }
}

/// What must not be there has to be found in the text: the driver takes it without a word.
/// Answers the values of `sslmode`.
fn check_text(url: &str) -> Result<Vec<&str>, StoreError> {
    let rest = url
        .strip_prefix("postgres://")
        .or_else(|| url.strip_prefix("postgresql://"))
        .ok_or(StoreError::Shape)?;
    if rest.contains('#') {
        return Err(StoreError::Shape);
    }
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split('/').next().unwrap_or_default();
    if let Some((user, _)) = authority.rsplit_once('@')
        && user.contains(':')
    {
        return Err(StoreError::Password);
    }
    let mut modes = Vec::new();
    for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
        match parameter.split_once('=').unwrap_or((parameter, "")) {
            ("password", _) => return Err(StoreError::Password),
            ("sslmode", mode) => modes.push(mode),
            (name, _) if PARAMETERS.contains(&name) => {}
            _ => return Err(StoreError::Parameter),
        }
    }
    Ok(modes)
}

fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

impl std::fmt::Display for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let options = &self.options;
        let host = match options.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => options.get_host().to_owned(),
        };
        write!(
            f,
            "postgres://{}@{host}:{}/{}",
            options.get_username(),
            options.get_port(),
            options.get_database().unwrap_or_default()
        )
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgresStore({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<PostgresStore, StoreError> {
        PostgresStore::parse(url, Some(&Password::new("hush")), None)
    }

    #[test]
    fn an_address_shows_no_password() {
        let store = parse("postgres://rf@127.0.0.1:5433/state").unwrap();
        assert_eq!(store.to_string(), "postgres://rf@127.0.0.1:5433/state");
        assert!(!format!("{store:?} {:?}", Password::new("hush")).contains("hush"));
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        for url in [
            "postgres://rf:hush@db/state",
            "postgres://rf@db/state?password=hush",
            "postgres://rf:@db/state",
            "postgres://a:b@c@db/state",
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error, StoreError::Password, "{url}");
            assert!(!error.to_string().contains("hush"));
        }
        // Written so that a plain search would not find it.
        let hidden = parse("postgres://rf@db/state?pass%77ord=hush");
        assert_eq!(hidden.unwrap_err(), StoreError::Parameter);
    }

    #[test]
    fn other_machines_are_reached_by_checked_tls_only() {
        let mode = |url| parse(url).map(|store| store.options.get_ssl_mode());
        let full = |mode| matches!(mode, PgSslMode::VerifyFull);
        for url in [
            "postgres://rf@db.example/state",
            "postgresql://rf@10.0.0.5/state?sslmode=verify-full",
            "postgres:///state?host=db.example&user=rf",
            "postgres://rf@[2001:db8::1]/state",
        ] {
            assert!(full(mode(url).unwrap()), "{url}");
        }
        for weak in [
            "disable",
            "allow",
            "prefer",
            "require",
            "verify-ca",
            "verify%2Dfull",
        ] {
            let url = format!("postgres://rf@db.example/state?sslmode={weak}");
            assert_eq!(parse(&url).unwrap_err(), StoreError::Unprotected, "{url}");
        }
        for url in [
            "postgres://rf@localhost/state",
            "postgres://rf@127.0.0.1/state?sslmode=disable",
            "postgres://rf@[::1]:5432/state",
            "postgres:///state?host=/run/postgresql&user=rf",
        ] {
            assert!(!full(mode(url).unwrap()), "{url}");
            let checked = PostgresStore::parse(url, None, Some(Path::new("ca.pem"))).unwrap();
            assert!(full(checked.options.get_ssl_mode()), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_said_to_be_none() {
        for (url, error) in [
            ("mysql://rf@db/state", StoreError::Shape),
            ("state.db", StoreError::Shape),
            ("postgres://rf@db:x/state", StoreError::Shape),
            ("postgres://rf@db/state#x", StoreError::Shape),
            ("postgres://rf@db", StoreError::NoDatabase),
            (
                "postgres://rf@db/state?sslrootcert=/x",
                StoreError::Parameter,
            ),
        ] {
            assert_eq!(parse(url).unwrap_err(), error, "{url}");
        }
    }
}
