//! Why an outbox can not be opened.

use std::io;
use std::path::PathBuf;

use deprovision_core::id::ParseIdError;

use crate::{SenderError, TemplateError};

/// Why an outbox can not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The account does not fit into a notice's id.
    #[error("`account` can not be part of a notice id; use letters, digits and . _ - only")]
    Account(#[source] ParseIdError),
    /// The sender can not send.
    #[error("`sender` is wrong")]
    Sender(#[source] SenderError),
    /// The templates of this crate are broken.
    #[error("the templates can not be used")]
    Templates(#[source] TemplateError),
    /// The directory can not be made or used.
    #[error("the outbox {} can not be used; make it a directory that this process may write to", .0.display())]
    Directory(PathBuf, #[source] io::Error),
}
