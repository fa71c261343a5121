//! Secrets: named in the configuration, read when they are used, never printed.

use std::path::PathBuf;

use serde::Deserialize;
use thiserror::Error;

/// Longest secret.
const MOST: usize = 16 << 10;

/// Where a secret stands. It is read each time a new token is asked for, so that a changed file
/// is in force without a restart.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a secret is written as `{ file = \"/path\" }` or `{ env = \"NAME\" }`, never itself"
)]
pub enum SecretRef {
    /// `{ file = "/path" }`: the file's text, without white space around it.
    File {
        /// Path of the file.
        file: PathBuf,
    },
    /// `{ env = "NAME" }`: an environment variable of the server.
    Env {
        /// Its name.
        env: String,
    },
}

/// A secret. Prints nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

/// Why a secret cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {kind}")]
    File {
        /// Which.
        path: String,
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// The variable is not set.
    #[error("environment variable `{0}` is not set")]
    Env(String),
    /// Nothing in it, or far too much.
    #[error("the secret in {0} is empty or longer than 16 KiB")]
    Size(String),
}

impl SecretRef {
    /// Reads it.
    ///
    /// # Errors
    /// When it cannot be read or is empty.
    pub fn read(&self) -> Result<SecretText, SecretError> {
        let (text, place) = match self {
            Self::File { file } => {
                let path = file.display().to_string();
                let text = std::fs::read_to_string(file).map_err(|e| SecretError::File {
                    path: path.clone(),
                    kind: e.kind(),
                })?;
                (text, format!("file `{path}`"))
            }
            Self::Env { env } => {
                let text = std::env::var(env).map_err(|_| SecretError::Env(env.clone()))?;
                (text, format!("environment variable `{env}`"))
            }
        };
        let text = text.trim();
        if text.is_empty() || text.len() > MOST {
            return Err(SecretError::Size(place));
        }
        Ok(SecretText(text.to_owned()))
    }
}

impl SecretText {
    /// A secret that was just received, such as a token.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Written {
        token: SecretRef,
    }

    #[test]
    fn a_secret_is_a_reference_and_prints_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        std::fs::write(&path, " hunter2\n").unwrap();
        let text = format!("token = {{ file = \"{}\" }}", path.display());
        let written: Written = toml::from_str(&text).unwrap();
        let secret = written.token.read().unwrap();
        assert_eq!(secret.reveal(), "hunter2");
        assert_eq!(format!("{secret:?}"), "[redacted]");
        std::fs::write(&path, "\n").unwrap();
        assert!(written.token.read().is_err());

        let error = toml::from_str::<Written>("token = \"hunter2\"").unwrap_err();
        assert!(error.message().contains("never itself"), "{error}");
        assert!(!error.message().contains("hunter2"));
        let env: Written = toml::from_str("token = { env = \"RF_NO_SUCH_VARIABLE\" }").unwrap();
        assert_eq!(
            env.token.read(),
            Err(SecretError::Env("RF_NO_SUCH_VARIABLE".into()))
        );
    }
}
