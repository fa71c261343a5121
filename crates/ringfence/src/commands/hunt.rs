//! `ringfence hunt`.

use std::collections::HashMap;
use std::process::ExitCode;

use ringfence_detect::{Counter, Pack};
use ringfence_event::Event;
use serde_json::{Map, Value, json};

use super::inputs;
use crate::Done;
use crate::args::Hunt;
use crate::output::Out;

/// Counts matches by rule, most first; exit code 1 when there are any.
pub fn run(args: &Hunt, out: &Out) -> Done {
    let pack: Pack = inputs::pack(&args.pack.rules)?;
    let titles: HashMap<String, (String, Value)> = pack
        .rules()
        .map(|r| (r.key().to_owned(), (r.title.clone(), json!(r.level))))
        .collect();
    let normaliser = inputs::normaliser(&[], "UTC")?;
    let mut counter = Counter::new(&pack);
    inputs::read_all(&args.files, &normaliser, &mut |e: Event| counter.event(&e))?;
    let rows: Vec<Map<String, Value>> = counter
        .hits()
        .into_iter()
        .map(|(id, hits)| {
            let (title, level) = titles.get(&id).cloned().unwrap_or_default();
            let row = json!({"rule_id": id, "hits": hits, "level": level, "title": title});
            row.as_object().cloned().unwrap_or_default()
        })
        .collect();
    let columns: &[&str] = match out.format() {
        crate::args::Format::Tsv => &["rule_id", "hits"],
        _ => &["hits", "level", "rule_id", "title"],
    };
    out.rows(columns, &rows)?;
    Ok(if rows.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}
