//! What waits: the tables of one transaction, and putting a notice into a letter.

use std::collections::BTreeMap;

use deprovision_core::catalog::EmailAddress;
use deprovision_core::id::{PersonId, RetirementId};
use deprovision_core::provider::{Delivery, Notice, NoticeStage};
use deprovision_core::resource::NoticeId;
use deprovision_core::time::Timestamp;
use redb::{ReadableTable as _, Table, WriteTransaction};

use super::error::Fault;
use super::format::{
    COUNTS, DUE, FINDINGS, FLIGHT, LETTERS, LetterRow, META, NOTICES, OPEN, RECORDS, Record, State,
    TOLD, Vouched, decode, encode,
};
use super::quiet::Plan;
use super::recall::Withdrawn;

/// So many APIs are told of in one letter at most.
const LETTER: usize = 200;
/// The row of how many letters there ever were.
const MADE: &str = "letters";

type Rows<'t, K> = Table<'t, K, &'static [u8]>;

/// The tables of an open transaction.
#[derive(Debug)]
pub(super) struct Tables<'t> {
    pub(super) meta: Table<'t, &'static str, &'static str>,
    records: Rows<'t, &'static str>,
    pub(super) notices: Rows<'t, &'static str>,
    pub(super) letters: Rows<'t, u64>,
    open: Table<'t, (&'static str, &'static str), u64>,
    pub(super) due: Table<'t, (i64, u64), ()>,
    pub(super) flight: Table<'t, u64, ()>,
    pub(super) told: Table<'t, (&'static str, &'static str, &'static str), bool>,
    pub(super) counts: Table<'t, &'static str, u64>,
    pub(super) findings: Table<'t, &'static str, &'static str>,
    /// How the counts change.
    by: BTreeMap<&'static str, i64>,
    /// How many letters there ever were, once that was looked up.
    made: Option<u64>,
    /// Whether anything was written, so that a commit is needed.
    pub(super) changed: bool,
}

/// A notice that is to be queued, with its stored form.
#[derive(Debug)]
pub(super) struct New {
    pub(super) id: NoticeId,
    pub(super) stage: NoticeStage,
    pub(super) person: PersonId,
    pub(super) email: EmailAddress,
    pub(super) retirement: Option<RetirementId>,
    pub(super) plan: Plan,
    pub(super) bytes: Vec<u8>,
}

impl New {
    pub(super) fn of(notice: &Notice, plan: Plan) -> Result<Self, Fault> {
        let bytes = encode(notice)?;
        // What would not read back must not be acknowledged.
        if decode::<Notice>("the notice", &bytes)? != *notice {
            let why = "the notice reads back as another one";
            return Err(Fault::Damaged(why.to_owned()));
        }
        Ok(Self {
            id: notice.id.clone(),
            stage: notice.stage,
            person: notice.to.person.clone(),
            email: notice.to.email.clone(),
            retirement: notice.facts.retirement.clone(),
            plan,
            bytes,
        })
    }
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, Fault> {
        Ok(Self {
            meta: transaction.open_table(META)?,
            records: transaction.open_table(RECORDS)?,
            notices: transaction.open_table(NOTICES)?,
            letters: transaction.open_table(LETTERS)?,
            open: transaction.open_table(OPEN)?,
            due: transaction.open_table(DUE)?,
            flight: transaction.open_table(FLIGHT)?,
            told: transaction.open_table(TOLD)?,
            counts: transaction.open_table(COUNTS)?,
            findings: transaction.open_table(FINDINGS)?,
            by: BTreeMap::new(),
            made: None,
            changed: false,
        })
    }

    /// Writes what is written once a transaction; whether anything changed.
    pub(super) fn finish(&mut self) -> Result<bool, Fault> {
        for (word, by) in std::mem::take(&mut self.by) {
            let before = self.counts.get(word)?.map_or(0, |row| row.value());
            self.counts.insert(word, before.saturating_add_signed(by))?;
        }
        if let Some(made) = self.made {
            self.counts.insert(MADE, made)?;
        }
        Ok(self.changed)
    }

    /// Queues a notice, unless it was ever given before: the first one stays.
    pub(super) fn put(&mut self, new: New, now: Timestamp) -> Result<(), Fault> {
        if self.records.get(new.id.to_string().as_str())?.is_some() {
            return Ok(());
        }
        if let Some(finding) = &new.plan.finding {
            self.findings
                .insert(new.person.as_str(), finding.as_str())?;
        }
        let withdrawal = new.stage == NoticeStage::Withdrawal;
        let mut record = Record {
            id: new.id.clone(),
            stage: new.stage,
            person: new.person.clone(),
            email: new.email.clone(),
            retirement: new.retirement.clone(),
            queued: now,
            state: State::Recalled,
        };
        if let Some(retirement) = &new.retirement {
            let key = (
                retirement.as_str(),
                new.person.as_str(),
                &*new.id.to_string(),
            );
            self.told.insert(key, withdrawal)?;
        }
        if !withdrawal || self.withdraw(&record)? != Withdrawn::Settled {
            let id = new.id.to_string();
            self.notices.insert(id.as_str(), new.bytes.as_slice())?;
            let letter = self.put_into_letter(new, now)?;
            record.state = State::Waiting { letter };
        }
        self.keep(None, &record)
    }

    /// Puts the notice into the letter that waits for more, or into a new one.
    fn put_into_letter(&mut self, new: New, now: Timestamp) -> Result<u64, Fault> {
        let stage = new.stage.to_string();
        let key = (new.email.as_str(), stage.as_str());
        let found = self.open.get(key)?.map(|row| row.value());
        if let Some(number) = found {
            let old = self.letter(number)?;
            let mut row = old.clone();
            row.notices.push(new.id);
            row.due = row.due.min(new.plan.due);
            row.patient &= new.plan.patient;
            row.moment = row.moment.into_iter().chain(new.plan.moment).min();
            if row.notices.len() >= LETTER {
                self.open.remove(key)?;
            }
            self.wait(number, Some(&old), &row)?;
            return Ok(number);
        }
        let number = self.next_letter()?;
        self.open.insert(key, number)?;
        let row = LetterRow {
            to: new.email,
            stage: new.stage,
            notices: vec![new.id],
            since: now,
            due: new.plan.due,
            zone: new.plan.zone,
            patient: new.plan.patient,
            moment: new.plan.moment,
            tries: 0,
            unsure: None,
        };
        self.wait(number, None, &row)?;
        Ok(number)
    }

    /// A number that no letter had before.
    fn next_letter(&mut self) -> Result<u64, Fault> {
        let number = match self.made {
            Some(made) => made,
            None => self.counts.get(MADE)?.map_or(0, |row| row.value()),
        };
        self.made = Some(number + 1);
        self.changed = true;
        Ok(number)
    }

    /// Lets a person's word stand for the delivery.
    pub(super) fn vouch(
        &mut self,
        id: &NoticeId,
        at: Timestamp,
        vouched: Vouched,
    ) -> Result<Result<(), Refusal>, Fault> {
        let Some(old) = self.record(id)? else {
            return Ok(Err(Refusal::NoSuchNotice));
        };
        if at > vouched.said {
            return Ok(Err(Refusal::NotNow("can not be told in the future")));
        }
        if at < old.queued {
            return Ok(Err(Refusal::NotNow(
                "was not there to be told of at that time; say when it was told",
            )));
        }
        if let State::Delivered { .. } = old.state {
            return Ok(Err(Refusal::NotNow("was delivered already")));
        }
        let stays = match old.state {
            State::Waiting { letter } => !self.take_out(letter, id)?,
            _ => false,
        };
        if !stays {
            self.notices.remove(id.to_string().as_str())?;
        }
        let vouched = Some(vouched);
        let receipt = String::new();
        let state = State::Delivered {
            at,
            receipt,
            vouched,
        };
        self.turn(&old, state)?;
        Ok(Ok(()))
    }

    /// Sends what came back, or may have been lost, once more: in a letter of its own.
    pub(super) fn again(
        &mut self,
        id: &NoticeId,
        address: Option<EmailAddress>,
        plan: impl FnOnce(&Notice) -> Plan,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, Fault> {
        let Some(mut old) = self.record(id)? else {
            return Ok(Err(Refusal::NoSuchNotice));
        };
        if !matches!(old.state, State::Bounced { .. } | State::Unsure { .. }) {
            return Ok(Err(Refusal::NotNow("did not come back, nor is it unsure")));
        }
        let Some(mut notice) = self.notice(id)? else {
            return Err(Fault::Damaged(format!("{id} has no text")));
        };
        if let Some(address) = address {
            old.email = address.clone();
            notice.to.email = address;
            let bytes = encode(&notice)?;
            self.notices
                .insert(id.to_string().as_str(), bytes.as_slice())?;
        }
        let plan = plan(&notice);
        let number = self.next_letter()?;
        let row = LetterRow {
            to: old.email.clone(),
            stage: old.stage,
            notices: vec![id.clone()],
            since: now,
            due: now,
            zone: plan.zone,
            patient: false,
            moment: plan.moment,
            tries: 0,
            unsure: None,
        };
        self.wait(number, None, &row)?;
        self.turn(&old, State::Waiting { letter: number })?;
        Ok(Ok(()))
    }

    /// What became of the notice.
    pub(super) fn delivery(&self, id: &NoticeId, now: Timestamp) -> Result<Delivery, Fault> {
        let Some(record) = self.record(id)? else {
            return Ok(Delivery::NotSent);
        };
        Ok(match record.state {
            State::Waiting { letter } => {
                let under_way = self.flight.get(letter)?.is_some();
                let due = self.letter(letter)?.due;
                Delivery::Pending {
                    until: Some(due).filter(|due| !under_way && *due > now),
                }
            }
            State::Delivered { at, .. } => Delivery::Delivered { at },
            State::Bounced { why } => Delivery::Bounced { why },
            State::Unsure { why } => Delivery::Unsure { why },
            State::Recalled => Delivery::NotSent,
        })
    }

    pub(super) fn record(&self, id: &NoticeId) -> Result<Option<Record>, Fault> {
        self.record_of(&id.to_string())
    }

    pub(super) fn record_of(&self, id: &str) -> Result<Option<Record>, Fault> {
        let row = self.records.get(id)?;
        row.map(|row| decode(id, row.value())).transpose()
    }

    fn notice(&self, id: &NoticeId) -> Result<Option<Notice>, Fault> {
        let id = id.to_string();
        let row = self.notices.get(id.as_str())?;
        row.map(|row| decode(&id, row.value())).transpose()
    }

    pub(super) fn letter(&self, number: u64) -> Result<LetterRow, Fault> {
        let row = self.letters.get(number)?;
        let row = row.ok_or_else(|| Fault::Damaged(format!("letter {number} is not there")))?;
        decode("a letter", row.value())
    }

    /// The notice is in another state now.
    pub(super) fn turn(&mut self, old: &Record, state: State) -> Result<(), Fault> {
        let before = old.state.word();
        let new = Record {
            state,
            ..old.clone()
        };
        self.keep(Some(before), &new)
    }

    fn keep(&mut self, before: Option<&'static str>, record: &Record) -> Result<(), Fault> {
        self.changed = true;
        if let Some(before) = before {
            *self.by.entry(before).or_default() -= 1;
        }
        *self.by.entry(record.state.word()).or_default() += 1;
        let bytes = encode(record)?;
        self.records
            .insert(record.id.to_string().as_str(), bytes.as_slice())?;
        Ok(())
    }

    /// Stores a letter that waits, and keeps the index with it.
    pub(super) fn wait(
        &mut self,
        number: u64,
        old: Option<&LetterRow>,
        row: &LetterRow,
    ) -> Result<(), Fault> {
        self.changed = true;
        if let Some(old) = old.filter(|old| old.due != row.due) {
            self.due.remove((old.due.as_microsecond(), number))?;
        }
        self.due.insert((row.due.as_microsecond(), number), ())?;
        self.letters.insert(number, encode(row)?.as_slice())?;
        Ok(())
    }

    /// Forgets a letter: each of its notices has its own outcome.
    pub(super) fn drop_letter(&mut self, number: u64, row: &LetterRow) -> Result<(), Fault> {
        self.changed = true;
        // What is under way was closed, and is not due, since its intent.
        if self.flight.remove(number)?.is_none() {
            self.close(number, row)?;
            self.due.remove((row.due.as_microsecond(), number))?;
        }
        self.letters.remove(number)?;
        Ok(())
    }

    /// Nothing more goes into this letter.
    pub(super) fn close(&mut self, number: u64, row: &LetterRow) -> Result<(), Fault> {
        if row.tries > 0 || row.unsure.is_some() {
            return Ok(());
        }
        let stage = row.stage.to_string();
        let key = (row.to.as_str(), stage.as_str());
        let is_open = self
            .open
            .get(key)?
            .is_some_and(|found| found.value() == number);
        if is_open {
            self.open.remove(key)?;
        }
        Ok(())
    }

    /// Takes a notice out of a letter that certainly was never taken and is not under
    /// way; whether it did. A letter that may have been taken is sent again as it is.
    pub(super) fn take_out(&mut self, number: u64, id: &NoticeId) -> Result<bool, Fault> {
        let old = self.letter(number)?;
        if old.unsure.is_some() || self.flight.get(number)?.is_some() {
            return Ok(false);
        }
        let mut row = old.clone();
        row.notices.retain(|other| other != id);
        if row.notices.is_empty() {
            self.drop_letter(number, &old)?;
        } else {
            self.wait(number, Some(&old), &row)?;
        }
        Ok(true)
    }
}

/// Why a person's wish is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    NoSuchNotice,
    NotNow(&'static str),
}
