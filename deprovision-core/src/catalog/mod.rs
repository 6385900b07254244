//! What exists: APIs, their owners, faces, resources and consumers.

mod api;
mod contact;

pub use api::{
    Api, Catalog, Criticality, Face, FaceKind, Lifecycle, Method, Resources, Route, Stakeholder,
};
pub use contact::{Contact, EmailAddress, ParseAddressError};
