//! A letter as a message of mail.

mod calendar;
mod head;
mod header;
mod write;

pub(crate) use head::read_head;
pub use write::{Mail, MailWriter, WriteError};
