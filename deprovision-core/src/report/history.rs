//! The log, checked, read and folded.

use std::collections::BTreeSet;

use crate::id::{ActionId, StepId};
use crate::journal::Entry;
use crate::ledger::certificate::{Attested, Certificate};
use crate::ledger::{Verified, verify};
use crate::plan::Action;
use crate::report::{ReportError, ReportSource};
use crate::retirement::{ActionPhase, ActionRun, Event, Retirement};
use crate::time::Timestamp;

/// A log that was checked, with what it adds up to.
pub(super) struct History<'a> {
    pub(super) source: ReportSource<'a>,
    pub(super) state: Retirement,
    pub(super) told: Vec<Told<'a>>,
    pub(super) verified: Verified,
    pub(super) certified: Option<Certified>,
    /// The moment of the report, never before the log's last entry.
    pub(super) now: Timestamp,
}

/// One entry with its event.
pub(super) struct Told<'a> {
    pub(super) entry: &'a Entry,
    pub(super) event: Event,
}

/// A certificate.
pub(super) struct Certified {
    pub(super) certificate: Certificate,
    /// What it states, when a trusted key signed it.
    pub(super) attested: Option<Attested>,
}

impl<'a> History<'a> {
    pub(super) fn read(source: &ReportSource<'a>) -> Result<Self, ReportError> {
        let first = source.entries.first().ok_or(ReportError::Empty)?;
        let notes: Vec<&str> = source.checkpoint.into_iter().collect();
        let verified = verify(&first.stream, source.entries, &notes, source.keys)?;
        let told = source
            .entries
            .iter()
            .map(|entry| {
                let event = serde_json::from_value(entry.body.clone());
                let event = event.map_err(|source| ReportError::UnknownEvent {
                    version: entry.version,
                    source,
                })?;
                Ok(Told { entry, event })
            })
            .collect::<Result<Vec<_>, ReportError>>()?;
        let mut events = told.iter();
        let mut state = events
            .next()
            .and_then(|first| Retirement::begin(&first.event, first.entry.at))
            .ok_or(ReportError::NotProposed)?;
        for later in events {
            state.evolve(&later.event, later.entry.at);
        }
        let now = state.forward(source.as_of);
        let certified = certified(source, &told)?;
        Ok(Self {
            source: *source,
            state,
            told,
            verified,
            certified,
            now,
        })
    }

    /// What a trusted key signed.
    pub(super) fn attested(&self) -> Option<&Attested> {
        self.certified.as_ref()?.attested.as_ref()
    }

    /// The actions that count of the steps that are asked for: those of the plan in
    /// force, and those that were begun under one that was voided.
    pub(super) fn actions_of(
        &self,
        wanted: impl Fn(&StepId) -> bool,
    ) -> impl Iterator<Item = (&Action, &ActionRun)> {
        let plan = self.state.plan().map(|(plan, _)| plan);
        let in_force: BTreeSet<&ActionId> = plan
            .map(|plan| plan.all().map(|(_, action)| &action.id).collect())
            .unwrap_or_default();
        self.state.actions().iter().filter_map(move |(id, run)| {
            let counts = in_force.contains(id) || run.phase != ActionPhase::Waiting;
            let step = self.state.step_of(id)?;
            let action = self.state.known_action(id)?;
            (counts && wanted(step)).then_some((action, run))
        })
    }

    /// When the certificate was signed.
    pub(super) fn certified_at(&self) -> Option<Timestamp> {
        self.told
            .iter()
            .rev()
            .find_map(|told| matches!(told.event, Event::Certified { .. }).then_some(told.entry.at))
    }
}

fn certified(
    source: &ReportSource<'_>,
    told: &[Told<'_>],
) -> Result<Option<Certified>, ReportError> {
    let in_the_log = told.iter().rev().find_map(|told| match &told.event {
        Event::Certified { envelope, .. } => Some(envelope),
        _of_no_certificate => None,
    });
    let certificate = match (source.certificate, in_the_log) {
        (Some(given), _) => given.clone(),
        (None, Some(envelope)) => Certificate::from_json(envelope)?,
        (None, None) => return Ok(None),
    };
    let attested = if source.keys.is_empty() {
        None
    } else {
        Some(certificate.verify_with_log(source.keys, source.entries)?)
    };
    Ok(Some(Certified {
        certificate,
        attested,
    }))
}
