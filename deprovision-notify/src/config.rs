//! What an outbox needs to know.

use std::path::PathBuf;

use deprovision_core::catalog::EmailAddress;
use serde::{Deserialize, Serialize};

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
    pub from: EmailAddress,
    /// The domain of the messages' ids. Without it, the domain of `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id_domain: Option<String>,
}

impl OutboxConfig {
    /// An outbox in a directory, whose message ids are in the sender's domain.
    #[must_use]
    pub fn new(
        directory: impl Into<PathBuf>,
        account: impl Into<String>,
        from: EmailAddress,
    ) -> Self {
        Self {
            directory: directory.into(),
            account: account.into(),
            from,
            message_id_domain: None,
        }
    }
}
