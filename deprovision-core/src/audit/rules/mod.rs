//! The rules, one file a kind of finding.

pub(super) mod declining;
pub(super) mod orphaned;
pub(super) mod overdue;
pub(super) mod redundant;
pub(super) mod shadow;
pub(super) mod superseded;
pub(super) mod unknown;
pub(super) mod unreachable;
pub(super) mod unused;
pub(super) mod zombie;
