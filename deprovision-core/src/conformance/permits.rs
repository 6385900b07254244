//! Permits and warrants for suites, made by the real guards.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use crate::digest::Digest;
use crate::id::{ApiId, PersonId, RetirementId, StepId, WorkerId};
use crate::journal::{Actor, Authority, Entry, Journal, MemoryJournal};
use crate::observation::Observation;
use crate::permit::{
    Approval, ApprovalProof, ApprovalRule, DestructionWarrant, FreshUsage, FreshUsageRule,
    WritePermit,
};
use crate::resource::ResourceRef;
use crate::time::{Clock, ManualClock, Period, Timestamp, Window};
use crate::usage::UsageEvidence;

/// How long a call of a suite may take.
const CALL: Period = Period::minutes(5);

/// Makes permits and warrants through the real guards: a leased stream of a
/// journal in memory, two approvals, quiet usage.
#[derive(Debug)]
pub struct Permits {
    clock: Arc<ManualClock>,
    journal: MemoryJournal,
    claims: std::sync::atomic::AtomicU64,
}

impl Default for Permits {
    fn default() -> Self {
        Self::new()
    }
}

impl Permits {
    /// A source of permits whose clock starts now.
    #[must_use]
    pub fn new() -> Self {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::now()));
        Self {
            journal: MemoryJournal::new(clock.clone()),
            clock,
            claims: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// The clock that the guards see.
    #[must_use]
    pub fn clock(&self) -> &Arc<ManualClock> {
        &self.clock
    }

    /// The time that the guards see.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A permit for one write, from a lease of its own.
    ///
    /// # Errors
    /// When a guard refuses; none does unless the clock is moved meanwhile.
    pub async fn permit(&self) -> Result<WritePermit, Box<dyn Error + Send + Sync>> {
        let number = self
            .claims
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let stream = RetirementId::parse(format!("suite-{number}"))?;
        let entry = Entry::seal(
            stream.clone(),
            1,
            self.clock.now(),
            Actor::Person(PersonId::parse("suite")?),
            "suite_started",
            serde_json::json!({}),
            Entry::genesis(&stream),
        )?;
        self.journal
            .append(&stream, 0, Authority::Bystander, &[entry])
            .await?;
        let worker = WorkerId::parse("suite")?;
        let leases = self
            .journal
            .claim_due(&worker, CALL.plus(CALL), usize::MAX)
            .await?;
        let lease = leases
            .iter()
            .find(|lease| lease.stream == stream)
            .ok_or("the stream of the suite was not claimed")?;
        Ok(WritePermit::from_lease(lease, CALL, self.clock.now())?)
    }

    /// A warrant for the targets, approved by two people, over quiet usage.
    ///
    /// # Errors
    /// When a guard refuses; none does unless the clock is moved meanwhile.
    pub async fn warrant(
        &self,
        api: &ApiId,
        targets: impl IntoIterator<Item = ResourceRef>,
    ) -> Result<DestructionWarrant, Box<dyn Error + Send + Sync>> {
        let now = self.clock.now();
        let plan = Digest::of_bytes(b"the plan of a suite");
        let step = StepId::parse("suite-step")?;
        let approvals = ["first", "second"].map(PersonId::parse);
        let mut given = Vec::new();
        for person in approvals {
            given.push(Approval::new(
                person?,
                BTreeSet::new(),
                plan,
                Some(step.clone()),
                now,
                Period::hours(72).after(now),
            ));
        }
        let approval = ApprovalProof::check(
            &given,
            &ApprovalRule::people(2),
            plan,
            Some(&step),
            &PersonId::parse("proposer")?,
            now,
        )?;
        let quiet = Period::days(14);
        let seen = UsageEvidence::new(
            api.clone(),
            "suite",
            Window::ending_at(now, quiet),
            0,
            None,
            now,
        );
        let usage = FreshUsage::check(
            api,
            &[Observation::complete(seen, now)],
            &FreshUsageRule::new(quiet, Period::minutes(15), Period::ZERO),
            now,
        )?;
        Ok(DestructionWarrant::issue(
            self.permit().await?,
            approval,
            usage,
            plan,
            &step,
            api,
            targets.into_iter().collect(),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_suite_gets_its_permits_through_the_real_guards() {
        let permits = Permits::new();
        let first = permits.permit().await.unwrap();
        let second = permits.permit().await.unwrap();
        assert_ne!(first.retirement(), second.retirement());
        let api = ApiId::parse("a").unwrap();
        let target: crate::resource::CredentialId = "p:a:r:k".parse().unwrap();
        let warrant = permits
            .warrant(&api, [target.clone().into()])
            .await
            .unwrap();
        assert!(warrant.covers(&target.into()).is_ok());
        let other: crate::resource::CredentialId = "p:a:r:other".parse().unwrap();
        assert!(warrant.covers(&other.into()).is_err());
    }
}
