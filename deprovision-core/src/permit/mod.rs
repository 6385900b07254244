//! Proofs that open doors: values that only their own check can make.
//!
//! | proof | says | opens |
//! |---|---|---|
//! | [`WritePermit`] | this worker owns the retirement, and its lease outlives the call (I-14) | every write |
//! | [`ApprovalProof`] | enough people, never the proposer, approved this very plan (I-7) | a warrant |
//! | [`FreshUsage`] | nobody called, seen a moment ago and completely (I-8) | a warrant |
//! | [`VerifiedArchive`] | every object was read back and is equal (I-1) | an erase warrant |
//! | [`RestoreDrill`] | the archive was restored and compared (I-2) | an erase warrant |
//! | [`DestructionWarrant`] | permit, approval and fresh usage together | deleting a credential |
//! | [`EraseWarrant`] | all of them, for one dataset | erasing data |
//! | [`WaivedGrants`] | enough people, never the proposer, let these grants stay for now (I-6) | a plan and a certificate with grants left |
//!
//! None of them has a public field, `Clone`, `Default` or `Deserialize`.

mod approval;
mod archive;
mod fresh_usage;
mod lease;
mod waiver;
mod warrant;

pub use approval::{Approval, ApprovalGap, ApprovalProof, ApprovalRule};
pub use archive::{
    ArchiveDoubt, RestoreDrill, SourceState, VerifiedArchive, run_restore_drill, verify_archive,
};
pub use fresh_usage::{FreshUsage, FreshUsageRule, NotQuiet};
pub use lease::{LeaseTooShort, WritePermit};
pub use waiver::{Waived, WaivedGrants, Waiver};
pub use warrant::{DestructionWarrant, EraseWarrant, WarrantMismatch};
