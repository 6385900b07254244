//! Looking again after retirement: nothing may come back.

use crate::engine::Engine;
use crate::engine::planning::LONGEST_LOOK;
use crate::engine::stream::Stream;
use crate::observation::Observation;
use crate::provider::{EffectClass, error_chain};
use crate::retirement::Reading;
use crate::step::StepContext;

impl Engine {
    /// What came back, or could not be told: every look of the last reading step
    /// of the pipeline is repeated, and usage is read.
    pub(super) async fn audit(&self, stream: &Stream) -> Vec<String> {
        let state = &stream.state;
        let now = state.forward(self.clock.now());
        let mut drift = Vec::new();
        let steps = state.pipeline().steps();
        let last = steps
            .iter()
            .rev()
            .find(|step| step.effect == EffectClass::Reading);
        if let (Some(spec), Some((plan, _))) = (last, state.plan()) {
            match self.step(&spec.id) {
                Err(error) => drift.push(error.to_string()),
                Ok(step) => {
                    let cx = StepContext::new(&stream.id, state, spec, now);
                    for action in plan.actions(&spec.id) {
                        let limit = LONGEST_LOOK.to_duration();
                        match tokio::time::timeout(limit, step.observe(action, &cx)).await {
                            Err(_elapsed) => {
                                drift.push(format!(
                                    "{}: no answer in {LONGEST_LOOK}",
                                    action.target
                                ));
                            }
                            Ok(Err(error)) => {
                                drift.push(format!("{}: {}", action.target, error_chain(&error)));
                            }
                            Ok(Ok(seen)) => drift.extend(
                                came_back(&seen).map(|what| format!("{}: {what}", action.target)),
                            ),
                        }
                    }
                }
            }
        }
        // A retired API that is still called is a zombie, however it is answered.
        let api = state.api();
        for source in self.read_usage(api, state.policy().watch.every, now).await {
            match &source {
                Observation::Unknown { why } => drift.push(format!("usage is not known: {why}")),
                Observation::Known { value, .. } if value.requests > 0 => {
                    let callers: Vec<&str> =
                        value.callers.iter().map(|c| c.caller.as_str()).collect();
                    let callers = callers.join(", ");
                    drift.push(format!("{} requests, by {callers}", value.requests));
                }
                Observation::Known { .. } => {
                    let doubt = source.doubt();
                    drift.extend(doubt.map(|why| format!("usage is not known completely: {why}")));
                }
            }
        }
        drift
    }
}

fn came_back(seen: &Observation<Reading>) -> Option<String> {
    match seen.known_completely() {
        Some(Reading::Applied { .. }) => None,
        Some(Reading::NotApplied { before }) => Some(match before.as_str() {
            Some(what) => what.to_owned(),
            None => before.to_string(),
        }),
        Some(Reading::Pending { why, .. }) => Some(why.clone()),
        None => Some(format!(
            "can not be told: {}",
            seen.doubt().unwrap_or_default()
        )),
    }
}
