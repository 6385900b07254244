//! One round after the other: the engine and the courier do what is due, who is asked
//! approves, and time passes until something is due again.

use std::fmt;
use std::sync::atomic::Ordering;

use deprovision_core::engine::Status;
use deprovision_core::id::StepId;
use deprovision_core::pipeline::ids;
use deprovision_core::provider::{Delivery, DeliveryObserver as _};
use deprovision_core::resource::ResourceRef;
use deprovision_core::retirement::{Answer, Phase, Retirement, WaitRule};
use deprovision_core::time::{Period, Timestamp};
use deprovision_examples::Problem;
use deprovision_examples::crash::Side;
use http::StatusCode;

use crate::audit;
use crate::history::EVERY;
use crate::mailbox::Mail;
use crate::people::{self, Person};
use crate::story::Story;

/// More rounds than any course has.
const ROUNDS: u32 = 2_000;

/// After how long of its answer the billing team calls version 2 alone.
const MOVING: Period = Period::days(2);

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
    /// Goes on until that moment.
    pub(crate) async fn wait_until(&mut self, at: Timestamp) -> Result<Rest, Problem> {
        let clock = self.world.clock();
        self.go_on(Some(at), |_| clock.now() >= at).await
    }

    /// Goes on until `reached` says so.
    pub(crate) async fn until(&mut self, reached: impl Fn(&Rest) -> bool) -> Result<Rest, Problem> {
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

    /// Sam and Ann open the links in the letters that ask for their approval.
    async fn approve(&mut self, status: &Status) -> Result<bool, Problem> {
        let mut approved = false;
        if !status.waits_for(WaitRule::Approval) {
            return Ok(approved);
        }
        for name in ["sam", "ann"] {
            for link in Person::of(self.world, name)?.links(people::APPROVE)? {
                if !self.opened.insert(link.clone()) {
                    continue;
                }
                // A link that was used by an earlier process says so.
                if people::open(&link).await?.status == StatusCode::OK {
                    people::answer(&link, &[]).await?;
                    approved = true;
                }
            }
        }
        Ok(approved)
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
}

fn waiting_for(status: &Status) -> String {
    match status.waits.first() {
        Some(why) => format!("{}: waiting for {}", status.phase, why.need),
        None => status.phase.to_string(),
    }
}
