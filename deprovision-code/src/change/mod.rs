//! Changes on branches of their own: recognised, built, moved, taken back.

mod branch;
mod publish;
mod revert;

pub(crate) use branch::{BranchState, ChangeName, Ours};
pub(crate) use publish::{Published, publish, retract};
pub(crate) use revert::{Selection, reversal_proposed, revert_merged};
