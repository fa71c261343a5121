//! The system calls that a process which only computes and reads has no use for.
//!
//! A list of what is denied, not of what is allowed: the allocator, the runtime and the C library
//! change what they need with every release, and a query that dies of a harmless call would be a
//! fault of ours. Denied are whole families: every way to a network, to another program, to another
//! process, to a kernel interface with a history, to a namespace or mount, and to a file for
//! writing. A denied call answers "not permitted", which code knows how to handle.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

/// Denied whatever the arguments are.
const DENIED: &[i64] = &[
    // network
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    // rings do what the list denies, past the list
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // other programs
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_memfd_create,
    // other processes
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_semget,
    libc::SYS_msgget,
    libc::SYS_mq_open,
    // the kernel
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_personality,
    libc::SYS_fanotify_init,
    // namespaces and mounts
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // rights
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setgroups,
    libc::SYS_capset,
    // files, other than for reading
    libc::SYS_truncate,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
];

/// Older names of the same, which newer machines do not have.
#[cfg(target_arch = "x86_64")]
const DENIED_OLD: &[i64] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_creat,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_mknod,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_kexec_file_load,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_OLD: &[i64] = &[];

/// Marks calls of the x32 interface, which reach the same code under other numbers.
#[cfg(target_arch = "x86_64")]
const X32: Option<i64> = Some(0x4000_0000);
#[cfg(not(target_arch = "x86_64"))]
const X32: Option<i64> = None;

/// Denies them to this thread and all that it starts.
pub(super) fn deny() -> Result<(), String> {
    let not_permitted = errno(libc::EPERM);
    install(rules()?, not_permitted)?;
    // Their arguments are in memory, where a filter cannot look. "Not implemented" makes the C
    // library use the older calls, whose arguments can be judged.
    let veiled = [libc::SYS_clone3, libc::SYS_openat2];
    install(
        veiled.map(|call| (call, Vec::new())).into(),
        errno(libc::ENOSYS),
    )
}

fn errno(number: i32) -> SeccompAction {
    SeccompAction::Errno(number.unsigned_abs())
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn install(mut rules: Rules, action: SeccompAction) -> Result<(), String> {
    if let Some(mark) = X32 {
        let marked = rules
            .clone()
            .into_iter()
            .map(|(call, rules)| (call | mark, rules));
        rules.extend(marked.collect::<Vec<_>>());
    }
    let machine = std::env::consts::ARCH.try_into();
    let filter = machine
        .and_then(|machine| SeccompFilter::new(rules, SeccompAction::Allow, action, machine))
        .and_then(BpfProgram::try_from)
        .map_err(|e| e.to_string())?;
    apply_filter(&filter).map_err(|e| format!("the kernel takes no filter: {e}"))
}

fn rules() -> Result<Rules, String> {
    let always = DENIED.iter().chain(DENIED_OLD);
    let mut rules: Rules = always.map(|call| (*call, Vec::new())).collect();
    let bits = |argument: u8, mask: i32, value: i32| {
        let mask = u64::from(mask.unsigned_abs());
        let value = u64::from(value.unsigned_abs());
        condition(argument, SeccompCmpOp::MaskedEq(mask), value)
    };
    // Threads, but no processes.
    rules.insert(libc::SYS_clone, vec![bits(0, libc::CLONE_THREAD, 0)?]);
    let for_writing = |flags: u8| {
        Ok::<_, String>(vec![
            bits(flags, libc::O_ACCMODE, libc::O_WRONLY)?,
            bits(flags, libc::O_ACCMODE, libc::O_RDWR)?,
            bits(flags, libc::O_CREAT, libc::O_CREAT)?,
            bits(flags, libc::O_TRUNC, libc::O_TRUNC)?,
        ])
    };
    rules.insert(libc::SYS_openat, for_writing(2)?);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_open, for_writing(1)?);
    // Signals to itself (that is how a process aborts), limits of its own.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![condition(0, SeccompCmpOp::Ne, own)?]);
    rules.insert(
        libc::SYS_prlimit64,
        vec![condition(0, SeccompCmpOp::Ne, 0)?],
    );
    Ok(rules)
}

fn condition(argument: u8, how: SeccompCmpOp, value: u64) -> Result<SeccompRule, String> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, how, value);
    condition
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(|e| e.to_string())
}
