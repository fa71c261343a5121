//! Reasons, for the one who asked.

use crate::{Action, Ask, Kind, Program, Role, Target};

/// Nothing allowed it: who is asking, what, where, and which roles could.
pub(crate) fn nothing_allows(ask: &Ask<'_>, could: &[Role]) -> String {
    let place = match ask.on {
        Target::Program(Program::All) => "for the whole installation".to_owned(),
        Target::Program(Program::One(name)) => format!("in program `{name}`"),
        Target::CustomerRecord { program, .. } | Target::Recording { program, .. } => {
            format!("in program `{program}`")
        }
    };
    let action = ask.action.words();
    let whoever = match ask.who.kind {
        Kind::Person => "your roles do",
        Kind::Service => "the roles of this token do",
        Kind::Agent => "being an agent does",
    };
    let could = could.iter().map(|role| role.words());
    let could = listed(&could.collect::<Vec<_>>());
    match could.is_empty() {
        true => format!("nobody may {action} {place}"),
        false => format!("{whoever} not let you {action} {place}; that takes: {could}"),
    }
}

/// What cannot be asked, or decided, is denied; why is no business of the asker's.
pub(crate) fn broken(action: Action) -> String {
    let action = action.words();
    format!("whether you may {action} could not be decided, so you may not")
}

fn listed(words: &[&str]) -> String {
    words.join(" or ")
}
