//! Statements: text and arguments side by side, the same for both databases.
//!
//! Text comes in only as `&'static str`, whether as a whole ([`query`]) or piece by piece
//! ([`Sql`]); so a value can enter a statement in one way: as a bound argument.

use std::borrow::Cow;

use crate::db::Reads;
pub(crate) use crate::db::{Row, Tx};
use crate::error::{Error, Result};
use crate::scope::Scope;

/// A statement with its arguments, ready to run.
pub(crate) struct Query {
    pub(crate) text: Cow<'static, str>,
    pub(crate) values: Vec<Value>,
}

/// What can be stored: whole numbers and texts, each or nothing. Everything else is written
/// as one of them, so that no type of one database stands in the way of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Number(Option<i64>),
    Text(Option<String>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Some(text).into()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map(str::to_owned).into()
    }
}

impl From<Option<String>> for Value {
    /// PostgreSQL takes no NUL in TEXT. It is replaced for both databases, so that they hold
    /// and find the same.
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(|text| match text.contains('\0') {
            true => text.replace('\0', "\u{fffd}"),
            false => text,
        }))
    }
}

/// A statement that is a literal; its placeholders are `$1`, `$2` and so on.
pub(crate) fn query(text: &'static str) -> Query {
    Query {
        text: Cow::Borrowed(text),
        values: Vec::new(),
    }
}

impl Query {
    /// The value of the next placeholder.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs it in a transaction and answers how many rows it touched.
    pub(crate) async fn execute(self, tx: &mut Tx) -> Result<u64> {
        tx.execute(self).await
    }

    pub(crate) async fn fetch_all(self, from: impl Reads) -> Result<Vec<Row>> {
        from.rows(self).await
    }

    /// The first row; statements that may have several say `LIMIT 1`.
    pub(crate) async fn fetch_optional(self, from: impl Reads) -> Result<Option<Row>> {
        Ok(from.rows(self).await?.into_iter().next())
    }

    /// The row of a statement that always has one.
    pub(crate) async fn fetch_one(self, from: impl Reads) -> Result<Row> {
        let row = self.fetch_optional(from).await?;
        row.ok_or(Error::Database(sqlx::Error::RowNotFound))
    }
}

/// A statement under construction.
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub(crate) fn new(text: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a placeholder and its value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// `(a, b, c)`; an empty list becomes `(NULL)`, which nothing equals.
    pub(crate) fn list<T: Into<Value>>(
        &mut self,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        let before = self.values.len();
        self.push("(");
        for value in values {
            if self.values.len() > before {
                self.push(", ");
            }
            self.bind(value);
        }
        if self.values.len() == before {
            self.push("NULL");
        }
        self.push(")")
    }

    /// Adds names of columns that the database told. They are ours, made by a migration; one that
    /// is no plain word is not, and goes into no statement.
    pub(crate) fn columns(&mut self, names: &[String]) -> Result<&mut Self> {
        for (at, name) in names.iter().enumerate() {
            let plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if !name.bytes().all(plain) {
                return Err(Error::Corrupt("name of a column"));
            }
            self.push(if at == 0 { "" } else { ", " });
            self.text.push_str(name);
        }
        Ok(self)
    }

    /// Restricts the statement to the scope's programs; every statement that reads or
    /// edits for a caller ends its `WHERE` with this.
    pub(crate) fn within(&mut self, scope: &Scope) -> &mut Self {
        if let Scope::Programs(programs) = scope {
            self.push(" AND program IN ").list(programs.iter().cloned());
        }
        self
    }

    pub(crate) fn query(self) -> Query {
        Query {
            text: Cow::Owned(self.text),
            values: self.values,
        }
    }
}

/// A `LIKE` pattern that finds `text` anywhere, with `\` as the escape character.
pub(crate) fn contains_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for char in text.to_lowercase().chars() {
        if matches!(char, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern.push('%');
    pattern
}

/// Reads a column that holds JSON which this crate wrote.
pub(crate) fn json<T: serde::de::DeserializeOwned>(row: &Row, column: &'static str) -> Result<T> {
    let text: String = row.try_get(column)?;
    serde_json::from_str(&text).map_err(|_| Error::Corrupt(column))
}

/// Counts are never negative in the tables; if one were, zero is the honest answer.
pub(crate) fn count(row: &Row, column: &'static str) -> Result<u64> {
    Ok(u64::try_from(row.try_get::<i64>(column)?).unwrap_or(0))
}

/// Offsets and sizes that come as `u64` and are stored as BIGINT.
pub(crate) fn bigint(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_numbered_placeholders() {
        let mut sql = Sql::new("SELECT 1 FROM t WHERE a = ");
        sql.bind(1_i64)
            .push(" AND b IN ")
            .list(["x", "y"])
            .within(&Scope::program("p"));
        assert_eq!(
            sql.text,
            "SELECT 1 FROM t WHERE a = $1 AND b IN ($2, $3) AND program IN ($4)"
        );
    }

    #[test]
    fn an_empty_scope_matches_nothing() {
        let mut sql = Sql::new("1 = 1");
        sql.within(&Scope::Programs(std::collections::BTreeSet::new()));
        assert_eq!(sql.text, "1 = 1 AND program IN (NULL)");
    }

    #[test]
    fn patterns_take_wildcards_literally() {
        assert_eq!(contains_pattern("50%_A\\"), "%50\\%\\_a\\\\%");
    }
}
