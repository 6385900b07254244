//! What an outbox needs to know.

use std::path::PathBuf;

use deprovision_core::catalog::EmailAddress;
use serde::{Deserialize, Serialize};

use crate::Sender;

/// Where an outbox lies and what its messages say of their origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OutboxConfig {
    /// The directory of the messages. It is made when it is not there.
    pub directory: PathBuf,
    /// The account in the ids of its notices: `outbox:<account>:local:<name>`.
    pub account: String,
    /// Whom the messages are from.
    pub sender: Sender,
}

impl OutboxConfig {
    /// An outbox in a directory, with messages from an address.
    #[must_use]
    pub fn new(
        directory: impl Into<PathBuf>,
        account: impl Into<String>,
        from: EmailAddress,
    ) -> Self {
        Self {
            directory: directory.into(),
            account: account.into(),
            sender: Sender::new(from),
        }
    }
}
