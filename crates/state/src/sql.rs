//! Statements that are put together at run time: text and arguments side by side.
//!
//! The only place that tells the database driver to trust a string it did not see as
//! a literal. [`Sql`] takes text only as `&'static str`, so a value can enter a
//! statement in one way: as a bound argument.

use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Encode, Row as _, Type};

use crate::error::{Error, Result};
use crate::scope::Scope;

pub(crate) type Db = Sqlite;
pub(crate) type Row = SqliteRow;
pub(crate) type Tx = sqlx::Transaction<'static, Db>;

/// A statement under construction.
pub(crate) struct Sql {
    text: String,
    arguments: SqliteArguments,
    count: usize,
}

impl Sql {
    pub(crate) fn new(text: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            arguments: SqliteArguments::default(),
            count: 0,
        }
    }

    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a placeholder and its value. A value that cannot be encoded leaves an
    /// argument missing, which the driver refuses when the statement runs.
    pub(crate) fn bind<'t, T: Encode<'t, Db> + Type<Db>>(&mut self, value: T) -> &mut Self {
        let _ = self.arguments.add(value);
        self.count += 1;
        self.text.push('$');
        self.text.push_str(&self.count.to_string());
        self
    }

    /// `(a, b, c)`; an empty list becomes `(NULL)`, which nothing equals.
    pub(crate) fn list<T: Encode<'static, Db> + Type<Db>>(
        &mut self,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        let before = self.count;
        self.push("(");
        for value in values {
            if self.count > before {
                self.push(", ");
            }
            self.bind(value);
        }
        if self.count == before {
            self.push("NULL");
        }
        self.push(")")
    }

    /// Restricts the statement to the scope's programs; every statement that reads or
    /// edits for a caller ends its `WHERE` with this.
    pub(crate) fn within(&mut self, scope: &Scope) -> &mut Self {
        if let Scope::Programs(programs) = scope {
            self.push(" AND program IN ").list(programs.iter().cloned());
        }
        self
    }

    pub(crate) fn query(self) -> sqlx::query::Query<'static, Db, SqliteArguments> {
        sqlx::query_with(AssertSqlSafe(self.text), self.arguments)
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
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
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
