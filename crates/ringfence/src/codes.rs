//! What error codes mean, for people who met one.

mod operation;

/// A page.
pub struct Code {
    /// Stable.
    pub code: &'static str,
    /// What happened.
    pub title: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

const fn page(
    code: &'static str,
    title: &'static str,
    meaning: &'static str,
    remedy: &'static str,
) -> Code {
    Code {
        code,
        title,
        meaning,
        remedy,
    }
}

/// All pages.
pub fn all() -> impl Iterator<Item = &'static Code> {
    STORES.iter().chain(operation::PAGES)
}

/// Of the event log and of backups.
static STORES: &[Code] = &[
    page(
        "E-SPINE-001",
        "The event log has no room at this moment",
        "More is being sent than the disk takes. Senders that can wait are made to wait; records of \
         senders that cannot (UDP) are lost and counted in ringfence_source_lost_total.",
        "Nothing, if it passes. Else give the data folder a faster disk, or move UDP senders to TCP.",
    ),
    page(
        "E-SPINE-002",
        "The event log has reached its limit",
        "Segments are deleted only when every consumer has read them. One consumer stands still \
         (see `lag` in `ringfence status`), so nothing can be deleted.",
        "Look in the log for the consumer named in the message, and restart the server once its \
         cause is gone.",
    ),
    page(
        "E-SPINE-003",
        "The disk is full",
        "The file system of the data folder has no space. Nothing that was acknowledged is lost; \
         senders are answered 503 and keep what they have.",
        "Free some space. Appends go on by themselves.",
    ),
    page(
        "E-SPINE-004",
        "The event log cannot be written",
        "The data folder or its file system is read-only, or belongs to another user.",
        "Make it writable for the user that runs the server.",
    ),
    page(
        "E-SPINE-005",
        "The device failed",
        "The system reported an error for a file of the event log.",
        "Look at the system's log for the device. Nothing that was acknowledged depends on the \
         write that failed.",
    ),
    page(
        "E-SPINE-006",
        "The event log is damaged",
        "Bytes on disk are not what was written: the file and the byte are named.",
        "Restore the file from a backup. Without one, move the log aside: the lake keeps what was \
         committed.",
    ),
    page(
        "E-SPINE-007",
        "Files of the event log are missing",
        "Segment files carry the number of their first entry, and one is absent.",
        "Put the file back.",
    ),
    page(
        "E-SPINE-008",
        "A consumer is ahead of the event log",
        "Entries that had been durable are gone, for example after restoring an old backup of the \
         log alone.",
        "Restore the whole data folder from one moment.",
    ),
    page(
        "E-SPINE-009",
        "The event log was written by a newer version",
        "Its format is not known to this version.",
        "Run the newer version.",
    ),
    page(
        "E-SPINE-010",
        "Another process has the event log",
        "Two servers were started on one data folder.",
        "Stop the other one, or give this one a folder of its own with --data.",
    ),
    page(
        "E-SPINE-011",
        "An entry is no longer kept",
        "It was deleted by retention.",
        "Ask the lake: it keeps events longer than the log.",
    ),
    page(
        "E-SPINE-012",
        "One append is too large",
        "A batch is larger than the log takes at once.",
        "Send smaller batches.",
    ),
    page(
        "E-SPINE-013",
        "A consumer's name is not valid",
        "Names of consumers are file names.",
        "Use 1 to 64 of a-z, 0-9, `-` and `_`.",
    ),
    page(
        "E-SPINE-014",
        "The event log is closed",
        "The server is stopping.",
        "Send again after the restart.",
    ),
    page(
        "E-BACKUP-001",
        "The folder to restore into is not empty",
        "A restore never mixes with what is there.",
        "Name a new or empty folder. To replace a data folder, stop the server and move it aside.",
    ),
    page(
        "E-BACKUP-002",
        "This is not a whole backup",
        "The backup was broken off, or its bytes are not what was written: the digest of every file \
         is compared before anything is restored. Nothing was written.",
        "Use another backup. `ringfence restore --check` tells whether one is whole.",
    ),
    page(
        "E-BACKUP-003",
        "This is another backup than the one expected",
        "The digest given with --expect is not the digest of this backup's manifest.",
        "Compare with what `ringfence backup` printed when it was made.",
    ),
    page(
        "E-BACKUP-004",
        "The backup was written by a later release",
        "Its format is not known to this release.",
        "Restore with the release that wrote it, or a later one.",
    ),
    page(
        "E-BACKUP-005",
        "A restore was broken off in the data folder",
        "Only a part of the files is there, so the server does not start on them.",
        "Empty the folder and restore again.",
    ),
];
