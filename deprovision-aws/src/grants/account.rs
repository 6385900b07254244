//! All identity policies of an account, read in as few calls as IAM allows.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{AttachedPolicy, EntityType, ManagedPolicyDetail, PolicyDetail};
use deprovision_core::provider::ProviderError;

use crate::error::{invalid, read};
use crate::grants::holders::holders_text;
use crate::grants::home::Standing;
use crate::grants::iam::Iam;
use crate::grants::iam_calls::DETAILS;
use crate::grants::inline::takers;
use crate::grants::paging::next;
use crate::grants::target::{Holder, Target, managed_by_arn};

/// What IAM tells of an account.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// The policies, each with its document and its holders.
    pub(crate) policies: BTreeMap<Target, AccountPolicy>,
    /// Users with the policies that speak for them: their own, the attached ones and
    /// those of their groups.
    pub(crate) users: BTreeMap<String, BTreeSet<Target>>,
    /// How many users, groups and roles were seen.
    pub(crate) holders: usize,
    attached: BTreeMap<Target, Attached>,
    groups: BTreeMap<String, BTreeSet<Target>>,
    members: BTreeMap<String, Vec<String>>,
}

/// A policy as the listing shows it.
#[derive(Debug)]
pub(crate) struct AccountPolicy {
    /// None when the listing did not show its document.
    pub(crate) standing: Option<Standing>,
    /// Whether anybody holds what it grants.
    pub(crate) held: bool,
    /// Whether it bounds somebody. A boundary grants nothing.
    pub(crate) bounds: bool,
}

#[derive(Debug, Default)]
struct Attached {
    users: Vec<String>,
    groups: Vec<String>,
    roles: Vec<String>,
    bounds: bool,
}

impl Account {
    /// Reads an account: one listing of all that is its own, and one more when policies
    /// of AWS are attached.
    pub(crate) async fn read(iam: &Iam) -> Result<Self, ProviderError> {
        let mut account = Self::default();
        let mut details = Vec::new();
        let own = [
            EntityType::User,
            EntityType::Group,
            EntityType::Role,
            EntityType::LocalManagedPolicy,
        ];
        account.list(iam, &own, &mut details).await?;
        if account
            .attached
            .keys()
            .any(|target| matches!(target, Target::OfAws(_)))
        {
            account
                .list(iam, &[EntityType::AwsManagedPolicy], &mut details)
                .await?;
        }
        account.add_managed(iam, details)?;
        account.join_groups();
        Ok(account)
    }

    async fn list(
        &mut self,
        iam: &Iam,
        filter: &[EntityType],
        details: &mut Vec<ManagedPolicyDetail>,
    ) -> Result<(), ProviderError> {
        let mut marker = None;
        loop {
            let list = iam.client.get_account_authorization_details();
            let list = list
                .set_filter(Some(filter.to_vec()))
                .set_marker(marker)
                .max_items(1000);
            let page = read(DETAILS, list.send().await)?;
            for user in page.user_detail_list() {
                let name = named(user.user_name(), user.arn(), iam)?;
                let boundary = user
                    .permissions_boundary()
                    .and_then(|it| it.permissions_boundary_arn());
                self.add_boundary(iam, boundary)?;
                let mut held = self.add_inline(Holder::User, &name, user.user_policy_list(), "");
                for target in attached(iam, user.attached_managed_policies())? {
                    self.attached
                        .entry(target.clone())
                        .or_default()
                        .users
                        .push(name.clone());
                    held.insert(target);
                }
                self.members
                    .insert(name.clone(), user.group_list().to_vec());
                self.users.insert(name, held);
                self.holders += 1;
            }
            for group in page.group_detail_list() {
                let name = named(group.group_name(), group.arn(), iam)?;
                let mut held = self.add_inline(Holder::Group, &name, group.group_policy_list(), "");
                for target in attached(iam, group.attached_managed_policies())? {
                    self.attached
                        .entry(target.clone())
                        .or_default()
                        .groups
                        .push(name.clone());
                    held.insert(target);
                }
                self.groups.insert(name, held);
                self.holders += 1;
            }
            for role in page.role_detail_list() {
                let name = named(role.role_name(), role.arn(), iam)?;
                let boundary = role
                    .permissions_boundary()
                    .and_then(|it| it.permissions_boundary_arn());
                self.add_boundary(iam, boundary)?;
                let trust = role.assume_role_policy_document();
                let takers = takers(trust.unwrap_or_default());
                self.add_inline(Holder::Role, &name, role.role_policy_list(), &takers);
                for target in attached(iam, role.attached_managed_policies())? {
                    self.attached
                        .entry(target)
                        .or_default()
                        .roles
                        .push(name.clone());
                }
                let standing = trust.map(|text| Standing {
                    text: text.to_owned(),
                    principal: format!("role {name}{takers}"),
                });
                let policy = AccountPolicy {
                    standing,
                    held: true,
                    bounds: false,
                };
                self.policies.insert(Target::Trust(name), policy);
                self.holders += 1;
            }
            details.extend(page.policies.unwrap_or_default());
            marker = next(DETAILS.operation, page.is_truncated, page.marker)?;
            if marker.is_none() {
                return Ok(());
            }
        }
    }

    fn add_inline(
        &mut self,
        holder: Holder,
        name: &str,
        list: &[PolicyDetail],
        takers: &str,
    ) -> BTreeSet<Target> {
        let mut targets = BTreeSet::new();
        for detail in list {
            let policy = detail.policy_name().unwrap_or_default().to_owned();
            let target = Target::Inline {
                holder,
                name: name.to_owned(),
                policy,
            };
            let standing = detail.policy_document().map(|text| Standing {
                text: text.to_owned(),
                principal: format!("{} {name}{takers}", holder.word()),
            });
            let policy = AccountPolicy {
                standing,
                held: true,
                bounds: false,
            };
            self.policies.insert(target.clone(), policy);
            targets.insert(target);
        }
        targets
    }

    fn add_boundary(&mut self, iam: &Iam, arn: Option<&str>) -> Result<(), ProviderError> {
        if let Some(arn) = arn {
            let target = managed_by_arn(&iam.scope, arn)?;
            self.attached.entry(target).or_default().bounds = true;
        }
        Ok(())
    }

    fn add_managed(
        &mut self,
        iam: &Iam,
        details: Vec<ManagedPolicyDetail>,
    ) -> Result<(), ProviderError> {
        let mut listed = BTreeMap::new();
        for detail in details {
            let target = managed_by_arn(&iam.scope, detail.arn().unwrap_or_default())?;
            // The listing may hold all of AWS's policies; most are nobody's.
            if matches!(target, Target::Managed(_)) || self.attached.contains_key(&target) {
                listed.insert(target, in_force(&detail));
            }
        }
        // What is attached and not listed has no document: it is not decided.
        for target in self.attached.keys() {
            listed.entry(target.clone()).or_insert(None);
        }
        for (target, text) in listed {
            let attached = self.attached.remove(&target).unwrap_or_default();
            let Attached {
                users,
                groups,
                roles,
                bounds,
            } = attached;
            let held = !(users.is_empty() && groups.is_empty() && roles.is_empty());
            let principal = holders_text(&users, &groups, &roles);
            let standing = text.map(|text| Standing { text, principal });
            self.policies.insert(
                target,
                AccountPolicy {
                    standing,
                    held,
                    bounds,
                },
            );
        }
        Ok(())
    }

    fn join_groups(&mut self) {
        for (user, held) in &mut self.users {
            for group in self.members.get(user).into_iter().flatten() {
                held.extend(self.groups.get(group).into_iter().flatten().cloned());
            }
        }
    }
}

fn in_force(detail: &ManagedPolicyDetail) -> Option<String> {
    let version = detail
        .policy_version_list()
        .iter()
        .find(|version| version.is_default_version)?;
    version.document().map(str::to_owned)
}

fn named(name: Option<&str>, arn: Option<&str>, iam: &Iam) -> Result<String, ProviderError> {
    let (Some(name), Some(arn)) = (name, arn) else {
        return Err(invalid(
            DETAILS.operation,
            "a user, group or role was shown without its name",
        ));
    };
    iam.check_arn(arn)?;
    Ok(name.to_owned())
}

fn attached(iam: &Iam, list: &[AttachedPolicy]) -> Result<Vec<Target>, ProviderError> {
    list.iter()
        .map(|policy| managed_by_arn(&iam.scope, policy.policy_arn().unwrap_or_default()))
        .collect()
}
