//! The policies of secrets.

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use deprovision_core::observation::PositiveControl;
use deprovision_core::provider::ProviderError;
use serde_json::Value;

use crate::call::Call;
use crate::error::read;
use crate::grants::home::{PolicyHome, Read, Standing, Task};
use crate::grants::target::wrong_account;
use crate::grants::writing::{Steps, Stop, is_absent};
use crate::policy::NeededPolicy;
use crate::scope::Scope;

const GET: Call = Call::same(&["secretsmanager:GetResourcePolicy"]);
const PUT: Call = Call::same(&["secretsmanager:PutResourcePolicy"]);
const DELETE: Call = Call::same(&["secretsmanager:DeleteResourcePolicy"]);
const LIST: Call = Call::same(&["secretsmanager:ListSecrets"]);

#[derive(Debug)]
pub(crate) struct Secrets {
    client: Client,
    scope: Scope,
}

impl Secrets {
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
}

#[async_trait]
impl PolicyHome for Secrets {
    async fn read(&self, name: &str) -> Result<Read, ProviderError> {
        match read(
            GET,
            self.client
                .get_resource_policy()
                .secret_id(name)
                .send()
                .await,
        ) {
            Ok(answer) => {
                let arn = answer.arn.unwrap_or_default();
                if !arn.starts_with(&self.scope.arn("secretsmanager", "secret:")) {
                    return Err(wrong_account(&self.scope, &arn));
                }
                return Ok(
                    match answer
                        .resource_policy
                        .filter(|text| !text.trim().is_empty())
                    {
                        Some(text) => Read::There(Standing {
                            text,
                            principal: format!("whom the policy of secret {name} lets in"),
                        }),
                        None => Read::Gone(PositiveControl::saw(format!("secret {name}"))),
                    },
                );
            }
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
        let list = self
            .client
            .list_secrets()
            .include_planned_deletion(true)
            .max_results(1);
        let list = read(LIST, list.send().await)?;
        Ok(
            match list.secret_list().iter().find_map(|secret| secret.name()) {
                Some(sibling) => Read::Gone(PositiveControl::saw(format!("secret {sibling}"))),
                None => Read::Blind(format!("neither secret {name} nor any other was seen")),
            },
        )
    }

    async fn write(
        &self,
        name: &str,
        policy: Option<&Value>,
        steps: &mut Steps,
    ) -> Result<(), Stop> {
        match policy {
            Some(policy) => {
                let put = self.client.put_resource_policy().secret_id(name);
                let put = put.resource_policy(policy.to_string());
                steps.note(PUT, put.send().await).map(drop)
            }
            None => {
                let delete = self.client.delete_resource_policy().secret_id(name);
                steps.note(DELETE, delete.send().await).map(drop)
            }
        }
    }

    fn needs(&self, task: Task, name: &str) -> NeededPolicy {
        let one = if name.starts_with("arn:") {
            name.to_owned()
        } else {
            self.scope
                .arn("secretsmanager", &format!("secret:{name}-??????"))
        };
        match task {
            Task::Observe => {
                NeededPolicy::allowing([(vec![GET], vec![one]), (vec![LIST], vec!["*".to_owned()])])
            }
            Task::Write => NeededPolicy::allowing([(vec![PUT, DELETE], vec![one])]),
        }
    }
}
