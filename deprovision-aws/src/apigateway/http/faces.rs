//! Under which URLs an HTTP API is reached, and the mappings of version 2, which may
//! also lead to REST APIs.

use aws_sdk_apigatewayv2::types::RoutingMode;
use deprovision_core::provider::ProviderError;

use super::calls;
use super::seen::Seen;
use super::set::HttpApis;
use crate::apigateway::face::{Face, Faces};
use crate::apigateway::page::{garbled, next};
use crate::error::read;
use crate::scope::Scope;

impl HttpApis {
    /// The default endpoint of every stage, and every mapping.
    pub(in crate::apigateway) async fn faces(
        &self,
        scope: &Scope,
        api: &str,
    ) -> Result<Faces, ProviderError> {
        let seen = Seen::read(&self.client, api).await?;
        let stages = seen.stages.iter().map(|stage| stage.name.clone());
        let mut faces = Faces::of_stages(stages.collect());
        if seen.has_default_endpoint {
            let endpoints = faces.stages.iter();
            let endpoints = endpoints.map(|stage| Face::default_endpoint(scope, api, stage));
            faces.seen.extend(endpoints);
        }
        self.mappings(api, &mut faces).await?;
        Ok(faces)
    }

    /// Adds the mappings of custom domains to an API of any kind.
    pub(in crate::apigateway) async fn mappings(
        &self,
        api: &str,
        faces: &mut Faces,
    ) -> Result<(), ProviderError> {
        let mut token: Option<String> = None;
        loop {
            let page = self
                .client
                .get_domain_names()
                .set_next_token(token.clone())
                .send()
                .await;
            let page = read(calls::GET_DOMAIN_NAMES, page)?;
            for domain in page.items() {
                let operation = calls::GET_DOMAIN_NAMES.operation;
                let name = domain
                    .domain_name()
                    .ok_or_else(|| garbled(operation, "a domain without a name"))?;
                let rules = domain.routing_mode();
                if rules.is_some_and(|mode| *mode != RoutingMode::ApiMappingOnly) {
                    let gap = format!("{name} has routing rules, which may lead to the API");
                    if !faces.gaps.contains(&gap) {
                        faces.gaps.push(gap);
                    }
                }
                self.mappings_of(name, api, faces).await?;
            }
            token = next(token, page.next_token())?;
            if token.is_none() {
                return Ok(());
            }
        }
    }

    async fn mappings_of(
        &self,
        domain: &str,
        api: &str,
        faces: &mut Faces,
    ) -> Result<(), ProviderError> {
        let mut token: Option<String> = None;
        loop {
            let page = self
                .client
                .get_api_mappings()
                .domain_name(domain)
                .set_next_token(token.clone())
                .send()
                .await;
            let page = read(calls::GET_API_MAPPINGS, page)?;
            for mapping in page.items().iter().filter(|it| it.api_id() == Some(api)) {
                let key = mapping.api_mapping_key().filter(|key| *key != "(none)");
                faces.map(domain, key.unwrap_or_default(), mapping.stage());
            }
            token = next(token, page.next_token())?;
            if token.is_none() {
                return Ok(());
            }
        }
    }
}
