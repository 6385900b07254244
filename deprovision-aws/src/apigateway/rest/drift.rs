//! Whether the definition of an API is what its stages serve, as far as AWS shows it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::Client;
use deprovision_core::provider::{ErrorKind, ProviderError};

use super::calls;
use super::methods::MethodSeen;
use super::seen::Before;
use crate::apigateway::mark::{Mark, Whose};
use crate::apigateway::page::next;
use crate::error::read;

/// A method of a deployment: path, verb, authorization type, whether it needs a key.
type Snapshot = BTreeSet<(String, String, String, bool)>;

/// The deployments of an API that are not ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Deployments {
    /// When each was made, in seconds since 1970.
    created: BTreeMap<String, i64>,
    /// What those hold that stages served before.
    snapshots: BTreeMap<String, Snapshot>,
}

impl Deployments {
    pub(super) async fn read(
        client: &Client,
        api: &str,
        before: &Before,
    ) -> Result<Self, ProviderError> {
        let mut seen = Self::default();
        let mut position: Option<String> = None;
        loop {
            let page = client
                .get_deployments()
                .rest_api_id(api)
                .set_position(position.clone())
                .send()
                .await;
            let page = read(calls::GET_DEPLOYMENTS, page)?;
            for deployment in page.items() {
                let theirs = Whose::<Mark<Before>>::of(deployment.description()) == Whose::Theirs;
                if let (true, Some(id)) = (theirs, deployment.id()) {
                    let created = deployment
                        .created_date()
                        .map_or(0, |created| created.secs());
                    seen.created.insert(id.to_owned(), created);
                }
            }
            position = next(position, page.position())?;
            if position.is_none() {
                break;
            }
        }
        for id in before.values().collect::<BTreeSet<_>>() {
            let snapshot = snapshot(client, api, id).await?;
            seen.snapshots.insert(id.clone(), snapshot);
        }
        Ok(seen)
    }

    /// Refuses what was seen not to be deployed.
    pub(super) fn check(
        &self,
        operation: &str,
        before: &Before,
        methods: &[MethodSeen],
    ) -> Result<(), ProviderError> {
        let refused = |why: String| {
            ProviderError::new(
                ErrorKind::Conflict,
                operation,
                format!(
                    "{why}; this state has to be deployed, and would deploy that too: deploy or \
                     take back what was changed, or allow it with Undeployed::DangerouslyDeploy"
                ),
            )
        };
        let defined: Snapshot = methods
            .iter()
            .map(|it| {
                let authorization = it.authorization.clone();
                (
                    it.path.clone(),
                    it.method.clone(),
                    authorization,
                    it.needs_key,
                )
            })
            .collect();
        for (stage, id) in before {
            let Some(made) = self.created.get(id) else {
                return Err(refused(format!(
                    "the deployment {id} of stage {stage} is gone"
                )));
            };
            if self.created.values().any(|other| other > made) {
                return Err(refused(format!(
                    "stage {stage} is not on the newest deployment of the API"
                )));
            }
            let deployed = self.snapshots.get(id);
            if deployed != Some(&defined) {
                let differing = deployed
                    .into_iter()
                    .flat_map(|deployed| deployed.symmetric_difference(&defined))
                    .map(|(path, verb, ..)| format!("{verb} {path}"))
                    .next();
                let differing = differing.unwrap_or_else(|| "the set of methods".to_owned());
                return Err(refused(format!(
                    "{differing} is not deployed on stage {stage} as it is defined"
                )));
            }
        }
        Ok(())
    }
}

async fn snapshot(client: &Client, api: &str, id: &str) -> Result<Snapshot, ProviderError> {
    let given = client
        .get_deployment()
        .rest_api_id(api)
        .deployment_id(id)
        .embed("apisummary")
        .send()
        .await;
    let given = read(calls::GET_DEPLOYMENT, given)?;
    let methods = given.api_summary().into_iter().flatten();
    Ok(methods
        .flat_map(|(path, verbs)| {
            verbs.iter().map(|(verb, method)| {
                let authorization = method.authorization_type().unwrap_or("NONE");
                (
                    path.clone(),
                    verb.clone(),
                    authorization.to_owned(),
                    method.api_key_required(),
                )
            })
        })
        .collect())
}
