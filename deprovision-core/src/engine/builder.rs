//! Putting an engine together.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, RwLock};

use tokio::sync::{Notify, Semaphore, broadcast};

use crate::catalog::{Api, Catalog};
use crate::engine::capacity::{Limits, Loads};
use crate::engine::clock_watch::ClockWatch;
use crate::engine::planning::Failures;
use crate::engine::run::Stop;
use crate::engine::stream::Kept;
use crate::engine::{BuildError, EngineError, Progress};
use crate::id::{ApiId, ProviderId, StepId, WorkerId};
use crate::journal::Journal;
use crate::ledger::{CheckpointStore, SigningKey};
use crate::provider::UsageSource;
use crate::step::Step;
use crate::steps::StepSet;
use crate::time::{Clock, SystemClock};

/// How many events a slow subscriber may lag behind.
const PROGRESS: usize = 4_096;

/// Drives retirements: proposals, approvals and objections go in, and what the
/// machine asks for is done through the steps. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Engine {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) worker: WorkerId,
    pub(super) steps: Arc<StepSet>,
    pub(super) sources: Arc<BTreeMap<String, Arc<dyn UsageSource>>>,
    pub(super) catalog: Arc<RwLock<Catalog>>,
    pub(super) signer: Option<Arc<SigningKey>>,
    pub(super) checkpoints: Option<Arc<dyn CheckpointStore>>,
    pub(super) limits: Limits,
    pub(super) progress: broadcast::Sender<Progress>,
    pub(super) wake: Arc<Notify>,
    pub(super) calls: Arc<Mutex<BTreeMap<ProviderId, Arc<Semaphore>>>>,
    pub(super) loads: Arc<tokio::sync::Mutex<Loads>>,
    pub(super) clock_watch: Arc<ClockWatch>,
    pub(super) failures: Arc<Failures>,
    pub(super) kept: Arc<Kept>,
    pub(super) stop: Arc<Stop>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("worker", &self.worker)
            .field("steps", &self.steps.keys())
            .field("sources", &self.sources.keys())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Collects what an [`Engine`] needs.
#[derive(Default)]
pub struct EngineBuilder {
    journal: Option<Arc<dyn Journal>>,
    clock: Option<Arc<dyn Clock>>,
    worker: Option<WorkerId>,
    steps: StepSet,
    sources: Vec<Arc<dyn UsageSource>>,
    catalog: Catalog,
    signer: Option<SigningKey>,
    checkpoints: Option<Arc<dyn CheckpointStore>>,
    limits: Limits,
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder")
            .field("steps", &self.steps.keys())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl EngineBuilder {
    /// Where the log is. Needed.
    #[must_use]
    pub fn journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Where the time comes from; the journal must have the same clock. Default:
    /// the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// This worker's name, different from every other worker's on the same
    /// journal. Default: `worker`.
    #[must_use]
    pub fn worker(mut self, worker: WorkerId) -> Self {
        self.worker = Some(worker);
        self
    }

    /// Many steps at once, for example those of
    /// [`standard_steps`](crate::steps::standard_steps).
    #[must_use]
    pub fn steps(mut self, steps: StepSet) -> Self {
        self.steps.extend(steps);
        self
    }

    /// One step. A numbered id in a pipeline (`brown-out-2`) is done by the step
    /// of that very id, else by the one without the number (`brown-out`).
    #[must_use]
    pub fn step(mut self, id: StepId, step: Arc<dyn Step>) -> Self {
        self.steps.insert(id, step);
        self
    }

    /// One more source of usage, by its name.
    #[must_use]
    pub fn usage_source(mut self, source: Arc<dyn UsageSource>) -> Self {
        self.sources.push(source);
        self
    }

    /// What exists.
    #[must_use]
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = catalog;
        self
    }

    /// What signs checkpoints and certificates. Without it nothing is ever certified.
    #[must_use]
    pub fn signer(mut self, key: SigningKey) -> Self {
        self.signer = Some(key);
        self
    }

    /// Where signed checkpoints go: elsewhere than the journal, out of reach of
    /// whoever could rewrite it (invariant I-19).
    #[must_use]
    pub fn checkpoints(mut self, store: Arc<dyn CheckpointStore>) -> Self {
        self.checkpoints = Some(store);
        self
    }

    /// How much the engine does at once.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The engine.
    ///
    /// # Errors
    /// [`BuildError`] when a part is missing or given twice.
    pub fn build(self) -> Result<Engine, BuildError> {
        let mut sources = BTreeMap::new();
        for source in self.sources {
            let name = source.name().to_owned();
            if sources.insert(name.clone(), source).is_some() {
                return Err(BuildError::DuplicateSource(name));
            }
        }
        let clock = self
            .clock
            .unwrap_or_else(|| Arc::new(SystemClock::new()) as Arc<dyn Clock>);
        let worker = match self.worker {
            Some(worker) => worker,
            None => WorkerId::parse("worker")?,
        };
        Ok(Engine {
            journal: self.journal.ok_or(BuildError::Missing("journal"))?,
            clock_watch: Arc::new(ClockWatch::starting(clock.as_ref())),
            clock,
            worker,
            steps: Arc::new(self.steps),
            sources: Arc::new(sources),
            catalog: Arc::new(RwLock::new(self.catalog)),
            signer: self.signer.map(Arc::new),
            checkpoints: self.checkpoints,
            limits: self.limits,
            progress: broadcast::Sender::new(PROGRESS),
            wake: Arc::default(),
            calls: Arc::default(),
            loads: Arc::default(),
            failures: Arc::default(),
            kept: Arc::default(),
            stop: Arc::default(),
        })
    }
}

impl Engine {
    /// Puts an engine together.
    #[must_use]
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// Replaces what the engine knows to exist. A retirement whose API got a new
    /// face or resource stops and asks for a new approval (invariant I-18).
    pub fn set_catalog(&self, catalog: Catalog) {
        // A poisoned lock still holds a whole catalog.
        *self.catalog.write().unwrap_or_else(|p| p.into_inner()) = catalog;
        self.wake.notify_one();
    }

    pub(super) fn api(&self, id: &ApiId) -> Option<Api> {
        let catalog = self.catalog.read().unwrap_or_else(|p| p.into_inner());
        catalog.apis.get(id).cloned()
    }

    /// What does a step of a pipeline.
    pub(super) fn step(&self, id: &StepId) -> Result<&Arc<dyn Step>, EngineError> {
        let found = self.steps.get(id).or_else(|| {
            let (name, number) = id.as_str().rsplit_once('-')?;
            number.parse::<u32>().ok()?;
            self.steps.get(&StepId::parse(name).ok()?)
        });
        found.ok_or_else(|| EngineError::NoSuchStep(id.clone()))
    }
}
