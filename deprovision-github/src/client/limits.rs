//! How much GitHub lets a caller do.

use std::time::Duration;

/// What this crate allows itself, so that GitHub never has to say no.
///
/// The defaults are what GitHub publishes
/// (<https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api> and
/// its best practices). They hold for one [`GitHub`](crate::GitHub) and its clones: give
/// one to all adapters, and less where others use the same account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// From one write to the next: GitHub asks for a second.
    pub between_writes: Duration,
    /// Points a minute: 900 (a read is 1, a write is 5).
    pub points_a_minute: u32,
    /// Calls a minute that make content: 80.
    pub content_a_minute: u32,
    /// Calls an hour that make content: 500.
    pub content_an_hour: u32,
    /// Code searches a minute: 10.
    pub searches_a_minute: u32,
    /// How long a call waits for its turn; one that would wait longer is throttled,
    /// and its error says until when.
    pub patience: Duration,
    /// How long a search waits for its turn. Its limit is so low that a search of
    /// more than a few texts would never end without.
    pub patience_of_searches: Duration,
    /// How long a request may take.
    pub request: Duration,
    /// How long fetching a repository may take.
    pub fetch: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            between_writes: Duration::from_secs(1),
            points_a_minute: 900,
            content_a_minute: 80,
            content_an_hour: 500,
            searches_a_minute: 10,
            patience: Duration::from_secs(5),
            patience_of_searches: Duration::from_secs(61),
            request: Duration::from_secs(30),
            fetch: Duration::from_secs(600),
        }
    }
}
