//! Telling people what stage a retirement is at.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::engine::drive::Round;
use crate::engine::stream::Stream;
use crate::engine::{Engine, EngineError};
use crate::id::StepId;
use crate::journal::{Actor, Lease};
use crate::permit::WritePermit;
use crate::pipeline::{StepSpec, ids};
use crate::provider::{Notice, NoticeStage, Outcome, ProviderError, error_chain};
use crate::retirement::{Command, Told, Untold};
use crate::step::{StepContext, Teller};

/// So many notices are handed over side by side.
pub(super) const AT_ONCE: usize = 32;

/// The step that tells people, where the pipeline has one.
pub(super) fn announcing(stream: &Stream) -> Result<Option<StepSpec>, EngineError> {
    let id = StepId::parse(ids::ANNOUNCE)?;
    Ok(stream.state.pipeline().step(&id).cloned())
}

impl Engine {
    /// Hands the notices of a stage over, and notes to whom. Who can not be told is noted
    /// too: nothing waits for it.
    pub(super) async fn tell_people(
        &self,
        stream: &mut Stream,
        lease: &mut Lease,
        actor: &Actor,
        stage: NoticeStage,
    ) -> Result<Round, EngineError> {
        let spec = announcing(stream)?;
        let round = stream.state.round(stage);
        let (mut told, mut untold) = (Vec::new(), Vec::new());
        if let Some(spec) = spec {
            let step = self.step(&spec.id)?.clone();
            if let Some(teller) = step.teller() {
                let notices = self.notices(stream, lease, teller, &spec, stage).await;
                match notices {
                    Ok(notices) => {
                        for some in notices.chunks(AT_ONCE) {
                            *lease = self.keep(lease.clone(), spec.call_timeout).await?;
                            let sent = self.hand_over(lease, teller, &spec, some).await;
                            for (notice, why) in sent {
                                let person = notice.to.person.clone();
                                match why {
                                    None => told.push(Told::new(person, notice.id.clone())),
                                    Some(why) => untold.push(Untold::new(person, why)),
                                }
                            }
                        }
                    }
                    // Nobody was told: who proposed it should know.
                    Err(error) => {
                        let proposer = stream.state.proposer().clone();
                        untold.push(Untold::new(proposer, error_chain(&error)));
                    }
                }
            }
        }
        told.sort_unstable_by(|a, b| a.person.cmp(&b.person));
        untold.sort_unstable_by(|a, b| a.person.cmp(&b.person));
        let command = Command::RecordTold {
            stage,
            round,
            told,
            untold,
        };
        self.give(stream, lease, actor, command).await
    }

    async fn notices(
        &self,
        stream: &Stream,
        lease: &Lease,
        teller: &dyn Teller,
        spec: &StepSpec,
        stage: NoticeStage,
    ) -> Result<Vec<Notice>, ProviderError> {
        let state = &stream.state;
        let now = state.forward(self.clock.now());
        // Who still calls: the last call goes to them, and the last reminder to the others.
        let usage = match stage {
            NoticeStage::LastCall => {
                let window = state.policy().quiet_before_close;
                let reading = self.read_usage(state.api(), window, now);
                self.looking(lease, reading).await
            }
            _ => Vec::new(),
        };
        let cx = StepContext {
            usage: &usage,
            ..StepContext::new(&stream.id, state, spec, now)
        };
        self.looking(lease, teller.notices(stage, &cx)).await
    }

    /// Each notice, with the reason when it was not handed over.
    async fn hand_over<'a>(
        &self,
        lease: &Lease,
        teller: &dyn Teller,
        spec: &StepSpec,
        notices: &'a [Notice],
    ) -> Vec<(&'a Notice, Option<String>)> {
        let running = FuturesUnordered::new();
        for notice in notices {
            running.push(async move {
                let now = self.clock.now();
                let permit = match WritePermit::from_lease(lease, spec.call_timeout, now) {
                    Ok(permit) => permit,
                    Err(error) => return (notice, Some(error.to_string())),
                };
                let limit = spec.call_timeout.to_duration();
                let sent = tokio::time::timeout(limit, teller.send(notice, &permit)).await;
                let why = match sent {
                    Ok(Ok(Outcome::Done { .. })) => None,
                    Ok(Ok(Outcome::NotDone { why } | Outcome::Unknown { why })) => Some(why),
                    Ok(Err(error)) => Some(error_chain(&error)),
                    Err(_elapsed) => Some(format!("no answer within {}", spec.call_timeout)),
                };
                (notice, why)
            });
        }
        running.collect().await
    }
}
