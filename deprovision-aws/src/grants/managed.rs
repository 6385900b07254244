//! Managed policies: their versions, and whom they are attached to.
//!
//! Longer than most files: reading, changing, deleting and making again are one another's
//! counterparts, and are kept where they can be compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_iam::types::{PolicyUsageType, PolicyVersion, Tag};
use deprovision_core::provider::ProviderError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{invalid, read};
use crate::grants::holders::holders_text;
use crate::grants::home::{Read, Standing, Task};
use crate::grants::iam::Iam;
use crate::grants::iam_calls::{
    CREATE_POLICY, CREATE_VERSION, DELETE_POLICY, DELETE_VERSION, GET_POLICY, GET_VERSION,
    LIST_ENTITIES, LIST_VERSIONS, SET_DEFAULT,
};
use crate::grants::inline::looking;
use crate::grants::paging::next;
use crate::grants::target::Holder;
use crate::grants::writing::{Steps, Stop, is_absent};
use crate::policy::NeededPolicy;
use crate::policy_language::Document;

/// A policy keeps five versions
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const MAX_VERSIONS: usize = 5;

/// What a managed policy is besides its document: enough to make it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Surroundings {
    /// The version that is in force.
    pub(crate) version: String,
    pub(crate) description: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// Whom it is attached to, sorted.
    pub(crate) users: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) roles: Vec<String>,
    /// The version that has to go for a new one, when there is no room.
    pub(crate) displaced: Option<Displaced>,
}

/// A version that is lost by making a new one. It was not in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Displaced {
    pub(crate) version: String,
    pub(crate) document: String,
}

/// The managed policies of an account, and AWS's.
#[derive(Debug)]
pub(crate) struct Managed {
    pub(crate) iam: Arc<Iam>,
}

impl Managed {
    fn arn(&self, path: &str) -> String {
        self.iam.scope.global_arn("iam", &format!("policy/{path}"))
    }

    /// A managed policy with its surroundings.
    pub(crate) async fn read(
        &self,
        path: &str,
    ) -> Result<(Read, Option<Surroundings>), ProviderError> {
        self.read_arn(&self.arn(path)).await
    }

    /// A managed policy of AWS.
    pub(crate) async fn read_of_aws(&self, path: &str) -> Result<Read, ProviderError> {
        let arn = format!("arn:{}:iam::aws:policy/{path}", self.iam.scope.partition());
        self.read_arn(&arn).await.map(|(read, _)| read)
    }

    async fn read_arn(&self, arn: &str) -> Result<(Read, Option<Surroundings>), ProviderError> {
        self.iam.check_account().await?;
        let client = &self.iam.client;
        let policy = match read(GET_POLICY, client.get_policy().policy_arn(arn).send().await) {
            Ok(answer) => answer.policy,
            Err(error) if is_absent(&error) => {
                let seen = match self.iam.control().await? {
                    Some(control) => Read::Gone(control),
                    None => Read::Blind("neither it nor any user or role was seen".to_owned()),
                };
                return Ok((seen, None));
            }
            Err(error) => return Err(error),
        };
        let Some((policy, version)) = policy.and_then(|policy| {
            let version = policy.default_version_id.clone()?;
            Some((policy, version))
        }) else {
            return Ok((
                Read::Blind("it was shown without its version".to_owned()),
                None,
            ));
        };
        let text = self.version_text(arn, &version).await?;
        let holders = self.holders(arn).await?;
        let tags = policy
            .tags()
            .iter()
            .map(|tag| (tag.key.clone(), tag.value.clone()));
        let surroundings = Surroundings {
            version,
            description: policy.description.clone(),
            tags: tags.collect(),
            displaced: self.displaced(arn).await?,
            users: holders.users,
            groups: holders.groups,
            roles: holders.roles,
        };
        let principal = surroundings.principal();
        Ok((
            Read::There(Standing { text, principal }),
            Some(surroundings),
        ))
    }

    async fn version_text(&self, arn: &str, version: &str) -> Result<String, ProviderError> {
        let get = self
            .iam
            .client
            .get_policy_version()
            .policy_arn(arn)
            .version_id(version);
        read(GET_VERSION, get.send().await)?
            .policy_version
            .and_then(|version| version.document)
            .ok_or_else(|| {
                invalid(
                    GET_VERSION.operation,
                    "a version was shown without its document",
                )
            })
    }

    async fn versions(&self, arn: &str) -> Result<Vec<PolicyVersion>, ProviderError> {
        let mut all = Vec::new();
        let mut marker = None;
        loop {
            let list = self
                .iam
                .client
                .list_policy_versions()
                .policy_arn(arn)
                .set_marker(marker);
            let page = read(LIST_VERSIONS, list.send().await)?;
            all.extend(page.versions.unwrap_or_default());
            marker = next(LIST_VERSIONS.operation, page.is_truncated, page.marker)?;
            if marker.is_none() {
                return Ok(all);
            }
        }
    }

    /// The oldest version that is not in force, when there is no room for another.
    async fn displaced(&self, arn: &str) -> Result<Option<Displaced>, ProviderError> {
        let versions = self.versions(arn).await?;
        let Some(oldest) = oldest(&versions) else {
            return Ok(None);
        };
        let document = self.version_text(arn, &oldest).await?;
        Ok(Some(Displaced {
            version: oldest,
            document,
        }))
    }

    async fn holders(&self, arn: &str) -> Result<Holders, ProviderError> {
        let mut holders = Holders::default();
        let mut marker = None;
        loop {
            let list = self.iam.client.list_entities_for_policy().policy_arn(arn);
            let list = list
                .policy_usage_filter(PolicyUsageType::PermissionsPolicy)
                .set_marker(marker);
            let page = read(LIST_ENTITIES, list.send().await)?;
            let users = page
                .policy_users()
                .iter()
                .filter_map(|user| user.user_name());
            holders.users.extend(users.map(str::to_owned));
            let groups = page
                .policy_groups()
                .iter()
                .filter_map(|group| group.group_name());
            holders.groups.extend(groups.map(str::to_owned));
            let roles = page
                .policy_roles()
                .iter()
                .filter_map(|role| role.role_name());
            holders.roles.extend(roles.map(str::to_owned));
            marker = next(LIST_ENTITIES.operation, page.is_truncated, page.marker)?;
            if marker.is_none() {
                for list in [&mut holders.users, &mut holders.groups, &mut holders.roles] {
                    list.sort();
                    list.dedup();
                }
                return Ok(holders);
            }
        }
    }

    /// Makes a new version with the document, in force at once.
    pub(crate) async fn change(
        &self,
        path: &str,
        document: &Value,
        steps: &mut Steps,
    ) -> Result<(), Stop> {
        let (client, arn) = (&self.iam.client, self.arn(path));
        let versions = self
            .versions(&arn)
            .await
            .map_err(|error| steps.failed(error))?;
        if let Some(oldest) = oldest(&versions) {
            let delete = client
                .delete_policy_version()
                .policy_arn(&arn)
                .version_id(oldest);
            steps.note_unless_absent(DELETE_VERSION, delete.send().await)?;
        }
        let create = client
            .create_policy_version()
            .policy_arn(&arn)
            .set_as_default(true);
        let create = create.policy_document(document.to_string());
        steps.note(CREATE_VERSION, create.send().await).map(drop)
    }

    /// Puts a version back in force and deletes the one that is, when the old one is
    /// still there and says what it said.
    pub(crate) async fn back_to(
        &self,
        path: &str,
        version: &str,
        document: &Value,
        steps: &mut Steps,
    ) -> Result<bool, Stop> {
        let (client, arn) = (&self.iam.client, self.arn(path));
        let versions = self
            .versions(&arn)
            .await
            .map_err(|error| steps.failed(error))?;
        let there = versions
            .iter()
            .any(|known| known.version_id() == Some(version));
        let in_force = versions.iter().find(|known| known.is_default_version);
        let Some(in_force) = in_force
            .and_then(|known| known.version_id())
            .filter(|_| there)
        else {
            return Ok(false);
        };
        let text = self
            .version_text(&arn, version)
            .await
            .map_err(|error| steps.failed(error))?;
        if Document::parse(&text).ok().as_ref().map(Document::value) != Some(document) {
            return Ok(false);
        }
        let set = client
            .set_default_policy_version()
            .policy_arn(&arn)
            .version_id(version);
        steps.note(SET_DEFAULT, set.send().await)?;
        let delete = client
            .delete_policy_version()
            .policy_arn(&arn)
            .version_id(in_force);
        steps.note_unless_absent(DELETE_VERSION, delete.send().await)?;
        Ok(true)
    }

    /// Detaches the policy everywhere, and deletes it with all its versions.
    pub(crate) async fn delete(&self, path: &str, steps: &mut Steps) -> Result<(), Stop> {
        let (client, arn) = (&self.iam.client, self.arn(path));
        let get = read(
            GET_POLICY,
            client.get_policy().policy_arn(&arn).send().await,
        );
        let policy = get.map_err(|error| steps.failed(error))?.policy;
        let bounded = policy.and_then(|policy| policy.permissions_boundary_usage_count);
        if bounded.unwrap_or(0) > 0 {
            return Err(Stop::NotDone(format!(
                "policy {path} is a permissions boundary too; give those whom it bounds another first"
            )));
        }
        let holders = self.holders(&arn).await;
        let holders = holders.map_err(|error| steps.failed(error))?;
        let versions = self
            .versions(&arn)
            .await
            .map_err(|error| steps.failed(error))?;
        for user in &holders.users {
            let detach = client.detach_user_policy().policy_arn(&arn).user_name(user);
            steps.note_unless_absent(Holder::User.calls().detach, detach.send().await)?;
        }
        for group in &holders.groups {
            let detach = client
                .detach_group_policy()
                .policy_arn(&arn)
                .group_name(group);
            steps.note_unless_absent(Holder::Group.calls().detach, detach.send().await)?;
        }
        for role in &holders.roles {
            let detach = client.detach_role_policy().policy_arn(&arn).role_name(role);
            steps.note_unless_absent(Holder::Role.calls().detach, detach.send().await)?;
        }
        for version in versions
            .iter()
            .filter(|version| !version.is_default_version)
        {
            let delete = client.delete_policy_version().policy_arn(&arn);
            let delete = delete.set_version_id(version.version_id.clone());
            steps.note_unless_absent(DELETE_VERSION, delete.send().await)?;
        }
        let delete = client.delete_policy().policy_arn(&arn);
        steps
            .note_unless_absent(DELETE_POLICY, delete.send().await)
            .map(drop)
    }

    /// Makes a policy that was deleted again.
    pub(crate) async fn create(
        &self,
        path: &str,
        document: &Value,
        was: &Surroundings,
        steps: &mut Steps,
    ) -> Result<(), Stop> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = if folder.is_empty() {
            "/".to_owned()
        } else {
            format!("/{folder}/")
        };
        let tags = was
            .tags
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build());
        let tags = tags.collect::<Result<Vec<_>, _>>().map_err(|error| {
            let why = "the document of the grant holds a tag that is none";
            Stop::Failed(invalid(CREATE_POLICY.operation, why).with_source(error))
        })?;
        let create = self
            .iam
            .client
            .create_policy()
            .policy_name(name)
            .path(folder);
        let create = create.policy_document(document.to_string());
        let create = create.set_description(was.description.clone());
        let create = create.set_tags((!tags.is_empty()).then_some(tags));
        steps.note(CREATE_POLICY, create.send().await).map(drop)
    }

    /// Attaches a policy to all that had it; says who is gone.
    pub(crate) async fn attach(
        &self,
        path: &str,
        was: &Surroundings,
        steps: &mut Steps,
    ) -> Result<Vec<String>, Stop> {
        let (client, arn) = (&self.iam.client, self.arn(path));
        let mut missing = Vec::new();
        for name in &was.users {
            let attach = client.attach_user_policy().policy_arn(&arn).user_name(name);
            let call = Holder::User.calls().attach;
            if steps
                .note_unless_absent(call, attach.send().await)?
                .is_none()
            {
                missing.push(format!("user {name}"));
            }
        }
        for name in &was.groups {
            let attach = client
                .attach_group_policy()
                .policy_arn(&arn)
                .group_name(name);
            let call = Holder::Group.calls().attach;
            if steps
                .note_unless_absent(call, attach.send().await)?
                .is_none()
            {
                missing.push(format!("group {name}"));
            }
        }
        for name in &was.roles {
            let attach = client.attach_role_policy().policy_arn(&arn).role_name(name);
            let call = Holder::Role.calls().attach;
            if steps
                .note_unless_absent(call, attach.send().await)?
                .is_none()
            {
                missing.push(format!("role {name}"));
            }
        }
        Ok(missing)
    }

    pub(crate) fn needs(&self, task: Task, path: &str) -> NeededPolicy {
        let arn = self.arn(path);
        match task {
            Task::Observe => reading(arn),
            Task::Write => {
                let policy = vec![
                    CREATE_POLICY,
                    DELETE_POLICY,
                    CREATE_VERSION,
                    DELETE_VERSION,
                    SET_DEFAULT,
                ];
                // Whom it is attached to is known only when it is read.
                let holders = [Holder::User, Holder::Group, Holder::Role].map(|holder| {
                    let all = self
                        .iam
                        .scope
                        .global_arn("iam", &format!("{}/*", holder.word()));
                    (
                        vec![holder.calls().attach, holder.calls().detach],
                        vec![all],
                    )
                });
                NeededPolicy::allowing([(policy, vec![arn])]).and(NeededPolicy::allowing(holders))
            }
        }
    }

    pub(crate) fn needs_of_aws(&self, path: &str) -> NeededPolicy {
        reading(format!(
            "arn:{}:iam::aws:policy/{path}",
            self.iam.scope.partition()
        ))
    }
}

fn reading(arn: String) -> NeededPolicy {
    let calls = vec![GET_POLICY, GET_VERSION, LIST_VERSIONS, LIST_ENTITIES];
    NeededPolicy::allowing([(calls, vec![arn])]).and(looking())
}

/// Whom a policy is attached to.
#[derive(Debug, Default)]
struct Holders {
    users: Vec<String>,
    groups: Vec<String>,
    roles: Vec<String>,
}

impl Surroundings {
    /// Whom it is attached to, for a person.
    pub(crate) fn principal(&self) -> String {
        holders_text(&self.users, &self.groups, &self.roles)
    }
}

/// The version to delete for a new one.
fn oldest(versions: &[PolicyVersion]) -> Option<String> {
    if versions.len() < MAX_VERSIONS {
        return None;
    }
    let number = |version: &PolicyVersion| {
        let id = version.version_id()?;
        id.strip_prefix('v')?
            .parse::<u64>()
            .ok()
            .map(|number| (number, id.to_owned()))
    };
    let others = versions
        .iter()
        .filter(|version| !version.is_default_version);
    others.filter_map(number).min().map(|(_, id)| id)
}
