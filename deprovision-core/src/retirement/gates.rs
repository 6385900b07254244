//! What must hold before a step acts, and why it does not yet.

use std::collections::BTreeMap;

use crate::id::StepId;
use crate::permit::{ApprovalProof, FreshUsage, FreshUsageRule, NotQuiet};
use crate::pipeline::{Gate, StepSpec};
use crate::provider::EffectClass;
use crate::retirement::{Explain, Retirement, WaitRule};
use crate::time::{Period, Timestamp};

/// A gate that is not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Closed {
    /// Time or a person opens it.
    Wait(Explain),
    /// Usage has to be read to tell.
    ReadUsage {
        /// The window that has to be quiet.
        quiet: Period,
    },
}

impl Retirement {
    /// The first thing that keeps the step from acting; `None` when nothing does.
    pub(super) fn closed_gate(
        &self,
        step: &StepSpec,
        complete: &BTreeMap<&StepId, Timestamp>,
        now: Timestamp,
    ) -> Option<Closed> {
        if let Some(missing) = self.missing_step(step, complete) {
            return Some(wait(
                WaitRule::Order,
                format!("{missing} is not complete"),
                "every step before it",
                None,
            ));
        }
        // Of every step, not only of the first: a plan that was made again after
        // the first step was complete is a new plan. What only reads needs none.
        if step.effect != EffectClass::Reading
            && let Some(closed) = self.unapproved(None, now)
        {
            return Some(closed);
        }
        if let Some(objection) = self.open_objection(now) {
            let have = format!("an objection of {}: {}", objection.by, objection.reason);
            return Some(wait(
                WaitRule::Objection,
                have,
                "its withdrawal or expiry",
                Some(objection.expires),
            ));
        }
        if let Some(freeze) = self
            .policy
            .freezes
            .iter()
            .find(|f| f.from <= now && now < f.to)
        {
            return Some(wait(
                WaitRule::Freeze,
                format!("a freeze: {}", freeze.why),
                "its end",
                Some(freeze.to),
            ));
        }
        // Usage comes last: it is the only gate that costs a read.
        let (quiet, others): (Vec<&Gate>, Vec<&Gate>) = step
            .gates
            .iter()
            .partition(|gate| matches!(gate, Gate::Quiet { .. }));
        others
            .into_iter()
            .chain(quiet)
            .find_map(|gate| self.closed(gate, step, complete, now))
    }

    /// A step that must be complete first: one it needs, or, for what is
    /// irreversible, any before it (reversible until the last safe moment).
    fn missing_step<'a>(
        &'a self,
        step: &'a StepSpec,
        complete: &BTreeMap<&StepId, Timestamp>,
    ) -> Option<&'a StepId> {
        let before = self
            .pipeline
            .steps()
            .iter()
            .take_while(|other| other.id != step.id);
        step.needs
            .iter()
            .chain(
                before
                    .filter(|_| step.is_irreversible())
                    .map(|other| &other.id),
            )
            .find(|needed| !complete.contains_key(needed))
    }

    fn closed(
        &self,
        gate: &Gate,
        step: &StepSpec,
        complete: &BTreeMap<&StepId, Timestamp>,
        now: Timestamp,
    ) -> Option<Closed> {
        match gate {
            Gate::StepApproved => self.unapproved(Some(&step.id), now),
            Gate::Notice { step, period } => {
                self.not_passed(WaitRule::Notice, step, *period, complete, now)
            }
            Gate::Soak { after, period } => {
                self.not_passed(WaitRule::Soak, after, *period, complete, now)
            }
            Gate::SunsetReached => {
                let sunset = self.plan.as_ref()?.0.api.sunset;
                // What was postponed ends then, whatever the catalog said before.
                let sunset = sunset.max(self.ends)?;
                let end = self
                    .clock_steps
                    .iter()
                    .fold(sunset, |end, (_, by)| by.after(end));
                (now < end).then(|| {
                    wait(
                        WaitRule::Sunset,
                        format!("a sunset at {end}"),
                        "that moment",
                        Some(end),
                    )
                })
            }
            Gate::Quiet { period } => self.not_quiet(*period, now),
        }
    }

    fn not_passed(
        &self,
        rule: WaitRule,
        step: &StepId,
        period: Period,
        complete: &BTreeMap<&StepId, Timestamp>,
        now: Timestamp,
    ) -> Option<Closed> {
        let Some(start) = complete.get(step) else {
            return Some(wait(
                rule,
                format!("{step} is not complete"),
                format!("{period} after it"),
                None,
            ));
        };
        let end = self.passed_at(*start, period);
        (now < end).then(|| {
            wait(
                rule,
                format!("{step} was complete at {start}"),
                format!("{period} after it"),
                Some(end),
            )
        })
    }

    fn unapproved(&self, step: Option<&StepId>, now: Timestamp) -> Option<Closed> {
        self.approval(step, now).err().map(|have| {
            wait(
                WaitRule::Approval,
                have,
                "the approvals that the policy demands",
                None,
            )
        })
    }

    /// The proof that the plan, or an irreversible step of it, is approved.
    ///
    /// # Errors
    /// What is missing, for a person.
    pub fn approval(&self, step: Option<&StepId>, now: Timestamp) -> Result<ApprovalProof, String> {
        let now = self.forward(now);
        let checked = self.checked_approval(step, now);
        let checked = checked.ok_or_else(|| "no plan".to_owned())?;
        checked.map_err(|gap| gap.to_string())
    }

    fn not_quiet(&self, quiet: Period, now: Timestamp) -> Option<Closed> {
        let not_quiet = self.quiet_usage(quiet, now).err()?;
        let read_at = self.usage.as_ref().map(|(_, _, at)| *at);
        // A reading that was stale when it arrived (a source whose clock is
        // behind) must not make the driver spin.
        let again = read_at.map(|at| match &not_quiet {
            NotQuiet::ShortWindow { .. } => at,
            NotQuiet::Stale { .. } => self.policy.usage_max_age.after(at),
            NotQuiet::Traffic { .. }
            | NotQuiet::Unknown(_)
            | NotQuiet::Behind { .. }
            | NotQuiet::NoSource(_) => self.policy.usage_recheck.after(at),
        });
        Some(match again {
            Some(again) if now < again => wait(
                WaitRule::Quiet,
                not_quiet.to_string(),
                format!("nobody calling for {quiet}"),
                Some(again),
            ),
            Some(_) | None => Closed::ReadUsage { quiet },
        })
    }

    /// The proof that nobody called for so long, from the reading in the log.
    ///
    /// # Errors
    /// [`NotQuiet`]; `Stale` when nothing was read yet.
    pub fn quiet_usage(&self, quiet: Period, now: Timestamp) -> Result<FreshUsage, NotQuiet> {
        let now = self.forward(now);
        let Some((sources, _, _)) = &self.usage else {
            return Err(NotQuiet::Stale {
                as_of: self.proposed_at,
                max_age: self.policy.usage_max_age,
            });
        };
        let rule = FreshUsageRule::new(quiet, self.policy.usage_max_age, self.policy.usage_lag);
        FreshUsage::check(&self.api.id, sources, &rule, now)
    }
}

fn wait(
    rule: WaitRule,
    have: impl Into<String>,
    need: impl Into<String>,
    at: Option<Timestamp>,
) -> Closed {
    Closed::Wait(Explain::new(rule, have, need, at))
}
