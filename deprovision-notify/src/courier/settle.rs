//! What came of a letter, and the pause of a channel that is broken.

use deprovision_core::policy::Retry;
use deprovision_core::time::{Period, Timestamp};
use redb::{ReadableTable as _, ReadableTableMetadata as _};

use super::error::Fault;
use super::format::{LetterRow, State, decode, encode};
use super::queue::Tables;
use super::status::Pause;
use crate::Sent;

/// After how long a letter that may have been taken is sent the second time.
const RESEND: Period = Period::minutes(1);
/// No other side makes a letter wait for longer.
const LONGEST_WAIT: Period = Period::days(1);
/// When a broken channel is tried again, first and at the longest.
const FIRST_PROBE: Period = Period::minutes(5);
const LAST_PROBE: Period = Period::hours(1);
/// The row of the pause in the table of what the file is.
const PAUSE: &str = "pause";

/// What came of one letter.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) number: u64,
    pub(super) probe: bool,
    pub(super) sent: Sent,
}

impl Tables<'_> {
    /// Records what came of a letter; the pause, when the channel turned out broken.
    pub(super) fn settle(
        &mut self,
        ended: Ended,
        retry: &Retry,
        now: Timestamp,
    ) -> Result<Option<Pause>, Fault> {
        let Ended {
            number,
            probe,
            sent,
        } = ended;
        let row = self.letter(number)?;
        let paused = match &sent {
            Sent::Broken { why } => Some(self.pause(why, probe, now)?),
            _ if probe => {
                self.resume()?;
                None
            }
            _ => None,
        };
        match sent {
            Sent::Accepted { receipt } => self.close_all(number, &row, |_| State::Delivered {
                at: now,
                receipt: receipt.clone(),
                vouched: None,
            })?,
            Sent::Refused { why } => {
                let why = match &row.unsure {
                    Some(before) => format!("{why} (it may have arrived before: {before})"),
                    None => why,
                };
                self.close_all(number, &row, |_| State::Bounced { why: why.clone() })?;
            }
            Sent::NotSent { why, retry_at } => {
                self.not_sent(number, row, why, retry_at, retry, now)?
            }
            Sent::Broken { .. } => {
                let later = row.clone();
                self.try_later(number, &row, later, now)?;
            }
            Sent::Unsure { why } => match &row.unsure {
                None => {
                    let later = LetterRow {
                        unsure: Some(why),
                        ..row.clone()
                    };
                    self.try_later(number, &row, later, RESEND.after(now))?;
                }
                Some(first) => {
                    let why = format!("{first}; and then: {why}");
                    self.close_all(number, &row, |_| State::Unsure { why: why.clone() })?;
                }
            },
        }
        Ok(paused)
    }

    fn not_sent(
        &mut self,
        number: u64,
        row: LetterRow,
        why: String,
        retry_at: Option<Timestamp>,
        retry: &Retry,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let tries = row.tries.saturating_add(1);
        if tries >= retry.attempts {
            let why = format!("not taken in {tries} tries: {why}");
            return self.close_all(number, &row, |row| match &row.unsure {
                Some(first) => State::Unsure {
                    why: format!("{first}; and then {why}"),
                },
                None => State::Bounced { why: why.clone() },
            });
        }
        let doublings = (tries - 1).min(30);
        let wait = retry.first_wait.as_seconds().saturating_mul(1 << doublings);
        let wait = Period::seconds(wait).min(LONGEST_WAIT);
        let asked = retry_at.map(|at| at.min(LONGEST_WAIT.after(now)));
        let due = asked
            .into_iter()
            .chain([wait.after(now)])
            .max()
            .unwrap_or(now);
        let later = LetterRow {
            tries,
            ..row.clone()
        };
        self.try_later(number, &row, later, due)
    }

    fn try_later(
        &mut self,
        number: u64,
        old: &LetterRow,
        mut row: LetterRow,
        due: Timestamp,
    ) -> Result<(), Fault> {
        row.due = due;
        self.flight.remove(number)?;
        self.wait(number, Some(old), &row)
    }

    /// The letter is over, for all that waits in it.
    fn close_all(
        &mut self,
        number: u64,
        row: &LetterRow,
        state: impl Fn(&LetterRow) -> State,
    ) -> Result<(), Fault> {
        for id in &row.notices {
            let Some(record) = self.record(id)? else {
                continue;
            };
            let waits = matches!(record.state, State::Waiting { .. });
            let new = state(row);
            // It may be wanted again, unless the person knows.
            if !waits || matches!(new, State::Delivered { .. }) {
                self.notices.remove(id.to_string().as_str())?;
            }
            if waits {
                self.turn(&record, new)?;
            }
        }
        self.drop_letter(number, row)
    }

    /// Why the channel is paused.
    pub(super) fn paused(&self) -> Result<Option<Pause>, Fault> {
        let row = self.meta.get(PAUSE)?;
        row.map(|row| decode("the pause", row.value().as_bytes()))
            .transpose()
    }

    /// How many letters may go now, and whether one of them is a probe.
    pub(super) fn allowed(&self, room: usize, now: Timestamp) -> Result<(usize, bool), Fault> {
        Ok(match self.paused()? {
            None => (room, false),
            Some(pause) if now < pause.next_probe || !self.flight.is_empty()? => (0, true),
            Some(_) => (room.min(1), true),
        })
    }

    /// A probe is under way: the next one waits, whatever becomes of it.
    pub(super) fn probing(&mut self, now: Timestamp) -> Result<(), Fault> {
        match self.paused()? {
            Some(pause) => self.keep_pause(&pause.after_probe(now)),
            None => Ok(()),
        }
    }

    fn pause(&mut self, why: &str, probe: bool, now: Timestamp) -> Result<Pause, Fault> {
        let pause = match self.paused()? {
            // Its wait was set when the probe went, and others that were under way say
            // the same again.
            Some(pause) => Pause {
                why: if probe { why.to_owned() } else { pause.why },
                ..pause
            },
            None => Pause::begin(why, now),
        };
        self.keep_pause(&pause)?;
        Ok(pause)
    }

    /// The channel works again, as far as is known.
    pub(super) fn resume(&mut self) -> Result<(), Fault> {
        self.changed |= self.meta.remove(PAUSE)?.is_some();
        Ok(())
    }

    fn keep_pause(&mut self, pause: &Pause) -> Result<(), Fault> {
        self.changed = true;
        let text = String::from_utf8(encode(pause)?)
            .map_err(|error| Fault::Damaged(format!("the pause has no form: {error}")))?;
        self.meta.insert(PAUSE, text.as_str())?;
        Ok(())
    }

    pub(super) fn not_before_the_probe(&self, due: Timestamp) -> Result<Timestamp, Fault> {
        let pause = self.paused()?;
        Ok(pause.map_or(due, |pause| due.max(pause.next_probe)))
    }
}

impl Pause {
    fn begin(why: &str, now: Timestamp) -> Self {
        Self {
            why: why.to_owned(),
            since: now,
            next_probe: FIRST_PROBE.after(now),
            probes: 0,
        }
    }

    fn after_probe(self, now: Timestamp) -> Self {
        let wait = FIRST_PROBE.as_seconds() << (self.probes + 1).min(10);
        Self {
            next_probe: Period::seconds(wait).min(LAST_PROBE).after(now),
            probes: self.probes.saturating_add(1),
            ..self
        }
    }
}
