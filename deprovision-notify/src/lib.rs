#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod config;
mod disk;
mod error;
mod file_name;
mod message;
mod outbox;
mod text;

pub use config::OutboxConfig;
pub use error::OutboxError;
pub use outbox::Outbox;
