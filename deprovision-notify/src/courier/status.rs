//! What a person is told of a courier.

use deprovision_core::time::Timestamp;
use redb::{ReadableTable as _, ReadableTableMetadata as _};
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::queue::Tables;

/// So many findings are told.
const FINDINGS: usize = 20;

/// How things are with a courier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// Notices that wait or are under way.
    pub waiting: u64,
    /// Notices that were delivered, or that somebody vouched for.
    pub delivered: u64,
    /// Notices that came back. `Courier::retry` sends them again, to another address.
    pub bounced: u64,
    /// Notices of which nobody can tell whether they arrived. Ask the person, and
    /// `Courier::vouch` for them or `Courier::retry`.
    pub unsure: u64,
    /// Notices that never went, because what they said was withdrawn before.
    pub recalled: u64,
    /// Letters that wait.
    pub letters: u64,
    /// Letters that may be under way.
    pub under_way: u64,
    /// Since when the letter that waits longest does.
    pub oldest: Option<Timestamp>,
    /// When the next letter goes, or the next probe.
    pub next: Option<Timestamp>,
    /// Why nothing goes; none when the channel works, as far as is known.
    pub pause: Option<Pause>,
    /// What somebody should look at, the first 20: time zones that nobody knows.
    pub findings: Vec<String>,
}

/// Why nothing goes: the channel said that no letter will be taken until a person acts.
///
/// The letters wait, and one of them is tried from time to time: after five minutes, and
/// twice as long each time, up to an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pause {
    /// What the channel said: what to do.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// When one letter is tried.
    pub next_probe: Timestamp,
    /// How many were tried in vain.
    pub probes: u32,
}

impl Tables<'_> {
    pub(super) fn status(&self) -> Result<Status, Fault> {
        let count = |word| -> Result<u64, Fault> {
            Ok(self.counts.get(word)?.map_or(0, |row| row.value()))
        };
        let oldest = match self.letters.first()? {
            Some((number, _)) => Some(self.letter(number.value())?.since),
            None => None,
        };
        let under_way = self.flight.len()?;
        let mut findings = Vec::new();
        for row in self.findings.iter()?.take(FINDINGS) {
            findings.push(row?.1.value().to_owned());
        }
        Ok(Status {
            waiting: count("waiting")?,
            delivered: count("delivered")?,
            bounced: count("bounced")?,
            unsure: count("unsure")?,
            recalled: count("recalled")?,
            letters: self.letters.len()?.saturating_sub(under_way),
            under_way,
            oldest,
            next: self.next_moment()?,
            pause: self.paused()?,
            findings,
        })
    }
}
