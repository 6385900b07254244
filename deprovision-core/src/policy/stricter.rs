//! Composing policies: the stricter of two, point by point, so that a team's
//! policy can never loosen the organisation's.

use std::cmp::{max, min};

use crate::permit::ApprovalRule;
use crate::policy::{
    AuditPolicy, Limits, Policy, Retry, ShadowPolicy, SimilarPolicy, TrendPolicy, Watch,
};

impl Policy {
    /// The policy that demands whatever either of the two demands.
    ///
    /// Associative, commutative and idempotent; the result is never looser than
    /// either. Patience is stricter when it is shorter, a soak when it is longer.
    #[must_use]
    pub fn stricter(&self, other: &Self) -> Self {
        Self {
            // Skipping notice is a loosening: both must want it.
            emergency: self.emergency && other.emergency,
            notice: max(self.notice, other.notice),
            brown_outs: longest(&self.brown_outs, &other.brown_outs),
            brown_out_gap: max(self.brown_out_gap, other.brown_out_gap),
            brown_out_warning: max(self.brown_out_warning, other.brown_out_warning),
            reminder_days: &self.reminder_days | &other.reminder_days,
            consumer_window: max(self.consumer_window, other.consumer_window),
            quiet_before_close: max(self.quiet_before_close, other.quiet_before_close),
            close_soak: max(self.close_soak, other.close_soak),
            soak: max(self.soak, other.soak),
            usage_max_age: min(self.usage_max_age, other.usage_max_age),
            usage_lag: min(self.usage_lag, other.usage_lag),
            usage_recheck: max(self.usage_recheck, other.usage_recheck),
            approve_plan: both(&self.approve_plan, &other.approve_plan),
            approve_destruction: both(&self.approve_destruction, &other.approve_destruction),
            approval_expiry: min(self.approval_expiry, other.approval_expiry),
            approve_waiver: both(&self.approve_waiver, &other.approve_waiver),
            waiver_expiry: min(self.waiver_expiry, other.waiver_expiry),
            objection_expiry: max(self.objection_expiry, other.objection_expiry),
            review_patience: min(self.review_patience, other.review_patience),
            review_recheck: max(self.review_recheck, other.review_recheck),
            limits: Limits {
                credentials: min(self.limits.credentials, other.limits.credentials),
                targets: min(self.limits.targets, other.limits.targets),
                recipients: min(self.limits.recipients, other.limits.recipients),
                retirements: min(self.limits.retirements, other.limits.retirements),
                irreversible_per_day: min(
                    self.limits.irreversible_per_day,
                    other.limits.irreversible_per_day,
                ),
            },
            retry: Retry {
                attempts: min(self.retry.attempts, other.retry.attempts),
                first_wait: max(self.retry.first_wait, other.retry.first_wait),
            },
            freezes: {
                let mut freezes = self.freezes.clone();
                freezes.extend(other.freezes.iter().cloned());
                freezes.sort_by(|a, b| (a.from, a.to, &a.why).cmp(&(b.from, b.to, &b.why)));
                freezes.dedup();
                freezes
            },
            watch: Watch {
                every: min(self.watch.every, other.watch.every),
                lasts: max(self.watch.lasts, other.watch.lasts),
            },
            audit: audit(&self.audit, &other.audit),
        }
    }
}

/// What speaks for a retirement needs more evidence; what warns is said sooner.
fn audit(a: &AuditPolicy, b: &AuditPolicy) -> AuditPolicy {
    AuditPolicy {
        idle_after: max(a.idle_after, b.idle_after),
        max_gap: min(a.max_gap, b.max_gap),
        max_age: min(a.max_age, b.max_age),
        lag: min(a.lag, b.lag),
        unreadable: min(a.unreadable, b.unreadable),
        overdue_after: min(a.overdue_after, b.overdue_after),
        successor_share: max(a.successor_share, b.successor_share),
        trend: TrendPolicy {
            over: max(a.trend.over, b.trend.over),
            weeks: max(a.trend.weeks, b.trend.weeks),
            confidence: max(a.trend.confidence, b.trend.confidence),
            decline: max(a.trend.decline, b.trend.decline),
        },
        shadow: ShadowPolicy {
            min_requests: min(a.shadow.min_requests, b.shadow.min_requests),
        },
        similar: SimilarPolicy {
            operations: max(a.similar.operations, b.similar.operations),
            schemas: max(a.similar.schemas, b.similar.schemas),
            min_operations: max(a.similar.min_operations, b.similar.min_operations),
        },
    }
}

/// As many brown-outs as either has, each as long as the longer.
fn longest<T: Copy + Ord>(a: &[T], b: &[T]) -> Vec<T> {
    let (more, fewer) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    more.iter()
        .enumerate()
        .map(|(i, value)| fewer.get(i).map_or(*value, |other| max(*value, *other)))
        .collect()
}

fn both(a: &ApprovalRule, b: &ApprovalRule) -> ApprovalRule {
    ApprovalRule {
        people: max(a.people, b.people),
        roles: a.roles.union(&b.roles).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Role;
    use crate::policy::{FreezeWindow, Percent};
    use crate::time::{Period, Timestamp};
    use proptest::prelude::*;

    fn period() -> impl Strategy<Value = Period> {
        (0u64..1_000).prop_map(Period::hours)
    }

    fn rule() -> impl Strategy<Value = ApprovalRule> {
        (0u32..5, prop::collection::btree_set("[a-c]", 0..3)).prop_map(|(people, roles)| {
            let mut rule = ApprovalRule::people(people);
            rule.roles = roles.into_iter().map(|r| Role::parse(r).unwrap()).collect();
            rule
        })
    }

    prop_compose! {
        fn audit_policy()(
            p in prop::collection::vec(period(), 6),
            share in prop::collection::vec((0u8..=100).prop_map(Percent::new), 5),
            n in prop::collection::vec(0u32..100, 2),
            many in prop::collection::vec(0u64..100, 2),
        ) -> AuditPolicy {
            AuditPolicy {
                idle_after: p[0], max_gap: p[1], max_age: p[2], lag: p[3],
                unreadable: many[0], overdue_after: p[4], successor_share: share[0],
                trend: TrendPolicy {
                    over: p[5], weeks: n[0], confidence: share[1], decline: share[2],
                },
                shadow: ShadowPolicy { min_requests: many[1] },
                similar: SimilarPolicy {
                    operations: share[3], schemas: share[4], min_operations: n[1],
                },
            }
        }
    }

    prop_compose! {
        fn policy()(
            emergency in any::<bool>(),
            p in prop::collection::vec(period(), 16),
            reminder_days in prop::collection::btree_set(0u32..90, 0..4),
            brown_outs in prop::collection::vec(period(), 0..4),
            approve_plan in rule(),
            approve_destruction in rule(),
            approve_waiver in rule(),
            n in prop::collection::vec(0u32..100, 6),
            freezes in prop::collection::vec((0u64..50, 1u64..50), 0..3),
            audit in audit_policy(),
        ) -> Policy {
            let mut freezes: Vec<_> = freezes
                .into_iter()
                .map(|(from, length)| {
                    let from = Period::days(from).after(Timestamp::UNIX_EPOCH);
                    FreezeWindow::new(from, Period::days(length).after(from), "x")
                })
                .collect();
            freezes.sort_by_key(|freeze| (freeze.from, freeze.to));
            freezes.dedup();
            Policy {
                emergency, notice: p[0], brown_outs, brown_out_gap: p[1],
                brown_out_warning: p[15], reminder_days,
                consumer_window: p[13], quiet_before_close: p[2], close_soak: p[3], soak: p[4], usage_max_age: p[5],
                usage_lag: p[6], usage_recheck: p[7], approve_plan, approve_destruction,
                approve_waiver, waiver_expiry: p[14],
                approval_expiry: p[8], objection_expiry: p[9], review_patience: p[10],
                review_recheck: p[11],
                limits: Limits { credentials: n[0], targets: n[1], retirements: n[2], irreversible_per_day: n[3], recipients: n[5] },
                retry: Retry { attempts: n[4], first_wait: p[12] },
                freezes,
                watch: Watch { every: p[0], lasts: p[1] },
                audit,
            }
        }
    }

    proptest! {
        #[test]
        fn composing_is_associative_commutative_and_idempotent(a in policy(), b in policy(), c in policy()) {
            prop_assert_eq!(a.stricter(&b), b.stricter(&a));
            prop_assert_eq!(a.stricter(&b).stricter(&c), a.stricter(&b.stricter(&c)));
            prop_assert_eq!(a.stricter(&a), a);
        }

        #[test]
        fn composing_never_loosens(a in policy(), b in policy()) {
            let both = a.stricter(&b);
            prop_assert!(both.notice >= a.notice && both.soak >= a.soak);
            prop_assert!(both.usage_max_age <= a.usage_max_age);
            prop_assert!(both.approve_destruction.people >= a.approve_destruction.people);
            prop_assert!(both.approve_destruction.roles.is_superset(&a.approve_destruction.roles));
            prop_assert!(both.approve_waiver.people >= a.approve_waiver.people);
            prop_assert!(both.approve_waiver.roles.is_superset(&a.approve_waiver.roles));
            prop_assert!(both.waiver_expiry <= a.waiver_expiry);
            prop_assert!(both.limits.credentials <= a.limits.credentials);
            prop_assert!(a.freezes.iter().all(|f| both.freezes.contains(f)));
            prop_assert!(!both.emergency || a.emergency);
            prop_assert!(both.audit.idle_after >= a.audit.idle_after);
            prop_assert!(both.audit.max_gap <= a.audit.max_gap);
            prop_assert!(both.audit.unreadable <= a.audit.unreadable);
            prop_assert!(both.audit.shadow.min_requests <= a.audit.shadow.min_requests);
            // What was composed once is not changed by composing it again.
            prop_assert_eq!(both.stricter(&a), both);
        }
    }
}
