//! Reads an HTTP API: its stages, its routes and what they lead to.

use std::collections::BTreeMap;

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{AuthorizationType, ProtocolType, Route};
use deprovision_core::provider::{ErrorKind, ProviderError};
use serde::{Deserialize, Serialize};

use super::calls;
use super::cors::{Cors, Kept};
use crate::apigateway::mark::{Mark, Whose};
use crate::apigateway::page::{garbled, next};
use crate::error::read;

/// What a route had before it was led to the backend that answers 410.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Aside {
    /// `None` for a route that is ours altogether.
    pub(super) target: Option<String>,
    pub(super) authorization: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authorizer: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) scopes: Vec<String>,
}

/// An HTTP API as it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) api: String,
    pub(super) has_default_endpoint: bool,
    pub(super) stages: Vec<StageSeen>,
    pub(super) routes: Vec<RouteSeen>,
    /// What answers preflight requests before any route does.
    pub(super) cors: Option<Cors>,
    /// Integrations of ours, by their id.
    pub(super) ours: BTreeMap<String, Mark<Aside>>,
    /// Those of ours that keep what was there of CORS.
    pub(super) kept_cors: BTreeMap<String, Cors>,
    /// Integrations whose description is ours and can not be read.
    pub(super) unreadable: Vec<String>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StageSeen {
    pub(super) name: String,
    /// Changes reach it by themselves.
    pub(super) deploys_itself: bool,
    /// Why the last change did not reach it.
    pub(super) trouble: Option<String>,
}

/// A route.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RouteSeen {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) now: Aside,
}

impl RouteSeen {
    /// The id of the integration that it leads to.
    pub(super) fn integration(&self) -> Option<&str> {
        self.now.target.as_deref()?.strip_prefix("integrations/")
    }
}

impl Seen {
    pub(super) async fn read(client: &Client, api: &str) -> Result<Self, ProviderError> {
        let given = client.get_api().api_id(api).send().await;
        let given = read(calls::GET_API, given)?;
        if given.protocol_type() != Some(&ProtocolType::Http) {
            return Err(ProviderError::new(
                ErrorKind::Unsupported,
                calls::GET_API.operation,
                format!("{api} is no HTTP API; WebSocket APIs can not be retired here"),
            ));
        }
        let mut seen = Self {
            api: api.to_owned(),
            has_default_endpoint: !given.disable_execute_api_endpoint().unwrap_or(false),
            stages: stages(client, api).await?,
            routes: routes(client, api).await?,
            cors: given.cors_configuration().map(Cors::of),
            ours: BTreeMap::new(),
            kept_cors: BTreeMap::new(),
            unreadable: Vec::new(),
        };
        seen.read_integrations(client).await?;
        Ok(seen)
    }

    async fn read_integrations(&mut self, client: &Client) -> Result<(), ProviderError> {
        let mut token: Option<String> = None;
        loop {
            let page = client
                .get_integrations()
                .api_id(&self.api)
                .set_next_token(token.clone())
                .send()
                .await;
            let page = read(calls::GET_INTEGRATIONS, page)?;
            for integration in page.items() {
                let id = integration.integration_id().unwrap_or_default().to_owned();
                match Whose::of(integration.description()) {
                    Whose::Theirs => {}
                    Whose::Ours(Kept::Routes(mark)) => {
                        self.ours.insert(id, mark);
                    }
                    Whose::Ours(Kept::Cors(kept)) => {
                        self.kept_cors.insert(id, kept.cors);
                    }
                    Whose::Unreadable => self.unreadable.push(id),
                }
            }
            token = next(token, page.next_token())?;
            if token.is_none() {
                return Ok(());
            }
        }
    }
}

async fn stages(client: &Client, api: &str) -> Result<Vec<StageSeen>, ProviderError> {
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = client
            .get_stages()
            .api_id(api)
            .set_next_token(token.clone())
            .send()
            .await;
        let page = read(calls::GET_STAGES, page)?;
        all.extend(page.items().iter().map(|stage| {
            StageSeen {
                name: stage.stage_name().unwrap_or_default().to_owned(),
                deploys_itself: stage.auto_deploy().unwrap_or(false),
                trouble: stage
                    .last_deployment_status_message()
                    .filter(|message| !message.is_empty() && !message.starts_with("Successfully"))
                    .map(str::to_owned),
            }
        }));
        token = next(token, page.next_token())?;
        if token.is_none() {
            return Ok(all);
        }
    }
}

async fn routes(client: &Client, api: &str) -> Result<Vec<RouteSeen>, ProviderError> {
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = client
            .get_routes()
            .api_id(api)
            .set_next_token(token.clone())
            .send()
            .await;
        let page = read(calls::GET_ROUTES, page)?;
        for route in page.items() {
            all.push(seen(route)?);
        }
        token = next(token, page.next_token())?;
        if token.is_none() {
            return Ok(all);
        }
    }
}

fn seen(route: &Route) -> Result<RouteSeen, ProviderError> {
    let (Some(id), Some(key)) = (route.route_id(), route.route_key()) else {
        return Err(garbled(
            calls::GET_ROUTES.operation,
            "a route without an id or a key",
        ));
    };
    let authorization = route.authorization_type();
    let authorization = authorization.unwrap_or(&AuthorizationType::None);
    Ok(RouteSeen {
        id: id.to_owned(),
        key: key.to_owned(),
        now: Aside {
            target: route.target().map(str::to_owned),
            authorization: authorization.as_str().to_owned(),
            authorizer: route
                .authorizer_id()
                .filter(|id| !id.is_empty())
                .map(str::to_owned),
            scopes: route.authorization_scopes().to_vec(),
        },
    })
}
