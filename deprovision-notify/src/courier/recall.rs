//! What need not be said any more: a withdrawal takes back what has not gone yet.

use deprovision_core::provider::NoticeStage;
use deprovision_core::time::Timestamp;
use redb::ReadableTable as _;

use super::error::Fault;
use super::format::{LetterRow, Record, State};
use super::queue::Tables;

/// What a withdrawal comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Withdrawn {
    /// The person heard of the retirement, or nobody knows: it is sent.
    Goes,
    /// A notice is under way: what comes of it decides.
    Later,
    /// All that was to be said was taken back, or never arrived: it is not sent.
    Settled,
}

impl Tables<'_> {
    /// Takes back all that the person was to be told of the retirement and that has
    /// certainly not gone, and says what the withdrawal comes to.
    pub(super) fn withdraw(&mut self, withdrawal: &Record) -> Result<Withdrawn, Fault> {
        let Some(retirement) = &withdrawal.retirement else {
            return Ok(Withdrawn::Goes);
        };
        let (mut any, mut later, mut goes) = (false, false, false);
        for id in self.told_to(retirement.as_str(), withdrawal.person.as_str())? {
            let Some(record) = self.record_of(&id)? else {
                continue;
            };
            if record.stage == NoticeStage::Withdrawal {
                continue;
            }
            any = true;
            match record.state {
                State::Waiting { letter } if self.take_out(letter, &record.id)? => {
                    self.recall(&record)?;
                }
                State::Waiting { letter } => {
                    let row = self.letter(letter)?;
                    let under_way = self.flight.get(letter)?.is_some();
                    match row.unsure.clone() {
                        // It may have arrived, and once is more than enough now.
                        Some(why) if !under_way && row.notices.len() == 1 => {
                            self.drop_letter(letter, &row)?;
                            self.turn(&record, State::Unsure { why })?;
                            goes = true;
                        }
                        _ => later = true,
                    }
                }
                State::Delivered { .. } | State::Unsure { .. } => goes = true,
                State::Bounced { .. } | State::Recalled => {}
            }
        }
        Ok(match (later, goes || !any) {
            (true, _) => Withdrawn::Later,
            (false, true) => Withdrawn::Goes,
            (false, false) => Withdrawn::Settled,
        })
    }

    /// Whether what this notice says was withdrawn meanwhile.
    pub(super) fn is_withdrawn(&self, record: &Record) -> Result<bool, Fault> {
        let Some(retirement) = &record.retirement else {
            return Ok(false);
        };
        let (retirement, person) = (retirement.as_str(), record.person.as_str());
        for row in self.told.range((retirement, person, "")..)? {
            let (key, withdrawal) = row?;
            let (of, to, _) = key.value();
            if (of, to) != (retirement, person) {
                break;
            }
            if withdrawal.value() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The notice goes no more.
    pub(super) fn recall(&mut self, record: &Record) -> Result<(), Fault> {
        self.notices.remove(record.id.to_string().as_str())?;
        self.turn(record, State::Recalled)
    }

    /// Takes out of a letter what was withdrawn; what is left of it, if anything.
    ///
    /// `None` also when it is a withdrawal that can not be decided yet: then it waits.
    pub(super) fn without_withdrawn(
        &mut self,
        number: u64,
        row: LetterRow,
        later: Timestamp,
    ) -> Result<Option<LetterRow>, Fault> {
        // What may have been taken is sent again as it is.
        if row.unsure.is_some() {
            return Ok(Some(row));
        }
        let (mut left, mut waits) = (row.clone(), false);
        left.notices.clear();
        for id in &row.notices {
            let Some(record) = self.record(id)? else {
                continue;
            };
            // Somebody told them meanwhile.
            if !matches!(record.state, State::Waiting { .. }) {
                self.notices.remove(id.to_string().as_str())?;
                continue;
            }
            let gone = match record.stage {
                NoticeStage::Withdrawal => match self.withdraw(&record)? {
                    Withdrawn::Goes => false,
                    Withdrawn::Later => {
                        waits = true;
                        false
                    }
                    Withdrawn::Settled => true,
                },
                _ => self.is_withdrawn(&record)?,
            };
            if gone {
                self.recall(&record)?;
            } else {
                left.notices.push(id.clone());
            }
        }
        if left.notices.is_empty() {
            self.drop_letter(number, &row)?;
            return Ok(None);
        }
        if waits {
            left.due = later;
            self.wait(number, Some(&row), &left)?;
            return Ok(None);
        }
        if left.notices.len() < row.notices.len() {
            self.wait(number, Some(&row), &left)?;
        }
        Ok(Some(left))
    }

    fn told_to(&self, retirement: &str, person: &str) -> Result<Vec<String>, Fault> {
        let mut ids = Vec::new();
        for row in self.told.range((retirement, person, "")..)? {
            let (key, _) = row?;
            let (of, to, id) = key.value();
            if (of, to) != (retirement, person) {
                break;
            }
            ids.push(id.to_owned());
        }
        Ok(ids)
    }
}
