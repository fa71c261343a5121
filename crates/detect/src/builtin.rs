//! Our own rules, compiled into the binary from `rules/`.

use crate::PackFile;

/// File name without its extension, and text.
static FILES: &[(&str, &str)] = &[
    ("after_hours_export", include_str!("../../../rules/after_hours_export.yml")),
    ("blind_lookups", include_str!("../../../rules/blind_lookups.yml")),
    ("bulk_lookups", include_str!("../../../rules/bulk_lookups.yml")),
    ("call_flood", include_str!("../../../rules/call_flood.yml")),
    ("export_without_call", include_str!("../../../rules/export_without_call.yml")),
    ("logging_disabled", include_str!("../../../rules/logging_disabled.yml")),
    ("logging_service_stopped", include_str!("../../../rules/logging_service_stopped.yml")),
    ("login_guessed", include_str!("../../../rules/login_guessed.yml")),
    ("login_guessing", include_str!("../../../rules/login_guessing.yml")),
    ("lookup_other_customer", include_str!("../../../rules/lookup_other_customer.yml")),
    ("lookup_without_call", include_str!("../../../rules/lookup_without_call.yml")),
    ("recording_after_refusal", include_str!("../../../rules/recording_after_refusal.yml")),
    ("recording_without_consent", include_str!("../../../rules/recording_without_consent.yml")),
    ("shared_login", include_str!("../../../rules/shared_login.yml")),
    ("sip_enumeration", include_str!("../../../rules/sip_enumeration.yml")),
    ("sip_key_in_clear", include_str!("../../../rules/sip_key_in_clear.yml")),
    ("sip_password_guessing", include_str!("../../../rules/sip_password_guessing.yml")),
    ("sip_scanner", include_str!("../../../rules/sip_scanner.yml")),
    ("sip_toll_fraud", include_str!("../../../rules/sip_toll_fraud.yml")),
    ("sip_unencrypted", include_str!("../../../rules/sip_unencrypted.yml")),
    ("source_loss", include_str!("../../../rules/source_loss.yml")),
    ("source_silent", include_str!("../../../rules/source_silent.yml")),
];

/// The pack as files named `builtin/NAME.yml`.
#[must_use]
pub fn files() -> Vec<PackFile> {
    FILES
        .iter()
        .map(|(name, text)| PackFile {
            name: format!("builtin/{name}.yml"),
            text: (*text).to_owned(),
        })
        .collect()
}
