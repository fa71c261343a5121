//! The tables, release by release: the files of `migrations/`, in their order.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType};

/// Number, name and text. A file that was part of a release never changes again: databases
/// remember its digest.
const FILES: &[(i64, &str, &str)] = &[
    (1, "first", include_str!("../migrations/0001_first.sql")),
    (
        2,
        "bookmarks",
        include_str!("../migrations/0002_bookmarks.sql"),
    ),
    (
        3,
        "quarantine source",
        include_str!("../migrations/0003_quarantine_source.sql"),
    ),
    (10, "mail", include_str!("../migrations/0010_mail.sql")),
    (
        11,
        "console",
        include_str!("../migrations/0011_console.sql"),
    ),
    (12, "roles", include_str!("../migrations/0012_roles.sql")),
    (13, "people", include_str!("../migrations/0013_people.sql")),
    (
        14,
        "directory",
        include_str!("../migrations/0014_directory.sql"),
    ),
    (
        15,
        "least privilege",
        include_str!("../migrations/0015_least_privilege.sql"),
    ),
    (
        16,
        "certificates",
        include_str!("../migrations/0016_certificates.sql"),
    ),
    (
        17,
        "identities",
        include_str!("../migrations/0017_identities.sql"),
    ),
    (
        18,
        "off and follows",
        include_str!("../migrations/0018_off_and_follows.sql"),
    ),
    (
        19,
        "evidence",
        include_str!("../migrations/0019_evidence.sql"),
    ),
];

/// All of them.
pub(crate) fn all() -> Vec<Migration> {
    let simple = |(number, name, text): &(i64, &'static str, &'static str)| {
        let kind = MigrationType::Simple;
        Migration::new(*number, (*name).into(), kind, text.into_sql_str(), false)
    };
    FILES.iter().map(simple).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_in_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut there: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let listed: Vec<_> = FILES
            .iter()
            .map(|(number, name, _)| format!("{number:04}_{}.sql", name.replace(' ', "_")))
            .collect();
        assert_eq!(listed, there);
    }
}
