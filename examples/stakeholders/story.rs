//! The story: the engine and the courier do what is due, people answer what they got, and
//! time passes until something is due again. Whatever the log says already is not done again.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deprovision_core::engine::{Progress, Status, StepStatus};
use deprovision_core::id::{ObjectionId, PersonId, RetirementId, StepId};
use deprovision_core::pipeline::ids;
use deprovision_core::provider::{Delivery, DeliveryObserver as _, NoticeStage};
use deprovision_core::resource::ResourceRef;
use deprovision_core::retirement::{Answer, Event, Mode, Phase, Retirement};
use deprovision_core::time::{Period, Timestamp};
use deprovision_examples::crash::{Points, Side};
use deprovision_examples::{Problem, Teller, approvals_asked};
use http::StatusCode;
use tokio::sync::broadcast::Receiver;

use crate::audit;
use crate::history::EVERY;
use crate::mailbox::Mail;
use crate::people::{self, Person};
use crate::show::log;
use crate::world::World;

/// More rounds than any course has.
const ROUNDS: u32 = 2_000;

/// After how long of its answer the billing team calls version 2 alone.
const MOVING: Period = Period::days(2);

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
}

/// Ctrl-C was pressed.
#[derive(Debug)]
pub(crate) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped; it can be gone on with")
    }
}

impl std::error::Error for Stopped {}

/// What is seen when nothing can be done now.
pub(crate) struct Rest {
    pub(crate) status: Status,
    pub(crate) state: Retirement,
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

    async fn asked_for_time(&self) -> Result<Option<Timestamp>, Problem> {
        let is_it = |answer: &Answer| matches!(answer, Answer::MoreTime { .. });
        self.answered("billing-team", is_it).await
    }

    /// When a person gave such an answer, if they did.
    async fn answered(
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

    /// Goes on until that moment.
    async fn wait_until(&mut self, at: Timestamp) -> Result<Rest, Problem> {
        let clock = self.world.clock();
        self.go_on(Some(at), |_| clock.now() >= at).await
    }

    /// Goes on until `reached` says so.
    async fn until(&mut self, reached: impl Fn(&Rest) -> bool) -> Result<Rest, Problem> {
        self.go_on(None, reached).await
    }

    async fn go_on(
        &mut self,
        latest: Option<Timestamp>,
        reached: impl Fn(&Rest) -> bool,
    ) -> Result<Rest, Problem> {
        for _ in 0..ROUNDS {
            if self.stop.load(Ordering::Acquire) {
                return Err(Stopped.into());
            }
            if let Some(notices) = audit::if_due(self.world).await? {
                self.say(&format!(
                    "the audit of the week: {notices} notices to owners"
                ));
            }
            let idle = self.world.engine.run_until_idle().await?;
            self.letters_go().await?;
            let rest = Rest {
                status: self.world.engine.status(&self.id).await?,
                state: self.world.engine.retirement(&self.id).await?,
            };
            self.teller.news(&mut self.progress);
            self.teller.now(waiting_for(&rest.status));
            if reached(&rest) {
                return Ok(rest);
            }
            if rest.status.phase == Phase::Parked {
                return Err(format!("it is parked:\n{}", rest.status).into());
            }
            let approved = self.approve(&rest.status).await?;
            let letters = self.world.courier.status().await?.next;
            let due = [
                idle.next_due,
                letters,
                Some(audit::next(self.world)?),
                latest,
            ];
            match due.into_iter().flatten().min() {
                _ if approved => {}
                Some(at) => self.let_time_pass(at).await?,
                None => return Err(format!("nothing goes on any more:\n{}", rest.status).into()),
            }
        }
        Err("the story does not end".into())
    }

    /// Sends the letters that are due, and tells who got which.
    async fn letters_go(&mut self) -> Result<(), Problem> {
        let courier = &self.world.courier;
        let is_point = self.an_announcement_is_due().await?;
        if is_point {
            self.points.at("the announcement goes", Side::Before);
        }
        courier.deliver_due().await?;
        if is_point {
            self.points.at("the announcement goes", Side::After);
        }
        let Some(postbox) = &self.world.postbox else {
            return Ok(());
        };
        for arrival in postbox.arrivals() {
            let file = self.world.files.path(&format!("{}.eml", arrival.file));
            let mail = Mail::of(&std::fs::read(file)?)?;
            self.say(&format!("to {}: {}", arrival.to, mail.subject));
        }
        Ok(())
    }

    async fn an_announcement_is_due(&self) -> Result<bool, Problem> {
        let state = self.world.engine.retirement(&self.id).await?;
        let Some((plan, _)) = state.plan() else {
            return Ok(false);
        };
        for action in plan.actions(&StepId::parse(ids::ANNOUNCE)?) {
            let ResourceRef::Notice(id) = &action.target else {
                continue;
            };
            let seen = self.world.courier.delivery(id).await?;
            if let Some(Delivery::Pending { until: None }) = seen.known_completely() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Ann and Bob open the links that somebody sent them, and approve.
    async fn approve(&mut self, status: &Status) -> Result<bool, Problem> {
        let links = approval_links(self.world, status).await?;
        for (person, link) in &links {
            people::answer(link, &[]).await?;
            self.say(&format!("{person} approved by a link"));
        }
        Ok(!links.is_empty())
    }

    /// Programs call as ever while the clock is moved on.
    async fn let_time_pass(&self, until: Timestamp) -> Result<(), Problem> {
        let world = self.world;
        let moved = self.asked_for_time().await?.map(|at| MOVING.after(at));
        let read = |answer: &Answer| *answer == Answer::Acknowledge;
        let left = self.answered("reports-team", read).await?;
        while self.now() < until {
            world
                .time
                .move_to(&world.files, EVERY.after(self.now()).min(until))?;
            let (callers, held) = (&world.callers, &world.held);
            callers.get("/v2/orders", Some(&held.billing_v2)).await?;
            if moved.is_none_or(|moved| self.now() < moved) {
                callers.get("/v1/orders", Some(&held.billing)).await?;
            }
            if left.is_none() {
                callers.get("/v1/orders/1001", Some(&held.reports)).await?;
            }
        }
        Ok(())
    }

    fn person(&self, name: &str) -> Result<Person<'_>, Problem> {
        Person::of(self.world, name)
    }

    fn now(&self) -> Timestamp {
        self.world.clock().now()
    }

    fn say(&mut self, line: &str) {
        self.teller.news(&mut self.progress);
        self.teller.at(self.now(), line);
    }
}

/// A link for each of those who may approve what waits for an approval.
///
/// Notices have no such links: who may approve is for the embedder to know, and how they
/// get them. The moment is in the name, for an approval runs out and may be given again.
pub(crate) async fn approval_links(
    world: &World,
    status: &Status,
) -> Result<Vec<(PersonId, String)>, Problem> {
    let (now, id) = (world.clock().now(), &status.retirement);
    let moment = now.strftime("%Y-%m-%dT%H:%M:%SZ");
    let mut links = Vec::new();
    for (plan, step) in approvals_asked(&world.engine, status, now).await? {
        let state = world.engine.retirement(id).await?;
        let given: Vec<&PersonId> = state
            .approvals()
            .iter()
            .filter(|given| given.step == step && now < given.expires)
            .map(|given| &given.by)
            .collect();
        for person in ["ann", "bob"] {
            let person = PersonId::parse(person)?;
            if given.contains(&&person) {
                continue;
            }
            let name = format!("{id}/approval/{moment}/{person}");
            let notice = world.courier.notice_id(&name)?;
            let what = (plan, step.clone());
            let link = world.desk.approval(id, &person, &notice, what, now);
            links.push((person, link));
        }
    }
    Ok(links)
}

fn announced(status: &Status) -> bool {
    let mut steps = status.steps.iter();
    steps.any(|step| step.step.as_str() == ids::ANNOUNCE && step.status == StepStatus::Done)
}

fn waiting_for(status: &Status) -> String {
    match status.waits.first() {
        Some(why) => format!("{}: waiting for {}", status.phase, why.need),
        None => status.phase.to_string(),
    }
}
