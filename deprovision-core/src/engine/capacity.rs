//! How much is going on over all retirements (invariant I-12).

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::engine::stream::event_of;
use crate::engine::{Engine, EngineError};
use crate::id::{ActionId, RetirementId, StepId};
use crate::journal::{Entry, Version, check_chain};
use crate::retirement::{Capacity, Event};
use crate::time::{Period, Timestamp};

/// How much an engine does at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Retirements driven side by side. Default 4.
    pub retirements: usize,
    /// Calls to one provider at the same time. Default 8.
    pub calls_per_provider: usize,
    /// How long a lease lasts between renewals. Default 5 min: a dead worker's
    /// retirements are claimed by another after that.
    pub lease: Period,
    /// How often to look for due retirements when nobody in this process wakes
    /// the engine: other processes append too. Default 10 s.
    pub poll: Period,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            retirements: 4,
            calls_per_provider: 8,
            lease: Period::minutes(5),
            poll: Period::seconds(10),
        }
    }
}

/// What one retirement adds, read on as its log grows.
#[derive(Debug)]
struct Load {
    version: Version,
    head: Digest,
    irreversible_steps: BTreeSet<StepId>,
    steps_of: BTreeMap<ActionId, StepId>,
    in_flight: BTreeSet<ActionId>,
    irreversible: Vec<Timestamp>,
}

/// What every retirement adds.
pub(super) type Loads = BTreeMap<RetirementId, LoadSlot>;

/// Keeps [`Load`] private to this file.
#[derive(Debug)]
pub(super) struct LoadSlot(Load);

impl Load {
    fn new(stream: &RetirementId) -> Self {
        Self {
            version: 0,
            head: Entry::genesis(stream),
            irreversible_steps: BTreeSet::new(),
            steps_of: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            irreversible: Vec::new(),
        }
    }

    fn follow(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Proposed { proposal } => {
                let steps = proposal.pipeline.steps().iter();
                let irreversible = steps.filter(|step| step.is_irreversible());
                self.irreversible_steps = irreversible.map(|step| step.id.clone()).collect();
            }
            Event::Planned { plan, .. } => {
                let steps = plan
                    .all()
                    .map(|(step, action)| (action.id.clone(), step.clone()));
                self.steps_of.extend(steps);
            }
            Event::ActionIntended { action, .. } => {
                self.in_flight.insert(action.clone());
                let step = self.steps_of.get(action);
                if step.is_some_and(|step| self.irreversible_steps.contains(step)) {
                    self.irreversible.push(at);
                }
            }
            Event::UndoIntended { action, .. } => {
                self.in_flight.insert(action.clone());
            }
            Event::ActionVerified { action, .. }
            | Event::ActionUndone { action }
            | Event::ActionDelayed { action, .. } => {
                self.in_flight.remove(action);
            }
            Event::PlanVoided { .. }
            | Event::Approved { .. }
            | Event::Objected { .. }
            | Event::ObjectionWithdrawn { .. }
            | Event::GrantWaived { .. }
            | Event::WaiverWithdrawn { .. }
            | Event::Answered { .. }
            | Event::Postponed { .. }
            | Event::PeopleTold { .. }
            | Event::DeliveriesSeen { .. }
            | Event::UsageRead { .. }
            | Event::ScopeConfirmed { .. }
            | Event::ActionSkipped { .. }
            | Event::ActionPrepared { .. }
            | Event::ActionReported { .. }
            | Event::ActionObserved { .. }
            | Event::LookDelayed { .. }
            | Event::UndoReported { .. }
            | Event::UndoObserved { .. }
            | Event::Parked { .. }
            | Event::Resumed { .. }
            | Event::CancelRequested { .. }
            | Event::Unwound
            | Event::ClockStepped { .. }
            | Event::Certified { .. }
            | Event::AuditPassed
            | Event::DriftFound { .. }
            | Event::WatchEnded => {}
        }
    }
}

impl Engine {
    /// Counts over the whole journal, reading only what is new.
    ///
    /// Two workers that count at the same moment can each begin one batch more
    /// than the limit; the next count sees both.
    pub(super) async fn capacity(&self, own: &RetirementId) -> Result<Capacity, EngineError> {
        let now = self.clock.now();
        let mut loads = self.loads.lock().await;
        let (mut acting, mut irreversible) = (0u32, 0u32);
        let mut after: Option<RetirementId> = None;
        loop {
            let page = self.journal.streams(after.as_ref(), 200).await?;
            let Some(last) = page.last() else {
                return Ok(Capacity::new(acting, irreversible));
            };
            after = Some(last.stream.clone());
            for info in page {
                let LoadSlot(load) = loads
                    .entry(info.stream.clone())
                    .or_insert_with(|| LoadSlot(Load::new(&info.stream)));
                // One log that can not be read must not stop all others; its
                // own driver says so loudly.
                if let Err(error) = self.read_on(&info.stream, info.version, load).await {
                    tracing::warn!(retirement = %info.stream, %error, "left out of the limits");
                    continue;
                }
                let day_ago = Period::hours(24).before(now);
                load.irreversible.retain(|at| *at > day_ago);
                let today = u32::try_from(load.irreversible.len()).unwrap_or(u32::MAX);
                irreversible = irreversible.saturating_add(today);
                if info.stream != *own && !load.in_flight.is_empty() {
                    acting = acting.saturating_add(1);
                }
            }
        }
    }

    async fn read_on(
        &self,
        stream: &RetirementId,
        version: Version,
        load: &mut Load,
    ) -> Result<(), EngineError> {
        while load.version < version {
            let page = self.journal.read(stream, load.version, 500).await?;
            check_chain(stream, load.version, load.head, &page)?;
            if page.is_empty() {
                return Ok(());
            }
            for entry in &page {
                load.follow(&event_of(entry)?, entry.at);
                load.version = entry.version;
                load.head = entry.digest;
            }
        }
        Ok(())
    }
}
