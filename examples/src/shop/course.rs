//! The course of a retirement, with people and time played by this program.

use deprovision_core::engine::{Engine, Status};
use deprovision_core::id::RetirementId;
use deprovision_core::retirement::WaitRule;
use deprovision_core::time::Clock;

use crate::approve_what_waits;
use crate::shop::{Problem, Shop, people};

/// More rounds than any course has.
const ROUNDS: u32 = 2_000;

/// What whoever watches may want to know.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever tells the story tells all of it"
)]
pub enum News<'a> {
    /// The engine came to rest here.
    Rest(&'a Status),
    /// The reviewer merged that branch.
    Merged(&'a str),
}

/// A retirement under way in the shop.
#[derive(Debug)]
pub struct Course<'a> {
    /// The shop.
    pub shop: &'a Shop,
    /// What drives the retirement.
    pub engine: Engine,
    /// Which retirement.
    pub id: RetirementId,
}

impl Course<'_> {
    /// Goes on until `reached` says so: the engine does what it can, Ann reviews
    /// and merges, Ann and Bob approve what waits for them, and time passes until
    /// something is due.
    ///
    /// # Errors
    /// When nothing goes on any more, or a part fails.
    pub async fn until(
        &self,
        reached: impl Fn(&Status) -> bool,
        mut tell: impl FnMut(News<'_>),
    ) -> Result<Status, Problem> {
        for _ in 0..ROUNDS {
            let idle = self.engine.run_until_idle().await?;
            let status = self.engine.status(&self.id).await?;
            tell(News::Rest(&status));
            if reached(&status) {
                return Ok(status);
            }
            // Only when something waits to be looked at again is there a change to review.
            if status.waits_for(WaitRule::Settle) {
                for branch in self.shop.reviewer.merge_all().await? {
                    tell(News::Merged(&branch));
                }
            }
            let approved = self.approve(&status).await?;
            match idle.next_due {
                Some(at) => self.shop.let_time_pass(at).await?,
                None if approved => {}
                None => return Err(format!("nothing goes on any more:\n{status}").into()),
            }
        }
        Err("the course does not end".into())
    }

    /// Ann and Bob approve what waits for an approval.
    async fn approve(&self, status: &Status) -> Result<bool, Problem> {
        let (_, approvers) = people()?;
        let now = self.shop.clock.now();
        approve_what_waits(&self.engine, status, &approvers, now).await
    }
}
