//! Calling steps: bounded in time and in number, side by side.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::engine::stream::Stream;
use crate::engine::{Engine, EngineError};
use crate::id::{ActionId, ProviderId, StepId};
use crate::journal::{Actor, Authority, Lease};
use crate::observation::Observation;
use crate::permit::{DestructionWarrant, WritePermit};
use crate::pipeline::{Gate, StepSpec};
use crate::plan::Action;
use crate::provider::{ErrorKind, Outcome, ProviderError, error_chain};
use crate::resource::ResourceRef;
use crate::retirement::{ActionPhase, Command, Reading, Retirement};
use crate::step::{Step, StepContext, WriteAuthority};
use crate::time::Period;

/// What a call is about: the action, its step and who does it.
struct Call {
    action: Action,
    spec: StepSpec,
    step: Arc<dyn Step>,
}

/// What came of a call.
enum Answer {
    Wrote(Result<Outcome, ProviderError>),
    Saw(Result<Observation<Reading>, ProviderError>),
}

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Apply,
    Undo,
    Observe,
}

impl Engine {
    fn call(&self, state: &Retirement, id: &ActionId) -> Result<Call, EngineError> {
        let missing = || EngineError::Refused(crate::retirement::Refusal::NoSuchAction(id.clone()));
        let step_id = state.step_of(id).ok_or_else(missing)?;
        let spec = state.pipeline().step(step_id).ok_or_else(missing)?.clone();
        let action = state.known_action(id).ok_or_else(missing)?.clone();
        let step = self.step(step_id)?.clone();
        Ok(Call { action, spec, step })
    }

    fn slots(&self, provider: &ProviderId) -> Arc<Semaphore> {
        // A map of semaphores: a poisoned lock still holds a valid one.
        let mut calls = self.calls.lock().unwrap_or_else(|p| p.into_inner());
        let limit = self.limits.calls_per_provider.max(1);
        let slots = calls.entry(provider.clone());
        slots
            .or_insert_with(|| Arc::new(Semaphore::new(limit)))
            .clone()
    }

    /// Sends actions, each under an authority of its own, and reports each answer
    /// as it comes.
    pub(super) async fn send(
        &self,
        stream: &mut Stream,
        lease: &Lease,
        actor: &Actor,
        step: &StepId,
        actions: &[ActionId],
    ) -> Result<(), EngineError> {
        let state = stream.state.clone();
        self.call_all(stream, lease, actor, &state, actions, |call| {
            self.authority(&state, lease, step, &call.spec)
                .map(|authority| (What::Apply, Some(authority)))
        })
        .await
    }

    /// Sends undos.
    pub(super) async fn send_undos(
        &self,
        stream: &mut Stream,
        lease: &Lease,
        actor: &Actor,
        actions: &[ActionId],
    ) -> Result<(), EngineError> {
        let state = stream.state.clone();
        self.call_all(stream, lease, actor, &state, actions, |call| {
            self.permit(lease, call.spec.call_timeout)
                .map(|permit| (What::Undo, Some(WriteAuthority::Permit(permit))))
        })
        .await
    }

    /// Looks at actions and gives what was seen to the machine.
    pub(super) async fn look(
        &self,
        stream: &mut Stream,
        lease: &Lease,
        actor: &Actor,
        actions: &[ActionId],
    ) -> Result<(), EngineError> {
        let state = stream.state.clone();
        self.call_all(stream, lease, actor, &state, actions, |_| {
            Ok((What::Observe, None))
        })
        .await
    }

    async fn call_all(
        &self,
        stream: &mut Stream,
        lease: &Lease,
        actor: &Actor,
        state: &Retirement,
        actions: &[ActionId],
        authorise: impl Fn(&Call) -> Result<(What, Option<WriteAuthority>), ProviderError>,
    ) -> Result<(), EngineError> {
        let id = stream.id.clone();
        let mut running = FuturesUnordered::new();
        for action in actions {
            let call = self.call(state, action)?;
            let (id, action, authorise) = (&id, action.clone(), &authorise);
            running.push(async move {
                let slots = self.slots(call.action.target.locator().provider());
                // The semaphore is never closed; without a slot the call goes on.
                let _slot = slots.acquire().await.ok();
                // Only now: a permit that was given before the wait for a slot could
                // run out in it (invariant I-14).
                let answer = match authorise(&call) {
                    Err(error) => Answer::Wrote(Err(error)),
                    Ok((what, authority)) => {
                        let now = state.forward(self.clock.now());
                        let cx = StepContext::new(id, state, &call.spec, now);
                        let span = tracing::debug_span!("call", %action, ?what);
                        one_call(&call, &cx, what, authority).instrument(span).await
                    }
                };
                (action, answer)
            });
        }
        while let Some((action, answer)) = running.next().await {
            let command = command(&stream.state, action, answer);
            let owner = Authority::Owner(lease);
            match self.commit(stream, owner, actor, command).await {
                Ok(_) => {}
                // A cancellation came between: the machine decides anew what to do.
                Err(EngineError::Refused(refusal)) => {
                    tracing::debug!(retirement = %id, %refusal, "an answer came too late");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn permit(&self, lease: &Lease, call_timeout: Period) -> Result<WritePermit, ProviderError> {
        WritePermit::from_lease(lease, call_timeout, self.clock.now()).map_err(|error| {
            ProviderError::new(ErrorKind::Conflict, "get a permit", "claim it again")
                .with_source(error)
        })
    }

    /// A permit, and for what is irreversible all that belongs to a warrant: from
    /// the same lease, for the plan in force, over the usage that was just read.
    fn authority(
        &self,
        state: &Retirement,
        lease: &Lease,
        step: &StepId,
        spec: &StepSpec,
    ) -> Result<WriteAuthority, ProviderError> {
        let permit = self.permit(lease, spec.call_timeout)?;
        if !spec.is_irreversible() {
            return Ok(WriteAuthority::Permit(permit));
        }
        let refuse = |why: String| ProviderError::new(ErrorKind::Conflict, "get a warrant", why);
        let now = state.forward(self.clock.now());
        let approval = state.approval(Some(step), now).map_err(refuse)?;
        let usage = state
            .quiet_usage(quiet(spec), now)
            .map_err(|error| refuse(error.to_string()))?;
        let (plan, digest) = state
            .plan()
            .ok_or_else(|| refuse("there is no plan".to_owned()))?;
        let targets: BTreeSet<ResourceRef> = plan
            .actions(step)
            .iter()
            .map(|action| action.target.clone())
            .collect();
        let api = &state.api().id;
        DestructionWarrant::issue(permit, approval, usage, digest, step, api, targets)
            .map(WriteAuthority::Warrant)
            .map_err(|error| refuse(error.to_string()))
    }
}

/// How long nobody may have called before the step.
pub(super) fn quiet(spec: &StepSpec) -> Period {
    let longest = spec.gates.iter().filter_map(|gate| match gate {
        Gate::Quiet { period } => Some(*period),
        Gate::StepApproved | Gate::Notice { .. } | Gate::SunsetReached | Gate::Soak { .. } => None,
    });
    longest.max().unwrap_or(Period::ZERO)
}

async fn one_call(
    call: &Call,
    cx: &StepContext<'_>,
    what: What,
    authority: Option<WriteAuthority>,
) -> Answer {
    let Call { action, spec, step } = call;
    let limit = spec.call_timeout.to_duration();
    let late = || format!("no answer within {}", spec.call_timeout);
    match (what, authority) {
        (What::Apply, Some(authority)) => {
            let sent = tokio::time::timeout(limit, step.apply(action, cx, &authority)).await;
            Answer::Wrote(sent.unwrap_or_else(|_| Ok(Outcome::unknown(late()))))
        }
        (What::Undo, Some(authority)) => {
            let sent = tokio::time::timeout(limit, step.undo(action, cx, authority.permit())).await;
            Answer::Wrote(sent.unwrap_or_else(|_| Ok(Outcome::unknown(late()))))
        }
        (What::Observe, _) | (What::Apply | What::Undo, None) => {
            let undoing = cx.run(action).is_some_and(|run| {
                matches!(
                    run.phase,
                    ActionPhase::UndoIntended | ActionPhase::UndoSettling
                )
            });
            let looking = async {
                if undoing {
                    step.observe_undo(action, cx).await
                } else {
                    step.observe(action, cx).await
                }
            };
            let seen = tokio::time::timeout(limit, looking).await;
            Answer::Saw(seen.unwrap_or_else(|_| Ok(Observation::unknown(late()))))
        }
    }
}

/// What the machine is told.
fn command(state: &Retirement, action: ActionId, answer: Answer) -> Command {
    let failed = |action, error: ProviderError| Command::Fail {
        action,
        kind: error.kind().clone(),
        why: error_chain(&error),
    };
    match answer {
        Answer::Wrote(Ok(outcome)) => Command::Report { action, outcome },
        Answer::Wrote(Err(error)) | Answer::Saw(Err(error)) => failed(action, error),
        Answer::Saw(Ok(reading)) => {
            let reads_only = state
                .step_of(&action)
                .and_then(|step| state.pipeline().step(step))
                .is_some_and(|step| step.effect == crate::provider::EffectClass::Reading);
            match state.actions().get(&action).map(|run| run.phase) {
                Some(ActionPhase::Waiting) if !reads_only => Command::Prepare { action, reading },
                Some(
                    ActionPhase::Waiting
                    | ActionPhase::Prepared
                    | ActionPhase::Intended
                    | ActionPhase::Settling
                    | ActionPhase::Verified
                    | ActionPhase::Skipped
                    | ActionPhase::UndoIntended
                    | ActionPhase::UndoSettling
                    | ActionPhase::Undone,
                )
                | None => Command::Observe { action, reading },
            }
        }
    }
}
