//! The suites of core notice adapters that lie: a suite that nobody can fail
//! proves nothing.

use async_trait::async_trait;
use deprovision_core::conformance::{
    AccessPathFixture, FaceAnswer, PathProbeFixture, Reply, access_path, path_probe,
};
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    AccessPath, AccessPathObserver, ErrorKind, FaceProbe, Outcome, PathProbe, PathState,
    ProbeAnswer, ProviderError,
};
use deprovision_core::resource::AccessPathId;
use deprovision_core::time::{Clock, Period, Timestamp};
use deprovision_http::Gateway;

use crate::conformance::Faces;
use crate::world::{Result, Server, World, id, open};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Lie {
    /// Says done and does nothing.
    DoesNothing,
    /// Sets the neighbour as well.
    SetsBoth,
    /// Observes what is not there as open.
    MissingIsOpen,
    /// Says done where it should refuse.
    AcceptsAnything,
    /// Closes for good instead of browning out.
    NeverEnds,
    /// Shows a brown-out that is over as one that lasts.
    ShowsWhatWasSet,
    /// Leaves the dates out.
    DropsNotices,
    /// Refuses with 403.
    Forbids,
    /// Serves those who have a live key.
    SparesFriends,
    /// No lie: refuses notices and brown-outs, and says that it does.
    Modest,
    /// Says that it refuses them, and does them.
    FalselyModest,
    /// Refuses them, and opens the path.
    OpensOnRefusal,
}

impl Lie {
    /// Whether the fixture says that the service tells notices and browns out.
    fn claims_all(self) -> bool {
        !matches!(
            self,
            Self::Modest | Self::FalselyModest | Self::OpensOnRefusal
        )
    }
}

struct Liar {
    gateway: Gateway,
    lie: Lie,
    last: std::sync::Mutex<Option<PathState>>,
}

#[async_trait]
impl AccessPathObserver for Liar {
    async fn path(
        &self,
        path: &AccessPathId,
    ) -> std::result::Result<Observation<PathState>, ProviderError> {
        let seen = self.gateway.path(path).await;
        match self.lie {
            Lie::MissingIsOpen if seen.is_err() => {
                Ok(Observation::complete(open(), Timestamp::UNIX_EPOCH))
            }
            Lie::ShowsWhatWasSet | Lie::NeverEnds | Lie::DropsNotices if *path == id("v1") => {
                let last = self.last.lock().unwrap().clone();
                Ok(seen?.map(|real| match (self.lie, last) {
                    // Lies about the path itself, not about what it shows.
                    (Lie::NeverEnds, Some(PathState::BrownOut { until, notice }))
                        if Timestamp::now() < until =>
                    {
                        PathState::BrownOut { until, notice }
                    }
                    (Lie::ShowsWhatWasSet | Lie::DropsNotices, Some(last)) => last,
                    _ => real,
                }))
            }
            _ => seen,
        }
    }
}

#[async_trait]
impl AccessPath for Liar {
    async fn set(
        &self,
        path: &AccessPathId,
        state: &PathState,
        permit: &WritePermit,
    ) -> std::result::Result<Outcome, ProviderError> {
        let is_plain = matches!(
            state,
            PathState::Open { notice: None } | PathState::Closed { .. }
        );
        if matches!(self.lie, Lie::Modest | Lie::OpensOnRefusal)
            && !is_plain
            && state.check().is_ok()
        {
            if self.lie == Lie::OpensOnRefusal {
                self.gateway.set(path, &open(), permit).await?;
            }
            let unsupported = ErrorKind::Unsupported;
            return Err(ProviderError::new(unsupported, "set", "it can not"));
        }
        let wanted = match (self.lie, state) {
            (Lie::DoesNothing, _) => return Ok(Outcome::done("trust me")),
            (Lie::NeverEnds, PathState::BrownOut { .. }) => crate::world::closed(),
            (Lie::DropsNotices, PathState::Open { .. }) => open(),
            _ => state.clone(),
        };
        let set = self.gateway.set(path, &wanted, permit).await;
        if set.is_ok() {
            *self.last.lock().unwrap() = Some(state.clone());
        }
        match (self.lie, &set) {
            (Lie::SetsBoth, Ok(_)) => self.gateway.set(&id("v2"), &wanted, permit).await,
            (Lie::AcceptsAnything, Err(error)) if *error.kind() == ErrorKind::Invalid => {
                Ok(Outcome::done("why not"))
            }
            _ => set,
        }
    }
}

struct Shop {
    world: World,
    server: Server,
    liar: Liar,
}

#[async_trait]
impl AccessPathFixture for Shop {
    type Paths = Liar;

    fn paths(&self) -> &Liar {
        &self.liar
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

    fn tells_notices(&self) -> bool {
        self.liar.lie.claims_all()
    }

    fn browns_out(&self) -> bool {
        self.liar.lie.claims_all()
    }

    fn credentials(&self) -> Vec<Option<String>> {
        vec![None, Some("live".into())]
    }

    async fn call(&self, id: &AccessPathId, credential: Option<&str>) -> Result<Reply> {
        let path = format!("/{}", id.name());
        let mut reply = self.server.try_call("GET", &path, credential).await?;
        match self.liar.lie {
            Lie::Forbids if reply.status == 410 => reply.status = 403,
            Lie::SparesFriends if reply.status == 410 && credential.is_some() => {
                reply.status = 200;
            }
            _ => {}
        }
        Ok(reply)
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

impl Shop {
    async fn of(lie: Lie) -> Self {
        let world = World::new();
        let server = Server::of_shop(&world.gateway).await;
        let liar = Liar {
            gateway: world.gateway.clone(),
            lie,
            last: std::sync::Mutex::default(),
        };
        Self {
            world,
            server,
            liar,
        }
    }
}

#[tokio::test]
async fn an_adapter_that_refuses_what_it_says_it_can_not_passes_the_suite() {
    let cases = access_path(&Shop::of(Lie::Modest).await).await.unwrap();
    assert_eq!(cases, 9);
}

#[tokio::test]
async fn no_lying_adapter_of_access_paths_passes_the_suite() {
    for lie in [
        Lie::DoesNothing,
        Lie::SetsBoth,
        Lie::MissingIsOpen,
        Lie::AcceptsAnything,
        Lie::NeverEnds,
        Lie::ShowsWhatWasSet,
        Lie::DropsNotices,
        Lie::Forbids,
        Lie::SparesFriends,
        Lie::FalselyModest,
        Lie::OpensOnRefusal,
    ] {
        let shop = Shop::of(lie).await;
        let suite = tokio::spawn(async move { access_path(&shop).await.unwrap() });
        let panicked = suite.await.is_err_and(|error| error.is_panic());
        assert!(panicked, "{lie:?} passed");
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum ProbeLie {
    /// Any refusal is as good as another.
    RefusalIsGone,
    /// Any 410 will do.
    StatusIsEnough,
    /// A redirect to a page that is gone is gone.
    RedirectIsGone,
    /// Who does not answer is gone.
    SilenceIsGone,
    /// One face stands for all.
    OneFace,
    /// Nothing to probe is nothing open.
    NothingIsClosed,
}

struct LyingProbe {
    faces: Faces,
    lie: ProbeLie,
}

#[async_trait]
impl PathProbe for LyingProbe {
    async fn probe(
        &self,
        path: &AccessPathId,
    ) -> std::result::Result<Observation<Vec<FaceProbe>>, ProviderError> {
        let seen = self.faces.probe().probe(path).await?;
        if self.lie == ProbeLie::NothingIsClosed && matches!(seen, Observation::Unknown { .. }) {
            return Ok(Observation::complete(Vec::new(), Timestamp::UNIX_EPOCH));
        }
        Ok(seen.map(|mut probes| {
            if self.lie == ProbeLie::OneFace {
                probes.truncate(1);
            }
            for probe in &mut probes {
                let gone = match (self.lie, &probe.answer) {
                    (ProbeLie::RefusalIsGone, ProbeAnswer::Other { status }) => {
                        (400..500).contains(status)
                    }
                    (ProbeLie::StatusIsEnough, ProbeAnswer::Other { status }) => *status == 410,
                    (ProbeLie::RedirectIsGone, ProbeAnswer::Other { status }) => {
                        (300..400).contains(status)
                    }
                    (ProbeLie::SilenceIsGone, ProbeAnswer::None { .. }) => true,
                    _ => false,
                };
                if gone {
                    probe.answer = ProbeAnswer::Gone;
                }
            }
            probes
        }))
    }
}

#[async_trait]
impl PathProbeFixture for LyingProbe {
    type Probe = Self;

    fn probe(&self) -> &Self {
        self
    }

    fn path(&self) -> AccessPathId {
        self.faces.path()
    }

    fn faces(&self) -> usize {
        self.faces.faces()
    }

    fn faceless(&self) -> AccessPathId {
        self.faces.faceless()
    }

    async fn answer(&self, face: usize, with: FaceAnswer) {
        self.faces.answer(face, with).await;
    }
}

#[tokio::test]
async fn i_5_no_lying_probe_passes_the_suite() {
    for lie in [
        ProbeLie::RefusalIsGone,
        ProbeLie::StatusIsEnough,
        ProbeLie::RedirectIsGone,
        ProbeLie::SilenceIsGone,
        ProbeLie::OneFace,
        ProbeLie::NothingIsClosed,
    ] {
        let probe = LyingProbe {
            faces: Faces::new().await,
            lie,
        };
        let suite = tokio::spawn(async move { path_probe(&probe).await.unwrap() });
        let panicked = suite.await.is_err_and(|error| error.is_panic());
        assert!(panicked, "{lie:?} passed");
    }
}
