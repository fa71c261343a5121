//! An administrator made on the machine itself, for when nobody can sign in.

use ringfence_identity::Login;
use ringfence_policy::Role;

use crate::assignments::{self, NewRole};
use crate::emergencies::{self, Emergency, New};
use crate::error::{Error, Result};
use crate::open::State;
use crate::people::account::{self, Account};
use crate::people::enrol::{self, Invitation, RECOVERED};
use crate::principals::FIRST;
use crate::sql::query;

/// Why the role is held, and what reviewers read.
const WHY: &str = "made administrator on the machine, with the server stopped";

impl State {
    /// Makes somebody an administrator of everything with a code to set up anew how they sign in: the
    /// person of this name, or a new one who chooses a name. It is an emergency, told at the next start
    /// and reviewed as every other.
    ///
    /// # Errors
    /// When nobody has this name or it can be none, or the database cannot be written.
    pub async fn recover_administrator(
        &self,
        login: Option<&str>,
        now_ms: i64,
    ) -> Result<(Account, Invitation, Emergency)> {
        let login = login.map(Login::parse).transpose();
        let login = login.map_err(|e| Error::invalid("login", e.to_string()))?;
        let mut tx = self.begin().await?;
        let name = login.as_ref().map_or(RECOVERED, Login::as_str);
        let known = query("SELECT id FROM people WHERE login = $1")
            .bind(name)
            .fetch_optional(&mut tx)
            .await?;
        let id: String = match (known, login) {
            (Some(row), _) => row.try_get("id")?,
            (None, None) => {
                enrol::nameless(&mut tx, RECOVERED, "Recovered administrator", now_ms).await?
            }
            (None, Some(login)) => return Err(Error::not_found("person", login.as_str())),
        };
        // Else they would be dormant at the next look.
        query("UPDATE people SET off_ms = NULL, directory_off_ms = NULL WHERE id = $1")
            .bind(id.clone())
            .execute(&mut tx)
            .await?;
        query("UPDATE principals SET disabled_ms = NULL, last_used_ms = $1 WHERE id = $2")
            .bind(now_ms)
            .bind(id.clone())
            .execute(&mut tx)
            .await?;
        let role = NewRole {
            role: Role::Administrator,
            program: "*".to_owned(),
            why: WHY.to_owned(),
            expires_ms: None,
        };
        assignments::give(&mut tx, &id, &role, FIRST, now_ms).await?;
        let lasts = self.limits().sign_in.invitation;
        let invitation = enrol::invite(&mut tx, &id, FIRST, now_ms, now_ms, lasts).await?;
        let new = New {
            person: &id,
            kind: "recovery",
            role: role.role,
            program: &role.program,
            reserve: None,
            why: WHY,
            until_ms: None,
        };
        let emergency = emergencies::begin(&mut tx, &new, now_ms).await?;
        let emergency = emergencies::one(&mut tx, &emergency).await?;
        let account = account::one(&mut tx, &id, now_ms).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok((account, invitation, emergency))
    }
}
