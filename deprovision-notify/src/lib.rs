#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod channel;
mod config;
mod courier;
mod disk;
mod error;
mod file_name;
mod letter;
mod message;
mod outbox;
mod text;
mod words;

pub use channel::{Channel, Sent};
pub use config::OutboxConfig;
pub use courier::{Courier, CourierConfig, CourierError, Pause, QuietHours, Round, Status};
pub use error::OutboxError;
pub use letter::{Letter, LetterError};
pub use outbox::Outbox;
