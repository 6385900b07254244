//! IAM's policy language, as far as it decides which statements speak of an API.
//!
//! Pure: nothing here asks AWS. What is not understood is said not to be decided, and
//! never taken for harmless
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>).

mod document;
mod face;
mod judge;
mod pattern;
mod statement;
mod unique_json;

pub(crate) use document::{Document, Edit, Removed};
pub(crate) use face::Face;
pub(crate) use judge::{Judgement, Part, Place, judge};
pub(crate) use pattern::Pattern;
pub(crate) use statement::{MAX_RESOURCES, StatementKey, resources};
