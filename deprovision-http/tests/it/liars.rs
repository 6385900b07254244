//! The suites of core notice adapters that lie: a suite that nobody can fail
//! proves nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use deprovision_core::conformance::{
    AccessPathFixture, FaceAnswer, PathProbeFixture, Reply, access_path, path_probe,
};
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    Ability, AccessPath, AccessPathObserver, ErrorKind, FaceProbe, Outcome, PathAbilities,
    PathProbe, PathState, ProbeAnswer, ProviderError,
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
    /// Says that it can brown out, and refuses to.
    Boasts,
    /// Says that it can not brown out, and does.
    IsModest,
    /// Refuses what it says it can not as `Invalid`: a caller's mistake.
    BlamesTheCaller,
    /// Refuses what it can not, and opens the path.
    OpensOnRefusal,
    /// Explains what it can not in other words each time.
    IsFickle,
}

/// Those who say that they can not brown out.
const MODEST: &[Lie] = &[
    Lie::IsModest,
    Lie::BlamesTheCaller,
    Lie::OpensOnRefusal,
    Lie::IsFickle,
];

struct Liar {
    gateway: Gateway,
    lie: Lie,
    last: std::sync::Mutex<Option<PathState>>,
    asked: AtomicU64,
}

fn refusal(kind: ErrorKind) -> ProviderError {
    ProviderError::new(kind, "set", "it can not do that")
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

    async fn abilities(
        &self,
        path: &AccessPathId,
    ) -> std::result::Result<Observation<PathAbilities>, ProviderError> {
        let mut seen = self.gateway.abilities(path).await;
        if let Ok(Observation::Known { value, .. }) = &mut seen {
            if MODEST.contains(&self.lie) {
                value.brown_out = Ability::can_not("nothing ends by itself here");
            }
            if self.lie == Lie::IsFickle {
                let asked = self.asked.fetch_add(1, Ordering::SeqCst);
                value.notice = Ability::can_not(format!("{asked} proxies are in the way"));
            }
        }
        seen
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
        let wanted = match (self.lie, state) {
            (Lie::DoesNothing, _) => return Ok(Outcome::done("trust me")),
            (Lie::NeverEnds, PathState::BrownOut { .. }) => crate::world::closed(),
            (Lie::DropsNotices, PathState::Open { .. }) => open(),
            (Lie::Boasts | Lie::IsFickle, PathState::BrownOut { .. }) => {
                return Err(refusal(ErrorKind::Unsupported));
            }
            (Lie::BlamesTheCaller, PathState::BrownOut { .. }) => {
                return Err(refusal(ErrorKind::Invalid));
            }
            (Lie::OpensOnRefusal, PathState::BrownOut { .. }) => {
                self.gateway.set(path, &open(), permit).await?;
                return Err(refusal(ErrorKind::Unsupported));
            }
            (Lie::IsFickle, PathState::Open { notice: Some(_) }) => {
                return Err(refusal(ErrorKind::Unsupported));
            }
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
        Lie::Boasts,
        Lie::IsModest,
        Lie::BlamesTheCaller,
        Lie::OpensOnRefusal,
        Lie::IsFickle,
    ] {
        let world = World::new();
        let server = Server::of_shop(&world.gateway).await;
        let liar = Liar {
            gateway: world.gateway.clone(),
            lie,
            last: std::sync::Mutex::default(),
            asked: AtomicU64::new(0),
        };
        let shop = Shop {
            world,
            server,
            liar,
        };
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
