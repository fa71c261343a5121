//! Moving the whole state from one database to another.
//!
//! Both are opened as a server would open them: so they are of this release, nobody else uses
//! them, and what is read is one consistent picture. Everything is written in one transaction
//! of the target, its rows are counted against the source, and only then does it commit.

use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::open::State;
use crate::sql::{Query, Row, Sql, Tx, Value, count, query};
use crate::store::Store;

/// Rows read and written at a time; the widest table has 27 columns, SQLite takes 32,766
/// arguments.
const PAGE: i64 = 500;

/// A table and its primary key, by which it is read in order.
struct Table {
    name: &'static str,
    key: &'static [&'static str],
}

/// Every table, those that others refer to before those that do. A test compares the list with
/// the database.
const TABLES: &[Table] = &[
    table("settings", &["name"]),
    table("counters", &["name"]),
    table("positions", &["consumer"]),
    table("bookmarks", &["owner", "name"]),
    table("principals", &["id"]),
    table("assignments", &["id"]),
    table("people", &["id"]),
    table("old_passwords", &["id"]),
    table("factors", &["id"]),
    table("recovery_codes", &["digest"]),
    table("enrolments", &["token_hash"]),
    table("resets", &["id"]),
    table("directory_groups", &["id"]),
    table("directory_members", &["group_id", "person_id"]),
    table("directory_roles", &["id"]),
    table("directory_exceptions", &["role_id", "person_id"]),
    table("role_requests", &["id"]),
    table("reserves", &["id"]),
    table("emergencies", &["id"]),
    table("rights_used", &["principal_id", "action"]),
    table("reviews", &["id"]),
    table("review_items", &["id"]),
    table("identities", &["id"]),
    table("sources", &["id"]),
    table("certificates", &["fingerprint"]),
    table("alerts", &["id"]),
    table("alert_rules", &["alert_id", "rule_id"]),
    table("alert_notes", &["id"]),
    table("alert_history", &["id"]),
    table("findings", &["alert_id", "seq"]),
    table("findings_seen", &["uid"]),
    table("changes", &["id"]),
    table("quarantine", &["id"]),
    table("webhooks", &["id"]),
    table("outbox", &["id"]),
    table("sessions", &["token_hash"]),
    table("saved", &["id"]),
    table("evidence", &["idx"]),
];

const fn table(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key }
}

/// How many rows a table had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The table.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
}

/// Copies all of the state in `from` to `to`, which must not hold any, and tells `progress`
/// how many rows of a table are there after each step. `from` keeps everything.
///
/// # Errors
/// When `from` is no state, either is used by a running server, or `to` is not empty. Then `to`
/// is as before, apart from empty tables.
pub async fn move_state(
    from: &Store,
    to: &Store,
    mut progress: impl FnMut(Moved),
) -> Result<Vec<Moved>> {
    // Opening would make it.
    if let Store::File(path) = from
        && !path.exists()
    {
        return Err(Error::not_found("state database", &from.to_string()));
    }
    let source = State::open_in(from, Limits::default()).await?;
    let target = State::open_in(to, Limits::default()).await?;
    let (mut read, mut write) = (source.begin().await?, target.begin().await?);
    must_be_empty(&mut write, to).await?;
    query("DELETE FROM counters").execute(&mut write).await?;
    let mut moved = Vec::new();
    for table in TABLES {
        let rows = copy(table, &mut read, &mut write, &mut progress).await?;
        let (before, after) = (
            rows_of(table, &mut read).await?,
            rows_of(table, &mut write).await?,
        );
        if (before, after) != (rows, rows) {
            let reason = format!(
                "table `{}` has {before} rows, {rows} were read and {after} arrived: nothing \
                 was moved",
                table.name
            );
            return Err(Error::Unusable(reason));
        }
        moved.push(Moved {
            table: table.name,
            rows,
        });
    }
    write.commit().await?;
    drop(read);
    target.close().await;
    source.close().await;
    Ok(moved)
}

/// The rows that a new database begins with are counters, all of them zero.
async fn must_be_empty(tx: &mut Tx, to: &Store) -> Result<()> {
    for table in TABLES {
        let mut sql = Sql::new("SELECT COUNT(*) AS n FROM ");
        sql.push(table.name);
        if table.name == "counters" {
            sql.push(" WHERE value <> 0");
        }
        let row = sql.query().fetch_one(&mut *tx).await?;
        if count(&row, "n")? > 0 {
            let reason = format!(
                "`{to}` holds state already (table `{}`): name an empty database or a new file",
                table.name
            );
            return Err(Error::Unusable(reason));
        }
    }
    Ok(())
}

async fn rows_of(table: &Table, tx: &mut Tx) -> Result<u64> {
    let mut sql = Sql::new("SELECT COUNT(*) AS n FROM ");
    sql.push(table.name);
    count(&sql.query().fetch_one(tx).await?, "n")
}

/// Copies a table and answers how many rows were read.
async fn copy(
    table: &Table,
    read: &mut Tx,
    write: &mut Tx,
    progress: &mut impl FnMut(Moved),
) -> Result<u64> {
    let mut rows = 0;
    let mut after = None;
    loop {
        let page = page(table, after).fetch_all(&mut *read).await?;
        let Some(last) = page.last() else {
            return Ok(rows);
        };
        let key = table.key.iter().map(|column| last.value(column));
        after = Some(key.collect::<Result<Vec<_>>>()?);
        insert(table, &page)?.execute(write).await?;
        rows += page.len() as u64;
        progress(Moved {
            table: table.name,
            rows,
        });
    }
}

/// The rows that follow those up to a key, in its order.
fn page(table: &Table, after: Option<Vec<Value>>) -> Query {
    let mut sql = Sql::new("SELECT * FROM ");
    sql.push(table.name);
    let key = |sql: &mut Sql| {
        for (at, column) in table.key.iter().enumerate() {
            sql.push(if at == 0 { "" } else { ", " }).push(column);
        }
    };
    if let Some(after) = after {
        sql.push(" WHERE (");
        key(&mut sql);
        sql.push(") > ").list(after);
    }
    sql.push(" ORDER BY ");
    key(&mut sql);
    sql.push(" LIMIT ").bind(PAGE);
    sql.query()
}

fn insert(table: &Table, rows: &[Row]) -> Result<Query> {
    let mut sql = Sql::new("INSERT INTO ");
    sql.push(table.name);
    for (at, row) in rows.iter().enumerate() {
        let columns = row.columns();
        if at == 0 {
            sql.push(" (").columns(&columns)?.push(") VALUES ");
        } else {
            sql.push(", ");
        }
        let values = columns.iter().map(|column| row.value(column));
        sql.list(values.collect::<Result<Vec<_>>>()?);
    }
    Ok(sql.query())
}
