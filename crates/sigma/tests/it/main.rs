//! What a user of the engine gets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    missing_docs,
    reason = "test code"
)]

mod bad_rules_are_named;
mod correlations_fire;
mod data;
mod filters_narrow_rules;
mod hostile_input_is_harmless;
mod rule_tests_tell_why;
mod rules_mean_what_sigma_says;
mod sigmahq_loads_and_hits_exactly;
mod state_survives;
