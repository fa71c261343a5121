//! Roles of groups, which people here give and no directory does.

use ringfence_policy::Role;
use serde::Serialize;

use super::groups;
use crate::assignments::{Held, NewRole, check};
use crate::error::{Error, Result};
use crate::id::new_id;
use crate::open::State;
use crate::sql::query;

/// Roles of groups with all that is read of a role.
macro_rules! roles {
    () => {
        "SELECT r.*, g.name AS through, CAST(NULL AS BIGINT) AS expires_ms, CAST(0 AS BIGINT) AS reserve,
         CAST(NULL AS BIGINT) AS in_force_until_ms FROM directory_roles r
         JOIN directory_groups g ON g.id = r.group_id "
    };
}

/// A group with its roles, for whoever looks after access.
#[derive(Debug, Clone, Serialize)]
pub struct GroupRole {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How many people are in it.
    pub members: usize,
    /// What each of them may do where.
    pub roles: Vec<Held>,
}

impl State {
    /// All groups with their roles, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn group_roles(&self) -> Result<Vec<GroupRole>> {
        let rows = query(concat!(roles!(), "ORDER BY r.role, r.program"))
            .fetch_all(self.reader())
            .await?;
        let mut all: Vec<_> = self
            .directory_groups(None, true)
            .await?
            .into_iter()
            .map(|group| GroupRole {
                id: group.id,
                name: group.name,
                members: group.members.len(),
                roles: Vec::new(),
            })
            .collect();
        all.sort_by_key(|group| group.name.to_lowercase());
        for row in &rows {
            let group: String = row.try_get("group_id")?;
            if let Some(of) = all.iter_mut().find(|of| of.id == group) {
                of.roles.push(Held::read(row)?);
            }
        }
        Ok(all)
    }

    /// Gives the members of a group a role, those of now and those to come.
    ///
    /// # Errors
    /// When there is no such group, the role is not for people, is given for a time only, or is the
    /// administrator's: who administers is decided here by name.
    pub async fn give_group_role(
        &self,
        group: &str,
        new: &NewRole,
        by: &str,
        now_ms: i64,
    ) -> Result<()> {
        check(new, now_ms)?;
        let not = |reason: &str| {
            let reason = format!("`{}` {reason}", new.role);
            Err(Error::invalid("role", reason))
        };
        if new.role == Role::Administrator {
            return not("is given to people by name, never to a group of the directory");
        }
        if !new.role.is_for_people() {
            return not("is for services: people have another role");
        }
        if new.role.must_expire() || new.expires_ms.is_some() {
            return not("for a time is given to people by name");
        }
        let mut tx = self.begin().await?;
        groups::one(&mut tx, group).await?;
        query(
            "INSERT INTO directory_roles
                 (id, group_id, role, program, granted_ms, granted_by, why)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (group_id, role, program) DO UPDATE SET granted_ms = excluded.granted_ms,
                 granted_by = excluded.granted_by, why = excluded.why",
        )
        .bind(new_id(now_ms)?)
        .bind(group)
        .bind(new.role.name())
        .bind(new.program.clone())
        .bind(now_ms)
        .bind(by)
        .bind(new.why.clone())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(())
    }

    /// Takes a role from a group, and answers which that was.
    ///
    /// # Errors
    /// When the group has no such role.
    pub async fn take_group_role(&self, group: &str, role: &str) -> Result<Held> {
        let mut tx = self.begin().await?;
        let row = query(concat!(roles!(), "WHERE r.id = $1 AND r.group_id = $2"))
            .bind(role)
            .bind(group)
            .fetch_optional(&mut tx)
            .await?
            .ok_or_else(|| Error::not_found("role", role))?;
        let held = Held::read(&row)?;
        query("DELETE FROM directory_roles WHERE id = $1")
            .bind(role)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(held)
    }
}
