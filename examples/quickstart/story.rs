//! The retirement itself: driven by the engine, with people and time played by
//! this program.

use std::collections::BTreeSet;

use deprovision_core::engine::{Progress, Status};
use deprovision_core::id::{ObjectionId, PersonId};
use deprovision_core::pipeline::ids;
use deprovision_core::retirement::{Mode, Objection, Phase};
use deprovision_core::time::{Clock, Period};
use deprovision_examples::Teller;
use deprovision_examples::shop::{Course, News, Problem};
use tokio::sync::broadcast::Receiver;

/// What the story needs.
pub(crate) struct Story<'a> {
    pub(crate) course: Course<'a>,
    pub(crate) teller: &'a Teller,
    pub(crate) progress: Receiver<Progress>,
}

impl Story<'_> {
    /// Goes on until `reached` says so, telling what happens.
    pub(crate) async fn until(
        &mut self,
        reached: impl Fn(&Status) -> bool,
    ) -> Result<Status, Problem> {
        let Self {
            course,
            teller,
            progress,
        } = self;
        let clock = course.shop.clock.clone();
        course
            .until(reached, |news| match news {
                News::Rest(status) => {
                    teller.news(progress);
                    teller.now(waiting_for(status));
                }
                News::Merged(branch) => teller.at(
                    clock.now(),
                    format!("ann reviewed and merged the branch {branch}"),
                ),
            })
            .await
    }

    /// The team behind the reports objects, and takes it back after a while.
    pub(crate) async fn object(&mut self) -> Result<(), Problem> {
        self.until(|status| status.phase == Phase::BrownOut).await?;
        let who = PersonId::parse("reports-team")?;
        let id = ObjectionId::parse("quarterly-reports")?;
        let expires = Period::days(60).after(self.course.shop.clock.now());
        let why = "the quarterly reports still run on it";
        let objection = Objection::new(id.clone(), who.clone(), why, expires);
        self.course
            .engine
            .object(&self.course.id, objection)
            .await?;
        let begun = self.course.shop.clock.now();
        let held = self.until(|status| status.phase == Phase::OnHold).await?;
        self.course
            .shop
            .let_time_pass(Period::days(20).after(begun))
            .await?;
        self.until(|_| true).await?;
        self.teller.say("\n  Twenty days later, nothing was done:");
        self.teller.say(indent(&waits(&held)));
        self.teller.say("");
        self.course
            .engine
            .withdraw(&self.course.id, id, who)
            .await?;
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
        self.course.engine.cancel(&self.course.id, who, why).await?;
        self.until(|status| status.phase == Phase::Cancelled)
            .await?;
        Ok(())
    }

    /// To the certificate, and to the end of the watch.
    pub(crate) async fn finish(&mut self) -> Result<(), Problem> {
        self.until(|status| status.phase == Phase::Retired).await?;
        loop {
            let state = self.course.engine.retirement(&self.course.id).await?;
            if *state.mode() == Mode::Finished {
                break;
            }
            let idle = self.course.engine.run_until_idle().await?;
            self.teller.news(&mut self.progress);
            match idle.next_due {
                Some(at) => self.course.shop.let_time_pass(at).await?,
                None => break,
            }
        }
        Ok(())
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
