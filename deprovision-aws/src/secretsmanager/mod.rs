//! Secrets Manager.

mod adapter;
mod calls;
mod deny;
mod observe;
mod read;
mod revoke;

pub use adapter::Secrets;
