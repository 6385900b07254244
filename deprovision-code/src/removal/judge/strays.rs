//! Processes that left the group of a command, found by a variable that all its
//! descendants inherit.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// How often is looked again for what was started meanwhile.
const ROUNDS: usize = 20;

/// Kills every process whose environment began with `name` set to `value`.
pub(crate) fn kill(name: &str, value: &OsStr) {
    let wanted = [name.as_bytes(), b"=", value.as_bytes()].concat();
    for _ in 0..ROUNDS {
        if kill_once(&wanted) == 0 {
            return;
        }
    }
}

fn kill_once(wanted: &[u8]) -> usize {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return 0;
    };
    let mut killed = 0;
    for process in processes.flatten() {
        let name = process.file_name();
        let number = name.to_str().and_then(|name| name.parse().ok());
        let Some(pid) = number.and_then(Pid::from_raw) else {
            continue;
        };
        // Held before its environment is read: the number can not become another's.
        let Ok(held) = pidfd_open(pid, PidfdFlags::empty()) else {
            continue;
        };
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        let is_ours = environment
            .split(|byte| *byte == 0)
            .any(|one| one == wanted);
        if is_ours && pidfd_send_signal(&held, Signal::KILL).is_ok() {
            killed += 1;
        }
    }
    killed
}
