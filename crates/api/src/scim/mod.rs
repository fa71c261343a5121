//! SCIM 2.0 (RFC 7644): a directory makes accounts and groups, changes them and switches them off.
//!
//! Whoever asks is a service with the right to do that and no other: it sees those that a directory looks
//! after, and gives nobody a role (`ringfence_state::directory`). What requests and answers look like is
//! in `ringfence_scim`.

mod answer;
mod discovery;
mod groups;
mod list;
mod told;
mod users;

pub(crate) use answer::failed;
pub(crate) use discovery::{config, resource_type, resource_types, schema, schemas};
pub(crate) use groups::{
    change as change_group, create as create_group, list as list_groups, one as group,
    patch as patch_group, remove as remove_group, search as search_groups,
};
pub(crate) use list::search_all;
pub(crate) use users::{
    change as change_user, create as create_user, list as list_users, one as user,
    patch as patch_user, remove as remove_user, search as search_users,
};

/// Where it begins.
pub(crate) const BASE: &str = "/scim/v2";

/// Whether an address is one of a directory.
pub(crate) fn is_scim(path: &str) -> bool {
    path.strip_prefix(BASE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn base(app: &crate::app::App) -> String {
    format!("{}{BASE}", app.inside.public_url())
}
