//! Ingest, size and query time of the lake on contact-center events, beside DuckDB.
//!
//! `RINGFENCE_BENCH_EVENTS` sets the number of events (default 300,000), and
//! `RINGFENCE_PYTHON` names a Python with `duckdb`. Times are CPU time of this process,
//! so that a busy machine does not change them.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "a bench prints its table and may fail"
)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ringfence_lake::{Config, Lake, Limits, Row, Scope};

/// 2026-01-31T08:00:00Z.
const START: i64 = 1_769_846_400_000;
/// The goals are stated for three million events.
const GOAL_EVENTS: f64 = 3_000_000.0;
/// Repetitions of each query: CPU time is counted in steps of 10 ms.
const RUNS: u32 = 20;

fn main() {
    let events = std::env::var("RINGFENCE_BENCH_EVENTS")
        .ok()
        .and_then(|n| n.parse().ok());
    let events: u64 = events.unwrap_or(300_000);
    let dir = tempfile::tempdir().unwrap();
    // Five commits: files as large as the tail bound allows or a compaction makes them.
    let lake = Lake::open(dir.path(), Config::default()).unwrap();
    let (mut ingest, mut wall) = (Duration::ZERO, Duration::ZERO);
    let per_file = events.div_ceil(5).max(1);
    let mut json_bytes = 0;
    for from in (0..events).step_by(per_file as usize) {
        let to = (from + per_file).min(events);
        let rows: Vec<Row> = (from..to).map(|offset| event(offset, events)).collect();
        json_bytes += rows.iter().map(|row| row.raw.len()).sum::<usize>();
        let (cpu, clock) = (cpu_time(), Instant::now());
        for some in rows.chunks(500) {
            lake.push(some).unwrap();
        }
        lake.commit(to - 1).unwrap();
        ingest += cpu_time() - cpu;
        wall += clock.elapsed();
    }
    let status = lake.status();
    let per_event = status.file_bytes as f64 / events as f64;
    let rate = events as f64 / ingest.as_secs_f64();
    println!(
        "events {events}, raw JSON {} B each, files {}",
        json_bytes as u64 / events,
        status.files
    );
    println!(
        "ingest {rate:.0} ev/CPU-s ({:.0} ev/s), {per_event:.1} B/event",
        events as f64 / wall.as_secs_f64()
    );

    let needle = event(events / 3, events).call_uid.unwrap();
    let queries = [
        (
            "needle",
            format!("SELECT event_id FROM events WHERE call_uid = '{needle}'"),
        ),
        (
            "needle-miss",
            "SELECT event_id FROM events WHERE customer = 'C-none'".to_owned(),
        ),
        (
            "substring",
            "SELECT count(*) AS n FROM events WHERE raw LIKE '%port=50617%'".to_owned(),
        ),
        (
            "top-n",
            "SELECT agent, count(*) AS n FROM events GROUP BY agent ORDER BY n DESC LIMIT 10"
                .to_owned(),
        ),
        (
            "histogram",
            "SELECT CAST(date_trunc('hour', time) AS VARCHAR) AS h, count(*) AS n FROM events GROUP BY h".to_owned(),
        ),
        (
            "last-100",
            "SELECT CAST(time AS VARCHAR) AS t, agent, message FROM events ORDER BY time DESC LIMIT 100".to_owned(),
        ),
        (
            "json-field",
            "SELECT count(*) AS n FROM events WHERE ocsf_get(ocsf, 'actor.user.name') = 'user7'"
                .to_owned(),
        ),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut measured = Vec::new();
    println!("{:<12} {:>10} {:>8}", "query", "CPU ms", "rows");
    for (name, sql) in &queries {
        let ask = || {
            runtime
                .block_on(lake.query(sql, Scope::All, Limits::default()))
                .unwrap()
        };
        let rows = ask().rows.len();
        let before = cpu_time();
        for _ in 0..RUNS {
            ask();
        }
        let ms = (cpu_time() - before).as_secs_f64() * 1000.0 / f64::from(RUNS);
        println!("{name:<12} {ms:>10.1} {rows:>8}");
        measured.push((*name, ms));
    }
    duckdb(&lake, dir.path(), &queries);

    let scale = GOAL_EVENTS / events as f64;
    let of = |name| {
        measured
            .iter()
            .find(|(n, _)| *n == name)
            .map_or(f64::NAN, |(_, ms)| *ms)
    };
    goal(
        "lake-ingest-events-per-cpu-second",
        rate,
        500_000.0,
        rate >= 500_000.0,
    );
    goal("lake-bytes-per-event", per_event, 60.0, per_event <= 60.0);
    // A needle's cost is mostly fixed (planning, filters), a substring's grows with the data.
    goal(
        "lake-needle-cpu-ms",
        of("needle"),
        10.0,
        of("needle") <= 10.0,
    );
    let substring = of("substring") * scale;
    goal(
        "lake-substring-cpu-ms-at-3M",
        substring,
        10.0,
        substring <= 10.0,
    );
}

fn goal(name: &str, measured: f64, wanted: f64, ok: bool) {
    let verdict = if ok { "ok" } else { "short" };
    println!("goal {name} measured {measured:.1} wanted {wanted:.0} {verdict}");
}

/// The same files and questions through DuckDB, on one thread, when it is there.
fn duckdb(lake: &Lake, dir: &Path, queries: &[(&str, String)]) {
    let script = r#"
import json, sys, time
try:
    import duckdb
except ImportError as e:
    print("duckdb not measured:", e); sys.exit()
ask = json.loads(sys.stdin.read())
duck = duckdb.connect(ask["db"])
duck.execute("SET threads = 1; SET TimeZone = 'UTC'")
files = ask["files"]
start = time.process_time()
duck.execute("CREATE TABLE events AS SELECT * FROM read_parquet($1)", [files])
print(f"duckdb {duckdb.__version__} native load from Parquet {1000 * (time.process_time() - start):.0f} CPU ms")
for name, sql in ask["queries"]:
    if "ocsf_get" in sql: continue
    duck.execute(sql).fetchall()
    start = time.process_time()
    for _ in range(5): duck.execute(sql).fetchall()
    native = 200 * (time.process_time() - start)
    over = sql.replace("FROM events", "FROM read_parquet($1)")
    start = time.process_time()
    for _ in range(5): duck.execute(over, [files]).fetchall()
    print(f"duckdb {name:<12} native {native:>8.1f} CPU ms, over our Parquet {200 * (time.process_time() - start):>8.1f} CPU ms")
duck.execute("CHECKPOINT")
import os
print(f"duckdb native {os.path.getsize(ask['db']) / ask['events']:.1f} B/event")
"#;
    let python = std::env::var("RINGFENCE_PYTHON").unwrap_or_else(|_| "python3".into());
    let ask = serde_json::json!({
        "files": lake.files(),
        "db": dir.join("peer.duckdb"),
        "events": lake.status().file_rows,
        "queries": queries,
    });
    let child = Command::new(python)
        .args(["-c", script])
        .stdin(std::process::Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        return println!("duckdb not measured: no python");
    };
    serde_json::to_writer(child.stdin.take().unwrap(), &ask).unwrap();
    child.wait().unwrap();
}

/// CPU time of all threads of this process so far (proc(5), `stat` fields 14 and 15).
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|n| n.parse::<u64>().unwrap())
        .sum();
    // USER_HZ is 100 on every Linux that Rust supports.
    Duration::from_millis(ticks * 10)
}

/// One event of a contact center: logins, look-ups, calls; most fields repeat, call and
/// event identities do not.
fn event(offset: u64, events: u64) -> Row {
    let mut mix = offset.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut pick = |n: u64| {
        mix ^= mix >> 29;
        mix = mix.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mix ^= mix >> 32;
        mix % n
    };
    let span = 2 * 86_400_000 / events.max(1);
    let time_ms = START + (offset * span + pick(span.max(2))) as i64;
    let agent = pick(200);
    let call = offset / 12 * 200 + agent;
    let (class_uid, class, activity, name) = match pick(4) {
        0 => (3002, "Authentication", 1, "Logon"),
        1 => (6005, "Datastore Activity", 1, "Read"),
        2 => (4001, "Network Activity", 6, "Traffic"),
        _ => (99_901, "Call Activity", 2, "Answered"),
    };
    let customer = pick(50_000);
    let caller = format!("+1555{:07}", customer * 37 % 10_000_000);
    let src_ip = format!("10.{}.{}.{}", agent % 4, agent % 16, agent);
    let port = 1024 + pick(60_000);
    let program = match agent % 3 {
        0 => "gold-card",
        1 => "telco-care",
        _ => "utility",
    };
    let message = format!("{name} by agent {agent}");
    let raw = format!(
        "{{\"time\":{time_ms},\"class\":\"{class}\",\"activity\":\"{name}\",\"user\":\"user{agent}\",\
         \"session\":\"s-{agent}-{}\",\"call\":\"call-{call:x}\",\"customer\":\"C-{customer:06}\",\"caller\":\"{caller}\",\
         \"src\":\"{src_ip}\",\"port\":{port},\"note\":\"port={port} queue={}\",\"program\":\"{program}\",\
         \"app\":\"crm.example.com\",\"agent_host\":\"desk-{agent:03}.site{}.example.com\",\
         \"user_agent\":\"Mozilla/5.0 (Windows NT 10.0; Win64; x64)\",\"outcome\":\"success\"}}",
        offset / 50_000,
        pick(20),
        agent % 4,
    );
    let ocsf = format!(
        "{{\"class_uid\":{class_uid},\"activity_id\":{activity},\"time\":{time_ms},\"severity_id\":1,\
         \"actor\":{{\"user\":{{\"name\":\"user{agent}\"}}}},\"src_endpoint\":{{\"ip\":\"{src_ip}\",\"port\":{port}}}}}"
    );
    Row {
        offset,
        event_id: format!("crm-1/{offset}"),
        time_ms,
        received_ms: time_ms + pick(900) as i64,
        class_uid,
        class_name: Some(class.into()),
        category_uid: class_uid / 1000,
        activity_id: activity,
        activity_name: Some(name.into()),
        type_uid: u64::from(class_uid) * 100 + u64::from(activity),
        severity_id: 1,
        severity: Some("Informational".into()),
        message: Some(message),
        program: program.into(),
        site: Some(format!("site{}", agent % 4)),
        source: Some("crm-1".into()),
        call_uid: Some(format!("call-{call:x}")),
        agent: Some(format!("agent-{agent}")),
        customer: Some(format!("C-{customer:06}")),
        caller: Some(caller),
        src_ip: Some(src_ip),
        actor_user: Some(format!("user{agent}")),
        call_state: Some("live".into()),
        ocsf,
        raw,
        ..Row::default()
    }
}
