//! What a directory says of people and groups (SCIM).
//!
//! A directory looks after people that it made or was given by an administrator. It knows of no others,
//! gives nobody a role, and switches nobody on whom people here switched off. Roles that members of a
//! group have are given to the group here; they are read with those of each member
//! (`assignments.rs`), so that nothing has to be kept in step.

mod groups;
mod people;
mod roles;

pub use groups::{Group, GroupChange, NewGroup};
pub use people::{DirectoryChange, DirectoryPerson, Said};
pub use roles::GroupRole;
