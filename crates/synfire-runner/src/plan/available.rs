//! How much memory there is, asked of Linux: free memory of the machine, limits of the control groups that the process is
//! in, and the limit of its address space. Other systems are not asked.

use std::fs::read_to_string;
use std::path::Path;

/// How many bytes the process can still take; `None` if that cannot be told.
pub fn available_memory() -> Option<u64> {
    available_under(Path::new("/"))
}

/// The same with the files of the system below `root`.
fn available_under(root: &Path) -> Option<u64> {
    [machine(root), control_groups(root), address_space(root)].into_iter().flatten().min()
}

fn machine(root: &Path) -> Option<u64> {
    kibibytes(&read_to_string(root.join("proc/meminfo")).ok()?, "MemAvailable:")
}

/// The number in a line such as `MemAvailable:   21862432 kB`, in bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Files of a version of control groups.
struct Version {
    /// Where the groups are.
    mount: &'static str,
    limit: &'static str,
    usage: &'static str,
    /// What in `memory.stat` is counted as used but given back when it is wanted: the cache of files.
    cache: &'static str,
}

const VERSION_1: Version = Version {
    mount: "sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    cache: "total_inactive_file",
};

const VERSION_2: Version =
    Version { mount: "sys/fs/cgroup", limit: "memory.max", usage: "memory.current", cache: "inactive_file" };

/// The least of what the groups leave. Lines of the list are `number:controllers:path`; version 2 has no controllers.
fn control_groups(root: &Path) -> Option<u64> {
    let list = read_to_string(root.join("proc/self/cgroup")).ok()?;
    let groups = list.lines().filter_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        match controllers {
            "" => Some((&VERSION_2, path)),
            _ if controllers.split(',').any(|controller| controller == "memory") => Some((&VERSION_1, path)),
            _ => None,
        }
    });
    groups.filter_map(|(version, path)| group_and_its_parents(root, version, path)).min()
}

/// A parent's limit holds for its children. Inside a container the group itself may not be visible, but its parent is.
fn group_and_its_parents(root: &Path, version: &Version, path: &str) -> Option<u64> {
    let groups = Path::new(path.trim_start_matches('/')).ancestors();
    groups.filter_map(|group| left_in_group(&root.join(version.mount).join(group), version)).min()
}

fn left_in_group(group: &Path, version: &Version) -> Option<u64> {
    let number = |name: &str| read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    // Version 2 writes "max" for no limit.
    let limit = number(version.limit)?;
    let statistics = read_to_string(group.join("memory.stat")).unwrap_or_default();
    let cache = statistics.lines().find_map(|line| match line.split_once(' ') {
        Some((name, value)) if name == version.cache => value.trim().parse::<u64>().ok(),
        _ => None,
    });
    let used = number(version.usage)?.saturating_sub(cache.unwrap_or(0));
    Some(limit.saturating_sub(used))
}

/// What `ulimit -v` leaves.
fn address_space(root: &Path) -> Option<u64> {
    let limits = read_to_string(root.join("proc/self/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit = line.split_whitespace().next()?.parse::<u64>().ok()?;
    let used = kibibytes(&read_to_string(root.join("proc/self/status")).ok()?, "VmSize:")?;
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system with these files.
    fn system(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        available_under(root.path())
    }

    const MEMINFO: (&str, &str) =
        ("proc/meminfo", "MemTotal: 2000 kB\nMemFree: 5 kB\nMemAvailable:    1000 kB\n");

    #[test]
    fn the_tightest_limit_counts() {
        assert_eq!(system(&[]), None);
        assert_eq!(system(&[MEMINFO]), Some(1000 * 1024));
        let two = ("proc/self/cgroup", "0::/user/job\n");
        let parent = ("sys/fs/cgroup/user/memory.max", "500000\n");
        let used = ("sys/fs/cgroup/user/memory.current", "120000\n");
        assert_eq!(system(&[MEMINFO, two, parent, used]), Some(380_000));
        let cache = ("sys/fs/cgroup/user/memory.stat", "anon 100000\ninactive_file 20000\n");
        assert_eq!(system(&[MEMINFO, two, parent, used, cache]), Some(400_000));
        let none = ("sys/fs/cgroup/user/job/memory.max", "max\n");
        assert_eq!(system(&[MEMINFO, two, parent, used, none]), Some(380_000));
        let all = ("sys/fs/cgroup/user/job/memory.max", "100\n");
        let used_up = ("sys/fs/cgroup/user/job/memory.current", "120\n");
        assert_eq!(system(&[MEMINFO, two, all, used_up]), Some(0));
    }

    #[test]
    fn old_control_groups_and_address_space_count_too() {
        let one = ("proc/self/cgroup", "5:devices:/x\n4:cpu,memory:/docker/abc\n0::/\n");
        let limit = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "300000");
        let used = ("sys/fs/cgroup/memory/memory.usage_in_bytes", "100000");
        assert_eq!(system(&[MEMINFO, one, limit, used]), Some(200_000));
        let rows =
            "Limit   Soft Limit  Hard Limit  Units\nMax address space     700000    unlimited   bytes\n";
        let limits = ("proc/self/limits", rows);
        let status = ("proc/self/status", "VmPeak: 9 kB\nVmSize:\t 100 kB\n");
        assert_eq!(system(&[MEMINFO, limits, status]), Some(700_000 - 102_400));
        let unlimited = ("proc/self/limits", "Max address space     unlimited    unlimited   bytes\n");
        assert_eq!(system(&[MEMINFO, unlimited, status]), Some(1000 * 1024));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_some() {
        assert!(available_memory().unwrap() > 1 << 20);
    }
}
