//! The certificate of a retirement: an in-toto statement, signed in a DSSE
//! envelope, which others' tools verify without this library.
//!
//! - [`RetirementPredicate`]: what happened, in plain facts.
//! - [`Statement`]: the facts, bound to the digest of `events.jsonl`.
//! - [`Certificate`]: the statement, signed.

mod envelope;
mod error;
mod facts;
mod predicate;
mod statement;
#[cfg(test)]
mod tests;

pub use envelope::{Attested, Certificate};
pub use error::{CertificateError, LogMismatch};
pub use facts::{
    ActionFact, ApprovalFact, ArchiveFact, LogState, ObjectionEnd, ObjectionFact, WaiverFact,
};
pub use predicate::{Basis, RetirementPredicate};
pub use statement::{
    EVENTS_FILE, PAYLOAD_TYPE, PREDICATE_TYPE, STATEMENT_TYPE, Statement, Subject,
};
