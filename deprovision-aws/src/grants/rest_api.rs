//! The policies of REST APIs.

use std::borrow::Cow;

use async_trait::async_trait;
use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::config::retry::RetryConfig;
use aws_sdk_apigateway::types::{Op, PatchOperation};
use deprovision_core::observation::PositiveControl;
use deprovision_core::provider::ProviderError;
use serde_json::Value;

use crate::call::Call;
use crate::error::read;
use crate::grants::home::{PolicyHome, Read, Standing, Task};
use crate::grants::writing::{Steps, Stop, is_absent};
use crate::policy::NeededPolicy;
use crate::scope::Scope;

const GET: Call = Call::of("apigateway:GetRestApi", &["apigateway:GET"]);
const LIST: Call = Call::of("apigateway:GetRestApis", &["apigateway:GET"]);
const UPDATE: Call = Call::of(
    "apigateway:UpdateRestApi",
    &["apigateway:PATCH", "apigateway:UpdateRestApiPolicy"],
);

#[derive(Debug)]
pub(crate) struct RestApis {
    client: Client,
    scope: Scope,
}

impl RestApis {
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

/// API Gateway answers with a policy whose quotes are escaped once more than JSON's.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.trim_start().starts_with("{\\") {
        return Cow::Borrowed(text);
    }
    serde_json::from_str::<String>(&format!("\"{text}\"")).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[async_trait]
impl PolicyHome for RestApis {
    async fn read(&self, id: &str) -> Result<Read, ProviderError> {
        match read(GET, self.client.get_rest_api().rest_api_id(id).send().await) {
            Ok(api) => {
                return Ok(
                    match api.policy.filter(|policy| !policy.trim().is_empty()) {
                        Some(text) => Read::There(Standing {
                            text: plain(&text).into_owned(),
                            principal: format!("whom the policy of REST API {id} lets in"),
                        }),
                        None => Read::Gone(PositiveControl::saw(format!("REST API {id}"))),
                    },
                );
            }
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
        let list = read(LIST, self.client.get_rest_apis().limit(1).send().await)?;
        Ok(match list.items().iter().find_map(|api| api.id()) {
            Some(sibling) => Read::Gone(PositiveControl::saw(format!("REST API {sibling}"))),
            None => Read::Blind(format!("neither REST API {id} nor any other was seen")),
        })
    }

    async fn write(&self, id: &str, policy: Option<&Value>, steps: &mut Steps) -> Result<(), Stop> {
        let text = policy.map(Value::to_string).unwrap_or_default();
        let patch = PatchOperation::builder()
            .op(Op::Replace)
            .path("/policy")
            .value(text)
            .build();
        let update = self
            .client
            .update_rest_api()
            .rest_api_id(id)
            .patch_operations(patch);
        steps.note(UPDATE, update.send().await).map(drop)
    }

    fn needs(&self, task: Task, id: &str) -> NeededPolicy {
        let (partition, region) = (self.scope.partition(), self.scope.region());
        let all = format!("arn:{partition}:apigateway:{region}::/restapis");
        let one = format!("{all}/{id}");
        match task {
            Task::Observe => {
                NeededPolicy::allowing([(vec![GET], vec![one]), (vec![LIST], vec![all])])
            }
            Task::Write => NeededPolicy::allowing([(vec![UPDATE], vec![one])]),
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_policy_that_is_escaped_twice_is_read_as_the_policy_it_is() {
        let twice = r#"{\"Version\":\"2012-10-17\",\"Statement\":[]}"#;
        assert_eq!(plain(twice), r#"{"Version":"2012-10-17","Statement":[]}"#);
        assert_eq!(plain(r#"{"a":1}"#), r#"{"a":1}"#);
        assert_eq!(plain("{\\x"), "{\\x");
    }
}
