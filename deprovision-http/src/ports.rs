//! The gateway as core's ports.

use async_trait::async_trait;
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    AccessPath, AccessPathObserver, ErrorKind, Outcome, PathAbilities, PathState, ProviderError,
};
use deprovision_core::resource::AccessPathId;

use crate::error::GatewayError;
use crate::gateway::{Gateway, explained};
use crate::state_file::{Writer, Written};

#[async_trait]
impl AccessPathObserver for Gateway {
    async fn path(&self, id: &AccessPathId) -> Result<Observation<PathState>, ProviderError> {
        const OPERATION: &str = "gateway:read";
        let gateway = self.clone();
        let asked = id.clone();
        let read = tokio::task::spawn_blocking(move || {
            let as_of = gateway.clock().now();
            gateway.read(&asked).map(|state| (state, as_of))
        });
        match read.await {
            Ok(Ok((state, as_of))) => Ok(Observation::complete(state, as_of)),
            Ok(Err(error @ GatewayError::Undeclared { .. })) => Err(error.during(OPERATION)),
            Ok(Err(error)) => Ok(Observation::unknown(explained(&error))),
            Err(stopped) => Err(ProviderError::new(
                ErrorKind::Transient,
                OPERATION,
                "the program is stopping; ask again",
            )
            .with_source(stopped)),
        }
    }

    /// Everything, of every route that is declared.
    async fn abilities(
        &self,
        id: &AccessPathId,
    ) -> Result<Observation<PathAbilities>, ProviderError> {
        let seen = self.path(id).await?;
        Ok(seen.map(|_state| PathAbilities::all()))
    }
}

#[async_trait]
impl AccessPath for Gateway {
    async fn set(
        &self,
        id: &AccessPathId,
        state: &PathState,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "gateway:set";
        let gateway = self.clone();
        let (asked, wanted) = (id.clone(), state.clone());
        let (writer, patience) = (Writer::of(permit), permit.call_timeout().to_duration());
        let written =
            tokio::task::spawn_blocking(move || gateway.write(&asked, &wanted, writer, patience));
        let written = match written.await {
            Ok(written) => written,
            Err(stopped) if stopped.is_cancelled() => {
                return Ok(Outcome::not_done("the program is stopping"));
            }
            Err(stopped) => return Ok(Outcome::unknown(stopped.to_string())),
        };
        match written {
            Ok(Written::Durable(revision)) => Ok(Outcome::done(format!(
                "{id} set, revision {revision} of the state file"
            ))),
            Ok(Written::Unchanged(revision)) => Ok(Outcome::done(format!(
                "{id} was set so, revision {revision} of the state file"
            ))),
            Ok(Written::Visible(doubt)) => Ok(Outcome::unknown(format!(
                "{id} is set, but may not outlive a power cut: {}",
                explained(&doubt)
            ))),
            Err(error) => Err(error.during(OPERATION)),
        }
    }
}
