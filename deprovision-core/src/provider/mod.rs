//! The ports to the outside world: what an adapter implements.
//!
//! One file a port. Observing and acting are separate traits: an observer can
//! not write (invariant I-13), and every write takes a [`WritePermit`], which
//! only a living lease gives. What cannot be undone also takes a
//! [`DestructionWarrant`] or an [`EraseWarrant`].
//!
//! # For implementers
//! - Say [`Outcome::Unknown`] when a request was sent and its effect is not
//!   known (a time-out, a 202, a lost reply). Never guess.
//! - Give an absence its [`PositiveControl`](crate::observation::PositiveControl).
//! - Read every page, or say [`Coverage::Partial`](crate::observation::Coverage::Partial).
//! - An empty selection is a no-op.
//! - Do not retry: the engine does, by the error's [`ErrorKind`] alone.
//! - Take ready-made clients; show no third-party type elsewhere in the API.
//! - Get permits for your tests from `conformance::Permits`.

mod archive;
mod backstage_groups;
mod clone;
mod code;
mod code_dependents;
mod credential;
mod document;
mod error;
mod grant;
mod notice;
mod notice_facts;
mod notice_reasons;
mod outcome;
mod owner;
mod path;
mod path_abilities;
mod path_notice;
mod usage;

pub use archive::{
    ArchiveReader, ArchiveState, Archiver, ByteStream, DatasetReader, Eraser, Manifest,
    ManifestEntry, ObjectInfo, Retention,
};
pub use backstage_groups::{BackstageGroups, EntityFiles};
pub use clone::{ChangeBranches, CloneWorkshop, LocalClone, OpenedClone};
pub use code::{
    ChangeObserver, ChangeProposer, ChangeState, CodeHistory, CodeOwner, CodeSearch, Confidence,
    Marker, Pace, PastReference, Provenance, Reference, ReferenceKind, Removal, VersionSeen,
};
pub use code_dependents::CodeDependents;
pub use credential::{CredentialObserver, CredentialRevoker, CredentialState, IssuerState};
pub use document::{DocumentMark, DocumentObserver, DocumentState, DocumentUpdater};
pub use error::{ErrorKind, ProviderError, error_chain};
pub use grant::{GrantObserver, GrantState, GrantsFound, PermissionAuditor};
pub use notice::{Delivery, DeliveryObserver, Notice, NoticeStage, Notifier};
pub use notice_facts::{
    AnswerLinks, ApprovalFacts, BrownOutFacts, CallFacts, NoticeFacts, SuccessorFacts,
};
pub use notice_reasons::{FindingFacts, RoleFacts, RoleKind};
pub use outcome::{EffectClass, Outcome, Reversibility};
pub use owner::OwnerResolver;
pub use path::{
    AccessPath, AccessPathObserver, FaceProbe, GoneNotice, PathProbe, PathState, ProbeAnswer,
    SunsetNotice,
};
pub use path_abilities::{Ability, PathAbilities};
pub use path_notice::{InvalidNotice, url_trouble};
pub use usage::UsageSource;

pub use crate::permit::{DestructionWarrant, EraseWarrant, WritePermit};
