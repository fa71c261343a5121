//! DuckDB on the same lines and the same files, in the same run.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Asks DuckDB on one thread; nothing where it is not there. Answers `ingest` (events a
/// CPU-second, bytes an event) and, by query, median wall and CPU milliseconds.
pub(crate) fn duckdb(lines: &Path, files: &[PathBuf], queries: &[(&str, String)]) -> Option<Value> {
    let python = std::env::var("RINGFENCE_PYTHON").unwrap_or_else(|_| "python3".into());
    let child = Command::new(python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = child.ok()?;
    let ask = json!({"lines": lines, "files": files, "queries": queries});
    serde_json::to_writer(child.stdin.take()?, &ask).ok()?;
    let mut answer = String::new();
    child.stdout.take()?.read_to_string(&mut answer).ok()?;
    child.wait().ok()?;
    serde_json::from_str(answer.lines().last()?).ok()
}

const SCRIPT: &str = r#"
import json, os, statistics, sys, tempfile, time
import duckdb
ask = json.load(sys.stdin)
duck = duckdb.connect()
duck.execute("SET threads = 1; SET TimeZone = 'UTC'; SET enable_object_cache = true; SET enable_progress_bar = false")
text = "VARCHAR"
columns = {"time": "BIGINT", "uid": text, "class_uid": "INTEGER", "class_name": text, "activity_id": "INTEGER",
  "activity_name": text, "severity_id": "INTEGER", "status": text, "message": text, "program": text, "site": text,
  "call_uid": text, "agent": text, "customer": text, "caller": text, "src_ip": text, "user_name": text}
told = {"version": duckdb.__version__}
with tempfile.TemporaryDirectory() as folder:
    to = os.path.join(folder, "peer.parquet")
    start = time.process_time()
    duck.execute(f"COPY (SELECT * REPLACE (epoch_ms(time) AS time) FROM read_json('{ask['lines']}', format = 'newline_delimited', columns = {columns}) ORDER BY time)"
                 f" TO '{to}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 131072)")
    spent = time.process_time() - start
    rows = duck.execute(f"SELECT count(*) FROM '{to}'").fetchone()[0]
    told["ingest"] = rows / spent
    told["bytes"] = os.path.getsize(to) / rows
for name, sql in ask["queries"]:
    sql = sql.replace("FROM events", "FROM read_parquet($1, hive_partitioning = true)")
    duck.execute(sql, [ask["files"]]).fetchall()
    wall, cpu = [], time.process_time()
    for _ in range(7):
        start = time.perf_counter()
        rows = len(duck.execute(sql, [ask["files"]]).fetchall())
        wall.append(time.perf_counter() - start)
    told[name] = {"wall": 1000 * statistics.median(wall), "cpu": 1000 * (time.process_time() - cpu) / 7, "rows": rows}
json.dump(told, sys.stdout)
"#;
