#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod channel;
mod config;
mod disk;
mod error;
mod file_name;
mod letter;
mod mail;
mod message;
mod outbox;
mod sender;
mod templates;
mod text;

pub use channel::{Channel, Sent};
pub use config::OutboxConfig;
pub use error::OutboxError;
pub use letter::{Letter, LetterError};
pub use mail::{Login, MemoryChannel, Security, SmtpChannel, SmtpConfig, SmtpError};
pub use message::{Mail, MailWriter, WriteError};
pub use outbox::Outbox;
pub use sender::{Sender, SenderError, Unsubscribe};
pub use templates::{Message, TemplateError, Templates, TemplatesBuilder};
