//! The story: the engine and the courier do what is due, people answer what they got, and
//! time passes until something is due again. Whatever the log says already is not done again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use deprovision_core::engine::{Progress, Status, StepStatus};
use deprovision_core::id::{ObjectionId, PersonId, RetirementId};
use deprovision_core::pipeline::ids;
use deprovision_core::provider::NoticeStage;
use deprovision_core::retirement::{Answer, Event, Mode, Phase};
use deprovision_core::time::{Period, Timestamp};
use deprovision_examples::crash::Points;
use deprovision_examples::{Problem, Teller};
use http::StatusCode;
use tokio::sync::broadcast::Receiver;

use crate::people::{self, Person};
use crate::show::log;
use crate::world::World;

/// Where the processes of `--crash` are killed: the first announcement is queued and not
/// sent; it was sent and the courier knows, but the engine does not.
pub(crate) const DEATHS: [&str; 2] = [
    "before the announcement goes #1",
    "after the announcement goes #1",
];

/// What the story needs.
pub(crate) struct Story<'a> {
    pub(crate) world: &'a World,
    pub(crate) teller: &'a Teller,
    pub(crate) progress: Receiver<Progress>,
    pub(crate) points: Arc<Points>,
    /// Whether Ctrl-C was pressed: heard between two rounds, so that no letter is left
    /// under way.
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) id: RetirementId,
    /// The links of approvals that were opened.
    pub(crate) opened: BTreeSet<String>,
}

impl Story<'_> {
    /// To the certificate, and to the end of the watch.
    pub(crate) async fn tell(&mut self) -> Result<(), Problem> {
        self.propose().await?;
        self.until(|rest| announced(&rest.status)).await?;
        self.reports_team_acknowledges().await?;
        let objected = self.billing_team_objects().await?;
        let postponed = self.owner_postpones(objected).await?;
        self.billing_team_withdraws(postponed).await?;
        self.until(|rest| rest.state.told_of(NoticeStage::LastCall).is_some())
            .await?;
        self.billing_team_asks_for_time().await?;
        self.until(|rest| rest.status.phase == Phase::Retired)
            .await?;
        self.until(|rest| *rest.state.mode() == Mode::Finished)
            .await?;
        Ok(())
    }

    async fn propose(&mut self) -> Result<(), Problem> {
        if let Some(plan) = self.world.propose(&self.id).await? {
            self.teller.head("The plan, before anybody is told");
            self.teller.say(plan.to_string());
        }
        self.teller.head("What happens (the clock is moved)");
        Ok(())
    }

    async fn reports_team_acknowledges(&mut self) -> Result<(), Problem> {
        let is_it = |answer: &Answer| *answer == Answer::Acknowledge;
        if self.answered("reports-team", is_it).await?.is_some() {
            return Ok(());
        }
        let team = self.person("reports-team")?;
        let link = team.link(people::READ)?;
        let before = self.world.engine.entries(&self.id).await?.len();
        // Programs that look at mail open links before people do.
        for _ in 0..3 {
            people::open(&link).await?;
        }
        let opened = self.world.engine.entries(&self.id).await?.len();
        if opened != before {
            return Err("opening a link answered something".into());
        }
        team.acknowledge().await?;
        let again = people::send(&link, &[]).await?;
        if again.status != StatusCode::CONFLICT {
            return Err(format!("a link that was used says {}", again.status).into());
        }
        self.say("reports-team opened the link (which answered nothing) and sent its form");
        Ok(())
    }

    /// When they did.
    async fn billing_team_objects(&mut self) -> Result<Timestamp, Problem> {
        let is_it = |answer: &Answer| matches!(answer, Answer::Object { .. });
        if let Some(at) = self.answered("billing-team", is_it).await? {
            return Ok(at);
        }
        self.wait_until(Period::days(1).after(self.now())).await?;
        let why = "the bills of the quarter are written with it until the 20th";
        self.person("billing-team")?.object(why).await?;
        Ok(self.now())
    }

    /// While it is held, the owner moves the end for everybody; when that was.
    async fn owner_postpones(&mut self, objected: Timestamp) -> Result<Timestamp, Problem> {
        let state = self.world.engine.retirement(&self.id).await?;
        if state.moved() == 0 {
            let held = self.wait_until(Period::days(3).after(objected)).await?;
            if held.status.phase != Phase::OnHold {
                return Err(format!("an objection does not hold it:\n{}", held.status).into());
            }
            let to = Period::days(14).after(held.state.promised_end());
            let dana = PersonId::parse("dana")?;
            let why = "the quarter ends first";
            self.world.engine.postpone(&self.id, dana, to, why).await?;
        }
        let mut postponed = None;
        for (at, event) in log(&self.world.engine, &self.id).await? {
            if let Event::Postponed { .. } = event {
                postponed = Some(at);
            }
        }
        postponed.ok_or_else(|| "nothing was postponed".into())
    }

    async fn billing_team_withdraws(&mut self, postponed: Timestamp) -> Result<(), Problem> {
        let withdrawn = log(&self.world.engine, &self.id)
            .await?
            .into_iter()
            .any(|(_, event)| matches!(event, Event::ObjectionWithdrawn { .. }));
        if withdrawn {
            return Ok(());
        }
        let rest = self.wait_until(Period::days(2).after(postponed)).await?;
        let team = PersonId::parse("billing-team")?;
        let theirs: Vec<ObjectionId> = rest
            .state
            .objections()
            .values()
            .filter(|objection| objection.by == team)
            .map(|objection| objection.id.clone())
            .collect();
        for objection in theirs {
            let engine = &self.world.engine;
            engine.withdraw(&self.id, objection, team.clone()).await?;
        }
        Ok(())
    }

    async fn billing_team_asks_for_time(&mut self) -> Result<(), Problem> {
        if self.asked_for_time().await?.is_some() {
            return Ok(());
        }
        // They have it within the day: it may wait for their morning.
        let rest = self.wait_until(Period::hours(18).after(self.now())).await?;
        let until = Period::days(5).after(rest.state.promised_end());
        let why = "the change is deployed on Thursday";
        self.person("billing-team")?.ask_for_time(until, why).await
    }

    pub(crate) async fn asked_for_time(&self) -> Result<Option<Timestamp>, Problem> {
        let is_it = |answer: &Answer| matches!(answer, Answer::MoreTime { .. });
        self.answered("billing-team", is_it).await
    }

    /// When a person gave such an answer, if they did.
    pub(crate) async fn answered(
        &self,
        person: &str,
        is_it: impl Fn(&Answer) -> bool,
    ) -> Result<Option<Timestamp>, Problem> {
        let log = log(&self.world.engine, &self.id).await?;
        Ok(log.into_iter().find_map(|(at, event)| match event {
            Event::Answered { answered }
                if answered.by.as_str() == person && is_it(&answered.answer) =>
            {
                Some(at)
            }
            _ => None,
        }))
    }

    fn person(&self, name: &str) -> Result<Person<'_>, Problem> {
        Person::of(self.world, name)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.world.clock().now()
    }

    pub(crate) fn say(&mut self, line: &str) {
        self.teller.news(&mut self.progress);
        self.teller.at(self.now(), line);
    }
}

fn announced(status: &Status) -> bool {
    let mut steps = status.steps.iter();
    steps.any(|step| step.step.as_str() == ids::ANNOUNCE && step.status == StepStatus::Done)
}
