//! A server that cannot do what it was told says so and does not start.

use std::os::unix::fs::PermissionsExt as _;

use crate::running::{Start, program, ringfence};

#[test]
fn all_mistakes_are_told_at_once_each_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let text = "\
version = 1
[server]
max_connections = 0
lisen = \"127.0.0.1:1\"
[query]
memory_mib = \"much\"
[[source]]
name = \"a b\"
[listeners]
hep = []
";
    let refused = Start::on(&dir.path().join("data")).config(text).refused();
    assert_eq!(refused.code, 2);
    let file = dir.path().join("data.toml");
    for (line, key) in [
        (3, "max_connections"),
        (4, "lisen"),
        (6, "memory_mib"),
        (8, "name"),
        (10, "hep"),
    ] {
        let wanted = format!("{}:{line}: ", file.display());
        let told = refused
            .err
            .lines()
            .any(|l| l.contains(&wanted) && l.contains(key));
        assert!(told, "{wanted}{key}\n{}", refused.err);
    }
    assert!(!dir.path().join("data").exists(), "nothing was made");
}

#[test]
fn a_file_that_is_no_toml_is_told_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let refused = Start::on(&dir.path().join("data"))
        .config("version = 1\n[server\n")
        .refused();
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("data.toml:2:"), "{}", refused.err);
    let missing = ringfence(&["serve", "--config", "/nonexistent/ringfence.toml"]);
    assert_eq!(missing.code, 2);
    assert!(
        missing
            .err
            .contains("cannot read `/nonexistent/ringfence.toml`"),
        "{}",
        missing.err
    );
}

#[test]
fn beyond_this_machine_it_serves_with_a_certificate_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let refused = program(&["serve", "--listen", "0.0.0.0:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    let words = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{words}");
    assert!(
        words.contains("0.0.0.0") && words.contains("tls_cert"),
        "{words}"
    );
}

#[test]
fn one_folder_has_one_server() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let first = Start::on(&data).run();
    let second = Start::on(&data).refused();
    assert_eq!(second.code, 2, "{}", second.err);
    assert!(
        second.err.contains("in use by another process"),
        "{}",
        second.err
    );
    assert_eq!(first.get("/readyz").0, 200, "the first goes on");
    assert_eq!(first.stop().code(), Some(0));
    // The folder is free again.
    assert_eq!(Start::on(&data).run().stop().code(), Some(0));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    // A file in the place of the folder fails for every user, root included.
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let refused = Start::on(&file.join("data")).refused();
    assert_eq!(refused.code, 2);
    assert!(
        refused.err.contains("cannot prepare the data folder"),
        "{}",
        refused.err
    );

    let locked = dir.path().join("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(locked.join("probe"), "").is_ok() {
        return; // root may write everywhere
    }
    let refused = Start::on(&locked).refused();
    assert_eq!(refused.code, 2);
    assert!(
        refused.err.contains("cannot prepare the data folder"),
        "{}",
        refused.err
    );
}

#[test]
fn without_a_preset_token_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).without_token().run();
    assert!(!server.log_text().contains("rfa_"));
    let asked = |token: &str| {
        crate::running::send(server.request(reqwest::Method::GET, "/api/v1/alerts", token)).0
    };
    assert_eq!((asked(""), asked(crate::running::ADMIN)), (401, 401));
    let (ada, _) = crate::browser::administrator(&server);
    let (_, services) = ada.get("/api/v1/services");
    assert_eq!(services["items"], serde_json::json!([]));
}
