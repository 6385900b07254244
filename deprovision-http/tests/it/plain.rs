//! A path that can close and nothing else keeps the promises of the port: it says
//! what it can not, and refuses it.

use async_trait::async_trait;
use deprovision_core::conformance::{AccessPathFixture, Reply, access_path};
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    Ability, AccessPath, AccessPathObserver, ErrorKind, Outcome, PathAbilities, PathState,
    ProviderError,
};
use deprovision_core::resource::AccessPathId;
use deprovision_core::time::{Clock, Period, Timestamp};
use deprovision_http::Gateway;

use crate::world::{Result, Server, World, id};

/// The gateway, without some of what it can.
struct Plain {
    gateway: Gateway,
    notice: Ability,
    brown_out: Ability,
}

#[async_trait]
impl AccessPathObserver for Plain {
    async fn path(
        &self,
        path: &AccessPathId,
    ) -> std::result::Result<Observation<PathState>, ProviderError> {
        self.gateway.path(path).await
    }

    async fn abilities(
        &self,
        path: &AccessPathId,
    ) -> std::result::Result<Observation<PathAbilities>, ProviderError> {
        Ok(self.gateway.abilities(path).await?.map(|mut abilities| {
            abilities.notice = self.notice.clone();
            abilities.brown_out = self.brown_out.clone();
            abilities
        }))
    }
}

#[async_trait]
impl AccessPath for Plain {
    async fn set(
        &self,
        path: &AccessPathId,
        state: &PathState,
        permit: &WritePermit,
    ) -> std::result::Result<Outcome, ProviderError> {
        let abilities = self.abilities(path).await?;
        let lack = abilities.known_completely().and_then(|it| it.lack(state));
        // What nobody could be told is a mistake, whoever is asked.
        if let Some(why) = lack.filter(|_| state.check().is_ok()) {
            return Err(ProviderError::new(ErrorKind::Unsupported, "set", why));
        }
        self.gateway.set(path, state, permit).await
    }
}

struct Shop {
    world: World,
    server: Server,
    paths: Plain,
}

#[async_trait]
impl AccessPathFixture for Shop {
    type Paths = Plain;

    fn paths(&self) -> &Plain {
        &self.paths
    }

    fn one(&self) -> AccessPathId {
        id("v1")
    }

    fn other(&self) -> AccessPathId {
        id("v2")
    }

    fn missing(&self) -> AccessPathId {
        id("v3")
    }

    fn credentials(&self) -> Vec<Option<String>> {
        vec![None, Some("live".into())]
    }

    async fn call(&self, id: &AccessPathId, credential: Option<&str>) -> Result<Reply> {
        let path = format!("/{}", id.name());
        self.server.try_call("GET", &path, credential).await
    }

    async fn permit(&self) -> Result<WritePermit> {
        self.world.permits.permit().await
    }

    fn now(&self) -> Timestamp {
        self.world.permits.clock().now()
    }

    async fn advance(&self, by: Period) {
        self.world.permits.clock().advance(by);
    }
}

#[tokio::test]
async fn a_path_that_says_what_it_can_not_and_refuses_it_keeps_every_promise() {
    let can_not = || Ability::can_not("it is a plain path");
    for (notice, brown_out, cases) in [
        (Ability::Can, Ability::Can, 12),
        (can_not(), Ability::Can, 11),
        (Ability::Can, can_not(), 10),
        (can_not(), can_not(), 9),
    ] {
        let world = World::new();
        let server = Server::of_shop(&world.gateway).await;
        let paths = Plain {
            gateway: world.gateway.clone(),
            notice,
            brown_out,
        };
        let shop = Shop {
            world,
            server,
            paths,
        };
        assert_eq!(access_path(&shop).await.unwrap(), cases);
    }
}
