//! What a process gives up before it touches anything hostile.
//!
//! Several walls behind each other, each by itself enough against most of what could go wrong, and
//! each missing on some systems. [`raise`] raises what it can and says what stands; what is missing
//! is logged and counted, and the work goes on.
//!
//! | wall | holds |
//! |---|---|
//! | `memory` | address space for data is limited: an allocation fails in the process, not on the machine |
//! | `namespaces` | an empty network, and a file system in which nothing but the folder exists, read-only |
//! | `landlock` | the kernel lets it read below the folder, and nothing else: no writing, no TCP, no signals |
//! | `capabilities` | none are left, should it have been started as root |
//! | `seccomp` | no sockets, no programs, no debugging, no new namespaces or mounts, no files for writing |

mod files;
mod limits;
mod syscalls;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What a process needs to keep.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The folder that it may read.
    pub folder: &'a Path,
    /// Most bytes of memory; 0 for no limit.
    pub memory_bytes: u64,
    /// Make the folder the root of its file system, where that is permitted. Its path changes.
    pub own_root: bool,
}

/// One wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wall {
    /// Its name, as in the table above.
    pub name: String,
    /// Why it is missing; nothing when it stands.
    pub missing: Option<String>,
}

/// What stands.
#[derive(Debug)]
pub struct Standing {
    /// The folder, as the process sees it from now on.
    pub folder: PathBuf,
    /// Every wall, standing or not.
    pub walls: Vec<Wall>,
}

/// Raises the walls around this process, for good. Call it while there is one thread: later ones
/// inherit the walls, earlier ones would stay outside.
#[must_use]
pub fn raise(plan: &Plan<'_>) -> Standing {
    let mut walls = Vec::new();
    let mut note = |name: &str, done: Result<(), String>| {
        walls.push(Wall {
            name: name.to_owned(),
            missing: done.err(),
        });
    };
    // The order matters: what comes later takes away the means for what comes earlier.
    limits::stand_back();
    let mut folder = plan.folder.to_owned();
    if plan.own_root {
        let moved = files::own_root(plan.folder);
        if let Ok(root) = &moved {
            folder.clone_from(root);
        }
        note("namespaces", moved.map(drop));
    }
    note("landlock", files::landlock(&folder));
    note("memory", limits::memory(plan.memory_bytes));
    note("capabilities", limits::capabilities());
    note("seccomp", syscalls::deny());
    Standing { folder, walls }
}
