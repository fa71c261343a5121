//! Servers that lie, roll back, and fall silent.

use super::*;

#[test]
fn each_lie_of_a_server_has_its_name() {
    let bench = Bench::new();
    let mut made = log(&bench.signer);
    let old = made.grow(6, "a").to_string();
    let witness = bench.open();
    bench.look(&witness, old.as_bytes(), made.served()).unwrap();
    let new = made.grow(300, "a").to_string();
    let spoiled = |spoil| Served {
        folder: made.log.folder(),
        spoil,
    };
    let stranger = tempfile::tempdir().unwrap();
    let mut other = log(&key(stranger.path()));
    let foreign = other.grow(300, "a").to_string();
    let forged = new.replace("\n300\n", "\n301\n");
    for (name, shown, tiles) in [
        ("malformed", "no note", made.served()),
        ("wrong-key", foreign.as_str(), made.served()),
        ("wrong-key", forged.as_str(), made.served()),
        (
            "truncated",
            &new,
            spoiled(|_, bytes| Ok(bytes[..bytes.len() - 5].to_vec())),
        ),
        (
            "wrong-tiles",
            &new,
            spoiled(|_, mut bytes| {
                bytes[0] ^= 1;
                Ok(bytes)
            }),
        ),
        (
            "too-large",
            &new,
            spoiled(|_, _| Err(FetchError::TooLarge(9))),
        ),
        (
            "redirect",
            &new,
            spoiled(|_, _| Err(FetchError::Redirect(302))),
        ),
    ] {
        let told = bench.look(&witness, shown.as_bytes(), tiles).unwrap_err();
        assert_eq!(told.name(), name, "{told}");
        assert!(names(&witness).contains(&name.to_owned()), "{name}");
        assert_eq!(size_of(&signed(&witness).unwrap()), 6);
    }
    // Once all is well again, all are over; each was told twice.
    bench.look(&witness, new.as_bytes(), made.served()).unwrap();
    assert!(names(&witness).is_empty());
    let told = bench.alarms();
    let raised = told.iter().filter(|one| one["state"] == "raised").count();
    assert_eq!((raised, told.len()), (6, 12), "{told:?}");
}

#[test]
fn a_rollback_is_told_and_is_no_matter_of_who_asks() {
    let bench = Bench::new();
    let mut made = log(&bench.signer);
    let witness = bench.open();
    let old = made.grow(6, "a").to_string();
    let new = made.grow(9, "a").to_string();
    bench.look(&witness, new.as_bytes(), made.served()).unwrap();
    let told = bench.look(&witness, old.as_bytes(), made.served());
    let rolled = matches!(
        told,
        Err(Trouble::RolledBack {
            remembered: 9,
            size: 6
        })
    );
    assert!(rolled, "{told:?}");
    assert_eq!(names(&witness), ["rollback"]);
    // A restart forgets nothing, and tells nothing twice.
    drop(witness);
    let witness = bench.open();
    assert!(bench.look(&witness, old.as_bytes(), made.served()).is_err());
    assert_eq!(
        (names(&witness), bench.alarms().len()),
        (vec!["rollback".to_owned()], 1)
    );

    // A log that waits for other witnesses shows less than what this one signed, and that is none.
    let bench = Bench::new();
    let mut made = log(&bench.signer);
    let witness = bench.open();
    let old = made.grow(6, "a").to_string();
    made.grow(9, "a");
    witness
        .add(made.request(0).to_string().as_bytes(), NOW)
        .unwrap();
    bench.look(&witness, old.as_bytes(), made.served()).unwrap();
    assert!(names(&witness).is_empty());
}

#[test]
fn silence_is_told_once_it_lasts_and_idleness_is_none() {
    let bench = Bench::new();
    let mut made = log(&bench.signer);
    let witness = bench.open();
    let note = made.grow(6, "a").to_string();
    for minute in 0..10 {
        let at = NOW + minute * 60_000;
        bench
            .look_at(&witness, note.as_bytes(), made.served(), at)
            .unwrap();
    }
    let one = witness.watched(bench.origin()).unwrap();
    let silent = Err(Trouble::Fetch(FetchError::Slow));
    let last = NOW + 9 * 60_000;
    witness.take_down(one, &silent, Some(60_000), last + 60_000);
    assert!(names(&witness).is_empty());
    witness.take_down(one, &silent, Some(60_000), last + 60_001);
    assert_eq!(names(&witness), ["silence"]);
    bench
        .look_at(&witness, note.as_bytes(), made.served(), last + 70_000)
        .unwrap();
    assert!(names(&witness).is_empty());
    let states: Vec<_> = bench
        .alarms()
        .iter()
        .map(|one| one["state"].clone())
        .collect();
    assert_eq!(states, ["raised", "over"]);
    drop(made.dir);
}
