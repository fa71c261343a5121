//! Limits of resources, and rights that only root has.

use rustix::process::{Resource, Rlimit, nice, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};

/// Files open at the same time: lake files of running queries.
const FILES: u64 = 1024;

/// Lets others go first: for the processor, and when the machine runs out of memory, where this
/// process is to be the one that goes. None of it is a wall, so a failure is none either.
pub(super) fn stand_back() {
    let _ = nice(5);
    let _ = std::fs::write("/proc/self/oom_score_adj", "900");
}

/// Limits memory and other resources, and keeps memory out of core dumps.
pub(super) fn memory(bytes: u64) -> Result<(), String> {
    let most = |resource, most| {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit).map_err(|e| format!("a limit of resources: {e}"))
    };
    most(Resource::Core, 0)?;
    most(Resource::Nofile, FILES)?;
    if bytes > 0 {
        most(Resource::Data, bytes)?;
    }
    Ok(())
}

pub(super) fn capabilities() -> Result<(), String> {
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    set_no_new_privs(true).map_err(|e| e.to_string())?;
    set_capabilities(None, none).map_err(|e| e.to_string())
}
