//! The report: one standalone page of a retirement, for people and auditors.
//!
//! It is made from the log alone, in every phase, and is a reading aid, not the
//! proof: the proof is the log, the certificate and the checkpoints, and the page
//! says how to check them without this library.

mod evidence;
mod headline;
mod history;
mod notices;
mod page;
mod people;
mod proof;
mod render;
mod source;
mod words;
mod work;

pub use render::html;
pub use source::{ReportError, ReportSource};
