//! What people say, where an example says it for them.

use deprovision_core::engine::{Approve, Engine, Status};
use deprovision_core::id::{PersonId, StepId};
use deprovision_core::pipeline::ids;
use deprovision_core::retirement::WaitRule;
use deprovision_core::time::Timestamp;

use crate::Problem;

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
    if !status.waits_for(WaitRule::Approval) {
        return Ok(false);
    }
    let id = &status.retirement;
    let state = engine.retirement(id).await?;
    let Some((_, digest)) = state.plan() else {
        return Ok(false);
    };
    if state.approval(None, now).is_err() {
        for by in people {
            engine
                .approve(id, Approve::plan(by.clone(), digest))
                .await?;
        }
        return Ok(true);
    }
    let mut approved = false;
    for step in [ids::DELETE_CREDENTIALS, ids::ERASE] {
        let step = StepId::parse(step)?;
        let asked = status.waits.iter().any(|why| {
            why.rule == WaitRule::Approval && why.have.contains(&format!("for step {step}"))
        });
        if asked && state.approval(Some(&step), now).is_err() {
            for by in people {
                let yes = Approve::step(by.clone(), digest, step.clone());
                engine.approve(id, yes).await?;
            }
            approved = true;
        }
    }
    Ok(approved)
}
