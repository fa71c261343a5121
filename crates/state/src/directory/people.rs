//! People of a directory.

use std::collections::HashMap;

use ringfence_identity::Login;

use crate::assignments;
use crate::db::Reads;
use crate::error::{Error, Result};
use crate::open::State;
use crate::people::{NewPerson, administered, disable, insert, must_keep_administrator, taken};
use crate::principals::{self, FIRST, Principal};
use crate::sql::{Row, Tx, query};

/// What a directory says of somebody.
#[derive(Debug, Clone)]
pub struct Said {
    /// The name they sign in with.
    pub login: Login,
    /// What people call them.
    pub name: String,
    /// How the telephony calls them.
    pub agent: Option<String>,
    /// Whether they may sign in; nothing leaves that as it is, and lets in whoever is new.
    pub active: Option<bool>,
    /// The directory's own name of them.
    pub external_id: Option<String>,
    /// All of it, as JSON.
    pub document: String,
}

/// Somebody whom a directory looks after.
#[derive(Debug, Clone)]
pub struct DirectoryPerson {
    /// Who.
    pub principal: Principal,
    /// The name they sign in with.
    pub login: String,
    /// What the directory said last, as JSON.
    pub document: String,
    /// The directory said that they may not sign in.
    pub off: bool,
    /// When they were made, ms.
    pub made_ms: i64,
    /// When the directory last changed them, ms.
    pub changed_ms: i64,
    /// Id and name of each group they are in.
    pub groups: Vec<(String, String)>,
}

/// Somebody before and after a directory changed them.
#[derive(Debug, Clone)]
pub struct DirectoryChange {
    /// Before.
    pub before: DirectoryPerson,
    /// After.
    pub after: DirectoryPerson,
}

impl State {
    /// Makes an account that a directory asks for. Nobody is invited: they sign in through their
    /// identity provider, or an administrator gives them an enrolment code.
    ///
    /// # Errors
    /// When a field is invalid, or the name or agent is somebody's.
    pub async fn directory_create(&self, said: &Said, now_ms: i64) -> Result<DirectoryPerson> {
        let mut tx = self.begin().await?;
        let new = NewPerson {
            login: said.login.clone(),
            name: said.name.clone(),
            agent: said.agent.clone(),
            roles: Vec::new(),
        };
        let id = insert(&mut tx, &new, now_ms).await?;
        query("UPDATE people SET directory_ms = $1 WHERE id = $2")
            .bind(now_ms)
            .bind(id.clone())
            .execute(&mut tx)
            .await?;
        write(&mut tx, &id, said, now_ms).await?;
        if said.active == Some(false) {
            switch_off(&mut tx, &id, now_ms).await?;
        }
        let made = one(&mut tx, &id).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(made)
    }

    /// Somebody of the directory.
    ///
    /// # Errors
    /// When it has no such person.
    pub async fn directory_person(&self, id: &str) -> Result<DirectoryPerson> {
        self.whole(&find(self.reader(), id).await?).await
    }

    /// Everybody of the directory, oldest first; of those who have a login or an id of the directory,
    /// if one is named.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn directory_people(
        &self,
        login: Option<&Login>,
        external_id: Option<&str>,
    ) -> Result<Vec<DirectoryPerson>> {
        let rows = query(
            "SELECT p.*, h.login, h.document, h.directory_changed_ms, h.directory_off_ms FROM people h
             JOIN principals p ON p.id = h.id
             WHERE h.directory_ms IS NOT NULL AND h.removed_ms IS NULL
             AND ($1 IS NULL OR h.login = $1) AND ($2 IS NULL OR h.external_id = $2)
             ORDER BY p.created_ms, p.id",
        )
        .bind(login.map(Login::as_str))
        .bind(external_id)
        .fetch_all(self.reader())
        .await?;
        // A directory with tens of thousands of people looks them up one by one.
        match rows.as_slice() {
            [] => return Ok(Vec::new()),
            [row] => return Ok(vec![self.whole(row).await?]),
            _ => {}
        }
        let roles = self.load_roles().await?;
        let groups = groups_of(self.reader(), None).await?;
        rows.iter()
            .map(|row| read(row, principals::read_with(row, &roles)?, &groups))
            .collect()
    }

    /// Somebody in a row, with the roles and groups that are theirs.
    async fn whole(&self, row: &Row) -> Result<DirectoryPerson> {
        let id: String = row.try_get("id")?;
        let roles = assignments::of(self.reader(), &id).await?;
        let groups = groups_of(self.reader(), Some(&id)).await?;
        read(row, principals::read(row, roles)?, &groups)
    }

    /// Puts what a directory says of somebody, made from what it said before, in the place of that.
    /// Whoever may not sign in any longer is out of every session with it.
    ///
    /// # Errors
    /// When it has no such person, a field is invalid or somebody's, or they are the last administrator
    /// who can sign in; and what `change` says.
    pub async fn directory_change<E: From<Error>>(
        &self,
        id: &str,
        now_ms: i64,
        change: impl FnOnce(&DirectoryPerson) -> std::result::Result<Said, E> + Send,
    ) -> std::result::Result<DirectoryChange, E> {
        let mut tx = self.begin().await?;
        let before = one(&mut tx, id).await?;
        let said = &change(&before)?;
        let had = administered(&mut tx, now_ms).await?;
        write(&mut tx, id, said, now_ms).await?;
        match said.active {
            None => {}
            Some(true) => switch_on(&mut tx, id, now_ms).await?,
            Some(false) => switch_off(&mut tx, id, now_ms).await?,
        }
        must_keep_administrator(&mut tx, had, now_ms).await?;
        let after = one(&mut tx, id).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(DirectoryChange { before, after })
    }

    /// Takes somebody out who has left: they are out of every session and group, and their name is free.
    /// What they did stays known under their id.
    ///
    /// # Errors
    /// As [`Self::directory_change`].
    pub async fn directory_remove(&self, id: &str, now_ms: i64) -> Result<DirectoryPerson> {
        let mut tx = self.begin().await?;
        let before = one(&mut tx, id).await?;
        let had = administered(&mut tx, now_ms).await?;
        switch_off(&mut tx, id, now_ms).await?;
        must_keep_administrator(&mut tx, had, now_ms).await?;
        let held = before
            .principal
            .roles
            .iter()
            .filter(|held| held.through.is_none());
        for held in held {
            assignments::take(&mut tx, id, &held.id, FIRST, now_ms).await?;
        }
        // No sign-in name has a colon: this is nobody's.
        query("UPDATE people SET removed_ms = $1, login = $2, external_id = NULL WHERE id = $3")
            .bind(now_ms)
            .bind(format!("removed:{id}"))
            .bind(id)
            .execute(&mut tx)
            .await?;
        query("UPDATE principals SET agent = NULL WHERE id = $1")
            .bind(id)
            .execute(&mut tx)
            .await?;
        // Whoever comes back is somebody new, and has the account at the provider that they had.
        for statement in [
            "DELETE FROM directory_members WHERE person_id = $1",
            "DELETE FROM identities WHERE person_id = $1",
            "DELETE FROM factors WHERE person_id = $1",
            "DELETE FROM recovery_codes WHERE person_id = $1",
        ] {
            query(statement).bind(id).execute(&mut tx).await?;
        }
        tx.commit().await?;
        self.principals_changed();
        Ok(before)
    }

    /// Hands somebody over to the directory, or takes them back. Taken back, what the directory said
    /// last stays, and people here may switch them on again.
    ///
    /// # Errors
    /// When there is no such person, or the directory took them out.
    pub async fn give_to_directory(&self, id: &str, given: bool, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        let done = query(
            // Taken back, they are off until people here switch them on.
            "UPDATE people SET directory_ms = $1, directory_changed_ms = $2,
             off_ms = CASE WHEN $1 IS NULL THEN COALESCE(off_ms, directory_off_ms) ELSE off_ms END,
             directory_off_ms = CASE WHEN $1 IS NULL THEN NULL ELSE directory_off_ms END,
             document = COALESCE(document, '{}') WHERE id = $3 AND removed_ms IS NULL",
        )
        .bind(given.then_some(now_ms))
        .bind(now_ms)
        .bind(id)
        .execute(&mut tx)
        .await?;
        if done == 0 {
            return Err(Error::not_found("person", id));
        }
        // Else it could not take them out of its groups any longer.
        if !given {
            query("DELETE FROM directory_members WHERE person_id = $1")
                .bind(id)
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await?;
        self.principals_changed();
        Ok(())
    }
}

/// Writes what was said, apart from whether they may sign in.
async fn write(tx: &mut Tx, id: &str, said: &Said, now_ms: i64) -> Result<()> {
    crate::names::name("name", &said.name)?;
    if let Some(agent) = &said.agent {
        crate::names::name("agent", agent)?;
    }
    query("UPDATE principals SET name = $1, agent = $2 WHERE id = $3")
        .bind(said.name.clone())
        .bind(said.agent.clone())
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(|e| taken(e, "agent", "somebody else is this agent"))?;
    query(
        "UPDATE people SET login = $1, external_id = $2, document = $3, directory_changed_ms = $4
         WHERE id = $5",
    )
    .bind(said.login.as_str())
    .bind(said.external_id.clone())
    .bind(said.document.clone())
    .bind(now_ms)
    .bind(id)
    .execute(tx)
    .await
    .map_err(|e| taken(e, "login", "somebody else signs in with this name"))?;
    Ok(())
}

/// What the directory says stands beside what people here say: whoever is off by either is off.
async fn switch_off(tx: &mut Tx, id: &str, now_ms: i64) -> Result<()> {
    query("UPDATE people SET directory_off_ms = COALESCE(directory_off_ms, $1) WHERE id = $2")
        .bind(now_ms)
        .bind(id)
        .execute(&mut *tx)
        .await?;
    disable(tx, id, now_ms).await
}

/// Whom people here switched off stays off.
async fn switch_on(tx: &mut Tx, id: &str, now_ms: i64) -> Result<()> {
    let done = query(
        "UPDATE people SET directory_off_ms = NULL WHERE id = $1 AND directory_off_ms IS NOT NULL",
    )
    .bind(id)
    .execute(&mut *tx)
    .await?;
    if done > 0 {
        // Else they would be dormant at the next look.
        query(
            "UPDATE principals SET disabled_ms = NULL, last_used_ms = $1 WHERE id = $2
             AND EXISTS (SELECT 1 FROM people h WHERE h.id = $2 AND h.off_ms IS NULL)",
        )
        .bind(now_ms)
        .bind(id)
        .execute(tx)
        .await?;
    }
    Ok(())
}

async fn find(from: impl Reads, id: &str) -> Result<Row> {
    query(
        "SELECT p.*, h.login, h.document, h.directory_changed_ms, h.directory_off_ms FROM people h
         JOIN principals p ON p.id = h.id
         WHERE h.id = $1 AND h.directory_ms IS NOT NULL AND h.removed_ms IS NULL",
    )
    .bind(id)
    .fetch_optional(from)
    .await?
    .ok_or_else(|| Error::not_found("user", id))
}

async fn one(tx: &mut Tx, id: &str) -> Result<DirectoryPerson> {
    let row = find(&mut *tx, id).await?;
    let principal = principals::one(tx, id).await?;
    read(&row, principal, &groups_of(tx, Some(id)).await?)
}

type Groups = HashMap<String, Vec<(String, String)>>;

/// Groups by member: of one, or of all.
async fn groups_of(from: impl Reads, person: Option<&str>) -> Result<Groups> {
    let rows = query(
        "SELECT m.person_id, g.id, g.name FROM directory_members m
         JOIN directory_groups g ON g.id = m.group_id
         WHERE $1 IS NULL OR m.person_id = $1 ORDER BY g.folded",
    )
    .bind(person)
    .fetch_all(from)
    .await?;
    let mut all = Groups::new();
    for row in &rows {
        let group = (row.try_get("id")?, row.try_get("name")?);
        all.entry(row.try_get("person_id")?)
            .or_default()
            .push(group);
    }
    Ok(all)
}

fn read(row: &Row, principal: Principal, groups: &Groups) -> Result<DirectoryPerson> {
    Ok(DirectoryPerson {
        login: row.try_get("login")?,
        document: row.try_get("document")?,
        off: row.try_get::<Option<i64>>("directory_off_ms")?.is_some(),
        made_ms: principal.created_ms,
        changed_ms: row.try_get("directory_changed_ms")?,
        groups: groups.get(&principal.id).cloned().unwrap_or_default(),
        principal,
    })
}
