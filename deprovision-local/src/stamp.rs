//! What the file system says about a file's content without reading it.

use std::fmt;
use std::time::{Duration, SystemTime};

use rustix::fs::Stat;

/// Identity, length and times of a file. The change time (`ctime`) is among
/// them: a program can set the modification time back to what it was, but not
/// the change time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) length: u64,
    pub(crate) device: i128,
    pub(crate) links: i128,
    inode: i128,
    modified: (i128, i128),
    changed: (i128, i128),
}

/// Longer than the tick by which kernels stamp files (at most 10 ms).
const TICK: Duration = Duration::from_millis(30);

/// Longer than the tick of file systems that keep whole (or even) seconds.
const COARSE_TICK: Duration = Duration::from_millis(2_100);

impl Stamp {
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            length: u64::try_from(stat.st_size).unwrap_or(0),
            device: i128::from(stat.st_dev),
            links: i128::from(stat.st_nlink),
            inode: i128::from(stat.st_ino),
            modified: (i128::from(stat.st_mtime), i128::from(stat.st_mtime_nsec)),
            changed: (i128::from(stat.st_ctime), i128::from(stat.st_ctime_nsec)),
        }
    }

    /// How long from `now` until another write would certainly get another
    /// stamp: two writes within one tick of the clock look the same.
    pub(crate) fn settles_in(&self, now: SystemTime) -> Duration {
        let whole_seconds = self.modified.1 == 0 && self.changed.1 == 0;
        let tick = if whole_seconds { COARSE_TICK } else { TICK };
        let changed = self.changed.0 * 1_000_000_000 + self.changed.1;
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| {
                i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
            });
        let left = changed + i128::try_from(tick.as_nanos()).unwrap_or(0) - now;
        u64::try_from(left).map_or(Duration::ZERO, Duration::from_nanos)
    }

    /// Whether another write would certainly get another stamp.
    pub(crate) fn is_settled(&self) -> bool {
        self.settles_in(SystemTime::now()).is_zero()
    }
}

/// The version mark of an object: modification time, change time, inode. The
/// length stands beside it.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "m{}.{:09}-c{}.{:09}-i{}",
            self.modified.0, self.modified.1, self.changed.0, self.changed.1, self.inode
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(changed: (i128, i128)) -> Stamp {
        Stamp {
            length: 0,
            device: 1,
            links: 1,
            inode: 1,
            modified: changed,
            changed,
        }
    }

    #[test]
    fn a_fresh_stamp_is_not_trusted_for_a_tick() {
        let at = SystemTime::UNIX_EPOCH + Duration::new(100, 5);
        assert_eq!(stamp((100, 5)).settles_in(at), TICK);
        assert_eq!(stamp((100, 5)).settles_in(at + TICK), Duration::ZERO);
        // Whole seconds: the file system may know nothing finer.
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        assert_eq!(stamp((100, 0)).settles_in(at), COARSE_TICK);
        // A clock ahead of ours.
        assert!(stamp((200, 5)).settles_in(at) > Duration::from_secs(99));
        assert_eq!(stamp((-5, 7)).settles_in(at), Duration::ZERO);
    }
}
