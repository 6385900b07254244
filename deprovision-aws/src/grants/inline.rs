//! Policies inside users, groups and roles, and trust policies.

use std::sync::Arc;

use deprovision_core::provider::ProviderError;
use serde_json::{Value, json};

use crate::error::read;
use crate::grants::home::{Read, Standing, Task};
use crate::grants::iam::Iam;
use crate::grants::iam_calls::{
    GET_ROLE, GROUP, HolderCalls, LIST_ROLES, LIST_USERS, ROLE, UPDATE_TRUST, USER,
};
use crate::grants::target::Holder;
use crate::grants::writing::{Steps, Stop, is_absent};
use crate::policy::NeededPolicy;
use crate::policy_language::Document;

impl Holder {
    pub(crate) fn calls(self) -> &'static HolderCalls {
        match self {
            Self::User => &USER,
            Self::Group => &GROUP,
            Self::Role => &ROLE,
        }
    }
}

/// The inline policies of an account.
#[derive(Debug)]
pub(crate) struct Inline {
    pub(crate) iam: Arc<Iam>,
}

impl Inline {
    pub(crate) async fn read(
        &self,
        holder: Holder,
        name: &str,
        policy: &str,
    ) -> Result<Read, ProviderError> {
        self.iam.check_account().await?;
        let client = &self.iam.client;
        let call = holder.calls().get;
        let text = match holder {
            Holder::User => {
                let get = client.get_user_policy().user_name(name).policy_name(policy);
                read(call, get.send().await).map(|answer| answer.policy_document)
            }
            Holder::Group => {
                let get = client
                    .get_group_policy()
                    .group_name(name)
                    .policy_name(policy);
                read(call, get.send().await).map(|answer| answer.policy_document)
            }
            Holder::Role => {
                let get = client.get_role_policy().role_name(name).policy_name(policy);
                read(call, get.send().await).map(|answer| answer.policy_document)
            }
        };
        let text = match text {
            Ok(text) => text,
            Err(error) if is_absent(&error) => return self.gone().await,
            Err(error) => return Err(error),
        };
        let mut principal = format!("{} {name}", holder.word());
        if holder == Holder::Role {
            let role = read(GET_ROLE, client.get_role().role_name(name).send().await)?;
            let trust = role
                .role()
                .and_then(|role| role.assume_role_policy_document());
            principal.push_str(&takers(trust.unwrap_or_default()));
        }
        Ok(Read::There(Standing { text, principal }))
    }

    pub(crate) async fn write(
        &self,
        holder: Holder,
        name: &str,
        policy: &str,
        document: Option<&Value>,
        steps: &mut Steps,
    ) -> Result<(), Stop> {
        let client = &self.iam.client;
        let (put, delete) = (holder.calls().put, holder.calls().delete);
        match (holder, document.map(Value::to_string)) {
            (Holder::User, Some(text)) => {
                let call = client.put_user_policy().user_name(name).policy_name(policy);
                steps
                    .note(put, call.policy_document(text).send().await)
                    .map(drop)
            }
            (Holder::Group, Some(text)) => {
                let call = client
                    .put_group_policy()
                    .group_name(name)
                    .policy_name(policy);
                steps
                    .note(put, call.policy_document(text).send().await)
                    .map(drop)
            }
            (Holder::Role, Some(text)) => {
                let call = client.put_role_policy().role_name(name).policy_name(policy);
                steps
                    .note(put, call.policy_document(text).send().await)
                    .map(drop)
            }
            (Holder::User, None) => {
                let call = client
                    .delete_user_policy()
                    .user_name(name)
                    .policy_name(policy);
                steps
                    .note_unless_absent(delete, call.send().await)
                    .map(drop)
            }
            (Holder::Group, None) => {
                let call = client
                    .delete_group_policy()
                    .group_name(name)
                    .policy_name(policy);
                steps
                    .note_unless_absent(delete, call.send().await)
                    .map(drop)
            }
            (Holder::Role, None) => {
                let call = client
                    .delete_role_policy()
                    .role_name(name)
                    .policy_name(policy);
                steps
                    .note_unless_absent(delete, call.send().await)
                    .map(drop)
            }
        }
    }

    /// The trust policy of a role.
    pub(crate) async fn read_trust(&self, name: &str) -> Result<Read, ProviderError> {
        self.iam.check_account().await?;
        let role = match read(
            GET_ROLE,
            self.iam.client.get_role().role_name(name).send().await,
        ) {
            Ok(answer) => answer.role,
            Err(error) if is_absent(&error) => return self.gone().await,
            Err(error) => return Err(error),
        };
        let Some(text) = role.and_then(|role| role.assume_role_policy_document) else {
            return Ok(Read::Blind(format!(
                "role {name} was shown without its trust policy"
            )));
        };
        let principal = format!("role {name}{}", takers(&text));
        Ok(Read::There(Standing { text, principal }))
    }

    /// Sets the trust policy of a role.
    pub(crate) async fn write_trust(
        &self,
        name: &str,
        document: &Value,
        steps: &mut Steps,
    ) -> Result<(), Stop> {
        let update = self.iam.client.update_assume_role_policy().role_name(name);
        let update = update.policy_document(document.to_string());
        steps.note(UPDATE_TRUST, update.send().await).map(drop)
    }

    async fn gone(&self) -> Result<Read, ProviderError> {
        Ok(match self.iam.control().await? {
            Some(control) => Read::Gone(control),
            None => Read::Blind("neither it nor any user or role was seen".to_owned()),
        })
    }

    pub(crate) fn needs(&self, task: Task, holder: Holder, name: &str) -> NeededPolicy {
        let calls = holder.calls();
        let needed = match (task, holder) {
            (Task::Observe, Holder::Role) => vec![calls.get, GET_ROLE],
            (Task::Observe, Holder::User | Holder::Group) => vec![calls.get],
            (Task::Write, _) => vec![calls.put, calls.delete],
        };
        NeededPolicy::allowing([(needed, self.arns(holder, name))]).and(looking())
    }

    pub(crate) fn needs_of_trust(&self, task: Task, name: &str) -> NeededPolicy {
        let needed = match task {
            Task::Observe => vec![GET_ROLE],
            Task::Write => vec![UPDATE_TRUST],
        };
        NeededPolicy::allowing([(needed, self.arns(Holder::Role, name))]).and(looking())
    }

    /// Names are unique whatever their path, and ARNs hold the path.
    fn arns(&self, holder: Holder, name: &str) -> Vec<String> {
        let word = holder.word();
        ["", "*/"]
            .map(|path| {
                self.iam
                    .scope
                    .global_arn("iam", &format!("{word}/{path}{name}"))
            })
            .into()
    }
}

/// What the check of the account takes.
pub(crate) fn looking() -> NeededPolicy {
    NeededPolicy::allowing([(vec![LIST_USERS, LIST_ROLES], vec!["*"])])
}

/// A trust policy that lets nobody take the role.
pub(crate) fn trust_nobody() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole" }],
    })
}

/// Who may take a role, for a person, from its trust policy; short.
pub(crate) fn takers(trust: &str) -> String {
    let Ok(document) = Document::parse(trust) else {
        return String::new();
    };
    let mut names: Vec<String> = Vec::new();
    for statement in document.statements() {
        if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
            continue;
        }
        match statement.get("Principal") {
            Some(Value::String(all)) => names.push(all.clone()),
            Some(Value::Object(kinds)) => names.extend(kinds.values().flat_map(|value| {
                match value {
                    Value::String(one) => vec![one.clone()],
                    Value::Array(list) => list
                        .iter()
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                        .collect(),
                    _ => Vec::new(),
                }
            })),
            _ => names.push("somebody".to_owned()),
        }
    }
    names.sort();
    names.dedup();
    match names.len() {
        0 => ", which nobody may take".to_owned(),
        1..=3 => format!(", which {} may take", names.join(", ")),
        more => format!(", which {more} principals may take"),
    }
}
