//! Under which URLs a REST API is reached.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{DomainName, RoutingMode};
use deprovision_core::provider::ProviderError;

use super::calls;
use super::seen::Seen;
use super::set::RestApis;
use crate::apigateway::face::{Face, Faces};
use crate::apigateway::page::{garbled, next};
use crate::error::read;
use crate::scope::Scope;

impl RestApis {
    /// The default endpoint of every stage, and every base path mapping.
    pub(in crate::apigateway) async fn faces(
        &self,
        scope: &Scope,
        api: &str,
    ) -> Result<Faces, ProviderError> {
        let seen = Seen::read(&self.client, api).await?;
        let stages: Vec<String> = seen.stages.iter().map(|it| it.name.clone()).collect();
        let mut faces = Faces::of_stages(stages);
        if seen.has_default_endpoint {
            let endpoints = faces.stages.iter();
            let endpoints = endpoints.map(|stage| Face::default_endpoint(scope, api, stage));
            faces.seen.extend(endpoints);
        }
        if seen.is_private {
            faces.gaps.push(
                "the API is private: its endpoints in VPCs have names of their own".to_owned(),
            );
        }
        for domain in domains(&self.client).await? {
            let name = domain.domain_name().unwrap_or_default();
            let rules = domain.routing_mode();
            if rules.is_some_and(|mode| *mode != RoutingMode::BasePathMappingOnly) {
                faces.gaps.push(format!(
                    "{name} has routing rules, which may lead to the API"
                ));
            }
            self.mappings(&domain, api, &mut faces).await?;
        }
        Ok(faces)
    }

    async fn mappings(
        &self,
        domain: &DomainName,
        api: &str,
        faces: &mut Faces,
    ) -> Result<(), ProviderError> {
        let operation = calls::GET_DOMAIN_NAMES.operation;
        let name = domain
            .domain_name()
            .ok_or_else(|| garbled(operation, "a domain without a name"))?;
        let mut position: Option<String> = None;
        loop {
            let page = self
                .client
                .get_base_path_mappings()
                .domain_name(name)
                .set_domain_name_id(domain.domain_name_id().map(str::to_owned))
                .set_position(position.clone())
                .send()
                .await;
            let page = read(calls::GET_BASE_PATH_MAPPINGS, page)?;
            for mapping in page
                .items()
                .iter()
                .filter(|it| it.rest_api_id() == Some(api))
            {
                let path = mapping.base_path().filter(|path| *path != "(none)");
                faces.map(name, path.unwrap_or_default(), mapping.stage());
            }
            position = next(position, page.position())?;
            if position.is_none() {
                return Ok(());
            }
        }
    }
}

async fn domains(client: &Client) -> Result<Vec<DomainName>, ProviderError> {
    let mut all = Vec::new();
    let mut position: Option<String> = None;
    loop {
        let page = client
            .get_domain_names()
            .set_position(position.clone())
            .send()
            .await;
        let page = read(calls::GET_DOMAIN_NAMES, page)?;
        all.extend(page.items().iter().cloned());
        position = next(position, page.position())?;
        if position.is_none() {
            return Ok(all);
        }
    }
}
