//! `ringfence explain`.

use std::process::ExitCode;

use serde_json::json;

use crate::Done;
use crate::args::{Explain, Format};
use crate::codes;
use crate::output::{Failure, Out};

/// Says what a code means, or lists all codes.
pub fn run(args: &Explain, out: &Out) -> Done {
    let Some(code) = &args.code else {
        let rows: Vec<_> = codes::all()
            .filter_map(|c| {
                json!({"code": c.code, "title": c.title})
                    .as_object()
                    .cloned()
            })
            .collect();
        out.rows(&["code", "title"], &rows)?;
        return Ok(ExitCode::SUCCESS);
    };
    let found = codes::all().find(|c| c.code.eq_ignore_ascii_case(code));
    let Some(page) = found else {
        return Err(Failure::usage_text(format!(
            "there is no code `{}`: `ringfence explain` lists all",
            ringfence_event::neutralise(code)
        )));
    };
    if out.format() == Format::Table {
        out.line(&format!("{}: {}", page.code, page.title))?;
        out.line("")?;
        out.line(page.meaning)?;
        out.line("")?;
        out.line(&format!("What to do: {}", page.remedy))?;
    } else {
        out.object(&json!({
            "code": page.code, "title": page.title, "meaning": page.meaning, "remedy": page.remedy,
        }))?;
    }
    Ok(ExitCode::SUCCESS)
}
