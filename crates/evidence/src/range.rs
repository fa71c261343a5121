//! Some entries of a log, read without the rest of it.

use std::fmt;
use std::ops::Range;

use ringfence_tlog::{
    CheckpointError, Note, TileSource, Tiles, VerifierKey, consistency, inclusion, leaf,
    verify_inclusion,
};

use crate::fault::Fault;
use crate::held::{Held, follow, open};
use crate::verify::{Report, Rows, record};

/// Checks entries and their records, and that they are in the tree of the checkpoint. Reads the tiles on
/// their ways to its root and no others: nothing is said of the entries beside them.
///
/// # Errors
/// When the checkpoint is not one of this log's, so that nothing more can be said.
pub fn verify_range<S: TileSource<Error: fmt::Display>>(
    source: S,
    checkpoint: &Note,
    key: &VerifierKey,
    held: &Held,
    range: Range<u64>,
    mut rows: Option<&mut dyn Rows>,
) -> Result<Report, CheckpointError> {
    let mut report = open(checkpoint, key, held)?;
    let (size, root) = (report.checkpoint.size, report.checkpoint.root);
    let mut tiles = Tiles::new(source, size);
    // A checkpoint that is larger than the log's own was its own once.
    let mut paths = |old, new| match new > size {
        true => Err("the log is smaller: it was rolled back".to_owned()),
        false => consistency(&mut tiles, old, new).map_err(|error| error.to_string()),
    };
    follow(held, key, &mut report, &mut paths);
    if range.end > size {
        report.fault(Fault::NoEntries {
            asked: range.end,
            size,
        });
    }
    for index in range.start..range.end.min(size) {
        let entry = tiles.entry(index).map(<[u8]>::to_vec);
        let path = inclusion(&mut tiles, index, size);
        let (entry, path) = match (entry, path) {
            (Ok(entry), Ok(path)) => (entry, path),
            (Err(error), _) | (_, Err(error)) => {
                let why = error.to_string();
                report.fault(Fault::Unread { index, why });
                continue;
            }
        };
        if verify_inclusion(&leaf(&entry), index, size, &root, &path).is_err() {
            report.fault(Fault::Entry { index });
        }
        if let Some(rows) = rows.as_deref_mut() {
            record(rows, index, Some(&entry), &mut report);
        }
    }
    Ok(report)
}
