//! What an API of the catalog is in AWS.

use deprovision_core::catalog::Api;
use deprovision_core::resource::Locator;

use crate::grants::footprint::{Footprint, FootprintError};
use crate::scope::Scope;

impl Footprint {
    /// The footprint of an API of the catalog, from its access paths
    /// (`aws-apigateway`: `rest/ID[/STAGE]`, `http/ID[/STAGE]`), its datasets (`aws-s3`:
    /// `BUCKET[/PREFIX]`) and its credentials (`aws-secretsmanager`: a name or an ARN).
    ///
    /// What the catalog says of other accounts and regions belongs to it too: policies can
    /// name it from anywhere. `scope` gives the partition of what has no region.
    ///
    /// # Errors
    /// [`FootprintError`] when a reference can not be read, or there is none.
    pub fn of(api: &Api, scope: &Scope) -> Result<Self, FootprintError> {
        let mut footprint = Self::empty();
        for id in &api.resources.access_paths {
            if id.provider().as_str() == "aws-apigateway" {
                footprint = footprint.path(id.locator())?;
            }
        }
        for id in &api.resources.datasets {
            if id.provider().as_str() == "aws-s3" {
                let (partition, account) = (scope.partition(), id.locator().account());
                footprint = match id.name().split_once('/') {
                    Some((bucket, prefix)) => {
                        footprint.add_bucket(partition, account, bucket, Some(prefix))?
                    }
                    None => footprint.add_bucket(partition, account, id.name(), None)?,
                };
            }
        }
        for id in &api.resources.credentials {
            if id.provider().as_str() == "aws-secretsmanager" {
                footprint = footprint.secret(&place(id.locator())?, id.name())?;
            }
        }
        if footprint.faces().is_empty() {
            return Err(FootprintError::Nothing(api.id.to_string()));
        }
        Ok(footprint)
    }

    fn path(self, locator: &Locator) -> Result<Self, FootprintError> {
        let scope = place(locator)?;
        let mut parts = locator.name().split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("rest"), Some(id), stage, None) => self.rest_api(&scope, id, stage),
            (Some("http"), Some(id), stage, None) => self.http_api(&scope, id, stage),
            _ => Err(FootprintError::Reference(locator.to_string())),
        }
    }
}

fn place(locator: &Locator) -> Result<Scope, FootprintError> {
    Scope::new(locator.account(), locator.region())
        .map_err(|_| FootprintError::Reference(locator.to_string()))
}
