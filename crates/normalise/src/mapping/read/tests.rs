use super::*;

fn mistakes(text: &str) -> Vec<String> {
    let errors = mapping("m.toml", text).unwrap_err();
    errors.0.iter().map(ToString::to_string).collect()
}

#[test]
fn every_mistake_is_reported_with_its_line() {
    let text = r#"
nam = "x"
[[rule]]
match = { format = "xml", where = [{ field = "a" }, { field = "b", regex = "(" }] }
class = "web_resource_activity"
activity = "Read"
[[rule]]
class = "call_activity"
activity = { field = "e", map = { a = "Answered", b = "Vanished" } }
time = { field = "t", format = "%H" }
timezone = "Mars/Base"
message = "{open"
[rule.keys]
agnt = "x"
[rule.ocsf]
"queue" = { field = "q", convert = "float32" }
"time" = "t"
"Bad Path" = "x"
"agent.name" = { regex = "x" }
"#;
    let found = mistakes(text);
    let want = [
        (2, "did you mean `name`?"),
        (4, "unknown format `xml`"),
        (4, "one of `equals`"),
        (4, "no regular expression"),
        (5, "did you mean `web_resources_activity`?"),
        (7, "a rule says what it is for"),
        (9, "no activity `Vanished`"),
        (10, "does not say both"),
        (11, "unknown time zone"),
        (12, "not closed"),
        (14, "unknown key `agnt`"),
        (16, "unknown conversion `float32`"),
        (17, "`time` is not set here"),
        (18, "no OCSF path"),
        (19, "where the value is from"),
    ];
    for (line, part) in want {
        let place = format!("m.toml:{line}: ");
        assert!(
            found
                .iter()
                .any(|f| f.starts_with(&place) && f.contains(part)),
            "line {line} {part}: {found:#?}"
        );
    }
}

#[test]
fn broken_toml_has_a_line_too() {
    let found = mistakes("name = \"a\"\n[[rule]\nclass = 5\n");
    assert!(
        found.iter().any(|f| f.starts_with("m.toml:2: ")),
        "{found:?}"
    );
}

proptest::proptest! {
    #[test]
    fn any_text(text: String) {
        fuzz_mapping(text.as_bytes());
    }

    #[test]
    fn near_mappings(at in 0usize..400, byte: u8) {
        let mut data = br#"name = "x"
[[rule]]
match = { format = ["json"], where = [{ field = "a", equals = ["b", 1] }] }
class = "call_activity"
activity = { field = "e", map = { a = "Answered" }, default = "Other" }
time = { field = "t", format = "epoch_ms" }
message = "{a} {{x}}"
keys = { agent = "u", caller = { first_of = ["p", "q"], convert = ["e164"] } }
ocsf = { queue = { const = 5 }, "agent.name" = { field = "n", regex = "^(a)" } }
"#.to_vec();
        if let Some(b) = data.get_mut(at) { *b = byte; }
        fuzz_mapping(&data);
    }
}
