//! What people say, where an example says it for them.

use deprovision_core::digest::Digest;
use deprovision_core::engine::{Approve, Engine, Status};
use deprovision_core::id::{PersonId, StepId};
use deprovision_core::pipeline::ids;
use deprovision_core::retirement::WaitRule;
use deprovision_core::time::Timestamp;

use crate::Problem;

/// What waits for an approval: the plan, with `None`, or the irreversible steps whose
/// turn it is. Nothing when nothing waits for one.
///
/// # Errors
/// When the log can not be read.
async fn approvals_asked(
    engine: &Engine,
    status: &Status,
    now: Timestamp,
) -> Result<Vec<(Digest, Option<StepId>)>, Problem> {
    if !status.waits_for(WaitRule::Approval) {
        return Ok(Vec::new());
    }
    let state = engine.retirement(&status.retirement).await?;
    let Some((_, digest)) = state.plan() else {
        return Ok(Vec::new());
    };
    if state.approval(None, now).is_err() {
        return Ok(vec![(digest, None)]);
    }
    let mut asked = Vec::new();
    for step in [ids::DELETE_CREDENTIALS, ids::ERASE] {
        let step = StepId::parse(step)?;
        let waits = status.waits.iter().any(|why| {
            why.rule == WaitRule::Approval && why.have.contains(&format!("for step {step}"))
        });
        if waits && state.approval(Some(&step), now).is_err() {
            asked.push((digest, Some(step)));
        }
    }
    Ok(asked)
}

/// These people approve what waits for an approval: the plan, or the irreversible
/// steps whose turn it is. Gives false when nothing waits for one.
///
/// # Errors
/// When the engine refuses: the proposer has no say, and nobody has it twice.
pub async fn approve_what_waits(
    engine: &Engine,
    status: &Status,
    people: &[PersonId],
    now: Timestamp,
) -> Result<bool, Problem> {
    let asked = approvals_asked(engine, status, now).await?;
    for (digest, step) in &asked {
        for by in people {
            let yes = match step {
                None => Approve::plan(by.clone(), *digest),
                Some(step) => Approve::step(by.clone(), *digest, step.clone()),
            };
            engine.approve(&status.retirement, yes).await?;
        }
    }
    Ok(!asked.is_empty())
}
