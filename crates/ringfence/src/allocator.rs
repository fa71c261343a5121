//! The allocator: jemalloc.
//!
//! Events are made on some threads and dropped on others, and files are written in bursts of large
//! buffers. The system's allocator keeps what that leaves behind for each thread; this one has it
//! used again by all, and gives pages back that nobody has wanted for a while.

/// The one of all commands.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What jemalloc reads before the first allocation. A freed page is kept for half
/// a second: given back at once, it would have to be taken and zeroed again by whoever is next; kept
/// for longer than the pause between two commits to the lake, it is memory that nobody uses (1.5 s
/// took up to 100 MiB more under full load, and saved 2 to 6 % of the processor time). One arena a core,
/// and not one for every few threads: what one thread frees, the next one finds.
#[allow(
    unsafe_code,
    reason = "jemalloc looks for a pointer to a C string under this name, and this is one"
)]
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static CONFIGURATION: &[u8; 56] = b"percpu_arena:percpu,dirty_decay_ms:500,muzzy_decay_ms:0\0";

/// Gives pages back while nothing is allocated, too. It starts a thread, so only for what runs long
/// and not before the process has become what it is to be.
pub fn give_back_when_idle() {
    if let Err(error) = tikv_jemalloc_ctl::background_thread::write(true) {
        tracing::warn!(%error, "memory that is not needed any more is given back late");
    }
}
