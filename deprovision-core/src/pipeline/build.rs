//! Building a pipeline: every mistake is found before anything happens.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

use crate::digest::{CanonicalError, Digest};
use crate::id::StepId;
use crate::pipeline::{Gate, StepSpec, ids};
use crate::policy::Policy;
use crate::time::Period;

/// Ordered steps that were found to fit together.
///
/// ```
/// use deprovision_core::pipeline::{Erasure, Pipeline};
/// use deprovision_core::policy::Policy;
/// let pipeline = Pipeline::standard(&Policy::default(), Erasure::AfterArchive)?;
/// assert!(pipeline.steps().iter().any(|step| step.id.as_str() == "erase"));
/// # Ok::<(), deprovision_core::pipeline::PipelineError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Pipeline {
    steps: Vec<StepSpec>,
}

/// Why steps do not make a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// There are no steps.
    #[error("a pipeline needs at least one step")]
    Empty,
    /// Two steps have one id.
    #[error("two steps are called {0}; give each an id of its own")]
    Duplicate(StepId),
    /// A step refers to one that is not before it.
    #[error(
        "step {step} refers to {missing}, which does not come before it; add it, or move it forward"
    )]
    NotBefore {
        /// The step.
        step: StepId,
        /// What it refers to.
        missing: StepId,
    },
    /// An irreversible step lacks a gate.
    #[error("[{invariant}] step {step} is irreversible and has no {gate}; add one")]
    Unguarded {
        /// The step.
        step: StepId,
        /// What is missing.
        gate: &'static str,
        /// The invariant that demands it.
        invariant: &'static str,
    },
    /// A step that destroys lacks the step that must come before it.
    #[error("[{invariant}] step {step} needs {missing} before it; add it to its needs")]
    Unprepared {
        /// The step.
        step: StepId,
        /// What must come before.
        missing: StepId,
        /// The invariant that demands it.
        invariant: &'static str,
    },
    /// A reversible step comes after an irreversible one.
    #[error(
        "[I-3] step {step} can be taken back and comes after {pivot}, which can not; move it before"
    )]
    AfterPivot {
        /// The reversible step.
        step: StepId,
        /// The irreversible step.
        pivot: StepId,
    },
    /// The id of a built-in step could not be made.
    #[error(transparent)]
    Id(#[from] crate::id::ParseIdError),
}

impl Pipeline {
    /// Puts steps together.
    ///
    /// # Errors
    /// [`PipelineError`] with the first thing that does not fit.
    pub fn build(steps: Vec<StepSpec>, policy: &Policy) -> Result<Self, PipelineError> {
        check(&steps)?;
        for step in steps.iter().filter(|step| step.is_irreversible()) {
            let soaks = step
                .gates
                .iter()
                .any(|gate| matches!(gate, Gate::Soak { period, .. } if *period >= policy.soak));
            if !soaks {
                return Err(PipelineError::Unguarded {
                    step: step.id.clone(),
                    gate: "soak as long as the policy's",
                    invariant: "I-3",
                });
            }
        }
        Ok(Self { steps })
    }

    /// The steps in order.
    #[must_use]
    pub fn steps(&self) -> &[StepSpec] {
        &self.steps
    }

    /// One step by its id.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&StepSpec> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// The digest of the whole pipeline.
    ///
    /// # Errors
    /// [`CanonicalError`], which no pipeline that was built gives.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Digest::of_value("deprovision/pipeline/v1", self)
    }
}

impl<'de> Deserialize<'de> for Pipeline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let steps = Vec::deserialize(deserializer)?;
        // The soak was compared with the policy when the pipeline was built; a
        // log holds both, and everything else is checked again.
        check(&steps).map_err(serde::de::Error::custom)?;
        Ok(Self { steps })
    }
}

fn check(steps: &[StepSpec]) -> Result<(), PipelineError> {
    if steps.is_empty() {
        return Err(PipelineError::Empty);
    }
    let mut before: BTreeSet<&StepId> = BTreeSet::new();
    let mut pivot: Option<&StepId> = None;
    for step in steps {
        for needed in step
            .needs
            .iter()
            .chain(step.gates.iter().filter_map(refers_to))
        {
            if !before.contains(needed) {
                return Err(PipelineError::NotBefore {
                    step: step.id.clone(),
                    missing: needed.clone(),
                });
            }
        }
        if step.is_irreversible() {
            guarded(step)?;
            prepared(step, steps)?;
            pivot = pivot.or(Some(&step.id));
        } else if let Some(pivot) = pivot
            && step.effect != crate::provider::EffectClass::Reading
        {
            return Err(PipelineError::AfterPivot {
                step: step.id.clone(),
                pivot: pivot.clone(),
            });
        }
        if !before.insert(&step.id) {
            return Err(PipelineError::Duplicate(step.id.clone()));
        }
    }
    Ok(())
}

fn refers_to(gate: &Gate) -> Option<&StepId> {
    match gate {
        Gate::Notice { step, .. } => Some(step),
        Gate::Soak { after, .. } => Some(after),
        Gate::StepApproved | Gate::SunsetReached | Gate::Quiet { .. } => None,
    }
}

/// What every irreversible step must have.
fn guarded(step: &StepSpec) -> Result<(), PipelineError> {
    let unguarded = |gate, invariant| {
        Err(PipelineError::Unguarded {
            step: step.id.clone(),
            gate,
            invariant,
        })
    };
    if !step.gates.contains(&Gate::StepApproved) {
        return unguarded("approval of its own", "I-7");
    }
    if !step
        .gates
        .iter()
        .any(|gate| matches!(gate, Gate::Quiet { period } if *period > Period::ZERO))
    {
        return unguarded("quiet usage", "I-8");
    }
    if !step
        .gates
        .iter()
        .any(|gate| matches!(gate, Gate::Soak { .. }))
    {
        return unguarded("soak", "I-3");
    }
    Ok(())
}

/// What the built-in steps that destroy must have before them, directly or
/// through other steps.
fn prepared(step: &StepSpec, steps: &[StepSpec]) -> Result<(), PipelineError> {
    let demands: &[(&str, &str)] = match step.id.as_str() {
        ids::ERASE => &[(ids::ARCHIVE, "I-1"), (ids::RESTORE_DRILL, "I-2")],
        ids::DELETE_CREDENTIALS => &[(ids::DISABLE_CREDENTIALS, "I-3")],
        _other_steps_declare_their_own_needs => &[],
    };
    let behind = all_needs(step, steps);
    for (needed, invariant) in demands {
        if !behind.contains(needed) {
            return Err(PipelineError::Unprepared {
                step: step.id.clone(),
                missing: StepId::parse(*needed)?,
                invariant,
            });
        }
    }
    Ok(())
}

fn all_needs<'a>(step: &'a StepSpec, steps: &'a [StepSpec]) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&StepId> = step.needs.iter().collect();
    while let Some(id) = open.pop() {
        if found.insert(id.as_str())
            && let Some(needed) = steps.iter().find(|step| step.id == *id)
        {
            open.extend(&needed.needs);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{Erasure, Stage};
    use crate::provider::{EffectClass, Reversibility};
    use proptest::prelude::*;

    fn standard() -> Vec<StepSpec> {
        let policy = Policy::default();
        Pipeline::standard(&policy, Erasure::AfterArchive)
            .unwrap()
            .steps()
            .to_vec()
    }

    fn build(steps: Vec<StepSpec>) -> Result<Pipeline, PipelineError> {
        Pipeline::build(steps, &Policy::default())
    }

    fn edit(id: &str, change: impl Fn(&mut StepSpec)) -> Result<Pipeline, PipelineError> {
        let mut steps = standard();
        change(
            steps
                .iter_mut()
                .find(|step| step.id.as_str() == id)
                .unwrap(),
        );
        build(steps)
    }

    #[test]
    fn the_standard_pipeline_is_valid_and_round_trips() {
        for policy in [Policy::default(), Policy::default().emergency()] {
            for erasure in [Erasure::Never, Erasure::AfterArchive] {
                let pipeline = Pipeline::standard(&policy, erasure).unwrap();
                let json = serde_json::to_string(&pipeline).unwrap();
                assert_eq!(serde_json::from_str::<Pipeline>(&json).unwrap(), pipeline);
            }
        }
    }

    #[test]
    fn i_1_and_i_2_erase_without_archive_or_drill_does_not_build() {
        for (missing, invariant) in [(ids::ARCHIVE, "[I-1]"), (ids::RESTORE_DRILL, "[I-2]")] {
            let mut steps = standard();
            steps.retain(|step| step.id.as_str() != missing);
            for step in &mut steps {
                step.needs.retain(|need| need.as_str() != missing);
                step.gates
                    .retain(|gate| refers_to(gate).is_none_or(|id| id.as_str() != missing));
            }
            // The drill's own need went with the archive, so only the demand is left to fail.
            let error = build(steps).unwrap_err().to_string();
            assert!(error.starts_with(invariant), "{error}");
        }
    }

    #[test]
    fn i_3_delete_without_disable_or_soak_does_not_build() {
        let error = edit(ids::DELETE_CREDENTIALS, |step| step.needs.clear()).unwrap_err();
        assert!(
            matches!(
                error,
                PipelineError::Unprepared {
                    invariant: "I-3",
                    ..
                }
            ),
            "{error}"
        );
        let error = edit(ids::DELETE_CREDENTIALS, |step| {
            step.gates.retain(|gate| !matches!(gate, Gate::Soak { .. }));
        });
        assert!(error.unwrap_err().to_string().starts_with("[I-3]"));
        let error = edit(ids::DELETE_CREDENTIALS, |step| {
            for gate in &mut step.gates {
                if let Gate::Soak { period, .. } = gate {
                    *period = Period::days(13);
                }
            }
        });
        assert!(error.unwrap_err().to_string().starts_with("[I-3]"));
    }

    #[test]
    fn i_7_and_i_8_an_irreversible_step_without_approval_or_quiet_does_not_build() {
        for id in [ids::DELETE_CREDENTIALS, ids::ERASE] {
            let error = edit(id, |step| {
                step.gates.retain(|gate| *gate != Gate::StepApproved)
            });
            assert!(error.unwrap_err().to_string().starts_with("[I-7]"));
            let error = edit(id, |step| {
                step.gates
                    .retain(|gate| !matches!(gate, Gate::Quiet { .. }))
            });
            assert!(error.unwrap_err().to_string().starts_with("[I-8]"));
        }
    }

    #[test]
    fn a_reversible_step_after_the_pivot_does_not_build() {
        let mut steps = standard();
        steps.push(StepSpec::new(
            StepId::parse("too-late").unwrap(),
            Stage::Close,
            "close it",
            Reversibility::Reversible,
            EffectClass::Absorbing,
        ));
        assert!(matches!(
            build(steps),
            Err(PipelineError::AfterPivot { .. })
        ));
    }

    proptest! {
        #[test]
        fn no_order_of_the_steps_builds_when_a_need_comes_too_late(a in 0usize..20, b in 0usize..20) {
            let mut steps = standard();
            let (a, b) = (a % steps.len(), b % steps.len());
            steps.swap(a, b);
            if let Ok(pipeline) = build(steps) {
                let mut before = BTreeSet::new();
                for step in pipeline.steps() {
                    prop_assert!(step.needs.iter().all(|need| before.contains(need)));
                    before.insert(&step.id);
                }
            }
        }
    }
}
