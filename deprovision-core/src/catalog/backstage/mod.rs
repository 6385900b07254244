//! Backstage's software catalog. What is taken from which entity, and the list of our
//! annotations, is in the documentation of [`catalog`](crate::catalog).

mod annotations;
mod entity;
mod owners;
mod people;
mod read;
mod write;

pub(super) use entity::collect;
pub use owners::BackstageOwners;
pub use people::{Reached, Unresolved};
pub(super) use read::{CONSUMERS_LABEL, OWNER_LABEL, read};
