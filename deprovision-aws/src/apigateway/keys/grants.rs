//! The stages of an API in usage plans.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_apigateway::types::{ApiStage, Op, PatchOperation, UsagePlan};
use deprovision_core::id::ApiId;
use deprovision_core::observation::{Observation, PositiveControl};
use deprovision_core::provider::{
    GrantObserver, GrantState, GrantsFound, Outcome, PermissionAuditor, ProviderError, WritePermit,
};
use deprovision_core::resource::{GrantId, IssuerId};
use deprovision_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ApiGatewayKeys;
use super::calls::UPDATE_PLAN;
use super::grant_name::GrantName;
use super::observe::{unbound, unseen};
use crate::error::{Failed, invalid};

/// A grant whole: enough to put it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    plan: String,
    rest_api: String,
    stage: String,
    /// By resource and method, as `/orders/GET`.
    throttle: BTreeMap<String, Throttle>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Throttle {
    rate_limit: f64,
    burst_limit: i32,
}

#[async_trait]
impl GrantObserver for ApiGatewayKeys {
    async fn grants(
        &self,
        issuer: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<GrantsFound>, ProviderError> {
        self.check_issuer("list grants", issuer)?;
        let Some(rest_apis) = self.bound(api) else {
            return Ok(unbound(api));
        };
        let as_of = Timestamp::now();
        let mut found = Vec::new();
        for plan in self.plans(None).await? {
            for stage in plan.api_stages() {
                if let (Some(plan), Some(rest_api), Some(stage)) =
                    (plan.id(), stage.api_id(), stage.stage())
                    && rest_apis.contains(rest_api)
                {
                    let name = GrantName {
                        plan: plan.to_owned(),
                        rest_api: rest_api.to_owned(),
                        stage: stage.to_owned(),
                    };
                    found.push(name.id(self)?);
                }
            }
        }
        if found.is_empty() && self.control().await?.is_none() {
            return Ok(unseen());
        }
        Ok(Observation::complete(GrantsFound::naming(found), as_of))
    }

    async fn grant(&self, id: &GrantId) -> Result<Observation<GrantState>, ProviderError> {
        let name = GrantName::of("look at a grant", self, id)?;
        let as_of = Timestamp::now();
        let Some(plan) = self.plan(&name.plan).await? else {
            return Ok(match self.control().await? {
                Some(control) => Observation::complete(GrantState::Absent { control }, as_of),
                None => unseen(),
            });
        };
        let state = match stage_in(&plan, &name) {
            Some(stage) => GrantState::Present {
                principal: format!(
                    "the keys of usage plan {} ({})",
                    plan.name().unwrap_or_default(),
                    name.plan
                ),
                document: document(&name, stage)?,
            },
            None => GrantState::Absent {
                control: PositiveControl::saw(format!("usage plan {}", name.plan)),
            },
        };
        Ok(Observation::complete(state, as_of))
    }
}

#[async_trait]
impl PermissionAuditor for ApiGatewayKeys {
    async fn remove(&self, id: &GrantId, _: &WritePermit) -> Result<Outcome, ProviderError> {
        let name = GrantName::of("remove a grant", self, id)?;
        match self.plan(&name.plan).await? {
            Some(plan) if stage_in(&plan, &name).is_some() => {}
            Some(_) | None => return Ok(Outcome::done(format!("{id} was not there"))),
        }
        let patch = patch(Op::Remove, "/apiStages".to_owned(), name.api_stage());
        self.update(&name, vec![patch], format!("{id} is removed"))
            .await
    }

    async fn put_back(
        &self,
        id: &GrantId,
        document: &Value,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let operation = "put a grant back";
        let name = GrantName::of(operation, self, id)?;
        let kept: Document = serde_json::from_value(document.clone())
            .map_err(|_| invalid(operation, "the document is none that was observed here"))?;
        if (&kept.plan, &kept.rest_api, &kept.stage) != (&name.plan, &name.rest_api, &name.stage) {
            return Err(invalid(
                operation,
                format!("the document is not that of {id}"),
            ));
        }
        match self.plan(&name.plan).await? {
            Some(plan) if stage_in(&plan, &name).is_some() => {
                return Ok(Outcome::done(format!("{id} is there")));
            }
            Some(_) => {}
            None => return Ok(Outcome::not_done("its usage plan is gone")),
        }
        let api_stage = name.api_stage();
        let mut patches = vec![patch(Op::Add, "/apiStages".to_owned(), api_stage.clone())];
        for (of, throttle) in kept.throttle {
            let Some((resource, method)) = of.rsplit_once('/') else {
                return Err(invalid(operation, "a limit is of no resource and method"));
            };
            // As JSON pointers escape it (RFC 6901).
            let resource = resource.replace('~', "~0").replace('/', "~1");
            let path = format!("/apiStages/{api_stage}/throttle/{resource}/{method}");
            let limits = [
                ("rateLimit", throttle.rate_limit.to_string()),
                ("burstLimit", throttle.burst_limit.to_string()),
            ];
            for (limit, value) in limits {
                patches.push(patch(Op::Replace, format!("{path}/{limit}"), value));
            }
        }
        self.update(&name, patches, format!("{id} is put back"))
            .await
    }
}

impl ApiGatewayKeys {
    async fn update(
        &self,
        name: &GrantName,
        patches: Vec<PatchOperation>,
        receipt: String,
    ) -> Result<Outcome, ProviderError> {
        let answer = self
            .client
            .update_usage_plan()
            .usage_plan_id(&name.plan)
            .set_patch_operations(Some(patches))
            .send()
            .await;
        match answer.map_err(|error| Failed::of(UPDATE_PLAN, &error)) {
            Ok(_) => Ok(Outcome::done(receipt)),
            Err(failed) => failed.of_write(),
        }
    }
}

fn patch(op: Op, path: String, value: String) -> PatchOperation {
    PatchOperation::builder()
        .op(op)
        .path(path)
        .value(value)
        .build()
}

fn stage_in<'a>(plan: &'a UsagePlan, name: &GrantName) -> Option<&'a ApiStage> {
    plan.api_stages()
        .iter()
        .find(|stage| stage.api_id() == Some(&name.rest_api) && stage.stage() == Some(&name.stage))
}

fn document(name: &GrantName, stage: &ApiStage) -> Result<Value, ProviderError> {
    let throttle = stage.throttle().into_iter().flatten();
    let document = Document {
        plan: name.plan.clone(),
        rest_api: name.rest_api.clone(),
        stage: name.stage.clone(),
        throttle: throttle
            .map(|(of, limit)| {
                let limit = Throttle {
                    rate_limit: limit.rate_limit(),
                    burst_limit: limit.burst_limit(),
                };
                (of.clone(), limit)
            })
            .collect(),
    };
    serde_json::to_value(document)
        .map_err(|error| invalid("look at a grant", "its limits are no numbers").with_source(error))
}
