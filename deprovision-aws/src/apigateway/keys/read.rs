//! Reads of API Gateway, whole.

use std::collections::BTreeSet;

use aws_sdk_apigateway::types::{ApiKey, UsagePlan};
use deprovision_core::id::ApiId;
use deprovision_core::observation::PositiveControl;
use deprovision_core::provider::{ErrorKind, ProviderError};

use super::ApiGatewayKeys;
use super::calls::{GET_API, GET_KEY, GET_KEYS, GET_PLAN, GET_PLANS};
use crate::call::Call;
use crate::error::{Failed, read};

/// The most that API Gateway gives in one page.
const PAGE: i32 = 500;

impl ApiGatewayKeys {
    /// All keys of the region, without their values.
    pub(super) async fn all_keys(&self) -> Result<Vec<ApiKey>, ProviderError> {
        let (mut keys, mut position) = (Vec::new(), None);
        loop {
            let page = self
                .client
                .get_api_keys()
                .include_values(false)
                .limit(PAGE)
                .set_position(position.clone())
                .send()
                .await;
            let page = read(GET_KEYS, page)?;
            keys.extend(page.items.unwrap_or_default());
            position = next(GET_KEYS, page.position, position)?;
            if position.is_none() {
                return Ok(keys);
            }
        }
    }

    /// All usage plans of the region, or those that hold a key.
    pub(super) async fn plans(&self, key: Option<&str>) -> Result<Vec<UsagePlan>, ProviderError> {
        let (mut plans, mut position) = (Vec::new(), None);
        loop {
            let page = self
                .client
                .get_usage_plans()
                .set_key_id(key.map(str::to_owned))
                .limit(PAGE)
                .set_position(position.clone())
                .send()
                .await;
            let page = read(GET_PLANS, page)?;
            plans.extend(page.items.unwrap_or_default());
            position = next(GET_PLANS, page.position, position)?;
            if position.is_none() {
                return Ok(plans);
            }
        }
    }

    /// One key without its value; `None` when API Gateway does not know it.
    pub(super) async fn api_key(&self, id: &str) -> Result<Option<bool>, ProviderError> {
        let answer = self
            .client
            .get_api_key()
            .api_key(id)
            .include_value(false)
            .send()
            .await;
        match answer.map_err(|error| Failed::of(GET_KEY, &error)) {
            Ok(key) => Ok(Some(key.enabled())),
            Err(failed) if *failed.kind() == ErrorKind::NotFound => Ok(None),
            Err(failed) => Err(failed.of_read()),
        }
    }

    /// One usage plan; `None` when API Gateway does not know it.
    pub(super) async fn plan(&self, id: &str) -> Result<Option<UsagePlan>, ProviderError> {
        let answer = self.client.get_usage_plan().usage_plan_id(id).send().await;
        match answer.map_err(|error| Failed::of(GET_PLAN, &error)) {
            Ok(plan) => Ok(Some(
                UsagePlan::builder()
                    .set_id(plan.id)
                    .set_name(plan.name)
                    .set_api_stages(plan.api_stages)
                    .build(),
            )),
            Err(failed) if *failed.kind() == ErrorKind::NotFound => Ok(None),
            Err(failed) => Err(failed.of_read()),
        }
    }

    /// The REST APIs that a key can call by its plans.
    pub(super) async fn rest_apis_of(&self, key: &str) -> Result<BTreeSet<String>, ProviderError> {
        let plans = self.plans(Some(key)).await?;
        let stages = plans.iter().flat_map(UsagePlan::api_stages);
        Ok(stages
            .filter_map(|stage| stage.api_id().map(str::to_owned))
            .collect())
    }

    /// What the same client still sees of what is bound here.
    pub(super) async fn control(&self) -> Result<Option<PositiveControl>, ProviderError> {
        for id in self.rest_apis.values().flatten() {
            let answer = self.client.get_rest_api().rest_api_id(id).send().await;
            match answer.map_err(|error| Failed::of(GET_API, &error)) {
                Ok(_) => return Ok(Some(PositiveControl::saw(format!("REST API {id}")))),
                Err(failed) if *failed.kind() == ErrorKind::NotFound => {}
                Err(failed) => return Err(failed.of_read()),
            }
        }
        Ok(None)
    }

    /// The REST APIs that are the API.
    pub(super) fn bound(&self, api: &ApiId) -> Option<&BTreeSet<String>> {
        self.rest_apis.get(api)
    }
}

/// Whether a usage plan holds a stage of one of these REST APIs.
pub(super) fn holds(plan: &UsagePlan, rest_apis: &BTreeSet<String>) -> bool {
    plan.api_stages()
        .iter()
        .any(|stage| stage.api_id().is_some_and(|id| rest_apis.contains(id)))
}

/// The position of the next page.
fn next(
    call: Call,
    position: Option<String>,
    before: Option<String>,
) -> Result<Option<String>, ProviderError> {
    if position.is_some() && position == before {
        // Without a new position it would never end.
        return Err(ProviderError::new(
            ErrorKind::Transient,
            call.operation,
            "the same page comes again; check that the endpoint is AWS's",
        ));
    }
    Ok(position)
}
