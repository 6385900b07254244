//! Why an outbox can not be opened.

use std::io;
use std::path::PathBuf;

use deprovision_core::catalog::ParseAddressError;
use deprovision_core::id::ParseIdError;

/// Why an outbox can not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The account does not fit into a notice's id.
    #[error("`account` can not be part of a notice id; use letters, digits and . _ - only")]
    Account(#[source] ParseIdError),
    /// The domain does not fit into a message id.
    #[error("`message_id_domain` is no domain; write it as in an e-mail address")]
    Domain(#[source] ParseAddressError),
    /// The mail library refuses the sender's address.
    #[error("`from` {0} is refused by the mail library; use a plainer address")]
    From(String),
    /// The directory can not be made or used.
    #[error("the outbox {} can not be used; make it a directory that this process may write to", .0.display())]
    Directory(PathBuf, #[source] io::Error),
}
