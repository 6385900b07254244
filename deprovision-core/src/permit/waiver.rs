//! Who lets a grant stay, why, and until when.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::{ApiId, PersonId, Role};
use crate::permit::ApprovalRule;
use crate::resource::GrantId;
use crate::time::Timestamp;

/// One person's word that a grant may stay for a while (invariant I-6).
///
/// It is given to one grant by its id, which is bound to what the grant says: a grant
/// that was changed has another id, and no waiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Waiver {
    /// For which grant.
    pub grant: GrantId,
    /// To which API: the same statement may let somebody in to another one too.
    pub api: ApiId,
    /// Who.
    pub by: PersonId,
    /// In which roles.
    pub roles: BTreeSet<Role>,
    /// Why it may stay.
    pub reason: String,
    /// When it was given.
    pub at: Timestamp,
    /// Until when it counts.
    pub expires: Timestamp,
}

impl Waiver {
    /// A waiver.
    #[must_use]
    pub fn new(
        grant: GrantId,
        api: ApiId,
        by: PersonId,
        reason: impl Into<String>,
        at: Timestamp,
        expires: Timestamp,
    ) -> Self {
        Self {
            grant,
            api,
            by,
            roles: BTreeSet::new(),
            reason: reason.into(),
            at,
            expires,
        }
    }

    /// The same in roles.
    #[must_use]
    pub fn in_roles(mut self, roles: impl IntoIterator<Item = Role>) -> Self {
        self.roles.extend(roles);
        self
    }

    fn lives(&self, api: &ApiId, proposer: &PersonId, now: Timestamp) -> bool {
        self.api == *api && self.by != *proposer && self.at <= now && now < self.expires
    }
}

/// The grants that may stay at a moment (invariant I-6): made only by
/// [`WaivedGrants::check`], from waivers of enough people.
///
/// Nobody else can write them down, for the field is private:
///
/// ```compile_fail
/// # use deprovision_core::permit::WaivedGrants;
/// fn forge(from: WaivedGrants) -> WaivedGrants {
///     WaivedGrants { ..from }
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct WaivedGrants {
    by_grant: BTreeMap<GrantId, Waived>,
}

/// What lets one grant stay.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waived {
    /// The living waivers, in the order in which they were given.
    pub waivers: Vec<Waiver>,
    /// The first moment at which they are no longer enough.
    pub until: Timestamp,
}

impl WaivedGrants {
    /// Counts the waivers that hold: for this very API, given and not expired, and
    /// never by the proposer. As for approvals, people are counted and not roles.
    ///
    /// ```
    /// use deprovision_core::permit::{ApprovalRule, WaivedGrants, Waiver};
    /// use deprovision_core::time::{Period, Timestamp};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let start = Timestamp::UNIX_EPOCH;
    /// let (api, dana) = ("orders-v1".parse()?, "dana".parse()?);
    /// let waiver = Waiver::new(
    ///     "aws-iam:123456789012:global:aws/policy/AdministratorAccess#1f2e".parse()?,
    ///     "orders-v1".parse()?,
    ///     "ann".parse()?,
    ///     "administrators may call everything",
    ///     start,
    ///     Period::days(30).after(start),
    /// );
    /// let given = [waiver];
    /// let one = ApprovalRule::people(1);
    /// let waived = WaivedGrants::check(&given, &one, &api, &dana, start);
    /// assert!(waived.covers(&given[0].grant));
    /// let later = Period::days(30).after(start);
    /// assert!(!WaivedGrants::check(&given, &one, &api, &dana, later).covers(&given[0].grant));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn check<'a>(
        waivers: impl IntoIterator<Item = &'a Waiver>,
        rule: &ApprovalRule,
        api: &ApiId,
        proposer: &PersonId,
        now: Timestamp,
    ) -> Self {
        let mut living: BTreeMap<&GrantId, Vec<&Waiver>> = BTreeMap::new();
        for waiver in waivers {
            if waiver.lives(api, proposer, now) {
                living.entry(&waiver.grant).or_default().push(waiver);
            }
        }
        let waived = living.into_iter().filter_map(|(grant, waivers)| {
            let until = until(&waivers, rule)?;
            let waivers = waivers.into_iter().cloned().collect();
            Some((grant.clone(), Waived { waivers, until }))
        });
        Self {
            by_grant: waived.collect(),
        }
    }

    /// Whether the grant may stay.
    #[must_use]
    pub fn covers(&self, grant: &GrantId) -> bool {
        self.by_grant.contains_key(grant)
    }

    /// Each grant that may stay, and what lets it.
    pub fn iter(&self) -> impl Iterator<Item = (&GrantId, &Waived)> {
        self.by_grant.iter()
    }

    /// What lets that grant stay.
    #[must_use]
    pub fn waived(&self, grant: &GrantId) -> Option<&Waived> {
        self.by_grant.get(grant)
    }
}

/// The first moment at which living waivers are no longer enough; `None` when they
/// are not enough now.
fn until(living: &[&Waiver], rule: &ApprovalRule) -> Option<Timestamp> {
    let ends: BTreeSet<Timestamp> = living.iter().map(|waiver| waiver.expires).collect();
    // A rule that asks for nobody is no waiver of somebody.
    let enough = |waivers: &[&Waiver]| !waivers.is_empty() && is_enough(waivers, rule);
    if !enough(living) {
        return None;
    }
    ends.into_iter().find(|end| {
        let left: Vec<&Waiver> = living
            .iter()
            .copied()
            .filter(|waiver| *end < waiver.expires)
            .collect();
        !enough(&left)
    })
}

fn is_enough(waivers: &[&Waiver], rule: &ApprovalRule) -> bool {
    let people: BTreeSet<&PersonId> = waivers.iter().map(|waiver| &waiver.by).collect();
    let roles: BTreeSet<&Role> = waivers.iter().flat_map(|waiver| &waiver.roles).collect();
    u32::try_from(people.len()).unwrap_or(u32::MAX) >= rule.people
        && rule.roles.iter().all(|role| roles.contains(role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Period;
    use proptest::prelude::*;

    fn grant(name: &str) -> GrantId {
        format!("p:a:r:{name}").parse().unwrap()
    }

    fn api() -> ApiId {
        ApiId::parse("orders-v1").unwrap()
    }

    fn person(name: &str) -> PersonId {
        PersonId::parse(name).unwrap()
    }

    fn day(day: u64) -> Timestamp {
        Period::days(day).after(Timestamp::UNIX_EPOCH)
    }

    fn waiver(by: &str, roles: &[&str], from: u64, to: u64) -> Waiver {
        let waiver = Waiver::new(grant("g"), api(), person(by), "why", day(from), day(to));
        waiver.in_roles(roles.iter().map(|role| Role::parse(*role).unwrap()))
    }

    fn check(given: &[Waiver], rule: &ApprovalRule, now: u64) -> Option<Timestamp> {
        let waived = WaivedGrants::check(given, rule, &api(), &person("proposer"), day(now));
        waived.waived(&grant("g")).map(|waived| waived.until)
    }

    #[test]
    fn i_6_people_are_counted_and_never_the_proposer() {
        let two = ApprovalRule::people(2);
        let (a, b) = (waiver("a", &["x"], 0, 9), waiver("b", &[], 0, 5));
        assert_eq!(check(&[a.clone(), b.clone()], &two, 1), Some(day(5)));
        assert_eq!(check(&[a.clone(), a.clone()], &two, 1), None);
        let own = waiver("proposer", &[], 0, 9);
        assert_eq!(check(&[a.clone(), own.clone()], &two, 1), None);
        assert_eq!(check(&[own], &ApprovalRule::people(1), 1), None);
        let mut role = ApprovalRule::people(1);
        role.roles.insert(Role::parse("x").unwrap());
        assert_eq!(check(std::slice::from_ref(&b), &role, 1), None);
        assert_eq!(check(&[b, a], &role, 1), Some(day(9)));
        assert_eq!(check(&[], &ApprovalRule::people(0), 1), None);
    }

    #[test]
    fn i_6_another_grant_or_another_api_or_an_expired_waiver_does_not_count() {
        let one = ApprovalRule::people(1);
        let given = [waiver("a", &[], 3, 9)];
        for (now, counts) in [(2, false), (3, true), (8, true), (9, false), (10, false)] {
            assert_eq!(check(&given, &one, now).is_some(), counts, "day {now}");
        }
        let waived = |api: &str| {
            let api = ApiId::parse(api).unwrap();
            WaivedGrants::check(&given, &one, &api, &person("proposer"), day(4))
        };
        assert!(waived("orders-v1").covers(&grant("g")));
        assert!(!waived("orders-v1").covers(&grant("g-changed")));
        assert!(!waived("orders-v2").covers(&grant("g")));
    }

    prop_compose! {
        fn any_waiver()(
            by in 0usize..4, role in 0usize..3, from in 0u64..20, days in 0u64..20,
        ) -> Waiver {
            let by = ["a", "b", "c", "proposer"][by];
            waiver(by, &["x", "y", "z"][role..], from, from + days)
        }
    }

    proptest! {
        /// What a stricter rule lets stay, a looser one does; more waivers never close
        /// what fewer open; and `until` is the first moment without.
        #[test]
        fn i_6_a_stricter_rule_waives_no_more_and_until_is_the_end(
            given in prop::collection::vec(any_waiver(), 0..6),
            people in 1u32..4,
            now in 0u64..40,
        ) {
            let rule = ApprovalRule::people(people);
            let until = check(&given, &rule, now);
            if until.is_some() {
                prop_assert!(check(&given, &ApprovalRule::people(people - 1), now).is_some());
            }
            if check(given.get(1..).unwrap_or_default(), &rule, now).is_some() {
                prop_assert!(until.is_some());
            }
            if let Some(until) = until {
                prop_assert!(day(now) < until);
                let begun: Vec<Waiver> =
                    given.iter().filter(|waiver| waiver.at <= day(now)).cloned().collect();
                let at = |moment| {
                    let by = person("proposer");
                    WaivedGrants::check(&begun, &rule, &api(), &by, moment).covers(&grant("g"))
                };
                prop_assert!(!at(until));
                prop_assert!(at(Period::seconds(1).before(until)));
            }
        }
    }
}
