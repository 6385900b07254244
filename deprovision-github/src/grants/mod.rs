//! What on GitHub lets somebody use an API, or be called by it: deploy keys, secrets of
//! Actions, webhooks.

mod adapter;
mod bindings;
mod hooks;
mod id;
mod keys;
mod secrets;
mod survey;

pub use adapter::GitHubGrants;
