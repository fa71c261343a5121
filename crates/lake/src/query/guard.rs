//! What the lake is willing to plan: one `SELECT`, of bounded size.
//!
//! This is an allow-list over the parsed statement. It is not the program wall, which
//! does not depend on what the SQL says (see [`super::wall`]).

use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    Query, Select, SetExpr, Spanned, Statement as SqlStatement, TableFactor, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::engine::STACK_BYTES;
use crate::error::QueryError;

/// Most bytes of a query's text.
const MAX_BYTES: usize = 64 << 10;
/// Deepest nesting of brackets. Planning recurses, so depth is stack.
const MAX_DEPTH: usize = 40;
/// Most tokens besides literals and commas. `a OR b OR c …` and `x::int::int …` nest as
/// deeply as they are long although no bracket says so; a long `IN` list does not.
const MAX_TOKENS: usize = 1500;
/// Most mentions of a table: each join multiplies the planner's work.
const MAX_TABLES: usize = 16;

/// The statement, when it is one that the lake answers.
pub(crate) fn check(sql: &str) -> Result<Statement, QueryError> {
    if sql.len() > MAX_BYTES {
        return Err(QueryError::TooLarge(format!(
            "{} bytes, at most {MAX_BYTES}",
            sql.len()
        )));
    }
    let dialect = GenericDialect {};
    let tokens = Tokenizer::new(&dialect, sql)
        .tokenize_with_location()
        .map_err(|e| QueryError::Syntax(e.to_string()))?;
    measure(&tokens)?;
    let mut statements = DFParserBuilder::new(tokens)
        .with_dialect(&dialect)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|e| QueryError::Syntax(super::engine::plain(&e)))?;
    let start = Location::new(1, 1);
    let statement = statements
        .pop_front()
        .ok_or_else(|| refused("an empty query", start))?;
    if let Some(second) = statements.pop_front() {
        let place = match &second {
            Statement::Statement(second) => second.span().start,
            _ => Location::empty(),
        };
        return Err(refused("a second statement", place));
    }
    let query = match &statement {
        Statement::Statement(sql) => match sql.as_ref() {
            SqlStatement::Query(query) => query,
            other => return Err(refused(&named(other), other.span().start)),
        },
        Statement::CreateExternalTable(_) => {
            return Err(refused("CREATE EXTERNAL TABLE", start));
        }
        Statement::CopyTo(_) => return Err(refused("COPY", start)),
        Statement::Explain(_) => return Err(refused("EXPLAIN", start)),
        Statement::Reset(_) => return Err(refused("RESET", start)),
    };
    match query.visit(&mut Reader { tables: 0 }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(statement),
    }
}

/// Refuses text whose parsing or planning would recurse too deeply.
fn measure(tokens: &[TokenWithSpan]) -> Result<(), QueryError> {
    let (mut depth, mut counted) = (0usize, 0usize);
    for token in tokens {
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.saturating_sub(1),
            Token::Word(word) if word.keyword == Keyword::CASE => depth += 1,
            Token::Word(word) if word.keyword == Keyword::END => depth = depth.saturating_sub(1),
            Token::Whitespace(_) | Token::Comma => continue,
            Token::Number(..) | Token::SingleQuotedString(_) => continue,
            _ => {}
        }
        counted += 1;
        let place = token.span.start;
        if depth > MAX_DEPTH {
            return Err(QueryError::TooLarge(format!(
                "brackets nest deeper than {MAX_DEPTH} at line {}, column {}",
                place.line, place.column
            )));
        }
        if counted > MAX_TOKENS {
            return Err(QueryError::TooLarge(format!(
                "more than {MAX_TOKENS} words and operators at line {}, column {}",
                place.line, place.column
            )));
        }
    }
    Ok(())
}

fn refused(what: &str, place: Location) -> QueryError {
    QueryError::Refused {
        what: what.to_owned(),
        line: place.line,
        column: place.column,
    }
}

/// The leading keyword of a statement: `INSERT`, `SET`, …
fn named(statement: &SqlStatement) -> String {
    let text = statement.to_string();
    text.split_whitespace()
        .next()
        .unwrap_or("this statement")
        .to_owned()
}

/// Walks the whole query, subqueries included.
struct Reader {
    tables: usize,
}

impl Visitor for Reader {
    type Break = QueryError;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<QueryError> {
        let place = || query.span().start;
        let what = if query.with.as_ref().is_some_and(|with| with.recursive) {
            "WITH RECURSIVE"
        } else if !query.locks.is_empty() {
            "FOR UPDATE"
        } else if query.for_clause.is_some() || query.format_clause.is_some() {
            "FOR or FORMAT"
        } else if query.settings.is_some() {
            "SETTINGS"
        } else if !query.pipe_operators.is_empty() {
            "a pipe operator"
        } else {
            match writes(&query.body) {
                Some(what) => what,
                None => return ControlFlow::Continue(()),
            }
        };
        ControlFlow::Break(refused(what, place()))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<QueryError> {
        match &select.into {
            Some(into) => ControlFlow::Break(refused("SELECT INTO", into.span().start)),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<QueryError> {
        self.tables += 1;
        if self.tables > MAX_TABLES {
            let reason = format!("more than {MAX_TABLES} tables");
            return ControlFlow::Break(QueryError::TooLarge(reason));
        }
        match factor {
            TableFactor::Table {
                args: None,
                version: None,
                json_path: None,
                ..
            }
            | TableFactor::Derived { sample: None, .. }
            | TableFactor::NestedJoin { .. } => ControlFlow::Continue(()),
            // Functions read files or make rows out of nothing; the rest is not planned.
            other => ControlFlow::Break(refused("a table function", other.span().start)),
        }
    }
}

fn writes(body: &SetExpr) -> Option<&'static str> {
    match body {
        SetExpr::Insert(_) => Some("INSERT"),
        SetExpr::Update(_) => Some("UPDATE"),
        SetExpr::Delete(_) => Some("DELETE"),
        SetExpr::Merge(_) => Some("MERGE"),
        SetExpr::Table(_) => Some("TABLE"),
        SetExpr::SetOperation { left, right, .. } => writes(left).or_else(|| writes(right)),
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => None,
    }
}

/// Any text is refused or is a single query; it never panics nor overflows the stack.
#[doc(hidden)]
pub fn fuzz_sql(data: &[u8]) {
    let Ok(sql) = std::str::from_utf8(data) else {
        return;
    };
    // As in the engine: the parser's deepest nesting asks for more than a usual stack.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let checked = thread
            .spawn_scoped(scope, || only_a_query_passes(sql))
            .map(|t| t.join());
        assert!(matches!(checked, Ok(Ok(()))), "the text was not survived");
    });
}

fn only_a_query_passes(sql: &str) {
    if let Ok(Statement::Statement(statement)) = check(sql) {
        assert!(
            matches!(*statement, SqlStatement::Query(_)),
            "only a query passes"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn statements_that_do_more_than_select_are_named() {
        for (sql, what) in [
            ("INSERT INTO events VALUES (1)", "INSERT"),
            ("UPDATE events SET raw = ''", "UPDATE"),
            ("DELETE FROM events", "DELETE"),
            ("DROP TABLE events", "DROP"),
            ("CREATE TABLE t AS SELECT 1", "CREATE"),
            ("CREATE VIEW v AS SELECT 1", "CREATE"),
            (
                "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
                "CREATE EXTERNAL",
            ),
            ("COPY events TO '/tmp/x'", "COPY"),
            ("SET datafusion.execution.batch_size = 1", "SET"),
            ("EXPLAIN ANALYZE SELECT 1", "EXPLAIN"),
            ("SHOW TABLES", "SHOW"),
            ("SELECT * INTO t FROM events", "SELECT INTO"),
            (
                "WITH RECURSIVE t AS (SELECT 1) SELECT * FROM t",
                "WITH RECURSIVE",
            ),
            ("SELECT * FROM read_csv('/etc/passwd')", "a table function"),
            ("SELECT * FROM generate_series(1, 100)", "a table function"),
            (
                "SELECT (SELECT count(*) FROM generate_series(1, 9))",
                "a table function",
            ),
            ("SELECT * FROM UNNEST([1, 2])", "a table function"),
            ("SELECT 1; SELECT 2", "a second statement"),
            ("", "an empty query"),
        ] {
            let error = check(sql).unwrap_err();
            let QueryError::Refused { what: got, .. } = &error else {
                panic!("{sql}: {error}");
            };
            assert!(got.starts_with(what), "{sql}: {got}");
        }
    }

    #[test]
    fn a_refusal_says_where() {
        let error = check("SELECT 1\nFROM generate_series(1, 2)").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        let error = check("SELECT ( FROM events").unwrap_err();
        assert!(error.to_string().contains("Column"), "{error}");
    }

    /// The engine's threads have stacks of this size; those of tests are smaller.
    fn check(sql: &str) -> Result<Statement, QueryError> {
        let sql = sql.to_owned();
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        thread
            .spawn(move || super::check(&sql))
            .unwrap()
            .join()
            .unwrap()
    }

    #[test]
    fn depth_and_length_are_refused_before_parsing() {
        let deep = format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000));
        let long = format!("SELECT 1{}", " + 1".repeat(10_000));
        let cases = format!("SELECT {}", "CASE WHEN ".repeat(1000));
        let nots = format!("SELECT {} true", "NOT ".repeat(1400));
        let huge = format!("SELECT '{}'", "x".repeat(MAX_BYTES));
        for sql in [deep, long, cases, huge] {
            assert!(matches!(check(&sql), Err(QueryError::TooLarge(_))));
        }
        assert!(matches!(check(&nots), Err(QueryError::Syntax(_))));
        let values = vec!["'x'"; 5000].join(", ");
        assert!(check(&format!("SELECT 1 FROM events WHERE raw IN ({values})")).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_survived(sql in "\\PC{0,200}") {
            fuzz_sql(sql.as_bytes());
        }

        #[test]
        fn mutated_queries_are_survived(at in 0usize..120, byte in any::<u8>()) {
            let mut sql = b"WITH a AS (SELECT time, raw FROM events WHERE agent = 'x' OR raw LIKE '%y%') \
                SELECT a.* FROM a JOIN (SELECT 1) b ON true".to_vec();
            if let Some(b) = sql.get_mut(at) {
                *b = byte;
            }
            fuzz_sql(&sql);
        }
    }
}
