//! One organisation: its repositories, and where they name an API.

mod list;
mod search;
mod texts;

pub use search::{FoundRepository, OrganisationSearch, Reach};

pub(crate) use list::{Listed, list_repositories};
