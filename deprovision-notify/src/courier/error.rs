//! Why a courier can not do something.

use std::path::PathBuf;
use std::sync::Arc;

use deprovision_core::id::{ParseIdError, RetirementId};
use deprovision_core::provider::NoticeStage;
use deprovision_core::resource::NoticeId;

/// The error below ours.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a courier can not be opened, or not do something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CourierError {
    /// The account does not fit into a notice's id.
    #[error("`account` can not be part of a notice id; use letters, digits and . _ - only")]
    Account(#[source] ParseIdError),
    /// A field of the configuration is wrong.
    #[error("`{field}` is wrong: {next}")]
    Config {
        /// Which.
        field: &'static str,
        /// What to do.
        next: &'static str,
    },
    /// The file is another courier's.
    #[error(
        "{} is the queue of the account {found}; give each courier a file of its own",
        path.display()
    )]
    OtherAccount {
        /// Which file.
        path: PathBuf,
        /// Whose it is.
        found: String,
    },
    /// Another process has the file open, or this one in another place.
    #[error("{} is in use; one courier works on it at a time: stop the other one", path.display())]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// The file can not be used as a queue.
    #[error("{} is no queue of a courier: {why}", path.display())]
    NotAQueue {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
        /// The error below.
        #[source]
        source: Option<Cause>,
    },
    /// The store failed. It is not known whether what was asked for was done.
    #[error("the queue failed while {doing}; look at its disk, and open the courier again")]
    Store {
        /// What was to be done.
        doing: &'static str,
        /// The error below.
        #[source]
        source: Cause,
    },
    /// Only a retirement tells of that stage: without its permit it would count as told.
    #[error(
        "[I-22] {id} is of the stage {stage}, which the engine sends under the permit of a \
         retirement; without one go unused, drift and digest alone"
    )]
    NeedsRetirement {
        /// Which notice.
        id: NoticeId,
        /// Of which stage.
        stage: NoticeStage,
    },
    /// The notice is about a retirement, which sends its notices itself.
    #[error(
        "{id} is about the retirement {retirement}, whose engine sends it; leave \
         `facts.retirement` out of what an audit found"
    )]
    OfRetirement {
        /// Which notice.
        id: NoticeId,
        /// About which retirement.
        retirement: RetirementId,
    },
    /// The id could be one that a retirement uses, or is another courier's.
    #[error("{id} is no courier:{account}:audit:<name>; make it with `Courier::audit_id`")]
    NoAuditId {
        /// Which notice.
        id: NoticeId,
        /// The account of this courier.
        account: String,
    },
    /// There is no such notice in the queue.
    #[error("{0} was never given to this courier; ask `status`, and look at the id")]
    NoSuchNotice(NoticeId),
    /// The notice is not in a state for that.
    #[error("{id} {why}")]
    NotNow {
        /// Which notice.
        id: NoticeId,
        /// How it is, and what to do.
        why: &'static str,
    },
}

/// What went wrong below. One fault can end many waiting changes, so it can be cloned.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Fault {
    /// redb's own error, before the commit: nothing was changed.
    #[error("the store failed")]
    Store(#[source] Arc<redb::Error>),
    /// redb's own error at the commit: perhaps all was changed.
    #[error("the disk did not confirm the change")]
    Unconfirmed(#[source] Arc<redb::Error>),
    /// The file contradicts itself.
    #[error("the queue's file is damaged: {0}")]
    Damaged(String),
    /// The thread of the store has ended.
    #[error("the store has ended")]
    Ended,
}

macro_rules! from_redb {
    ($($error:ty),*) => {$(
        impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::Store(Arc::new(error.into()))
            }
        }
    )*};
}
from_redb!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::SetDurabilityError
);

impl Fault {
    pub(super) fn while_doing(self, doing: &'static str) -> CourierError {
        CourierError::Store {
            doing,
            source: Box::new(self),
        }
    }
}
