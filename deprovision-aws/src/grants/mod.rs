//! Permissions that name an API: found, removed and put back.

mod footprint;

pub use footprint::{Footprint, FootprintError};
