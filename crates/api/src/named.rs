//! What a caller names: actions and programs.

use ringfence_event::Name;
use ringfence_policy::Action;

use crate::problem::Problem;

/// The action of a name.
pub(crate) fn action(name: &str) -> Result<Action, Problem> {
    Action::named(name).ok_or_else(|| {
        let detail = "action: it is not one of those that `GET /api/v1/policies` lists";
        Problem::bad_request(detail)
    })
}

/// Refuses what is neither the name of a program nor `*`, which is everywhere.
pub(crate) fn is_program(name: &str) -> Result<(), Problem> {
    if name == "*" {
        return Ok(());
    }
    Name::new(name)
        .map(drop)
        .map_err(|e| Problem::bad_request(format!("program: {e}")))
}
