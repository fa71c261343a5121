//! Groups of a directory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::db::Reads;
use crate::error::{Error, Result};
use crate::id::new_id;
use crate::names;
use crate::open::State;
use crate::people::taken;
use crate::sql::{Row, Tx, query};

/// Longest name of a group: Entra ID has as long ones.
const MOST_NAME: usize = 256;

/// What a directory says of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// What people call it.
    pub name: String,
    /// The directory's own name of it.
    pub external_id: Option<String>,
    /// Ids of the people in it, who are of the directory too.
    pub members: BTreeSet<String>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The directory's own name of it.
    pub external_id: Option<String>,
    /// When it was made, ms.
    pub made_ms: i64,
    /// When it was last changed, ms.
    pub changed_ms: i64,
    /// Name of each person in it, by id.
    pub members: BTreeMap<String, String>,
}

/// A group before and after a directory changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    /// Before.
    pub before: Group,
    /// After.
    pub after: Group,
}

impl GroupChange {
    /// Id and name of whoever is in it now and was not before.
    pub fn joined(&self) -> impl Iterator<Item = (&String, &String)> {
        let before = &self.before.members;
        let after = self.after.members.iter();
        after.filter(|(id, _)| !before.contains_key(*id))
    }

    /// Id and name of whoever is in it no longer.
    pub fn left(&self) -> impl Iterator<Item = (&String, &String)> {
        let after = &self.after.members;
        let before = self.before.members.iter();
        before.filter(|(id, _)| !after.contains_key(*id))
    }
}

impl State {
    /// Makes a group. It has no roles until people here give it some.
    ///
    /// # Errors
    /// When the name is invalid or another group's, or a member is not of the directory.
    pub async fn create_group(&self, new: &NewGroup, now_ms: i64) -> Result<Group> {
        let mut tx = self.begin().await?;
        let id = new_id(now_ms)?;
        names::name_up_to(MOST_NAME, "displayName", &new.name)?;
        query(
            "INSERT INTO directory_groups (id, name, folded, external_id, made_ms, changed_ms)
             VALUES ($1, $2, $3, $4, $5, $5)",
        )
        .bind(id.clone())
        .bind(new.name.clone())
        .bind(new.name.to_lowercase())
        .bind(new.external_id.clone())
        .bind(now_ms)
        .execute(&mut tx)
        .await
        .map_err(another)?;
        join(&mut tx, &id, new.members.iter()).await?;
        let made = one(&mut tx, &id).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// A group with its members.
    ///
    /// # Errors
    /// When there is no such group.
    pub async fn directory_group(&self, id: &str) -> Result<Group> {
        let row = find(self.reader(), id).await?;
        read(&row, &mut members(self.reader(), Some(id)).await?)
    }

    /// All groups, oldest first; or the one of a name. Without members, if nobody asks for them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn directory_groups(
        &self,
        name: Option<&str>,
        with_members: bool,
    ) -> Result<Vec<Group>> {
        let rows = query(
            "SELECT * FROM directory_groups WHERE $1 IS NULL OR folded = $1 ORDER BY made_ms, id",
        )
        .bind(name.map(str::to_lowercase))
        .fetch_all(self.reader())
        .await?;
        let mut members = match with_members {
            true => members(self.reader(), None).await?,
            false => HashMap::new(),
        };
        rows.iter().map(|row| read(row, &mut members)).collect()
    }

    /// Puts what a directory says of a group, made from what it said before, in the place of that. Its
    /// members have the roles of the group from that moment on, and whoever left has them no longer.
    ///
    /// # Errors
    /// When there is no such group, the name is invalid or another group's, or a member is not of the
    /// directory; and what `change` says.
    pub async fn change_group<E: From<Error>>(
        &self,
        id: &str,
        now_ms: i64,
        change: impl FnOnce(&Group) -> std::result::Result<NewGroup, E> + Send,
    ) -> std::result::Result<GroupChange, E> {
        let mut tx = self.begin().await?;
        let before = one(&mut tx, id).await?;
        let new = &change(&before)?;
        names::name_up_to(MOST_NAME, "displayName", &new.name)?;
        query(
            "UPDATE directory_groups SET name = $1, folded = $2, external_id = $3, changed_ms = $4
             WHERE id = $5",
        )
        .bind(new.name.clone())
        .bind(new.name.to_lowercase())
        .bind(new.external_id.clone())
        .bind(now_ms)
        .bind(id)
        .execute(&mut tx)
        .await
        .map_err(another)?;
        let gone = before
            .members
            .keys()
            .filter(|id| !new.members.contains(*id));
        for person in gone {
            query("DELETE FROM directory_members WHERE group_id = $1 AND person_id = $2")
                .bind(id)
                .bind(person.clone())
                .execute(&mut tx)
                .await?;
        }
        let come = new
            .members
            .iter()
            .filter(|id| !before.members.contains_key(*id));
        join(&mut tx, id, come).await?;
        let after = one(&mut tx, id).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(GroupChange { before, after })
    }

    /// Takes a group away, and its roles from its members.
    ///
    /// # Errors
    /// When there is no such group.
    pub async fn remove_group(&self, id: &str) -> Result<Group> {
        let mut tx = self.begin().await?;
        let before = one(&mut tx, id).await?;
        for statement in [
            "DELETE FROM directory_members WHERE group_id = $1",
            "DELETE FROM directory_roles WHERE group_id = $1",
            "DELETE FROM directory_groups WHERE id = $1",
        ] {
            query(statement).bind(id).execute(&mut tx).await?;
        }
        tx.commit().await?;
        self.principals_changed();
        Ok(before)
    }
}

fn another(error: Error) -> Error {
    taken(error, "displayName", "another group has this name")
}

/// Nobody becomes a member whom the directory does not look after: else it could give roles to others.
async fn join(tx: &mut Tx, group: &str, people: impl Iterator<Item = &String>) -> Result<()> {
    for person in people {
        let done = query(
            "INSERT INTO directory_members (group_id, person_id)
             SELECT $1, id FROM people
             WHERE id = $2 AND directory_ms IS NOT NULL AND removed_ms IS NULL
             ON CONFLICT DO NOTHING",
        )
        .bind(group)
        .bind(person.clone())
        .execute(&mut *tx)
        .await?;
        if done == 0 && !is_member(tx, group, person).await? {
            let reason = format!("there is no user `{person}`");
            return Err(Error::invalid("members", reason));
        }
    }
    Ok(())
}

async fn is_member(tx: &mut Tx, group: &str, person: &str) -> Result<bool> {
    let found =
        query("SELECT 1 AS one FROM directory_members WHERE group_id = $1 AND person_id = $2")
            .bind(group)
            .bind(person)
            .fetch_optional(tx)
            .await?;
    Ok(found.is_some())
}

async fn find(from: impl Reads, id: &str) -> Result<Row> {
    query("SELECT * FROM directory_groups WHERE id = $1")
        .bind(id)
        .fetch_optional(from)
        .await?
        .ok_or_else(|| Error::not_found("group", id))
}

pub(super) async fn one(tx: &mut Tx, id: &str) -> Result<Group> {
    let row = find(&mut *tx, id).await?;
    read(&row, &mut members(tx, Some(id)).await?)
}

type Members = HashMap<String, BTreeMap<String, String>>;

async fn members(from: impl Reads, group: Option<&str>) -> Result<Members> {
    let rows = query(
        "SELECT m.group_id, p.id, p.name FROM directory_members m
         JOIN principals p ON p.id = m.person_id WHERE $1 IS NULL OR m.group_id = $1",
    )
    .bind(group)
    .fetch_all(from)
    .await?;
    let mut all = Members::new();
    for row in &rows {
        let of = all.entry(row.try_get("group_id")?).or_default();
        of.insert(row.try_get("id")?, row.try_get("name")?);
    }
    Ok(all)
}

fn read(row: &Row, members: &mut Members) -> Result<Group> {
    let id: String = row.try_get("id")?;
    Ok(Group {
        name: row.try_get("name")?,
        external_id: row.try_get("external_id")?,
        made_ms: row.try_get("made_ms")?,
        changed_ms: row.try_get("changed_ms")?,
        members: members.remove(&id).unwrap_or_default(),
        id,
    })
}
