//! The retirement itself: driven by the engine, with people and time played by
//! this program.

use std::collections::BTreeSet;

use deprovision_core::engine::{Approve, Engine, Progress, Status, sentence};
use deprovision_core::id::{ObjectionId, PersonId, RetirementId, StepId};
use deprovision_core::pipeline::ids;
use deprovision_core::retirement::{Event, Mode, Objection, Phase};
use deprovision_core::time::{Clock, Period};
use deprovision_examples::shop::{Problem, Shop, people};
use tokio::sync::broadcast::Receiver;

use crate::teller::Teller;

/// What the story needs.
pub(crate) struct Story<'a> {
    pub(crate) shop: &'a Shop,
    pub(crate) engine: Engine,
    pub(crate) id: RetirementId,
    pub(crate) teller: &'a Teller,
    pub(crate) progress: Receiver<Progress>,
    /// Said line by line, so that another process knows where this one is.
    pub(crate) speaks: bool,
}

/// More rounds than any course of the story has.
const ROUNDS: u32 = 2_000;

impl Story<'_> {
    /// Goes on until `reached` says so.
    pub(crate) async fn until(
        &mut self,
        reached: impl Fn(&Status) -> bool,
    ) -> Result<Status, Problem> {
        for _ in 0..ROUNDS {
            let idle = self.engine.run_until_idle().await?;
            self.tell_news();
            let status = self.engine.status(&self.id).await?;
            self.teller.now(waiting_for(&status));
            if reached(&status) {
                return Ok(status);
            }
            let merged = self.shop.reviewer.merge_all().await?;
            for branch in &merged {
                self.teller.at(
                    self.shop.clock.now(),
                    format!("ann reviewed and merged the branch {branch}"),
                );
            }
            let approved = self.approve(&status).await?;
            match idle.next_due {
                Some(at) => self.shop.let_time_pass(at).await?,
                None if approved => {}
                None => return Err(format!("nothing goes on any more:\n{status}").into()),
            }
        }
        Err("the story does not end".into())
    }

    /// Ann and Bob approve what waits for an approval.
    async fn approve(&self, status: &Status) -> Result<bool, Problem> {
        if !status.waits.iter().any(|why| why.rule == "I-7") {
            return Ok(false);
        }
        let (_, approvers) = people()?;
        let state = self.engine.retirement(&self.id).await?;
        let now = self.shop.clock.now();
        let Some((_, digest)) = state.plan() else {
            return Ok(false);
        };
        if state.approval(None, now).is_err() {
            for by in approvers.clone() {
                self.engine
                    .approve(&self.id, Approve::plan(by, digest))
                    .await?;
            }
            return Ok(true);
        }
        let mut approved = false;
        for step in [ids::DELETE_CREDENTIALS, ids::ERASE] {
            let step = StepId::parse(step)?;
            let asked = status
                .waits
                .iter()
                .any(|why| why.rule == "I-7" && why.have.contains(&format!("for step {step}")));
            if asked && state.approval(Some(&step), now).is_err() {
                for by in approvers.clone() {
                    let yes = Approve::step(by, digest, step.clone());
                    self.engine.approve(&self.id, yes).await?;
                }
                approved = true;
            }
        }
        Ok(approved)
    }

    /// Tells what happened since: what people want to know, not every event.
    fn tell_news(&mut self) {
        while let Ok(news) = self.progress.try_recv() {
            if self.speaks {
                println!("victim: {} {}", news.version, sentence(&news.event));
            }
            if let Some(line) = line(&news.event) {
                self.teller.at(news.at, line);
            }
        }
    }

    /// The team behind the reports objects, and takes it back after a while.
    pub(crate) async fn object(&mut self) -> Result<(), Problem> {
        self.until(|status| status.phase == Phase::BrownOut).await?;
        let who = PersonId::parse("reports-team")?;
        let id = ObjectionId::parse("quarterly-reports")?;
        let expires = Period::days(60).after(self.shop.clock.now());
        let why = "the quarterly reports still run on it";
        let objection = Objection::new(id.clone(), who.clone(), why, expires);
        self.engine.object(&self.id, objection).await?;
        let begun = self.shop.clock.now();
        let held = self.until(|status| status.phase == Phase::OnHold).await?;
        self.shop
            .let_time_pass(Period::days(20).after(begun))
            .await?;
        self.until(|_| true).await?;
        self.teller.say("\n  Twenty days later, nothing was done:");
        self.teller.say(indent(&waits(&held)));
        self.teller.say("");
        self.engine.withdraw(&self.id, id, who).await?;
        Ok(())
    }

    /// Called off when the keys are disabled and the data is archived.
    pub(crate) async fn cancel(&mut self) -> Result<(), Problem> {
        self.until(|status| {
            let done = |step: &str| {
                status.steps.iter().any(|progress| {
                    progress.step.as_str() == step && progress.complete == progress.actions
                })
            };
            done(ids::RESTORE_DRILL) && done(ids::REMOVE_GRANTS)
        })
        .await?;
        let who = PersonId::parse("billing-team")?;
        let why = "payroll turned out to need it";
        self.engine.cancel(&self.id, who, why).await?;
        self.until(|status| status.phase == Phase::Cancelled)
            .await?;
        Ok(())
    }

    /// To the certificate, and to the end of the watch.
    pub(crate) async fn finish(&mut self) -> Result<(), Problem> {
        self.until(|status| status.phase == Phase::Retired).await?;
        for _ in 0..ROUNDS {
            let state = self.engine.retirement(&self.id).await?;
            if *state.mode() == Mode::Finished {
                break;
            }
            let idle = self.engine.run_until_idle().await?;
            self.tell_news();
            match idle.next_due {
                Some(at) => self.shop.let_time_pass(at).await?,
                None => break,
            }
        }
        Ok(())
    }
}

/// An event as a line of the story; nothing for the small steps in between.
fn line(event: &Event) -> Option<String> {
    let short = |action: &deprovision_core::id::ActionId| {
        let mut parts = action.as_str().splitn(3, '/');
        let step = parts.next().unwrap_or_default().to_owned();
        let name = parts.nth(1).unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or(name);
        format!("{step:<20} {name}")
    };
    match event {
        Event::ActionVerified { action, evidence } | Event::ActionSkipped { action, evidence } => {
            Some(format!("{}: {evidence}", short(action)))
        }
        Event::ActionUndone { action } => Some(format!("{}: undone", short(action))),
        Event::Proposed { .. }
        | Event::Planned { .. }
        | Event::PlanVoided { .. }
        | Event::Approved { .. }
        | Event::Objected { .. }
        | Event::ObjectionWithdrawn { .. }
        | Event::ActionDelayed { .. }
        | Event::LookDelayed { .. }
        | Event::Parked { .. }
        | Event::Resumed { .. }
        | Event::CancelRequested { .. }
        | Event::Unwound
        | Event::ClockStepped { .. }
        | Event::Certified { .. }
        | Event::AuditPassed
        | Event::DriftFound { .. }
        | Event::WatchEnded => Some(sentence(event)),
        Event::UsageRead { .. }
        | Event::ScopeConfirmed { .. }
        | Event::ActionPrepared { .. }
        | Event::ActionIntended { .. }
        | Event::ActionReported { .. }
        | Event::ActionObserved { .. }
        | Event::UndoIntended { .. }
        | Event::UndoReported { .. }
        | Event::UndoObserved { .. } => None,
    }
}

fn waiting_for(status: &Status) -> String {
    match status.waits.first() {
        Some(why) => format!("{}: waiting for {}", status.phase, why.need),
        None => status.phase.to_string(),
    }
}

/// What is waited for, each once.
fn waits(status: &Status) -> String {
    let lines: BTreeSet<String> = status
        .waits
        .iter()
        .map(|why| format!("rule {}: {}; needed: {}", why.rule, why.have, why.need))
        .collect();
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

pub(crate) fn indent(text: &str) -> String {
    text.lines()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
