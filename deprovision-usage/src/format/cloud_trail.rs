//! Events of AWS CloudTrail.

use std::borrow::Cow;

use super::draft::{Certain, Slot, Twice};
use super::json::{Growing, Tree, draft};
use crate::line::{LineError, LinePart, LogLine};

/// Where an event has what; AWS, *CloudTrail record contents*.
const PLACES: [(Slot, u8, &[&str]); 11] = [
    (Slot::Time, 0, &["eventTime"]),
    (Slot::Host, 0, &["eventSource"]),
    // The operation: becomes the request below.
    (Slot::Route, 0, &["eventName"]),
    // The kind of error: becomes the status below.
    (Slot::Status, 0, &["errorCode"]),
    (Slot::Client, 0, &["sourceIPAddress"]),
    (Slot::Agent, 0, &["userAgent"]),
    (Slot::Key, 0, &["userIdentity", "accessKeyId"]),
    (Slot::User, 0, &["userIdentity", "userName"]),
    (Slot::Subject, 0, &["userIdentity", "arn"]),
    (Slot::Subject, 1, &["userIdentity", "principalId"]),
    // A service of AWS that acts by itself.
    (Slot::Subject, 2, &["userIdentity", "invokedBy"]),
];

pub(super) fn tree(caller: Option<&[Vec<u8>]>) -> Tree {
    let mut tree = Growing::default();
    for (slot, rank, path) in PLACES {
        let path: Vec<Vec<u8>> = path.iter().map(|key| key.as_bytes().to_vec()).collect();
        tree.add(&path, slot, rank);
    }
    if let Some(path) = caller {
        tree.add(path, Slot::Field, 0);
    }
    tree.grown()
}

/// Reads one event.
pub(super) fn parse<'a>(line: &'a [u8], tree: &Tree) -> Result<LogLine<'a>, LineError> {
    let mut draft = draft(line, tree)?;
    let status: &[u8] = match draft.take(Slot::Status) {
        None => b"200",
        Some(code) => status(&code),
    };
    let Some(name) = draft.take(Slot::Route) else {
        let error = LineError::new(LinePart::Request, "is missing: the event has no eventName");
        return Err(draft.fail(error, Certain::No));
    };
    let target = [b"/", name.as_ref()].concat();
    let parts = [
        (Slot::Status, Cow::Borrowed(status)),
        (Slot::Method, Cow::Borrowed(&b"POST"[..])),
        (Slot::Target, Cow::Owned(target)),
    ];
    for (slot, value) in parts {
        if let Err(Twice) = draft.set(slot, 0, value) {
            return Err(LineError::new(slot.part(), "is there twice"));
        }
    }
    draft.finish(Certain::Yes)
}

/// The status that an error code stands for: CloudTrail does not keep the real one.
fn status(code: &[u8]) -> &'static [u8] {
    let has = |word: &[u8]| memchr::memmem::find(code, word).is_some();
    if has(b"AccessDenied") || has(b"Unauthorized") {
        b"403"
    } else if has(b"Throttl") || has(b"RequestLimitExceeded") || has(b"TooManyRequests") {
        b"429"
    } else {
        b"400"
    }
}
