//! API Gateway as core's ports.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::observation::Observation;
use deprovision_core::permit::{DestructionWarrant, WritePermit};
use deprovision_core::provider::{
    AccessPath, AccessPathObserver, ErrorKind, Outcome, PathAbilities, PathState, ProviderError,
};
use deprovision_core::resource::{AccessPathId, ResourceRef};
use deprovision_core::time::Clock;

use super::api::{Api, PROVIDER};
use super::face::Face;
#[cfg(feature = "apigatewayv2")]
use super::http::{GoneBackend, HttpApis};
#[cfg(feature = "apigateway")]
use super::rest::{NoticeBy, RestApis, Undeployed};
use crate::scope::Scope;

/// The APIs of API Gateway in one account and region, as access paths
/// `aws-apigateway:ACCOUNT:REGION:rest/APIID` and `…:http/APIID`.
///
/// A path is a whole API: all its stages, its default endpoint and its custom domains
/// open and close together (invariant I-18). [`ApiGateway::faces`] lists the URLs that
/// have to be probed for that.
///
/// # What it does to a REST API
/// | state | how |
/// |---|---|
/// | closed | the resource policy denies everybody, the gateway responses answer 410 with a problem document, and both are deployed to every stage |
/// | browned out | the same, with a denial that ends by itself at a moment (`aws:CurrentTime`) |
/// | open with a notice | `Deprecation`, `Sunset` and `Link` on the integration responses and on what the gateway answers itself |
/// | open | policy, gateway responses and integration responses as they were, and every stage on the deployment that it had |
///
/// Statements of the policy and gateway responses that others wrote are kept. How the
/// path is set and what was there before is written into the description of the
/// deployment, so that it can be taken back from anywhere. A state that somebody else
/// changed half-way is unknown, never closed.
///
/// # What it can not do
/// All but the last is told by [`AccessPathObserver::abilities`] when a plan is made.
///
/// - A brown-out of an API that has a resource policy of its own, or methods with an
///   authorizer or IAM, is `Unsupported`: whom those turn away would be answered 410
///   after its end as well.
/// - A notice on proxy integrations, unless [`NoticeBy::Backend`] vouches for it.
/// - A brown-out or a notice of an HTTP API: those know no denial that ends by itself.
/// - The account of the client can not be asked from API Gateway. A denial names the
///   API's own account as AWS writes it out, and one of another account than the
///   scope's is unknown.
///
/// It never retries: the engine does.
#[derive(Clone)]
pub struct ApiGateway {
    pub(super) scope: Scope,
    clock: Arc<dyn Clock>,
    #[cfg(feature = "apigateway")]
    rest: Option<RestApis>,
    #[cfg(feature = "apigatewayv2")]
    pub(super) http: Option<HttpApis>,
}

impl ApiGateway {
    /// API Gateway in a scope, without any API yet. The clock says when a brown-out is
    /// over; AWS ends it by its own.
    #[must_use]
    pub fn new(scope: Scope, clock: Arc<dyn Clock>) -> Self {
        Self {
            scope,
            clock,
            #[cfg(feature = "apigateway")]
            rest: None,
            #[cfg(feature = "apigatewayv2")]
            http: None,
        }
    }

    /// Serves REST APIs too, with this client of the scope's account and region.
    #[cfg(feature = "apigateway")]
    #[must_use]
    pub fn with_rest_apis(mut self, client: &aws_sdk_apigateway::Client) -> Self {
        self.rest = Some(RestApis::new(client));
        self
    }

    /// Says who puts a notice on the answers of REST APIs' backends.
    #[cfg(feature = "apigateway")]
    #[must_use]
    pub fn with_notice_by(mut self, notice_by: NoticeBy) -> Self {
        if let Some(rest) = &mut self.rest {
            rest.notice_by = notice_by;
        }
        self
    }

    /// Says what happens to changes of REST APIs that were never deployed.
    #[cfg(feature = "apigateway")]
    #[must_use]
    pub fn with_undeployed(mut self, undeployed: Undeployed) -> Self {
        if let Some(rest) = &mut self.rest {
            rest.undeployed = undeployed;
        }
        self
    }

    /// Serves HTTP APIs too, with this client of the scope's account and region, and
    /// the backend that answers 410 while one is closed. Preflight requests (`OPTIONS`) reach
    /// that backend too: the API's configuration of CORS is set aside, and put back on
    /// reopening. The client is also used to see the mappings of custom domains that have
    /// several levels.
    #[cfg(feature = "apigatewayv2")]
    #[must_use]
    pub fn with_http_apis(
        mut self,
        client: &aws_sdk_apigatewayv2::Client,
        gone: Option<GoneBackend>,
    ) -> Self {
        self.http = Some(HttpApis::new(client, gone));
        self
    }

    /// Every URL under which callers know the path: the default endpoint of each stage,
    /// and the mappings of custom domains. Give them to the probe of the path. What may
    /// be missing (a private API, routing rules, mappings of several levels without a
    /// client for HTTP APIs) makes it partial.
    ///
    /// # Errors
    /// As [`AccessPathObserver::path`].
    pub async fn faces(&self, id: &AccessPathId) -> Result<Observation<Vec<Face>>, ProviderError> {
        const OPERATION: &str = "apigateway:faces";
        let now = self.clock.now();
        let faces = match Api::of(&self.scope, OPERATION, id)? {
            #[cfg(feature = "apigateway")]
            Api::Rest(api) => {
                let mut faces = self.rest(OPERATION)?.faces(&self.scope, &api).await?;
                self.mappings(&api, &mut faces).await?;
                faces
            }
            #[cfg(feature = "apigatewayv2")]
            Api::Http(api) => self.http(OPERATION)?.faces(&self.scope, &api).await?,
            #[cfg(not(all(feature = "apigateway", feature = "apigatewayv2")))]
            other => return Err(not_served(OPERATION, &other)),
        };
        Ok(faces.observed(now))
    }

    /// Adds what only a client of version 2 sees of a REST API.
    #[cfg(feature = "apigateway")]
    async fn mappings(
        &self,
        api: &str,
        faces: &mut super::face::Faces,
    ) -> Result<(), ProviderError> {
        #[cfg(feature = "apigatewayv2")]
        if let Some(http) = &self.http {
            return http.mappings(api, faces).await;
        }
        let _unseen_without_a_client = api;
        faces.gaps.push(
            "mappings of custom domains with several levels are only seen with a client for \
             HTTP APIs"
                .to_owned(),
        );
        Ok(())
    }

    /// Deletes an API, with all its stages. Nothing brings it back.
    ///
    /// It is no step of a pipeline yet: a closed API answers 410 with the way to its
    /// successor, and a deleted one answers 403 or not at all. A deleted API's default
    /// endpoint is gone for ever, so do this when nobody has called for long.
    ///
    /// # Errors
    /// Refused as `Invalid` when the warrant does not cover the path, and as `Conflict`
    /// when the path is not closed for certain (invariant I-3) or a custom domain still
    /// leads to it. What is not there is `NotFound`: no proof that it was deleted.
    pub async fn dangerously_delete(
        &self,
        id: &AccessPathId,
        warrant: &DestructionWarrant,
    ) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "apigateway:delete";
        let covered = warrant.covers(&ResourceRef::from(id.clone()));
        covered.map_err(|mismatch| {
            crate::error::invalid(OPERATION, mismatch.to_string()).with_source(mismatch)
        })?;
        let api = Api::of(&self.scope, OPERATION, id)?;
        let work = async {
            self.check_deletable(OPERATION, id).await?;
            match api {
                #[cfg(feature = "apigateway")]
                Api::Rest(api) => self.rest(OPERATION)?.dangerously_delete(&api).await,
                #[cfg(feature = "apigatewayv2")]
                Api::Http(api) => self.http(OPERATION)?.dangerously_delete(&api).await,
                #[cfg(not(all(feature = "apigateway", feature = "apigatewayv2")))]
                other => Err(not_served(OPERATION, &other)),
            }
        };
        in_time(warrant.permit(), work).await
    }

    async fn check_deletable(
        &self,
        operation: &str,
        id: &AccessPathId,
    ) -> Result<(), ProviderError> {
        let conflict = |why: String| ProviderError::new(ErrorKind::Conflict, operation, why);
        let seen = self.path(id).await?;
        match seen.known_completely() {
            Some(PathState::Closed { .. }) => {}
            Some(PathState::Open { .. } | PathState::BrownOut { .. }) => {
                return Err(conflict(format!(
                    "[I-3] {id} is not closed; close it first"
                )));
            }
            None => {
                let why = seen.doubt().unwrap_or_default();
                return Err(conflict(format!(
                    "[I-3] it is not known that {id} is closed: {why}"
                )));
            }
        }
        let faces = self.faces(id).await?;
        let Observation::Known { value: faces, .. } = faces else {
            return Err(conflict("[I-18] its faces are not known".to_owned()));
        };
        match faces.iter().find(|face| face.is_on_custom_domain()) {
            Some(face) => Err(conflict(format!(
                "[I-18] {face} still leads to it; remove that mapping first"
            ))),
            None => Ok(()),
        }
    }

    #[cfg(feature = "apigateway")]
    fn rest(&self, operation: &str) -> Result<&RestApis, ProviderError> {
        let missing = || without_client(operation, "REST APIs", "with_rest_apis");
        self.rest.as_ref().ok_or_else(missing)
    }

    #[cfg(feature = "apigatewayv2")]
    fn http(&self, operation: &str) -> Result<&HttpApis, ProviderError> {
        let missing = || without_client(operation, "HTTP APIs", "with_http_apis");
        self.http.as_ref().ok_or_else(missing)
    }
}

fn without_client(operation: &str, what: &str, how: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        operation,
        format!("this adapter has no client for {what}; give it one by {how}"),
    )
}

#[cfg(not(all(feature = "apigateway", feature = "apigatewayv2")))]
pub(super) fn not_served(operation: &str, api: &Api) -> ProviderError {
    let feature = match api {
        Api::Rest(_) => "apigateway",
        Api::Http(_) => "apigatewayv2",
    };
    ProviderError::new(
        ErrorKind::Unsupported,
        operation,
        format!("this program is built without the feature {feature}"),
    )
}

/// Does something within the time that the lease leaves for a call (invariant I-14).
/// What is broken off may have been done.
async fn in_time(
    permit: &WritePermit,
    work: impl Future<Output = Result<Outcome, ProviderError>>,
) -> Result<Outcome, ProviderError> {
    let limit = permit.call_timeout();
    match tokio::time::timeout(limit.to_duration(), work).await {
        Ok(done) => done,
        Err(_elapsed) => Ok(Outcome::unknown(format!(
            "[I-14] it was not done within {limit}, the time that the lease leaves for a call"
        ))),
    }
}

impl fmt::Debug for ApiGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiGateway")
            .field("provider", &PROVIDER)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl AccessPathObserver for ApiGateway {
    async fn path(&self, id: &AccessPathId) -> Result<Observation<PathState>, ProviderError> {
        const OPERATION: &str = "apigateway:observe";
        let now = self.clock.now();
        match Api::of(&self.scope, OPERATION, id)? {
            #[cfg(feature = "apigateway")]
            Api::Rest(api) => self.rest(OPERATION)?.path(&self.scope, &api, now).await,
            #[cfg(feature = "apigatewayv2")]
            Api::Http(api) => self.http(OPERATION)?.path(&api, now).await,
            #[cfg(not(all(feature = "apigateway", feature = "apigatewayv2")))]
            other => Err(not_served(OPERATION, &other)),
        }
    }

    async fn abilities(
        &self,
        id: &AccessPathId,
    ) -> Result<Observation<PathAbilities>, ProviderError> {
        const OPERATION: &str = "apigateway:abilities";
        let now = self.clock.now();
        match Api::of(&self.scope, OPERATION, id)? {
            #[cfg(feature = "apigateway")]
            Api::Rest(api) => self.rest(OPERATION)?.abilities(&api, now).await,
            #[cfg(feature = "apigatewayv2")]
            Api::Http(api) => self.http(OPERATION)?.abilities(&api, now).await,
            #[cfg(not(all(feature = "apigateway", feature = "apigatewayv2")))]
            other => Err(not_served(OPERATION, &other)),
        }
    }
}

#[async_trait]
impl AccessPath for ApiGateway {
    async fn set(
        &self,
        id: &AccessPathId,
        state: &PathState,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "apigateway:set";
        match Api::of(&self.scope, OPERATION, id)? {
            #[cfg(feature = "apigateway")]
            Api::Rest(api) => {
                let now = self.clock.now();
                let work = self.rest(OPERATION)?.set(&self.scope, &api, state, now);
                in_time(permit, work).await
            }
            #[cfg(feature = "apigatewayv2")]
            Api::Http(api) => {
                let work = self.http(OPERATION)?.set(&api, state);
                in_time(permit, work).await
            }
            #[cfg(not(all(feature = "apigateway", feature = "apigatewayv2")))]
            other => Err(not_served(OPERATION, &other)),
        }
    }
}
