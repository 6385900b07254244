//! A file that tells until when a log was known to be written.

use std::path::Path;

use deprovision_core::time::{Period, Timestamp};

use crate::count::SKEW;

/// The time in a heartbeat file, or why there is none.
pub(crate) fn heartbeat(path: &Path) -> Result<Timestamp, String> {
    let shown = path.display();
    let metadata = std::fs::metadata(path)
        .map_err(|error| format!("the heartbeat {shown} can not be read: {error}"))?;
    // A time is some thirty bytes long; a pipe would be waited for.
    if !metadata.is_file() || metadata.len() > 100 {
        return Err(format!(
            "the heartbeat {shown} is no file that holds one time"
        ));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the heartbeat {shown} can not be read: {error}"))?;
    text.trim()
        .parse()
        .map_err(|_| format!("the heartbeat {shown} is no time such as 2026-10-10T13:55:36Z"))
}

/// The time of a heartbeat that was read before that moment, or why it can not be.
pub(crate) fn until(at: Timestamp, read_at: Timestamp) -> Result<Timestamp, String> {
    if at > Period::seconds(SKEW.unsigned_abs()).after(read_at) {
        return Err(format!(
            "the heartbeat is {at}, later than now; check the clocks"
        ));
    }
    Ok(at.min(read_at))
}
