//! Sets and deletes HTTP APIs.

use std::collections::HashMap;

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::config::retry::RetryConfig;
use aws_sdk_apigatewayv2::types::{AuthorizationType, IntegrationType};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ErrorKind, Outcome, PathAbilities, PathState, ProviderError};
use deprovision_core::time::Timestamp;

use super::backend::GoneBackend;
use super::calls;
use super::plan::{DEFAULT_ROUTE, Write, abilities, judge, plan};
use super::seen::{Aside, Seen};
use crate::apigateway::mark::Mark;
use crate::apigateway::page::garbled;
use crate::call::Call;
use crate::error::{Failed, invalid};

/// What this is called in errors.
const OPERATION: &str = "apigatewayv2:set";

/// Why an HTTP API can not be closed.
const NO_BACKEND: &str =
    "an HTTP API can not answer 410 by itself; give the adapter a GoneBackend that does";

/// The HTTP APIs of a scope.
#[derive(Debug, Clone)]
pub(in crate::apigateway) struct HttpApis {
    pub(super) client: Client,
    gone: Option<GoneBackend>,
}

/// How many calls were made before one failed.
type Made = Result<usize, (usize, Failed)>;

impl HttpApis {
    pub(in crate::apigateway) fn new(client: &Client, gone: Option<GoneBackend>) -> Self {
        let config = client.config().to_builder();
        let config = config.retry_config(RetryConfig::disabled()).build();
        Self {
            client: Client::from_conf(config),
            gone,
        }
    }

    pub(in crate::apigateway) async fn path(
        &self,
        api: &str,
        now: Timestamp,
    ) -> Result<Observation<PathState>, ProviderError> {
        let seen = Seen::read(&self.client, api).await?;
        Ok(judge(&seen, now))
    }

    pub(in crate::apigateway) async fn abilities(
        &self,
        api: &str,
        now: Timestamp,
    ) -> Result<Observation<PathAbilities>, ProviderError> {
        let seen = Seen::read(&self.client, api).await?;
        let gone = self
            .backend()
            .map(|_| ())
            .map_err(|_| NO_BACKEND.to_owned());
        Ok(Observation::complete(abilities(&seen, gone), now))
    }

    pub(in crate::apigateway) async fn set(
        &self,
        api: &str,
        state: &PathState,
    ) -> Result<Outcome, ProviderError> {
        state
            .check()
            .map_err(|wrong| invalid(OPERATION, wrong.to_string()).with_source(wrong))?;
        let seen = Seen::read(&self.client, api).await?;
        let writes = plan(OPERATION, &seen, state)?;
        if writes.is_empty() {
            return Ok(Outcome::done(format!("{api} was set so")));
        }
        // Refused before anything is written.
        for write in &writes {
            match write {
                Write::SetAside { mark, .. } => {
                    mark.write(OPERATION)?;
                    links(&mark.state)?;
                    self.backend()?;
                }
                Write::KeepCors { cors } => {
                    cors.write(OPERATION)?;
                    self.backend()?;
                }
                Write::PutBack { .. }
                | Write::DropRoute { .. }
                | Write::RemoveCors
                | Write::PutCorsBack { .. }
                | Write::DropIntegration { .. } => {}
            }
        }
        let mut made = 0_usize;
        for write in writes {
            match self.write(api, write).await {
                Ok(calls) => made = made.saturating_add(calls),
                Err((0, failed)) if made == 0 => return failed.of_write(),
                Err((calls, failed)) => {
                    let made = made.saturating_add(calls);
                    let error = failed.of_read();
                    return Ok(Outcome::unknown(format!(
                        "{made} calls were made, then: {error}"
                    )));
                }
            }
        }
        Ok(Outcome::done(format!("{api} set by {made} calls")))
    }

    /// Deletes the API. Whether it may be is decided before this is called.
    pub(in crate::apigateway) async fn dangerously_delete(
        &self,
        api: &str,
    ) -> Result<Outcome, ProviderError> {
        match self.client.delete_api().api_id(api).send().await {
            Ok(_) => Ok(Outcome::done(format!("HTTP API {api} deleted"))),
            Err(error) => Failed::of(calls::DELETE_API, &error).of_write(),
        }
    }

    fn backend(&self) -> Result<&GoneBackend, ProviderError> {
        let missing = || ProviderError::new(ErrorKind::Unsupported, OPERATION, NO_BACKEND);
        self.gone.as_ref().ok_or_else(missing)
    }

    async fn write(&self, api: &str, write: Write) -> Made {
        let client = &self.client;
        let made = match write {
            Write::SetAside {
                mark,
                integration,
                routes,
            } => return self.set_aside(api, &mark, integration, &routes).await,
            Write::PutBack { route, before } => self.lead(api, &route, &before).await,
            Write::DropRoute { route } => {
                let dropped = client.delete_route().api_id(api).route_id(route);
                sent(calls::DELETE_ROUTE, dropped.send().await)
            }
            Write::KeepCors { cors } => match cors.write(OPERATION) {
                Ok(kept) => self.integrate(api, kept, None).await.map(|_| ()),
                Err(refused) => Err(Failed::Refused(refused)),
            },
            Write::RemoveCors => {
                let removed = client.delete_cors_configuration().api_id(api);
                sent(calls::DELETE_CORS, removed.send().await)
            }
            Write::PutCorsBack { cors } => {
                let put = client.update_api().api_id(api);
                let put = put.cors_configuration(cors.to_sdk()).send().await;
                sent(calls::UPDATE_API, put)
            }
            Write::DropIntegration { integration } => {
                let dropped = client.delete_integration().api_id(api);
                let dropped = dropped.integration_id(integration).send().await;
                sent(calls::DELETE_INTEGRATION, dropped)
            }
        };
        made.map(|()| 1).map_err(|failed| (0, failed))
    }

    async fn set_aside(
        &self,
        api: &str,
        mark: &Mark<Aside>,
        integration: Option<String>,
        routes: &[Option<String>],
    ) -> Made {
        let mut made = 0_usize;
        let integration = match integration {
            Some(integration) => integration,
            None => {
                let description = mark.write(OPERATION).map_err(Failed::Refused);
                let links = links(&mark.state).map_err(Failed::Refused);
                let id = match (description, links) {
                    (Ok(kept), Ok(links)) => self.integrate(api, kept, links).await,
                    (Err(refused), _) | (_, Err(refused)) => Err(refused),
                };
                made = made.saturating_add(1);
                id.map_err(|failed| (0, failed))?
            }
        };
        let ours = Aside {
            target: Some(format!("integrations/{integration}")),
            authorization: "NONE".to_owned(),
            authorizer: None,
            scopes: Vec::new(),
        };
        for route in routes {
            let led = match route {
                Some(route) => self.lead(api, route, &ours).await,
                None => self.take_the_rest(api, &ours).await,
            };
            led.map_err(|failed| (made, failed))?;
            made = made.saturating_add(1);
        }
        Ok(made)
    }

    /// Makes an integration of ours, with that description.
    async fn integrate(
        &self,
        api: &str,
        description: String,
        answers: Option<Answers>,
    ) -> Result<String, Failed> {
        let backend = self.backend().map_err(Failed::Refused)?;
        let call = self
            .client
            .create_integration()
            .api_id(api)
            .description(description)
            .integration_uri(&backend.uri)
            .set_response_parameters(answers);
        let call = if backend.is_function {
            call.integration_type(IntegrationType::AwsProxy)
                .payload_format_version("2.0")
        } else {
            call.integration_type(IntegrationType::HttpProxy)
                .integration_method("ANY")
                .payload_format_version("1.0")
        };
        let made = call.send().await;
        let made = made.map_err(|error| Failed::of(calls::CREATE_INTEGRATION, &error))?;
        made.integration_id().map(str::to_owned).ok_or_else(|| {
            let operation = calls::CREATE_INTEGRATION.operation;
            Failed::Unsure(garbled(operation, "an integration without an id"))
        })
    }

    /// Leads a route somewhere, with its authorization, in one call: it is never without
    /// both.
    async fn lead(&self, api: &str, route: &str, to: &Aside) -> Result<(), Failed> {
        let led = self
            .client
            .update_route()
            .api_id(api)
            .route_id(route)
            .set_target(to.target.clone())
            .authorization_type(AuthorizationType::from(to.authorization.as_str()))
            .set_authorizer_id(to.authorizer.clone())
            // Scopes that no authorizer looks at may stay.
            .set_authorization_scopes((!to.scopes.is_empty()).then(|| to.scopes.clone()))
            .send()
            .await;
        sent(calls::UPDATE_ROUTE, led)
    }

    async fn take_the_rest(&self, api: &str, to: &Aside) -> Result<(), Failed> {
        let made = self
            .client
            .create_route()
            .api_id(api)
            .route_key(DEFAULT_ROUTE)
            .set_target(to.target.clone())
            .authorization_type(AuthorizationType::None)
            .send()
            .await;
        sent(calls::CREATE_ROUTE, made)
    }
}

/// What came of a call whose answer says nothing more.
fn sent<T, E: ProvideErrorMetadata>(
    call: Call,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<(), Failed> {
    answer.map(|_| ()).map_err(|error| Failed::of(call, &error))
}

/// What is done to answers of an integration, by their status, as the SDK takes it.
type Answers = HashMap<String, HashMap<String, String>>;

/// The links of a closed path on the answer 410 of the backend.
fn links(state: &PathState) -> Result<Option<Answers>, ProviderError> {
    let PathState::Closed { notice } = state else {
        return Ok(None);
    };
    let links = notice.links();
    if links.is_empty() {
        return Ok(None);
    }
    let links = links.join(", ");
    if links.contains('$') {
        return Err(invalid(
            OPERATION,
            "a URL of the notice holds $, which API Gateway takes for a variable; write it as %24",
        ));
    }
    let header = HashMap::from([("append:header.Link".to_owned(), links)]);
    Ok(Some(HashMap::from([("410".to_owned(), header)])))
}
