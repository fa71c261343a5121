//! `[state]`: where sources, alerts and settings live.

use std::path::{Path, PathBuf};

use ringfence_connectors::{SecretError, SecretRef};
use ringfence_state::{Password, PostgresStore, Store, StoreError};
use thiserror::Error;

use crate::written::{Mistakes, Section};

/// `[state]`.
#[derive(Debug, Clone, Default)]
pub struct StateConfig {
    /// `url`: a PostgreSQL database, `postgres://USER@HOST:PORT/DATABASE`. Default: the file
    /// `state.db` in the data folder.
    pub url: Option<String>,
    /// `password`: `{ file = "…" }` or `{ env = "…" }`. Default: `PGPASSWORD`, or the password
    /// file of PostgreSQL's own programs.
    pub password: Option<SecretRef>,
    /// `ca_file`: PEM file of further authorities for the database's certificate.
    pub ca_file: Option<PathBuf>,
}

/// Why the place of the state is not known.
#[derive(Debug, Error)]
pub enum StorePlaceError {
    /// The address.
    #[error("state.url: {0}")]
    Url(#[from] StoreError),
    /// The password.
    #[error("state.password: {0}")]
    Password(#[from] SecretError),
}

impl StateConfig {
    pub(crate) fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Self {
        let url = s.take::<String>("url", m);
        let config = Self {
            url: url.as_ref().map(|url| url.get_ref().clone()),
            password: s.take("password", m).map(toml::Spanned::into_inner),
            ca_file: s.take("ca_file", m).map(toml::Spanned::into_inner),
        };
        match &url {
            Some(url) => {
                if let Err(error) = PostgresStore::parse(url.get_ref(), None, None) {
                    m.add(url.span().start, s.path_of("url"), error.to_string());
                }
            }
            None if config.password.is_some() || config.ca_file.is_some() => m.add(
                s.at(),
                s.path_of("url"),
                "`password` and `ca_file` belong to a PostgreSQL database: name it by `url`",
            ),
            None => {}
        }
        s.finish(m);
        config
    }

    /// The place of the state, for a server with this data folder.
    ///
    /// # Errors
    /// When the password cannot be read.
    pub fn place(&self, data: &Path) -> Result<Store, StorePlaceError> {
        match &self.url {
            None => Ok(Store::File(data.join("state.db"))),
            Some(url) => self.at(url),
        }
    }

    /// The place that a person named: a PostgreSQL database, reached with the password and the
    /// authorities of this configuration, or a file.
    ///
    /// # Errors
    /// When the address is wrong or the password cannot be read.
    pub fn at(&self, place: &str) -> Result<Store, StorePlaceError> {
        if !place.contains("://") {
            return Ok(Store::File(PathBuf::from(place)));
        }
        let password = self.password.as_ref().map(SecretRef::read).transpose()?;
        let password = password.map(|text| Password::new(text.reveal()));
        let ca_file = self.ca_file.as_deref();
        let database = PostgresStore::parse(place, password.as_ref(), ca_file)?;
        Ok(Store::Postgres(database))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn mistakes(text: &str) -> Vec<String> {
        let mistakes = Config::parse(text).unwrap_err();
        mistakes
            .into_iter()
            .map(|m| format!("{}: {}", m.key, m.what))
            .collect()
    }

    #[test]
    fn state_is_a_file_unless_a_database_is_named() {
        let place = |text: &str| {
            let config = Config::parse(text).unwrap();
            config
                .state
                .place(Path::new("/data"))
                .map(|place| place.to_string())
        };
        assert_eq!(place("").unwrap(), "/data/state.db");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let text = format!(
            "[state]\nurl = \"postgres://rf@localhost/state\"\npassword = {{ file = \"{}\" }}\n",
            file.display()
        );
        assert!(
            place(&text)
                .unwrap_err()
                .to_string()
                .contains("cannot read")
        );
        std::fs::write(&file, "hush\n").unwrap();
        assert_eq!(place(&text).unwrap(), "postgres://rf@localhost:5432/state");
    }

    #[test]
    fn a_password_in_the_configuration_is_refused_and_not_repeated() {
        let told = mistakes("[state]\nurl = \"postgres://rf:hush@localhost/state\"\n");
        assert!(
            told[0].starts_with("state.url: must not carry a password"),
            "{told:?}"
        );
        let told = mistakes("[state]\nurl = \"postgres://rf@h/s\"\npassword = \"hush\"\n");
        assert!(
            told[0].contains("never itself") && !told[0].contains("hush"),
            "{told:?}"
        );
        let told = mistakes("[state]\npassword = { env = \"X\" }\n");
        assert!(told[0].contains("name it by `url`"), "{told:?}");
    }
}
