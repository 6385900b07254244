//! The standard pipeline: everything that can be taken back comes first, in the
//! order in which its absence is noticed; what nothing brings back comes last.

use serde::{Deserialize, Serialize};

use crate::id::{ParseIdError, StepId};
use crate::pipeline::{Gate, Pipeline, PipelineError, Stage, StepSpec};
use crate::policy::Policy;
use crate::provider::{EffectClass, Reversibility};
use crate::time::Period;

/// The ids of the built-in steps.
pub mod ids {
    /// Tells owners, stakeholders and consumers.
    pub const ANNOUNCE: &str = "announce";
    /// Puts `Deprecation`, `Sunset` and `Link` on the access paths.
    pub const SIGNAL: &str = "signal";
    /// Marks the documents deprecated.
    pub const DEPRECATE_DOCUMENTS: &str = "deprecate-documents";
    /// Stops the issue of new credentials.
    pub const FREEZE_ISSUANCE: &str = "freeze-issuance";
    /// Closes the paths for a while; followed by `-1`, `-2`, …
    pub const BROWN_OUT: &str = "brown-out";
    /// Closes the paths.
    pub const CLOSE: &str = "close";
    /// Disables every credential.
    pub const DISABLE_CREDENTIALS: &str = "disable-credentials";
    /// Removes every grant that names the API.
    pub const REMOVE_GRANTS: &str = "remove-grants";
    /// Copies the data.
    pub const ARCHIVE: &str = "archive";
    /// Restores the copy into scratch and compares it.
    pub const RESTORE_DRILL: &str = "restore-drill";
    /// Marks the documents retired.
    pub const DOCUMENT: &str = "document";
    /// Removes the references in code.
    pub const REMOVE_REFERENCES: &str = "remove-references";
    /// Deletes the credentials.
    pub const DELETE_CREDENTIALS: &str = "delete-credentials";
    /// Erases the data.
    pub const ERASE: &str = "erase";
    /// Looks at everything again; followed by `-1`, `-2`, `-3`.
    pub const CONFIRM: &str = "confirm";
}

/// Whether data is erased at the end. It has to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "data is erased or it is not")]
pub enum Erasure {
    /// The data stays where it is.
    Never,
    /// The data is erased once its archive was verified and restored.
    AfterArchive,
}

/// How long after the first look the credentials are enumerated again (invariant I-4).
const LOOKS: [Period; 3] = [Period::ZERO, Period::hours(1), Period::hours(24)];

impl Pipeline {
    /// The standard pipeline under a policy.
    ///
    /// # Errors
    /// [`PipelineError`] when the policy switches a safeguard off that the
    /// pipeline needs; a policy that was read from a file never does.
    pub fn standard(policy: &Policy, erasure: Erasure) -> Result<Self, PipelineError> {
        let mut steps = announcing()?;
        steps.extend(brown_outs(policy)?);
        steps.extend(closing(policy)?);
        steps.extend(keeping()?);
        steps.extend(destroying(policy, erasure)?);
        steps.extend(confirming(erasure)?);
        Self::build(steps, policy)
    }
}

fn id(id: &str) -> Result<StepId, ParseIdError> {
    StepId::parse(id)
}

/// How long copying, reading back, restoring or erasing a dataset may take.
const DATA_CALL: Period = Period::hours(6);

/// How long searching or changing a repository may take.
const CODE_CALL: Period = Period::minutes(10);

/// How long a request that was sent may still take effect (invariant I-16): on AWS
/// signed requests are refused after 5 minutes, and a call to a disk or to git that
/// was given up is over by then.
const LATE: Period = Period::minutes(5);

fn step(
    name: &str,
    stage: Stage,
    title: &str,
    effect: EffectClass,
) -> Result<StepSpec, ParseIdError> {
    let mut spec = StepSpec::new(id(name)?, stage, title, Reversibility::Reversible, effect);
    if effect != EffectClass::Reading {
        spec.late = LATE;
    }
    spec.call_timeout = match stage {
        Stage::Archive | Stage::Destroy | Stage::Certify => DATA_CALL,
        Stage::Document | Stage::RemoveCode => CODE_CALL,
        Stage::Announce
        | Stage::BrownOut
        | Stage::Close
        | Stage::Revoke
        | Stage::AuditPermissions => spec.call_timeout,
    };
    Ok(spec)
}

fn announcing() -> Result<Vec<StepSpec>, ParseIdError> {
    use EffectClass::{Absorbing, Conditional, Deduplicated};
    Ok(vec![
        step(
            ids::ANNOUNCE,
            Stage::Announce,
            "tell owners, stakeholders and consumers",
            Deduplicated,
        )?,
        step(
            ids::SIGNAL,
            Stage::Announce,
            "put Deprecation, Sunset and Link headers on the access paths",
            Absorbing,
        )?
        .needing(id(ids::ANNOUNCE)?),
        step(
            ids::DEPRECATE_DOCUMENTS,
            Stage::Announce,
            "mark the documents deprecated, as a change to review",
            Conditional,
        )?
        .needing(id(ids::ANNOUNCE)?),
        step(
            ids::FREEZE_ISSUANCE,
            Stage::Announce,
            "stop issuing new credentials",
            Absorbing,
        )?
        .needing(id(ids::ANNOUNCE)?),
    ])
}

fn brown_outs(policy: &Policy) -> Result<Vec<StepSpec>, ParseIdError> {
    let mut steps = Vec::new();
    let mut before = id(ids::SIGNAL)?;
    let mut wait = Period::ZERO;
    for (number, length) in (1..).zip(&policy.brown_outs) {
        let name = format!("{}-{number}", ids::BROWN_OUT);
        let title = format!("answer 410 for {length}, then serve again");
        steps.push(
            step(&name, Stage::BrownOut, &title, EffectClass::Absorbing)?
                .needing(before.clone())
                .behind(Gate::Notice {
                    step: id(ids::ANNOUNCE)?,
                    period: policy.notice,
                })
                .behind(Gate::Soak {
                    after: before,
                    period: wait,
                }),
        );
        before = id(&name)?;
        // A brown-out is complete when it was seen to have begun.
        wait = length.plus(policy.brown_out_gap);
    }
    Ok(steps)
}

fn closing(policy: &Policy) -> Result<Vec<StepSpec>, ParseIdError> {
    use EffectClass::{Absorbing, Reconciled};
    let mut close = step(
        ids::CLOSE,
        Stage::Close,
        "answer 410 Gone on every access path",
        Absorbing,
    )?
    .needing(id(ids::SIGNAL)?)
    .needing(id(ids::FREEZE_ISSUANCE)?);
    let mut disable = step(
        ids::DISABLE_CREDENTIALS,
        Stage::Revoke,
        "disable every credential",
        Absorbing,
    )?
    .needing(id(ids::CLOSE)?)
    .behind(Gate::Soak {
        after: id(ids::CLOSE)?,
        period: policy.close_soak,
    });
    if let Some(length) = policy.brown_outs.last() {
        let last = id(&format!("{}-{}", ids::BROWN_OUT, policy.brown_outs.len()))?;
        close = close.needing(last.clone()).behind(Gate::Soak {
            after: last,
            period: length.plus(policy.brown_out_gap),
        });
    }
    // A leaked key is being used: waiting for its user to stop would protect the thief.
    if !policy.emergency {
        close = close
            .behind(Gate::Notice {
                step: id(ids::ANNOUNCE)?,
                period: policy.notice,
            })
            .behind(Gate::SunsetReached)
            .behind(Gate::Quiet {
                period: policy.quiet_before_close,
            });
        disable = disable.behind(Gate::Quiet {
            period: policy.close_soak,
        });
    }
    Ok(vec![
        close,
        disable,
        step(
            ids::REMOVE_GRANTS,
            Stage::AuditPermissions,
            "remove every grant that names the API",
            Reconciled,
        )?
        .needing(id(ids::DISABLE_CREDENTIALS)?),
    ])
}

fn keeping() -> Result<Vec<StepSpec>, ParseIdError> {
    use EffectClass::{Absorbing, Conditional};
    Ok(vec![
        step(
            ids::ARCHIVE,
            Stage::Archive,
            "copy the data, with a manifest, and read it back",
            Absorbing,
        )?
        .needing(id(ids::CLOSE)?),
        step(
            ids::RESTORE_DRILL,
            Stage::Archive,
            "restore the copy into scratch and compare it",
            Absorbing,
        )?
        .needing(id(ids::ARCHIVE)?),
        step(
            ids::DOCUMENT,
            Stage::Document,
            "mark the documents retired, as a change to review",
            Conditional,
        )?
        .needing(id(ids::CLOSE)?)
        .needing(id(ids::DEPRECATE_DOCUMENTS)?),
        step(
            ids::REMOVE_REFERENCES,
            Stage::RemoveCode,
            "remove every reference in code, as a change to review",
            Conditional,
        )?
        .needing(id(ids::CLOSE)?),
    ])
}

fn destroying(policy: &Policy, erasure: Erasure) -> Result<Vec<StepSpec>, ParseIdError> {
    let irreversible = |name: &str, title: &str| -> Result<StepSpec, ParseIdError> {
        let mut spec = step(name, Stage::Destroy, title, EffectClass::Absorbing)?
            .needing(id(ids::DISABLE_CREDENTIALS)?)
            .behind(Gate::Soak {
                after: id(ids::DISABLE_CREDENTIALS)?,
                period: policy.soak,
            })
            .behind(Gate::Quiet {
                period: policy.soak,
            })
            .behind(Gate::StepApproved);
        spec.reversibility = Reversibility::Irreversible;
        Ok(spec)
    };
    let mut steps = vec![
        irreversible(ids::DELETE_CREDENTIALS, "delete every credential")?
            .needing(id(ids::REMOVE_GRANTS)?)
            .needing(id(ids::DOCUMENT)?)
            .needing(id(ids::REMOVE_REFERENCES)?),
    ];
    match erasure {
        Erasure::Never => {}
        Erasure::AfterArchive => steps.push(
            irreversible(ids::ERASE, "erase the data")?
                .needing(id(ids::ARCHIVE)?)
                .needing(id(ids::RESTORE_DRILL)?)
                .needing(id(ids::DELETE_CREDENTIALS)?),
        ),
    }
    Ok(steps)
}

fn confirming(erasure: Erasure) -> Result<Vec<StepSpec>, ParseIdError> {
    let mut steps = Vec::new();
    let last = match erasure {
        Erasure::Never => ids::DELETE_CREDENTIALS,
        Erasure::AfterArchive => ids::ERASE,
    };
    let mut before = id(last)?;
    let first = id(&format!("{}-1", ids::CONFIRM))?;
    for (number, wait) in (1..).zip(LOOKS) {
        let name = format!("{}-{number}", ids::CONFIRM);
        let when = match number {
            1 => "once everything has settled".to_owned(),
            _later => format!("again {wait} after the first look"),
        };
        let title = format!("look at every target from outside, {when}");
        let mut spec = step(&name, Stage::Certify, &title, EffectClass::Reading)?.needing(before);
        if number > 1 {
            spec = spec.behind(Gate::Soak {
                after: first.clone(),
                period: wait,
            });
        }
        steps.push(spec);
        before = id(&name)?;
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn gates(pipeline: &Pipeline, name: &str) -> Vec<Gate> {
        pipeline.step(&id(name).unwrap()).unwrap().gates.clone()
    }

    #[test]
    fn data_is_erased_only_when_asked_for() {
        let never = Pipeline::standard(&Policy::default(), Erasure::Never).unwrap();
        assert!(never.step(&id(ids::ERASE).unwrap()).is_none());
    }

    #[test]
    fn i_22_close_waits_for_notice_unless_it_is_an_emergency() {
        let policy = Policy::default();
        let notice =
            |g: &Gate| matches!(g, Gate::Notice { period, .. } if *period == Period::days(30));
        let normal = Pipeline::standard(&policy, Erasure::Never).unwrap();
        assert!(gates(&normal, ids::CLOSE).iter().any(notice));
        let emergency = Pipeline::standard(&policy.emergency(), Erasure::Never).unwrap();
        assert!(!gates(&emergency, ids::CLOSE).iter().any(notice));
        // What protects is the same in both.
        assert_eq!(
            gates(&emergency, ids::DELETE_CREDENTIALS),
            gates(&normal, ids::DELETE_CREDENTIALS)
        );
        assert_eq!(gates(&emergency, ids::ANNOUNCE), vec![]);
    }

    #[test]
    fn every_step_has_a_title_of_its_own_and_the_looks_say_when_they_are() {
        let pipeline = Pipeline::standard(&Policy::default(), Erasure::AfterArchive).unwrap();
        let steps = pipeline.steps();
        let titles: BTreeSet<&str> = steps.iter().map(|step| step.title.as_str()).collect();
        assert_eq!(titles.len(), steps.len(), "{titles:?}");
        for (name, when) in [
            ("confirm-1", "once everything has settled"),
            ("confirm-2", "again 1h after the first look"),
            ("confirm-3", "again 1d after the first look"),
        ] {
            let title = &pipeline.step(&id(name).unwrap()).unwrap().title;
            assert!(title.ends_with(when), "{title}");
        }
    }

    #[test]
    fn i_4_credentials_are_looked_at_again_after_an_hour_and_a_day() {
        let pipeline = Pipeline::standard(&Policy::default(), Erasure::Never).unwrap();
        let first = id("confirm-1").unwrap();
        for (name, wait) in [
            ("confirm-2", Period::hours(1)),
            ("confirm-3", Period::hours(24)),
        ] {
            assert_eq!(
                gates(&pipeline, name),
                vec![Gate::Soak {
                    after: first.clone(),
                    period: wait
                }]
            );
        }
    }
}
