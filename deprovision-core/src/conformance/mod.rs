//! For the tests of whoever implements an adapter: permits and warrants made by
//! the real guards, with a clock that can be moved.
//!
//! Switched on by the feature `conformance`. It weakens no guard.
//!
//! One suite a port. A suite is an async function that takes a fixture (a trait
//! that the adapter's test implements: the adapter and the few things that only
//! the test can do to the world behind it) and gives the number of cases that
//! ran, so that a test fails when a case is lost. A broken promise panics with
//! the case's name, as an assertion of a test does.

#![expect(
    clippy::panic,
    reason = "a broken promise fails the test that runs the suite"
)]

mod archive;
mod archive_fixture;
mod checkpoint_store;
mod code;
mod code_history;
mod credential;
mod document;
mod erase;
mod grant;
mod hostile;
mod journal;
mod notice;
mod outcome;
mod owner;
mod path;
mod path_probe;
mod permits;
mod usage;

pub use archive::archive;
pub use archive_fixture::{ArchiveFixture, Elsewhere};
pub use checkpoint_store::{CheckpointStoreFixture, checkpoint_store};
pub use code::{CODE_CASES, CodeFixture, Files, FixtureError, code};
pub use code_history::{CODE_HISTORY_CASES, CodeHistoryFixture, code_history};
pub use credential::{CredentialFixture, credential};
pub use document::{DOCUMENT_CASES, DocumentFixture, document};
pub use erase::erase;
pub use grant::{GrantFixture, grant};
pub use journal::{JournalFixture, journal};
pub use notice::{NoticeFixture, ReceivedMessage, notice};
pub use outcome::{done, known, not_done};
pub use owner::{OwnerFixture, owner};
pub use path::{AccessPathFixture, Reply, access_path};
pub use path_probe::{FaceAnswer, PathProbeFixture, path_probe};
pub use permits::Permits;
pub use usage::{Memory, RecordedCall, Records, UsageFixture, usage};

/// What kept a fixture from doing its part.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// What a suite gives: how many cases ran, or what kept it from running.
pub type Cases = Result<u32, Trouble>;
