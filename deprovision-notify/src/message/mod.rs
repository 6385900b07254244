//! A letter as a message of mail.

mod calendar;
mod head;
mod header;
mod quoted;
mod write;

pub(crate) use head::read_head;
pub use write::{Mail, MailWriter, WriteError};
