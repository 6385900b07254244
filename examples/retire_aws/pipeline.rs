//! The steps, as far as API Gateway can do them.

use deprovision_core::id::StepId;
use deprovision_core::pipeline::{Erasure, Gate, Pipeline, ids};
use deprovision_core::policy::Policy;
use deprovision_examples::Problem;

use crate::config::Notice;

/// The standard pipeline. Where nobody can put `Deprecation` and `Sunset` on the answers
/// (an HTTP API, or a REST API whose integrations are proxies and whose backend does not),
/// it is without that step, and what waited for it waits for the announcement.
pub(crate) fn pipeline(
    policy: &Policy,
    erasure: Erasure,
    notice: Notice,
) -> Result<Pipeline, Problem> {
    let standard = Pipeline::standard(policy, erasure)?;
    match notice {
        Notice::Gateway | Notice::Backend => return Ok(standard),
        Notice::Nobody => {}
    }
    let (signal, announce) = (StepId::parse(ids::SIGNAL)?, StepId::parse(ids::ANNOUNCE)?);
    let instead = |step: &mut StepId| {
        if *step == signal {
            step.clone_from(&announce);
        }
    };
    let mut steps = standard.steps().to_vec();
    steps.retain(|step| step.id != signal);
    for step in &mut steps {
        step.needs.iter_mut().for_each(instead);
        for gate in &mut step.gates {
            match gate {
                Gate::Soak { after: step, .. } | Gate::Notice { step, .. } => instead(step),
                Gate::SunsetReached | Gate::Quiet { .. } | Gate::StepApproved => {}
            }
        }
    }
    Ok(Pipeline::build(steps, policy)?)
}
