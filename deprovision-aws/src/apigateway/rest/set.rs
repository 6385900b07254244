//! Sets REST APIs.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::config::retry::RetryConfig;
use aws_sdk_apigateway::types::{GatewayResponseType, Op, PatchOperation};
use deprovision_core::observation::Observation;
use deprovision_core::provider::{Outcome, PathAbilities, PathState, ProviderError};
use deprovision_core::time::Timestamp;

use super::methods::{AnswerChange, MethodSeen};
use super::options::{NoticeBy, Undeployed};
use super::plan::{Wish, Write, abilities, before, plan, serves_from_ours};
use super::seen::{Seen, methods};
use super::{calls, drift, observe, responses};
use crate::apigateway::page::garbled;
use crate::call::Call;
use crate::error::{Failed, invalid};
use crate::scope::Scope;

/// What this is called in errors.
const OPERATION: &str = "apigateway:set";

/// The REST APIs of a scope.
#[derive(Debug, Clone)]
pub(in crate::apigateway) struct RestApis {
    pub(super) client: Client,
    pub(in crate::apigateway) notice_by: NoticeBy,
    pub(in crate::apigateway) undeployed: Undeployed,
}

/// What one call came to.
type Written = Result<(), Failed>;

/// Why a write of several calls broke off.
struct Broken {
    /// Whether a call before the one that failed was made.
    touched: bool,
    failed: Failed,
}

impl From<Failed> for Broken {
    /// The first call failed.
    fn from(failed: Failed) -> Self {
        Self {
            touched: false,
            failed,
        }
    }
}

impl Broken {
    fn after_a_call(failed: Failed) -> Self {
        Self {
            touched: true,
            failed,
        }
    }
}

impl RestApis {
    pub(in crate::apigateway) fn new(client: &Client) -> Self {
        let config = client.config().to_builder();
        let config = config.retry_config(RetryConfig::disabled()).build();
        Self {
            client: Client::from_conf(config),
            notice_by: NoticeBy::default(),
            undeployed: Undeployed::default(),
        }
    }

    pub(in crate::apigateway) async fn path(
        &self,
        scope: &Scope,
        api: &str,
        now: Timestamp,
    ) -> Result<Observation<PathState>, ProviderError> {
        let seen = Seen::read(&self.client, api).await?;
        observe::judge(scope, &seen, now)
    }

    pub(in crate::apigateway) async fn abilities(
        &self,
        api: &str,
        now: Timestamp,
    ) -> Result<Observation<PathAbilities>, ProviderError> {
        let seen = Seen::read(&self.client, api).await?;
        let methods = methods(&self.client, api).await?;
        let abilities = abilities(&seen, &methods, self.notice_by);
        Ok(Observation::complete(abilities, now))
    }

    pub(in crate::apigateway) async fn set(
        &self,
        scope: &Scope,
        api: &str,
        state: &PathState,
        now: Timestamp,
    ) -> Result<Outcome, ProviderError> {
        state
            .check()
            .map_err(|wrong| invalid(OPERATION, wrong.to_string()).with_source(wrong))?;
        let wish = Wish {
            operation: OPERATION,
            scope,
            state,
            notice_by: self.notice_by,
            now,
        };
        let seen = Seen::read(&self.client, api).await?;
        // What is set so already is not looked at any further.
        let is_set = plan(wish, &seen, &[]).is_ok_and(|writes| writes.is_empty());
        let tells = responses::answers_tell(&seen.responses);
        let methods = if tells || (serves_from_ours(state) && !is_set) {
            methods(&self.client, api).await?
        } else {
            Vec::new()
        };
        let writes = plan(wish, &seen, &methods)?;
        if writes.is_empty() {
            return Ok(Outcome::done(format!("{api} was set so")));
        }
        if serves_from_ours(state) && self.undeployed == Undeployed::Refuse {
            let before = before(OPERATION, &seen)?;
            let deployments = drift::Deployments::read(&self.client, api, &before).await?;
            deployments.check(OPERATION, &before, &methods)?;
        }
        self.write_all(api, &methods, writes).await
    }

    /// Makes the writes one by one. Once one is made, a later one that fails leaves the
    /// API half set, which is no error that changed nothing: it has to be looked at.
    async fn write_all(
        &self,
        api: &str,
        methods: &[MethodSeen],
        writes: Vec<Write>,
    ) -> Result<Outcome, ProviderError> {
        let total = writes.len();
        let mut deployment = None;
        for (made, write) in writes.into_iter().enumerate() {
            let written: Result<(), Broken> = match write {
                Write::Answer(change) => self.change_answer(api, methods, &change).await,
                Write::Policy(policy) => self
                    .put_policy(api, policy.write())
                    .await
                    .map_err(Broken::from),
                Write::Response { kind, response } => {
                    let put = self
                        .client
                        .put_gateway_response()
                        .rest_api_id(api)
                        .response_type(GatewayResponseType::from(kind.as_str()))
                        .set_status_code(response.status)
                        .set_response_parameters(Some(response.parameters.into_iter().collect()))
                        .set_response_templates(Some(response.templates.into_iter().collect()))
                        .send()
                        .await;
                    sent(calls::PUT_GATEWAY_RESPONSE, put).map_err(Broken::from)
                }
                Write::DropResponse { kind } => {
                    let dropped = self
                        .client
                        .delete_gateway_response()
                        .rest_api_id(api)
                        .response_type(GatewayResponseType::from(kind.as_str()))
                        .send()
                        .await;
                    sent(calls::DELETE_GATEWAY_RESPONSE, dropped).map_err(Broken::from)
                }
                Write::Deploy {
                    description,
                    stages,
                } => self
                    .deploy(api, description, &stages)
                    .await
                    .map(|id| deployment = Some(id)),
                Write::Point { stage, deployment } => {
                    let pointed = self.point(api, &stage, &deployment).await;
                    pointed.map_err(Broken::from)
                }
            };
            match written {
                Ok(()) => {}
                Err(Broken { touched, failed }) if touched || made > 0 => {
                    let error = failed.of_read();
                    return Ok(Outcome::unknown(format!(
                        "{made} of {total} writes are made, then: {error}"
                    )));
                }
                Err(Broken { failed, .. }) => return failed.of_write(),
            }
        }
        let served = deployment.map_or_else(String::new, |id| format!(", deployment {id}"));
        Ok(Outcome::done(format!(
            "{api} set by {total} writes{served}"
        )))
    }

    async fn put_policy(&self, api: &str, document: String) -> Written {
        let replace = PatchOperation::builder()
            .op(Op::Replace)
            .path("/policy")
            .value(document)
            .build();
        let put = self
            .client
            .update_rest_api()
            .rest_api_id(api)
            .patch_operations(replace)
            .send()
            .await;
        sent(calls::UPDATE_REST_API, put)
    }

    /// A deployment, and every stage pointed to it.
    async fn deploy(
        &self,
        api: &str,
        description: Option<String>,
        stages: &[String],
    ) -> Result<String, Broken> {
        let made = self
            .client
            .create_deployment()
            .rest_api_id(api)
            .set_description(description)
            .send()
            .await
            .map_err(|error| Failed::of(calls::CREATE_DEPLOYMENT, &error))?;
        let Some(id) = made.id().map(str::to_owned) else {
            let operation = calls::CREATE_DEPLOYMENT.operation;
            let error = garbled(operation, "a deployment without an id");
            return Err(Broken::after_a_call(Failed::Unsure(error)));
        };
        for stage in stages {
            let pointed = self.point(api, stage, &id).await;
            pointed.map_err(Broken::after_a_call)?;
        }
        Ok(id)
    }

    async fn point(&self, api: &str, stage: &str, deployment: &str) -> Written {
        let replace = PatchOperation::builder()
            .op(Op::Replace)
            .path("/deploymentId")
            .value(deployment)
            .build();
        let pointed = self
            .client
            .update_stage()
            .rest_api_id(api)
            .stage_name(stage)
            .patch_operations(replace)
            .send()
            .await;
        sent(calls::UPDATE_STAGE, pointed)
    }

    /// A header has to be declared before it is filled, and filled no more before it is
    /// declared no more.
    async fn change_answer(
        &self,
        api: &str,
        methods: &[MethodSeen],
        change: &AnswerChange,
    ) -> Result<(), Broken> {
        let answer = methods
            .iter()
            .filter(|it| it.resource == change.resource && it.method == change.method)
            .flat_map(|method| &method.answers)
            .find(|answer| answer.status == change.status);
        let declared = |header: &str| answer.is_some_and(|answer| answer.declares(header));
        let mut declare = Vec::new();
        let mut fill = Vec::new();
        let mut forget = Vec::new();
        for (header, value) in &change.headers {
            let path = format!("/responseParameters/method.response.header.{header}");
            let patch = |op: Op| PatchOperation::builder().op(op).path(&path);
            match value {
                Some(value) => {
                    if !declared(header) {
                        declare.push(patch(Op::Add).value("false").build());
                    }
                    fill.push(patch(Op::Add).value(value).build());
                }
                None => {
                    fill.push(patch(Op::Remove).build());
                    if declared(header) {
                        forget.push(patch(Op::Remove).build());
                    }
                }
            }
        }
        let declares = !declare.is_empty();
        self.patch_method(api, change, declare).await?;
        let filled = self
            .client
            .update_integration_response()
            .rest_api_id(api)
            .resource_id(&change.resource)
            .http_method(&change.method)
            .status_code(&change.status)
            .set_patch_operations(Some(fill))
            .send()
            .await;
        sent(calls::UPDATE_INTEGRATION_RESPONSE, filled).map_err(|failed| Broken {
            touched: declares,
            failed,
        })?;
        let forgotten = self.patch_method(api, change, forget).await;
        forgotten.map_err(Broken::after_a_call)
    }

    async fn patch_method(
        &self,
        api: &str,
        change: &AnswerChange,
        patches: Vec<PatchOperation>,
    ) -> Written {
        if patches.is_empty() {
            return Ok(());
        }
        let patched = self
            .client
            .update_method_response()
            .rest_api_id(api)
            .resource_id(&change.resource)
            .http_method(&change.method)
            .status_code(&change.status)
            .set_patch_operations(Some(patches))
            .send()
            .await;
        sent(calls::UPDATE_METHOD_RESPONSE, patched)
    }
}

fn sent<T, E>(
    call: Call,
    answer: Result<
        T,
        aws_smithy_runtime_api::client::result::SdkError<
            E,
            aws_smithy_runtime_api::client::orchestrator::HttpResponse,
        >,
    >,
) -> Written
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata,
{
    answer.map(|_| ()).map_err(|error| Failed::of(call, &error))
}
