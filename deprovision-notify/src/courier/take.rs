//! Taking what is due: the intent, durable before the letter goes (invariant I-15).

use deprovision_core::provider::Notice;
use deprovision_core::time::{Period, Timestamp};
use redb::{ReadableTable as _, ReadableTableMetadata as _};

use super::error::Fault;
use super::format::decode;
use super::queue::Tables;
use super::quiet::Timing;
use crate::Letter;

/// How long a withdrawal waits before it looks again at what is under way.
const LATER: Period = Period::minutes(1);
/// So many letters that go later after all are put back in one transaction.
const PUT_BACK: usize = 256;

/// A letter that goes now, in its stored form.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) number: u64,
    /// Whether it finds out if the channel works again.
    pub(super) probe: bool,
    notices: Vec<Vec<u8>>,
}

impl Taken {
    /// The letter.
    ///
    /// # Errors
    /// Why it can not be read: then it can never go.
    pub(super) fn letter(&self) -> Result<Letter, String> {
        let notices: Result<Vec<Notice>, Fault> = self
            .notices
            .iter()
            .map(|bytes| decode("a notice", bytes))
            .collect();
        Letter::of(notices.map_err(|fault| fault.to_string())?).map_err(|error| error.to_string())
    }
}

impl Tables<'_> {
    /// Intends to send up to `room` letters that are due, the longest due first, and says
    /// whether there may be more that were only looked at.
    pub(super) fn take(
        &mut self,
        room: usize,
        timing: &Timing,
        now: Timestamp,
    ) -> Result<(Vec<Taken>, bool), Fault> {
        let mut taken = Vec::new();
        let (room, probe) = self.allowed(room, now)?;
        let mut put_back = 0;
        while taken.len() < room && put_back < PUT_BACK {
            let Some(number) = self.next_due(now)? else {
                break;
            };
            match self.intend(number, timing, now)? {
                Some(notices) => taken.push(Taken {
                    number,
                    probe,
                    notices,
                }),
                None => put_back += 1,
            }
        }
        if probe && !taken.is_empty() {
            self.probing(now)?;
        }
        Ok((taken, put_back == PUT_BACK))
    }

    fn next_due(&self, now: Timestamp) -> Result<Option<u64>, Fault> {
        let mut due = self.due.range(..=(now.as_microsecond(), u64::MAX))?;
        let first = due.next().transpose()?;
        Ok(first.map(|(key, _)| key.value().1))
    }

    /// The intent of one letter, with its notices; `None` when it does not go now.
    fn intend(
        &mut self,
        number: u64,
        timing: &Timing,
        now: Timestamp,
    ) -> Result<Option<Vec<Vec<u8>>>, Fault> {
        let old = self.letter(number)?;
        let Some(row) = self.without_withdrawn(number, old, LATER.after(now))? else {
            return Ok(None);
        };
        let may_go = timing.earliest(now, row.zone.as_ref(), row.patient, row.moment);
        if may_go > now {
            let mut later = row.clone();
            later.due = may_go;
            self.wait(number, Some(&row), &later)?;
            return Ok(None);
        }
        self.changed = true;
        self.due.remove((row.due.as_microsecond(), number))?;
        self.close(number, &row)?;
        self.flight.insert(number, ())?;
        let mut notices = Vec::with_capacity(row.notices.len());
        for id in &row.notices {
            if let Some(bytes) = self.notices.get(id.to_string().as_str())? {
                notices.push(bytes.value().to_vec());
            }
        }
        Ok(Some(notices))
    }

    /// The letters that have an intent and no outcome.
    pub(super) fn left_behind(&self) -> Result<Vec<u64>, Fault> {
        if self.flight.is_empty()? {
            return Ok(Vec::new());
        }
        let mut numbers = Vec::new();
        for row in self.flight.iter()? {
            numbers.push(row?.0.value());
        }
        Ok(numbers)
    }

    /// When the next letter goes, as far as is known.
    pub(super) fn next_moment(&self) -> Result<Option<Timestamp>, Fault> {
        let Some((key, _)) = self.due.first()? else {
            return Ok(None);
        };
        let (due, _) = key.value();
        let due = Timestamp::from_microsecond(due)
            .map_err(|error| Fault::Damaged(format!("a letter has no time: {error}")))?;
        Ok(Some(self.not_before_the_probe(due)?))
    }
}
