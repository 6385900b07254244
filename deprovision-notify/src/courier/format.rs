//! Format 1 of the file: a redb database of these tables.

use deprovision_core::catalog::{EmailAddress, TimeZoneName};
use deprovision_core::id::{PersonId, RetirementId};
use deprovision_core::provider::NoticeStage;
use deprovision_core::resource::NoticeId;
use deprovision_core::time::Timestamp;
use redb::TableDefinition;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::Fault;

/// What the file says it is, under the key `magic` of [`META`].
pub(super) const MAGIC: &str = "deprovision courier";
/// The newest format this program knows, under the key `format` of [`META`].
pub(super) const FORMAT: &str = "2";

type Rows<K> = TableDefinition<'static, K, &'static [u8]>;

/// What the file is, whose it is, and why the channel is paused.
pub(super) const META: TableDefinition<'static, &str, &str> = TableDefinition::new("meta");
/// A notice's id -> its [`Record`], for good: what was sent once is not sent again.
pub(super) const RECORDS: Rows<&str> = TableDefinition::new("records");
/// A notice's id -> the notice, until it was delivered: it has links in it.
pub(super) const NOTICES: Rows<&str> = TableDefinition::new("notices");
/// A letter's number -> its [`LetterRow`], while it waits or is under way. Numbers grow.
pub(super) const LETTERS: Rows<u64> = TableDefinition::new("letters");
/// Address and stage -> the letter that takes more notices.
pub(super) const OPEN: TableDefinition<'static, (&str, &str), u64> = TableDefinition::new("open");
/// When in microseconds since 1970, and a letter that waits: an index.
pub(super) const DUE: TableDefinition<'static, (i64, u64), ()> = TableDefinition::new("due");
/// The letters that may be under way: with an intent and without an outcome.
pub(super) const FLIGHT: TableDefinition<'static, u64, ()> = TableDefinition::new("flight");
/// Retirement, person and notice -> whether it is a withdrawal.
pub(super) const TOLD: TableDefinition<'static, (&str, &str, &str), bool> =
    TableDefinition::new("told");
/// How many notices are in each state.
pub(super) const COUNTS: TableDefinition<'static, &str, u64> = TableDefinition::new("counts");
/// What a person should look at, by what it is about.
pub(super) const FINDINGS: TableDefinition<'static, &str, &str> = TableDefinition::new("findings");

/// What became of a notice, and what is needed to find out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: NoticeId,
    pub(super) stage: NoticeStage,
    pub(super) person: PersonId,
    pub(super) email: EmailAddress,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retirement: Option<RetirementId>,
    pub(super) queued: Timestamp,
    pub(super) state: State,
}

/// Where a notice is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// In a letter that waits or is under way.
    Waiting { letter: u64 },
    /// The channel's other side took it, or somebody says that they told the person.
    Delivered {
        at: Timestamp,
        /// What the other side said.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        receipt: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vouched: Option<Vouched>,
    },
    /// It will not be taken.
    Bounced { why: String },
    /// It may have been taken, twice.
    Unsure { why: String },
    /// It never went, and never will: there is nothing to say any more.
    Recalled,
}

impl State {
    /// The word it is counted under.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Delivered { .. } => "delivered",
            Self::Bounced { .. } => "bounced",
            Self::Unsure { .. } => "unsure",
            Self::Recalled => "recalled",
        }
    }
}

/// Who told the person in another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Vouched {
    pub(super) by: PersonId,
    pub(super) how: String,
    pub(super) said: Timestamp,
}

/// A letter that waits or is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LetterRow {
    pub(super) to: EmailAddress,
    pub(super) stage: NoticeStage,
    pub(super) notices: Vec<NoticeId>,
    /// When its first notice came.
    pub(super) since: Timestamp,
    pub(super) due: Timestamp,
    /// The clock that says when to leave the person alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) zone: Option<TimeZoneName>,
    /// Whether it waits for their morning.
    pub(super) patient: bool,
    /// When it is too late to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) moment: Option<Timestamp>,
    /// How often it was certainly not taken.
    #[serde(default)]
    pub(super) tries: u32,
    /// Why it may have been taken: then it is sent once more, as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unsure: Option<String>,
}

/// A row as bytes.
pub(super) fn encode(row: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(row).map_err(|error| Fault::Damaged(format!("a row has no form: {error}")))
}

/// A row from bytes; `what` says which, for the error.
pub(super) fn decode<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(bytes)
        .map_err(|error| Fault::Damaged(format!("{what} can not be read: {error}")))
}
