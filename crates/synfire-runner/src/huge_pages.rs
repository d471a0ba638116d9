//! Huge pages: a network's synapses and neurons are visited in no order, and with pages of 4 kB each visit costs a translation of
//! its address, too.

/// Asks for huge pages for all memory of this program, if the system has them to give and nobody has set how memory is handled.
///
/// The C library asks the system for them if told so when a program starts, so the program is started anew, in the same process. If
/// that cannot be, all goes on with pages as they are.
pub fn ask() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use std::os::unix::process::CommandExt;
        let mut args = std::env::args_os();
        let (Some(name), Ok(program)) = (args.next(), std::env::current_exe()) else { return };
        // Where something else runs the program, such as a loader called by name, that would be what is started.
        let is_this = std::path::Path::new(&name).file_name() == program.file_name();
        if is_this && std::env::var_os(TUNABLES).is_none() && are_on_request() {
            let mut again = std::process::Command::new(program);
            // It comes back only if it fails.
            let _ = again.arg0(name).args(args).env(TUNABLES, HUGE_PAGES).exec();
        }
    }
}

/// Where the C library looks, and what it is told: `malloc` advises the system to use huge pages (`madvise`).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const TUNABLES: &str = "GLIBC_TUNABLES";
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HUGE_PAGES: &str = "glibc.malloc.hugetlb=1";

/// Whether the system gives huge pages to who asks. If it gives them to all or to nobody, there is no need to.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn are_on_request() -> bool {
    std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled")
        .is_ok_and(|modes| modes.contains("[madvise]"))
}
