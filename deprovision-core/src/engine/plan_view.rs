//! A plan for people: what, where, reversible or not, who must approve, how long.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::digest::Digest;
use crate::id::{RetirementId, StepId};
use crate::permit::ApprovalRule;
use crate::pipeline::{Gate, Stage, StepSpec};
use crate::resource::ResourceRef;
use crate::retirement::Retirement;
use crate::time::{Period, Timestamp};

/// A plan for people. Its `Display` is the dry run that one reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlanView {
    /// Of which retirement.
    pub retirement: RetirementId,
    /// What it is called.
    pub title: String,
    /// What comes instead.
    pub successor: Option<String>,
    /// What approvals are bound to.
    pub digest: Digest,
    /// Who must approve the plan.
    pub approve_plan: ApprovalRule,
    /// Who must approve each irreversible step.
    pub approve_destruction: ApprovalRule,
    /// The steps that do something, in order.
    pub lines: Vec<PlanLine>,
    /// What whoever approves should know.
    pub notes: Vec<String>,
    /// What could not be seen, and is not promised therefore.
    pub gaps: Vec<String>,
    /// How long it takes when nobody holds it: the sum of all waits.
    pub duration: Period,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlanLine {
    /// Which step.
    pub step: StepId,
    /// Which part of the work.
    pub stage: Stage,
    /// What it does.
    pub title: String,
    /// Whether nothing brings it back.
    pub irreversible: bool,
    /// What is done to which target.
    pub actions: Vec<(String, ResourceRef)>,
    /// What must hold before it, in words.
    pub gates: Vec<String>,
    /// The earliest moment, counted from the approval.
    pub earliest: Period,
}

impl PlanView {
    /// The plan in force; `None` when there is none.
    #[must_use]
    pub fn of(id: &RetirementId, state: &Retirement, now: Timestamp) -> Option<Self> {
        let (plan, digest) = state.plan()?;
        let mut earliest: BTreeMap<&StepId, Period> = BTreeMap::new();
        let mut lines = Vec::new();
        let mut before = Period::ZERO;
        for spec in state.pipeline().steps() {
            let start = begin(spec, &earliest, before, state, now);
            earliest.insert(&spec.id, start);
            before = before.max(start);
            let actions = plan.actions(&spec.id);
            if actions.is_empty() {
                continue;
            }
            let actions = actions
                .iter()
                .map(|action| (action.summary.clone(), action.target.clone()));
            lines.push(PlanLine {
                step: spec.id.clone(),
                stage: spec.stage,
                title: spec.title.clone(),
                irreversible: spec.is_irreversible(),
                actions: actions.collect(),
                gates: spec.gates.iter().filter_map(words).collect(),
                earliest: start,
            });
        }
        Some(Self {
            retirement: id.clone(),
            title: state.api().title.clone(),
            successor: state.successor().map(|api| api.title.clone()),
            digest,
            approve_plan: state.policy().approve_plan.clone(),
            approve_destruction: state.policy().approve_destruction.clone(),
            lines,
            notes: plan.notes.clone(),
            gaps: plan.gaps.clone(),
            duration: before,
        })
    }
}

/// The earliest moment at which a step can begin, counted from now.
fn begin(
    spec: &StepSpec,
    earliest: &BTreeMap<&StepId, Period>,
    before: Period,
    state: &Retirement,
    now: Timestamp,
) -> Period {
    let of = |step: &StepId| earliest.get(step).copied().unwrap_or_default();
    let mut start = spec.needs.iter().map(of).max().unwrap_or_default();
    // What is irreversible begins only when everything before it is complete.
    if spec.is_irreversible() {
        start = start.max(before);
    }
    for gate in &spec.gates {
        start = start.max(match gate {
            Gate::Notice { step, period }
            | Gate::Soak {
                after: step,
                period,
            } => of(step).plus(*period),
            Gate::SunsetReached => state
                .api()
                .sunset
                .map_or(Period::ZERO, |end| Period::between(now, end)),
            Gate::StepApproved | Gate::Quiet { .. } => Period::ZERO,
        });
    }
    start
}

/// A gate in words; nothing for one that never waits.
fn words(gate: &Gate) -> Option<String> {
    Some(match gate {
        Gate::Soak { period, .. } | Gate::Notice { period, .. } if *period == Period::ZERO => {
            return None;
        }
        Gate::StepApproved => "an approval of its own".to_owned(),
        Gate::Notice { period, .. } => format!("{period} after everyone was told"),
        Gate::SunsetReached => "after the promised sunset".to_owned(),
        Gate::Quiet { period } => format!("nobody calling for {period}"),
        Gate::Soak { after, period } => format!("{period} after {after}"),
    })
}

fn people(rule: &ApprovalRule) -> String {
    let people = if rule.people == 1 {
        "1 person"
    } else {
        &format!("{} people", rule.people)
    };
    if rule.roles.is_empty() {
        return people.to_owned();
    }
    let roles: Vec<&str> = rule.roles.iter().map(|role| role.as_str()).collect();
    format!("{people}, among them {}", roles.join(" and "))
}

impl fmt::Display for PlanView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Plan to retire {} ({})", self.title, self.retirement)?;
        if let Some(successor) = &self.successor {
            writeln!(f, "Callers go to: {successor}")?;
        }
        writeln!(
            f,
            "Takes at least {} days; nothing has been done yet.",
            self.duration.as_seconds().div_ceil(86_400)
        )?;
        for line in &self.lines {
            let mark = if line.irreversible {
                "  IRREVERSIBLE"
            } else {
                ""
            };
            writeln!(f)?;
            writeln!(
                f,
                "  day {:>3}  {}{mark}",
                line.earliest.as_seconds() / 86_400,
                line.title
            )?;
            for (summary, target) in &line.actions {
                writeln!(f, "           - {summary}")?;
                writeln!(f, "             {}", target.locator())?;
            }
            if !line.gates.is_empty() {
                writeln!(f, "           waits for: {}", line.gates.join("; "))?;
            }
        }
        if !self.notes.is_empty() || !self.gaps.is_empty() {
            writeln!(f)?;
            for gap in &self.gaps {
                writeln!(f, "  not seen: {gap}")?;
            }
            for note in &self.notes {
                writeln!(f, "  note: {note}")?;
            }
        }
        writeln!(f)?;
        writeln!(
            f,
            "  to approve: {} for the plan, never its proposer;",
            people(&self.approve_plan)
        )?;
        writeln!(
            f,
            "              {} for each irreversible step",
            people(&self.approve_destruction)
        )?;
        write!(f, "  {}", self.digest)
    }
}
