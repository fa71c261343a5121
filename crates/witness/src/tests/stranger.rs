//! The verifier that knows C2SP and nothing of us, on what a witness signed.

use std::path::PathBuf;
use std::process::Command;

use super::*;

/// A Python that has `cryptography`; none, with a note, where there is none.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("RINGFENCE_PYTHON").map(PathBuf::from);
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let python = named.unwrap_or_else(|| home.join(".cache/ringfence/venv/bin/python"));
    let check = Command::new(&python)
        .args(["-c", "import cryptography"])
        .output();
    if check.is_ok_and(|run| run.status.success()) {
        return Some(python);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "no Python with cryptography"
    );
    eprintln!("left out: no Python with cryptography");
    None
}

#[test]
fn a_stranger_takes_our_cosignatures_and_no_others() {
    let Some(python) = python() else { return };
    let bench = Bench::new();
    let mut made = log(&bench.signer);
    let witness = bench.open();
    made.grow(300, "a");
    let line = witness.add(made.request(0).to_string().as_bytes(), NOW);
    let mut note = made.log.checkpoint().clone();
    note.add(line.unwrap());
    let older = note.signatures()[1].clone();
    made.log
        .folder()
        .keep_cosigned(note.to_string().as_bytes())
        .unwrap();
    made.grow(320, "a");
    let run = |quorum: &str| {
        let verifier = concat!(env!("CARGO_MANIFEST_DIR"), "/../evidence/tests/verifier.py");
        let run = Command::new(&python)
            .arg(verifier)
            .arg(made.dir.path().join("evidence"))
            .arg(bench.signer.public().to_string())
            .args(["--witness", &witness.key().to_string(), "--quorum", quorum])
            .output()
            .unwrap();
        let told = String::from_utf8(run.stdout).unwrap();
        assert!(run.stderr.is_empty(), "{run:?}", run = run.stderr);
        (run.status.success(), told)
    };
    assert_eq!(run("1"), (true, String::new()));
    let (well, told) = run("2");
    assert!(!well && told.starts_with("1 of the 2"), "{told}");

    // The same line under a newer checkpoint.
    let mut replayed = made.log.checkpoint().clone();
    replayed.add(older);
    made.log
        .folder()
        .keep_cosigned(replayed.to_string().as_bytes())
        .unwrap();
    let (well, told) = run("1");
    assert!(!well && told.contains("is false"), "{told}");
}
