//! Which operations of which APIs a request was meant for.
//!
//! The wrong answer that hurts is *not this API*: a caller that nobody saw. So
//! whatever a server on the way may take for the same path counts as the same
//! path, a request under an API's prefix counts without any template, and where
//! two APIs may be meant it counts for both.

mod build;
mod host;
mod slots;
mod table;
mod target;
mod template;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use slots::{NO_SLOT, Slot};
pub use table::RouteTable;
pub(crate) use table::index;
pub(crate) use walk::{Target, Walk};
