//! The loop: what is next, do it, append what came of it.

use std::future::Future;

use tracing::Instrument;

use crate::engine::calls::quiet;
use crate::engine::stream::Stream;
use crate::engine::{Engine, EngineError};
use crate::id::{ActionId, StepId};
use crate::journal::{Actor, AppendError, Authority, Lease, LeaseError};
use crate::provider::{ErrorKind, ProviderError, error_chain};
use crate::retirement::{Command, Next, Refusal};
use crate::time::{Period, Timestamp};

/// So many refusals in a row, and the driver waits instead of asking again.
const REFUSALS: u32 = 3;

/// What a round of the loop came to.
pub(super) enum Round {
    /// Something happened.
    Progress,
    /// The machine refused: its state is asked again.
    Refused(Refusal),
    /// Nothing before that moment; never without a person when `None`.
    Idle(Option<Timestamp>),
}

impl Engine {
    /// Drives a claimed retirement until nothing can be done now, and gives the
    /// lease back. A lease that was lost meanwhile is no error: somebody else
    /// goes on.
    pub(super) async fn drive(&self, lease: Lease) -> Result<(), EngineError> {
        let span = tracing::info_span!(
            "retirement",
            id = %lease.stream,
            worker = %lease.worker,
            epoch = lease.epoch
        );
        match self.drive_claimed(lease).instrument(span).await {
            Err(
                error @ (EngineError::Append(AppendError::StaleLease { .. })
                | EngineError::Lease(LeaseError::Lost { .. })),
            ) => {
                tracing::info!(%error, "somebody else goes on");
                Ok(())
            }
            other => other,
        }
    }

    async fn drive_claimed(&self, mut lease: Lease) -> Result<(), EngineError> {
        let actor = Actor::Worker(self.worker.clone());
        let mut stream = self.open(&lease.stream).await?;
        self.note_clock_steps(&mut stream, &lease, &actor).await?;
        let mut refusals = 0;
        let due = loop {
            if self.stopping() {
                break Some(self.clock.now());
            }
            lease = self.keep(lease, Period::ZERO).await?;
            match self.round(&mut stream, &mut lease, &actor).await? {
                Round::Progress => refusals = 0,
                Round::Idle(until) => break until,
                Round::Refused(refusal) => {
                    refusals += 1;
                    tracing::debug!(%refusal, "refused");
                    if refusals >= REFUSALS {
                        break Some(self.after(&refusal));
                    }
                }
            }
        };
        self.remember(&stream);
        self.checkpoint(&stream).await;
        self.journal.release(&lease, stream.version, due).await?;
        Ok(())
    }

    /// When to ask again after a refusal.
    fn after(&self, refusal: &Refusal) -> Timestamp {
        let now = self.clock.now();
        let soon = Period::minutes(1).after(now);
        match refusal {
            Refusal::NotYet(explain) => explain.next_check_at.map_or(soon, |at| at.max(soon)),
            Refusal::Vetoed { .. }
            | Refusal::TooLate { .. }
            | Refusal::NotNow(_)
            | Refusal::NoSuchAction(_)
            | Refusal::NoSuchObjection(_)
            | Refusal::Approval(_)
            | Refusal::Waiver(_)
            | Refusal::AnswerUsed(_)
            | Refusal::Unloggable(_) => soon,
            // Others have to come to an end first.
            Refusal::Limit { .. } => Period::hours(1).after(now),
        }
    }

    async fn note_clock_steps(
        &self,
        stream: &mut Stream,
        lease: &Lease,
        actor: &Actor,
    ) -> Result<(), EngineError> {
        let proposed = stream.state.proposed_at();
        let steps = self
            .clock_watch
            .steps_for(self.clock.as_ref(), &stream.id, proposed);
        for by in steps {
            let command = Command::NoteClockStep { by };
            self.commit(stream, Authority::Owner(lease), actor, command)
                .await?;
        }
        Ok(())
    }

    /// Makes the lease outlive a call of that length.
    pub(super) async fn keep(&self, lease: Lease, call: Period) -> Result<Lease, EngineError> {
        let now = self.clock.now();
        let ttl = self.limits.lease.plus(call);
        let half = Period::seconds(ttl.as_seconds() / 2).plus(call);
        if lease.expires > half.after(now) {
            return Ok(lease);
        }
        Ok(self.journal.renew(&lease, ttl.plus(call)).await?)
    }

    /// Renews the lease for as long as a look takes: looks may take long, and a
    /// worker that dies in one is followed by another when the lease has run out.
    /// What writes has a lease that outlives its call instead (invariant I-14).
    pub(super) async fn looking<T>(&self, lease: &Lease, look: impl Future<Output = T>) -> T {
        tokio::pin!(look);
        let ttl = self.limits.lease;
        loop {
            tokio::select! {
                seen = &mut look => return seen,
                () = tokio::time::sleep(ttl.to_duration() / 3) => {
                    // A longer lease is not made shorter.
                    if lease.expires > ttl.after(self.clock.now()) {
                        continue;
                    }
                    if let Err(error) = self.journal.renew(lease, ttl).await {
                        tracing::warn!(%error, "the lease could not be renewed");
                    }
                }
            }
        }
    }

    async fn round(
        &self,
        stream: &mut Stream,
        lease: &mut Lease,
        actor: &Actor,
    ) -> Result<Round, EngineError> {
        let now = stream.state.forward(self.clock.now());
        match stream.state.next(now) {
            Next::MakePlan => match self.looking(lease, self.make_plan(stream)).await {
                Ok(plan) => {
                    self.failures.clear(&stream.id);
                    self.give(stream, lease, actor, Command::RecordPlan(plan))
                        .await
                }
                Err(EngineError::Planning { step, source }) => {
                    self.looking_failed(stream, lease, actor, &step, &source)
                        .await
                }
                Err(error) => Err(error),
            },
            Next::CheckScope { step } => {
                match self.looking(lease, self.find_targets(stream, &step)).await {
                    Ok((found, catalog)) => {
                        self.failures.clear(&stream.id);
                        let command = Command::CheckScope {
                            step,
                            found,
                            catalog,
                        };
                        self.give(stream, lease, actor, command).await
                    }
                    Err(EngineError::Planning { step, source }) => {
                        self.looking_failed(stream, lease, actor, &step, &source)
                            .await
                    }
                    Err(error) => Err(error),
                }
            }
            Next::ReadUsage { quiet } => self.take_usage(stream, lease, actor, quiet).await,
            Next::Prepare { actions } | Next::Observe { actions } => {
                let lease = &*lease;
                self.looking(lease, self.look(stream, lease, actor, &actions))
                    .await?;
                Ok(Round::Progress)
            }
            Next::Act { step, actions } => self.act(stream, lease, actor, &step, actions).await,
            Next::Undo { actions } => {
                self.keep_for(stream, lease, &actions).await?;
                let begin = Command::BeginUndo {
                    actions: actions.clone(),
                    epoch: lease.epoch,
                };
                match self.give(stream, lease, actor, begin).await? {
                    Round::Progress => {}
                    other @ (Round::Refused(_) | Round::Idle(_)) => return Ok(other),
                }
                self.send_undos(stream, lease, actor, &actions).await?;
                Ok(Round::Progress)
            }
            Next::Tell { stage } => self.tell_people(stream, lease, actor, stage).await,
            Next::SeeDeliveries => self.see_deliveries(stream, lease, actor).await,
            Next::Certify => self
                .certify(stream, lease, actor)
                .await
                .map(|()| Round::Progress),
            Next::Audit => {
                let drift = self.looking(lease, self.audit(stream)).await;
                self.give(stream, lease, actor, Command::RecordAudit { drift })
                    .await
            }
            Next::Wait { until, .. } => Ok(Round::Idle(until)),
            Next::Finished => Ok(Round::Idle(None)),
        }
    }

    pub(super) async fn give(
        &self,
        stream: &mut Stream,
        lease: &Lease,
        actor: &Actor,
        command: Command,
    ) -> Result<Round, EngineError> {
        match self
            .commit(stream, Authority::Owner(lease), actor, command)
            .await
        {
            Ok(_) => Ok(Round::Progress),
            Err(EngineError::Refused(refusal @ Refusal::Limit { .. })) => {
                self.over_the_limit(stream, lease, actor, refusal).await
            }
            Err(EngineError::Refused(refusal)) => Ok(Round::Refused(refusal)),
            Err(error) => Err(error),
        }
    }

    /// A plan that is too large stays too large: that is for a person (I-12, I-17).
    async fn over_the_limit(
        &self,
        stream: &mut Stream,
        lease: &Lease,
        actor: &Actor,
        refusal: Refusal,
    ) -> Result<Round, EngineError> {
        if stream.state.plan().is_some() {
            return Ok(Round::Idle(Some(self.after(&refusal))));
        }
        let command = Command::Park {
            reason: refusal.to_string(),
            next_safe_action:
                "retire in parts: cancel, and propose again with fewer targets or a wider policy"
                    .to_owned(),
        };
        self.commit(stream, Authority::Owner(lease), actor, command)
            .await?;
        Ok(Round::Progress)
    }

    async fn take_usage(
        &self,
        stream: &mut Stream,
        lease: &Lease,
        actor: &Actor,
        quiet: Period,
    ) -> Result<Round, EngineError> {
        let now = stream.state.forward(self.clock.now());
        let reading = self.read_usage(stream.state.api(), quiet, now);
        let sources = self.looking(lease, reading).await;
        let command = Command::RecordUsage {
            sources,
            epoch: lease.epoch,
        };
        self.give(stream, lease, actor, command).await
    }

    async fn keep_for(
        &self,
        stream: &Stream,
        lease: &mut Lease,
        actions: &[ActionId],
    ) -> Result<(), EngineError> {
        let steps = actions.iter().filter_map(|action| {
            let step = stream.state.step_of(action)?;
            stream.state.pipeline().step(step)
        });
        let longest = steps
            .map(|step| step.call_timeout)
            .max()
            .unwrap_or_default();
        *lease = self.keep(lease.clone(), longest).await?;
        Ok(())
    }

    async fn act(
        &self,
        stream: &mut Stream,
        lease: &mut Lease,
        actor: &Actor,
        step: &StepId,
        mut actions: Vec<ActionId>,
    ) -> Result<Round, EngineError> {
        self.keep_for(stream, lease, &actions).await?;
        let capacity = self.capacity(&stream.id).await?;
        let spec = stream.state.pipeline().step(step).cloned();
        let spec = spec.ok_or_else(|| EngineError::NoSuchStep(step.clone()))?;
        if spec.is_irreversible() {
            // As many as the day still allows; when that is none, the machine
            // says so.
            let limit = stream.state.policy().limits.irreversible_per_day;
            let left = limit.saturating_sub(capacity.irreversible_today).max(1);
            actions.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            // Read in this lease, right before (invariant I-8).
            match self.take_usage(stream, lease, actor, quiet(&spec)).await? {
                Round::Progress => {}
                other @ (Round::Refused(_) | Round::Idle(_)) => return Ok(other),
            }
        }
        let begin = Command::Begin {
            actions: actions.clone(),
            epoch: lease.epoch,
            capacity,
        };
        match self.give(stream, lease, actor, begin).await? {
            Round::Progress => {}
            other @ (Round::Refused(_) | Round::Idle(_)) => return Ok(other),
        }
        self.send(stream, lease, actor, step, &actions).await?;
        Ok(Round::Progress)
    }

    /// A step could not be planned or compared: again later, and after as many
    /// tries as the policy has it is parked (invariant I-17).
    async fn looking_failed(
        &self,
        stream: &mut Stream,
        lease: &Lease,
        actor: &Actor,
        step: &StepId,
        error: &ProviderError,
    ) -> Result<Round, EngineError> {
        let retry = &stream.state.policy().retry;
        let before = self.failures.add(&stream.id);
        let now = self.clock.now();
        if error.kind().is_retryable() && before + 1 < retry.attempts {
            let factor = 1u64.checked_shl(before).unwrap_or(u64::MAX);
            let wait = Period::seconds(retry.first_wait.as_seconds().saturating_mul(factor));
            let mut again = wait.after(now);
            if let ErrorKind::Throttled {
                retry_at: Some(at), ..
            } = error.kind()
            {
                again = again.max(*at);
            }
            tracing::warn!(%step, error = %error_chain(error), %again, "the targets could not be seen");
            return Ok(Round::Idle(Some(again)));
        }
        self.failures.clear(&stream.id);
        let why = error_chain(error);
        let (reason, next) = match error.kind() {
            // Nothing that was not seen: it was seen that it can not be done.
            ErrorKind::Unsupported => (
                format!("{step} can not be planned: {why}"),
                "do what it says and resume; or cancel, and propose again under another policy \
                 or pipeline",
            ),
            ErrorKind::Throttled { .. }
            | ErrorKind::Transient
            | ErrorKind::Denied
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::Invalid => (
                format!("the targets of {step} can not be seen: {why}"),
                "make them visible or correct the catalog, then resume; or cancel",
            ),
        };
        let command = Command::Park {
            reason,
            next_safe_action: next.to_owned(),
        };
        self.give(stream, lease, actor, command).await
    }
}
