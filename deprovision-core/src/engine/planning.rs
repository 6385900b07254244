//! Making plans, and reading usage.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::catalog::Api;
use crate::engine::stream::Stream;
use crate::engine::{Engine, EngineError};
use crate::id::{RetirementId, StepId};
use crate::observation::Observation;
use crate::pipeline::StepSpec;
use crate::plan::{Plan, PlannedStep};
use crate::provider::{ErrorKind, ProviderError, error_chain};
use crate::resource::ResourceRef;
use crate::step::{StepContext, StepPlan};
use crate::time::{Period, Timestamp, Window};
use crate::usage::UsageEvidence;

/// How long a usage source or a look of an audit may take.
pub(super) const LONGEST_LOOK: Period = Period::minutes(30);

/// How often looks that belong to no action failed in a row, by retirement: the
/// log has no place for them before there is a plan.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<BTreeMap<RetirementId, u32>>);

impl Failures {
    /// Counts one more; gives how many there were before.
    pub(super) fn add(&self, id: &RetirementId) -> u32 {
        // A count: a poisoned lock still holds a valid one.
        let mut counts = self.0.lock().unwrap_or_else(|p| p.into_inner());
        let count = counts.entry(id.clone()).or_default();
        *count += 1;
        *count - 1
    }

    pub(super) fn clear(&self, id: &RetirementId) {
        let mut counts = self.0.lock().unwrap_or_else(|p| p.into_inner());
        counts.remove(id);
    }
}

impl Engine {
    /// What every source of the API saw in the window that ends now. A source
    /// that fails is unknown, never quiet (invariant I-9).
    pub(super) async fn read_usage(
        &self,
        api: &Api,
        length: Period,
        now: Timestamp,
    ) -> Vec<Observation<UsageEvidence>> {
        let window = Window::ending_at(now, length);
        let mut seen = Vec::with_capacity(api.usage_sources.len());
        for name in &api.usage_sources {
            seen.push(match self.sources.get(name) {
                None => Observation::unknown(format!("no usage source {name:?} is plugged in")),
                Some(source) => {
                    let limit = LONGEST_LOOK.to_duration();
                    match tokio::time::timeout(limit, source.usage(api, window)).await {
                        Ok(Ok(observation)) => observation,
                        Ok(Err(error)) => {
                            Observation::unknown(format!("{name}: {}", error_chain(&error)))
                        }
                        Err(_elapsed) => {
                            Observation::unknown(format!("{name} gave no answer in {LONGEST_LOOK}"))
                        }
                    }
                }
            });
        }
        seen
    }

    /// Makes the plan of a retirement as the world is now.
    pub(super) async fn make_plan(&self, stream: &Stream) -> Result<Plan, EngineError> {
        let state = &stream.state;
        let now = state.forward(self.clock.now());
        let api = self
            .api(&state.api().id)
            .unwrap_or_else(|| state.api().clone());
        let usage = self
            .read_usage(&api, state.policy().consumer_window, now)
            .await;
        let mut steps = Vec::new();
        let mut notes = Vec::new();
        let mut gaps = Vec::new();
        for spec in state.pipeline().steps() {
            let planned = self.plan_step(stream, spec, &api, &usage, now).await;
            let planned = planned.map_err(|source| EngineError::Planning {
                step: spec.id.clone(),
                source,
            })?;
            notes.extend(planned.notes);
            gaps.extend(planned.gaps);
            steps.push(PlannedStep::new(spec.id.clone(), planned.actions));
        }
        notes.dedup();
        let (policy, pipeline) = (state.policy().digest()?, state.pipeline().digest()?);
        Ok(Plan::new(api, policy, pipeline, steps)
            .with_notes(notes)
            .with_gaps(gaps))
    }

    /// What a step would act on now, for the comparison with its plan.
    pub(super) async fn find_targets(
        &self,
        stream: &Stream,
        step: &StepId,
    ) -> Result<(Vec<ResourceRef>, Option<Api>), EngineError> {
        let state = &stream.state;
        let now = state.forward(self.clock.now());
        let spec = state.pipeline().step(step);
        let spec = spec.ok_or_else(|| EngineError::NoSuchStep(step.clone()))?;
        let catalog = self.api(&state.api().id);
        let api = catalog.clone().unwrap_or_else(|| state.api().clone());
        let usage = self
            .read_usage(&api, state.policy().consumer_window, now)
            .await;
        let planned = self.plan_step(stream, spec, &api, &usage, now).await;
        let planned = planned.map_err(|source| EngineError::Planning {
            step: step.clone(),
            source,
        })?;
        let targets = planned.actions.into_iter().map(|action| action.target);
        Ok((targets.collect(), catalog))
    }

    async fn plan_step(
        &self,
        stream: &Stream,
        spec: &StepSpec,
        api: &Api,
        usage: &[Observation<UsageEvidence>],
        now: Timestamp,
    ) -> Result<StepPlan, ProviderError> {
        let step = self.step(&spec.id).map_err(|error| {
            ProviderError::new(
                ErrorKind::Unsupported,
                format!("plan {}", spec.id),
                error.to_string(),
            )
        })?;
        let cx = StepContext {
            api,
            usage,
            ..StepContext::new(&stream.id, &stream.state, spec, now)
        };
        let limit = spec.call_timeout.to_duration();
        tokio::time::timeout(limit, step.plan(&cx))
            .await
            .unwrap_or_else(|_elapsed| {
                let why = format!("no answer within {}", spec.call_timeout);
                Err(ProviderError::new(
                    ErrorKind::Transient,
                    format!("plan {}", spec.id),
                    why,
                ))
            })
    }
}
