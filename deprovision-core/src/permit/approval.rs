//! Who said yes, to what, until when.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{PersonId, Role, StepId};
use crate::time::Timestamp;

/// One person's yes to one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Approval {
    /// Who.
    pub by: PersonId,
    /// In which roles.
    pub roles: BTreeSet<Role>,
    /// To which plan, exactly.
    pub plan: Digest,
    /// For which irreversible step; `None` for the plan as a whole.
    pub step: Option<StepId>,
    /// When.
    pub at: Timestamp,
    /// Until when it may be used.
    pub expires: Timestamp,
}

impl Approval {
    /// An approval.
    #[must_use]
    pub fn new(
        by: PersonId,
        roles: BTreeSet<Role>,
        plan: Digest,
        step: Option<StepId>,
        at: Timestamp,
        expires: Timestamp,
    ) -> Self {
        Self {
            by,
            roles,
            plan,
            step,
            at,
            expires,
        }
    }
}

/// How many people must agree, and who.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ApprovalRule {
    /// At least so many different people.
    pub people: u32,
    /// Each of these roles must be held by at least one of them.
    #[serde(default)]
    pub roles: BTreeSet<Role>,
}

impl ApprovalRule {
    /// So many people, in whatever roles.
    #[must_use]
    pub fn people(people: u32) -> Self {
        Self {
            people,
            roles: BTreeSet::new(),
        }
    }
}

/// Proof that enough people approved (invariant I-7): bound to one plan and one
/// step, made only by [`ApprovalProof::check`].
///
/// Nobody else can write one down, for its fields are private:
///
/// ```compile_fail
/// # use deprovision_core::permit::ApprovalProof;
/// fn forge(from: ApprovalProof) -> ApprovalProof {
///     ApprovalProof { ..from }
/// }
/// ```
#[derive(Debug)]
pub struct ApprovalProof {
    plan: Digest,
    step: Option<StepId>,
    people: BTreeSet<PersonId>,
}

/// What is missing for an [`ApprovalProof`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("[I-7] {} of {people_needed} people approved plan {plan}{}; {} more needed{}",
    have.len(),
    step.as_ref().map(|s| format!(" for step {s}")).unwrap_or_default(),
    people_needed.saturating_sub(u32::try_from(have.len()).unwrap_or(u32::MAX)),
    if roles_missing.is_empty() { String::new() } else { format!(", among them the roles {}", join(roles_missing)) })]
#[non_exhaustive]
pub struct ApprovalGap {
    /// To which plan.
    pub plan: Digest,
    /// For which step.
    pub step: Option<StepId>,
    /// Who approved validly.
    pub have: BTreeSet<PersonId>,
    /// How many are needed.
    pub people_needed: u32,
    /// Which roles nobody of them holds.
    pub roles_missing: BTreeSet<Role>,
}

fn join(roles: &BTreeSet<Role>) -> String {
    roles
        .iter()
        .map(Role::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

impl ApprovalProof {
    /// Counts the approvals that hold: for this very plan and step, given and
    /// not expired, and never by the proposer. People are counted, not roles:
    /// one person in two roles is one person.
    ///
    /// # Errors
    /// [`ApprovalGap`] with what is missing.
    pub fn check<'a>(
        approvals: impl IntoIterator<Item = &'a Approval>,
        rule: &ApprovalRule,
        plan: Digest,
        step: Option<&StepId>,
        proposer: &PersonId,
        now: Timestamp,
    ) -> Result<Self, ApprovalGap> {
        let mut people = BTreeSet::new();
        let mut roles = BTreeSet::new();
        for approval in approvals {
            let holds = approval.plan == plan
                && approval.step.as_ref() == step
                && approval.by != *proposer
                && approval.at <= now
                && now < approval.expires;
            if holds {
                people.insert(approval.by.clone());
                roles.extend(approval.roles.iter().cloned());
            }
        }
        let roles_missing: BTreeSet<Role> = rule.roles.difference(&roles).cloned().collect();
        let enough = u32::try_from(people.len()).unwrap_or(u32::MAX) >= rule.people;
        if enough && roles_missing.is_empty() {
            Ok(Self {
                plan,
                step: step.cloned(),
                people,
            })
        } else {
            Err(ApprovalGap {
                plan,
                step: step.cloned(),
                have: people,
                people_needed: rule.people,
                roles_missing,
            })
        }
    }

    /// To which plan.
    #[must_use]
    pub fn plan(&self) -> Digest {
        self.plan
    }

    /// For which irreversible step; `None` for the plan as a whole.
    #[must_use]
    pub fn step(&self) -> Option<&StepId> {
        self.step.as_ref()
    }

    /// Who approved.
    #[must_use]
    pub fn people(&self) -> &BTreeSet<PersonId> {
        &self.people
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Period;

    fn approval(by: &str, roles: &[&str], plan: u8, hours: u64) -> Approval {
        let at = Timestamp::UNIX_EPOCH;
        Approval::new(
            PersonId::parse(by).unwrap(),
            roles.iter().map(|r| Role::parse(*r).unwrap()).collect(),
            Digest::from_bytes([plan; 32]),
            None,
            at,
            Period::hours(hours).after(at),
        )
    }

    fn check(
        approvals: &[Approval],
        rule: &ApprovalRule,
        hour: u64,
    ) -> Result<ApprovalProof, ApprovalGap> {
        ApprovalProof::check(
            approvals,
            rule,
            Digest::from_bytes([1; 32]),
            None,
            &PersonId::parse("proposer").unwrap(),
            Period::hours(hour).after(Timestamp::UNIX_EPOCH),
        )
    }

    #[test]
    fn i_7_people_are_counted_and_never_the_proposer() {
        let two = ApprovalRule::people(2);
        assert!(
            check(
                &[approval("a", &[], 1, 72), approval("b", &[], 1, 72)],
                &two,
                1
            )
            .is_ok()
        );
        assert!(
            check(
                &[approval("a", &["x"], 1, 72), approval("a", &["y"], 1, 72)],
                &two,
                1
            )
            .is_err()
        );
        assert!(
            check(
                &[approval("a", &[], 1, 72), approval("proposer", &[], 1, 72)],
                &two,
                1
            )
            .is_err()
        );
        // More than needed is enough too.
        let three = ["a", "b", "c"].map(|p| approval(p, &[], 1, 72));
        assert!(check(&three, &two, 1).is_ok());
    }

    #[test]
    fn i_7_another_plan_or_an_expired_approval_does_not_count() {
        let one = ApprovalRule::people(1);
        assert!(check(&[approval("a", &[], 2, 72)], &one, 1).is_err());
        assert!(check(&[approval("a", &[], 1, 72)], &one, 72).is_err());
        assert!(check(&[approval("a", &[], 1, 72)], &one, 71).is_ok());
    }

    #[test]
    fn a_missing_role_is_named() {
        let mut rule = ApprovalRule::people(1);
        rule.roles.insert(Role::parse("security").unwrap());
        let gap = check(&[approval("a", &["owner"], 1, 72)], &rule, 1).unwrap_err();
        assert!(gap.to_string().contains("security"), "{gap}");
        assert!(check(&[approval("a", &["security"], 1, 72)], &rule, 1).is_ok());
    }
}
