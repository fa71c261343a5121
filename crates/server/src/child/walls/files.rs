//! The file system and the network, as far as the kernel can hide them.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _,
    RulesetStatus, Scope, path_beneath_rules,
};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount_bind, mount_change, mount_remount,
    unmount,
};
use rustix::process::{chdir, pivot_root};
use rustix::thread::{UnshareFlags, unshare_unsafe};

/// What is left of this wall where the system permits no mounts.
const HALF: &str = "its own network stands, its own file system does not";

/// Puts the process into an empty network and makes `folder`, read-only, all that there is of a
/// file system. The answer is the folder's new path.
pub(super) fn own_root(folder: &Path) -> Result<PathBuf, String> {
    let alone = UnshareFlags::NEWNET | UnshareFlags::NEWNS | UnshareFlags::NEWIPC;
    // As a user of its own the process may do that without being root. Where users may not, root
    // still may.
    let all = unshare(alone | UnshareFlags::NEWUSER).or_else(|_| unshare(alone));
    if let Err(error) = all {
        // A service manager may allow those two alone.
        unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNET)
            .map_err(|_| format!("the system lets it have no namespaces of its own: {error}"))?;
        return Err(format!("{HALF}: {error}"));
    }
    pivot(folder).map_err(|e| format!("{HALF}: {e}"))?;
    Ok(PathBuf::from("/"))
}

/// Gives this thread, and those that it will start, namespaces of their own.
#[allow(
    unsafe_code,
    reason = "the call is unsafe for one flag, which is taken out"
)]
fn unshare(flags: UnshareFlags) -> Result<(), Errno> {
    // SAFETY: only `FILES` can hurt, by giving threads different tables of open files.
    unsafe { unshare_unsafe(flags.difference(UnshareFlags::FILES)) }
}

fn pivot(folder: &Path) -> Result<(), Errno> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private)?;
    mount_bind(folder, folder)?;
    let least = MountFlags::BIND
        | MountFlags::RDONLY
        | MountFlags::NOSUID
        | MountFlags::NODEV
        | MountFlags::NOEXEC;
    mount_remount(folder, least, "")?;
    chdir(folder)?;
    // The old root ends up on top of the new one, from where it is taken away.
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    chdir("/")
}

/// Landlock: reading below the folder and nothing else, as far as this kernel knows how.
pub(super) fn landlock(folder: &Path) -> Result<(), String> {
    let abi = ABI::V6;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let restricted = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(abi)))
        .and_then(|rules| rules.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules([folder], read)))
        .and_then(|rules| rules.restrict_self())
        .map_err(|e| e.to_string())?;
    match restricted.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err("this kernel has no Landlock".to_owned()),
    }
}
