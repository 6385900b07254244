//! The policies of Lambda functions, of their aliases and of their versions.
//!
//! Lambda takes no whole policies: permissions are added and removed one by one.

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::types::FunctionUrlAuthType;
use deprovision_core::observation::PositiveControl;
use deprovision_core::provider::ProviderError;
use serde_json::Value;

use crate::call::Call;
use crate::error::{invalid, read};
use crate::grants::home::{PolicyHome, Read, Standing, Task};
use crate::grants::target::wrong_account;
use crate::grants::writing::{Steps, Stop, is_absent};
use crate::policy::NeededPolicy;
use crate::policy_language::Document;
use crate::scope::Scope;

const GET: Call = Call::same(&["lambda:GetPolicy"]);
const CONFIGURATION: Call = Call::same(&["lambda:GetFunctionConfiguration"]);
const ALIASES: Call = Call::same(&["lambda:ListAliases"]);
const VERSIONS: Call = Call::same(&["lambda:ListVersionsByFunction"]);
const LIST: Call = Call::same(&["lambda:ListFunctions"]);
const ADD: Call = Call::same(&["lambda:AddPermission"]);
const REMOVE: Call = Call::same(&["lambda:RemovePermission"]);

#[derive(Debug)]
pub(crate) struct Functions {
    client: Client,
    scope: Scope,
}

impl Functions {
    pub(crate) fn new(client: &Client, scope: Scope) -> Self {
        let config = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            scope,
        }
    }

    /// The policy with the revision that a conditional write names.
    async fn policy(&self, name: &str) -> Result<Option<(String, Option<String>)>, ProviderError> {
        let (function, qualifier) = parts(name);
        let get = self.client.get_policy().function_name(function);
        match read(GET, get.set_qualifier(qualifier).send().await) {
            Ok(answer) => Ok(answer.policy.map(|text| (text, answer.revision_id))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A function and an alias or a version of it.
fn parts(name: &str) -> (&str, Option<String>) {
    match name.split_once(':') {
        Some((function, qualifier)) => (function, Some(qualifier.to_owned())),
        None => (name, None),
    }
}

#[async_trait]
impl PolicyHome for Functions {
    async fn all_of(&self, function: &str) -> Result<Vec<String>, ProviderError> {
        let mut qualifiers = Vec::new();
        let mut marker = None;
        loop {
            let list = self.client.list_aliases().function_name(function);
            let page = match read(ALIASES, list.set_marker(marker).send().await) {
                Ok(page) => page,
                // Reading its policy tells whether the function is really gone.
                Err(error) if is_absent(&error) => return Ok(vec![function.to_owned()]),
                Err(error) => return Err(error),
            };
            let names = page.aliases().iter().filter_map(|alias| alias.name());
            qualifiers.extend(names.map(str::to_owned));
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                break;
            }
        }
        loop {
            let list = self.client.list_versions_by_function();
            let list = list.function_name(function).set_marker(marker);
            let page = read(VERSIONS, list.send().await)?;
            let numbers = page
                .versions()
                .iter()
                .filter_map(|version| version.version());
            qualifiers.extend(numbers.filter(|it| *it != "$LATEST").map(str::to_owned));
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                break;
            }
        }
        let qualified = qualifiers.iter().map(|it| format!("{function}:{it}"));
        Ok(std::iter::once(function.to_owned())
            .chain(qualified)
            .collect())
    }

    async fn read(&self, name: &str) -> Result<Read, ProviderError> {
        let (function, qualifier) = parts(name);
        let get = self.client.get_function_configuration();
        let get = get.function_name(function).set_qualifier(qualifier);
        match read(CONFIGURATION, get.send().await) {
            Ok(found) => {
                let arn = found.function_arn.unwrap_or_default();
                if !arn.starts_with(&self.scope.arn("lambda", "function:")) {
                    return Err(wrong_account(&self.scope, &arn));
                }
                return Ok(match self.policy(name).await? {
                    Some((text, _)) => Read::There(Standing {
                        text,
                        principal: format!("whom the policy of function {name} lets in"),
                    }),
                    None => Read::Gone(PositiveControl::saw(format!("function {name}"))),
                });
            }
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
        let list = read(LIST, self.client.list_functions().max_items(1).send().await)?;
        let sibling = list.functions().iter().find_map(|it| it.function_name());
        Ok(match sibling {
            Some(sibling) => Read::Gone(PositiveControl::saw(format!("function {sibling}"))),
            None => Read::Blind(format!("neither function {name} nor any other was seen")),
        })
    }

    async fn write(
        &self,
        name: &str,
        policy: Option<&Value>,
        steps: &mut Steps,
    ) -> Result<(), Stop> {
        let current = self.policy(name).await.map_err(Stop::Failed)?;
        let (text, mut revision) = current.unwrap_or_default();
        let garbled = |why| Stop::Failed(invalid(GET.operation, why));
        let old = match text.as_str() {
            "" => Vec::new(),
            text => Document::parse(text)
                .map_err(garbled)?
                .statements()
                .to_vec(),
        };
        let new = match policy {
            Some(policy) => Document::of(policy.clone())
                .map_err(garbled)?
                .statements()
                .to_vec(),
            None => Vec::new(),
        };
        // What can not be added again is not removed.
        let permissions = |from: &[Value], not_in: &[Value]| {
            let changed = from.iter().filter(|statement| !not_in.contains(statement));
            changed.map(Permission::of).collect::<Option<Vec<_>>>().ok_or_else(|| {
                Stop::NotDone(format!(
                    "a statement of function {name} is none that Lambda lets anybody add; edit it by hand"
                ))
            })
        };
        let (removed, added) = (permissions(&old, &new)?, permissions(&new, &old)?);
        let (function, qualifier) = parts(name);
        for permission in removed {
            let remove = self.client.remove_permission().function_name(function);
            let remove = remove
                .set_qualifier(qualifier.clone())
                .statement_id(permission.id);
            // Lambda refuses when somebody else was faster. Our own first write changes it.
            let remove = remove.set_revision_id(revision.take());
            steps.note(REMOVE, remove.send().await)?;
        }
        for permission in added {
            let add = self.client.add_permission().function_name(function);
            let add = add
                .set_qualifier(qualifier.clone())
                .set_revision_id(revision.take())
                .statement_id(permission.id)
                .action(permission.action)
                .principal(permission.principal)
                .set_source_arn(permission.source_arn)
                .set_source_account(permission.source_account)
                .set_principal_org_id(permission.organization)
                .set_function_url_auth_type(
                    permission
                        .url_auth
                        .as_deref()
                        .map(FunctionUrlAuthType::from),
                )
                .set_invoked_via_function_url(permission.via_url);
            steps.note(ADD, add.send().await)?;
        }
        Ok(())
    }

    fn needs(&self, task: Task, name: &str) -> NeededPolicy {
        let (function, _) = parts(name);
        let one = self.scope.arn("lambda", &format!("function:{function}"));
        let of_one = vec![one.clone(), format!("{one}:*")];
        match task {
            Task::Observe => NeededPolicy::allowing([
                (vec![GET, CONFIGURATION, ALIASES, VERSIONS], of_one),
                (vec![LIST], vec!["*".to_owned()]),
            ]),
            Task::Write => NeededPolicy::allowing([(vec![ADD, REMOVE], of_one)]),
        }
    }
}

/// A statement as `AddPermission` takes it
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>).
#[derive(Debug, Default, PartialEq, Eq)]
struct Permission {
    id: String,
    action: String,
    principal: String,
    source_arn: Option<String>,
    source_account: Option<String>,
    organization: Option<String>,
    url_auth: Option<String>,
    via_url: Option<bool>,
}

impl Permission {
    /// None when the statement says something that `AddPermission` can not.
    fn of(statement: &Value) -> Option<Self> {
        let members = statement.as_object()?;
        let known = [
            "Sid",
            "Effect",
            "Principal",
            "Action",
            "Resource",
            "Condition",
        ];
        let text = |name: &str| members.get(name)?.as_str().map(str::to_owned);
        if text("Effect")? != "Allow" || !members.keys().all(|it| known.contains(&it.as_str())) {
            return None;
        }
        let principal = match members.get("Principal")? {
            Value::String(all) => all.clone(),
            Value::Object(kinds) if kinds.len() == 1 => {
                let of = kinds.get("Service").or_else(|| kinds.get("AWS"))?;
                of.as_str()?.to_owned()
            }
            _ => return None,
        };
        let mut permission = Self {
            id: text("Sid")?,
            action: text("Action")?,
            principal,
            ..Self::default()
        };
        if let Some(condition) = members.get("Condition") {
            for (operator, keys) in condition.as_object()? {
                for (key, value) in keys.as_object()? {
                    permission.limit(operator, &key.to_ascii_lowercase(), value)?;
                }
            }
        }
        Some(permission)
    }

    fn limit(&mut self, operator: &str, key: &str, value: &Value) -> Option<()> {
        let text = value.as_str().map(str::to_owned);
        match (operator, key) {
            ("ArnLike", "aws:sourcearn") => self.source_arn = Some(text?),
            ("StringEquals", "aws:sourceaccount") => self.source_account = Some(text?),
            ("StringEquals", "aws:principalorgid") => self.organization = Some(text?),
            ("StringEquals", "lambda:functionurlauthtype") => self.url_auth = Some(text?),
            ("Bool", "lambda:invokedviafunctionurl") => {
                self.via_url = Some(text.map_or(value.as_bool(), |text| text.parse().ok())?);
            }
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_statement_that_lambda_wrote_can_be_added_again_and_any_other_can_not() {
        let written = json!({
            "Sid": "gateway", "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:orders",
            "Condition": {
                "ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:*:*:abc123/*"},
                "StringEquals": {"AWS:SourceAccount": "123456789012"},
            },
        });
        let permission = Permission::of(&written).unwrap();
        assert_eq!(permission.id, "gateway");
        assert_eq!(permission.source_account.as_deref(), Some("123456789012"));
        for (name, value) in [
            ("Effect", json!("Deny")),
            ("Sid", json!(null)),
            ("Principal", json!({"AWS": ["a", "b"]})),
            ("Principal", json!({"Federated": "a"})),
            ("Action", json!(["lambda:*"])),
            ("NotPrincipal", json!("*")),
            (
                "Condition",
                json!({"IpAddress": {"aws:SourceIp": "192.0.2.1"}}),
            ),
            ("Condition", json!({"ArnLike": {"AWS:SourceArn": ["a"]}})),
        ] {
            let mut other = written.clone();
            other[name] = value;
            assert_eq!(Permission::of(&other), None, "{other}");
        }
    }
}
