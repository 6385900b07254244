//! Reads a REST API: its policy, its gateway responses, its stages and what they serve.

use std::collections::BTreeMap;

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::EndpointType;
use deprovision_core::provider::ProviderError;

use super::calls;
use super::methods::MethodSeen;
use super::policy::Policy;
use super::responses::{Response, Responses};
use crate::apigateway::mark::{Mark, Whose};
use crate::apigateway::page::{garbled, next};
use crate::error::read;

/// What each stage served before: the id of a deployment, or nothing where the API has
/// to be deployed anew.
pub(super) type Before = BTreeMap<String, String>;

/// A REST API as it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) api: String,
    pub(super) policy: Policy,
    pub(super) responses: Responses,
    pub(super) stages: Vec<StageSeen>,
    pub(super) has_default_endpoint: bool,
    pub(super) is_private: bool,
}

/// A stage and the deployment that it serves.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StageSeen {
    pub(super) name: String,
    pub(super) deployment: String,
    /// When the deployment was made, in seconds since 1970.
    pub(super) created: i64,
    pub(super) whose: Whose<Mark<Before>>,
    /// A share of the calls goes to another deployment.
    pub(super) has_canary: bool,
}

impl Seen {
    pub(super) async fn read(client: &Client, api: &str) -> Result<Self, ProviderError> {
        let given = client.get_rest_api().rest_api_id(api).send().await;
        let given = read(calls::GET_REST_API, given)?;
        let operation = calls::GET_REST_API.operation;
        if given.id().is_some_and(|id| id != api) {
            return Err(garbled(
                operation,
                "another API than the one that was asked for",
            ));
        }
        let endpoint = given.endpoint_configuration();
        let kinds = endpoint
            .map(|endpoint| endpoint.types())
            .unwrap_or_default();
        Ok(Self {
            api: api.to_owned(),
            policy: Policy::parse(operation, given.policy())?,
            responses: responses(client, api).await?,
            stages: stages(client, api).await?,
            has_default_endpoint: !given.disable_execute_api_endpoint(),
            is_private: kinds.contains(&EndpointType::Private),
        })
    }
}

/// The gateway responses that somebody set; those of AWS come with them.
async fn responses(client: &Client, api: &str) -> Result<Responses, ProviderError> {
    let mut all = Responses::new();
    let mut position: Option<String> = None;
    loop {
        let page = client
            .get_gateway_responses()
            .rest_api_id(api)
            .set_position(position.clone())
            .send()
            .await;
        let page = read(calls::GET_GATEWAY_RESPONSES, page)?;
        for response in page.items().iter().filter(|it| !it.default_response()) {
            let Some(kind) = response.response_type() else {
                let operation = calls::GET_GATEWAY_RESPONSES.operation;
                return Err(garbled(operation, "a response without a type"));
            };
            all.insert(kind.as_str().to_owned(), Response::read(response));
        }
        position = next(position, page.position())?;
        if position.is_none() {
            return Ok(all);
        }
    }
}

async fn stages(client: &Client, api: &str) -> Result<Vec<StageSeen>, ProviderError> {
    let given = client.get_stages().rest_api_id(api).send().await;
    let given = read(calls::GET_STAGES, given)?;
    let mut deployments: BTreeMap<String, (i64, Whose<Mark<Before>>)> = BTreeMap::new();
    let mut stages = Vec::new();
    for stage in given.item() {
        let (Some(name), Some(deployment)) = (stage.stage_name(), stage.deployment_id()) else {
            return Err(garbled(
                calls::GET_STAGES.operation,
                "a stage without a name or a deployment",
            ));
        };
        if !deployments.contains_key(deployment) {
            let given = client
                .get_deployment()
                .rest_api_id(api)
                .deployment_id(deployment)
                .send()
                .await;
            let given = read(calls::GET_DEPLOYMENT, given)?;
            let created = given.created_date().map_or(0, |created| created.secs());
            let whose = Whose::of(given.description());
            deployments.insert(deployment.to_owned(), (created, whose));
        }
        let (created, whose) = deployments
            .get(deployment)
            .cloned()
            .unwrap_or((0, Whose::Theirs));
        stages.push(StageSeen {
            name: name.to_owned(),
            deployment: deployment.to_owned(),
            created,
            whose,
            has_canary: stage
                .canary_settings()
                .is_some_and(|canary| canary.percent_traffic() > 0.0),
        });
    }
    stages.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(stages)
}

/// The methods of the definition, which may not be what is deployed. In order: AWS gives
/// them in any, and the first that is in the way of something is told in plans, which
/// are approved word by word.
pub(super) async fn methods(client: &Client, api: &str) -> Result<Vec<MethodSeen>, ProviderError> {
    let mut all: Vec<MethodSeen> = Vec::new();
    let mut position: Option<String> = None;
    loop {
        let page = client
            .get_resources()
            .rest_api_id(api)
            .embed("methods")
            .set_position(position.clone())
            .send()
            .await;
        let page = read(calls::GET_RESOURCES, page)?;
        all.extend(page.items().iter().flat_map(MethodSeen::all));
        position = next(position, page.position())?;
        if position.is_none() {
            all.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
            return Ok(all);
        }
    }
}
