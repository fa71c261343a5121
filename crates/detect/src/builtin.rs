//! Our own rules, compiled into the binary from `rules/`.

use crate::PackFile;

/// A rule file: its name without extension, its text, and the tests beside it.
type File = (&'static str, &'static str, &'static str);

macro_rules! rule {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../rules/", $name, ".yml")),
            include_str!(concat!("../../../rules/", $name, ".test.yml")),
        )
    };
}

static FILES: &[File] = &[
    rule!("access_review"),
    rule!("after_hours_export"),
    rule!("blind_lookups"),
    rule!("bulk_lookups"),
    rule!("call_flood"),
    rule!("clock_free"),
    rule!("clock_set"),
    rule!("emergency_access"),
    rule!("emergency_unreviewed"),
    rule!("export_without_call"),
    rule!("logging_disabled"),
    rule!("logging_service_stopped"),
    rule!("login_guessed"),
    rule!("login_guessing"),
    rule!("lookup_other_customer"),
    rule!("lookup_without_call"),
    rule!("recording_after_refusal"),
    rule!("recording_without_consent"),
    rule!("shared_login"),
    rule!("sip_enumeration"),
    rule!("sip_key_in_clear"),
    rule!("sip_password_guessing"),
    rule!("sip_scanner"),
    rule!("sip_toll_fraud"),
    rule!("sip_unencrypted"),
    rule!("source_loss"),
    rule!("source_silent"),
    rule!("witness_silent"),
];

/// The pack as files named `builtin/NAME.yml`.
#[must_use]
pub fn files() -> Vec<PackFile> {
    FILES
        .iter()
        .map(|(name, text, _)| PackFile {
            name: format!("builtin/{name}.yml"),
            text: (*text).to_owned(),
        })
        .collect()
}

/// The tests of a file that [`files`] gave: their name and text.
#[must_use]
pub fn tests_of(file: &str) -> Option<(String, String)> {
    let name = file.strip_prefix("builtin/")?.strip_suffix(".yml")?;
    let (_, _, tests) = FILES.iter().find(|(known, ..)| *known == name)?;
    Some((format!("builtin/{name}.test.yml"), (*tests).to_owned()))
}
