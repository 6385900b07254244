//! How a REST API is set.

use deprovision_core::observation::Observation;
use deprovision_core::provider::{PathState, ProviderError};
use deprovision_core::time::Timestamp;

use super::plan::is_defined;
use super::seen::Seen;
use super::{calls, responses};
use crate::apigateway::mark::Whose;
use crate::scope::Scope;

/// What an API says of itself. Only what is whole is believed: each stage serves a
/// deployment of ours with the same state, and the definition still holds it, so that
/// the next deployment of somebody else does not undo it.
pub(super) fn judge(
    scope: &Scope,
    seen: &Seen,
    now: Timestamp,
) -> Result<Observation<PathState>, ProviderError> {
    let operation = calls::GET_STAGES.operation;
    let mut states: Vec<(&str, Option<&PathState>)> = Vec::new();
    for stage in &seen.stages {
        let name = &stage.name;
        if stage.has_canary {
            return Ok(Observation::unknown(format!(
                "stage {name} sends a share of the calls to a canary"
            )));
        }
        states.push((
            name,
            match &stage.whose {
                Whose::Theirs => None,
                Whose::Ours(mark) => Some(&mark.state),
                Whose::Unreadable => {
                    return Ok(Observation::unknown(format!(
                        "the description of the deployment of stage {name} can not be read"
                    )));
                }
            },
        ));
    }
    let Some((first, state)) = states.first().copied() else {
        return Ok(Observation::unknown("the API has no stage"));
    };
    if let Some((other, _)) = states.iter().find(|(_, other)| *other != state) {
        return Ok(Observation::unknown(format!(
            "stages {first} and {other} are not set alike"
        )));
    }
    let Some(state) = state else {
        if seen.policy.has_ours() || responses::has_ours(&seen.responses) {
            return Ok(Observation::unknown(
                "the definition holds what closes the API or tells a notice, and no stage \
                 serves a deployment of ours",
            ));
        }
        return Ok(Observation::complete(PathState::Open { notice: None }, now));
    };
    if !is_defined(operation, scope, seen, state)? {
        return Ok(Observation::unknown(
            "the stages serve a deployment of ours, and the definition was changed since: the \
             next deployment would undo it",
        ));
    }
    Ok(Observation::complete(at(state.clone(), now), now))
}

/// The state at a moment: a brown-out that is over is open.
fn at(state: PathState, now: Timestamp) -> PathState {
    match state {
        PathState::BrownOut { until, notice } if until <= now => PathState::Open { notice },
        state
        @ (PathState::Open { .. } | PathState::BrownOut { .. } | PathState::Closed { .. }) => state,
    }
}
