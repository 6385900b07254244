//! What every [`AccessPath`] and [`AccessPathObserver`] keeps.
//!
//! Longer than other files: the cases of one suite are read together.

use std::collections::BTreeMap;
use std::error::Error;

use async_trait::async_trait;

use crate::conformance::{Cases, known};
use crate::permit::WritePermit;
use crate::provider::{
    AccessPath, AccessPathObserver, ErrorKind, GoneNotice, Outcome, PathAbilities, PathState,
    SunsetNotice,
};
use crate::resource::AccessPathId;
use crate::time::{Period, Timestamp};

type Checked = Result<(), Box<dyn Error + Send + Sync>>;

/// A service with two access paths, for [`access_path`].
#[async_trait]
pub trait AccessPathFixture: Send + Sync {
    /// The adapter.
    type Paths: AccessPath + AccessPathObserver;

    /// The adapter.
    fn paths(&self) -> &Self::Paths;

    /// A path that is there and was never set.
    fn one(&self) -> AccessPathId;

    /// Another such path of the same service.
    fn other(&self) -> AccessPathId;

    /// A path of the same form that is not there.
    fn missing(&self) -> AccessPathId;

    /// Credentials of every sort that the service tells apart: none, a live one,
    /// a revoked one.
    fn credentials(&self) -> Vec<Option<String>>;

    /// Calls something below the path over the network.
    async fn call(
        &self,
        id: &AccessPathId,
        credential: Option<&str>,
    ) -> Result<Reply, Box<dyn Error + Send + Sync>>;

    /// A permit for one write.
    async fn permit(&self) -> Result<WritePermit, Box<dyn Error + Send + Sync>>;

    /// The time that ends brown-outs.
    fn now(&self) -> Timestamp;

    /// Lets that time pass.
    async fn advance(&self, by: Period);
}

/// What a call got.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, by lower-case name, each with its values in order.
    pub headers: BTreeMap<String, Vec<String>>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A reply.
    #[must_use]
    pub fn new(
        status: u16,
        headers: impl IntoIterator<Item = (String, String)>,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in headers {
            let values = by_name.entry(name.to_ascii_lowercase()).or_default();
            values.push(value);
        }
        Self {
            status,
            headers: by_name,
            body: body.into(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let values = self.headers.get(name)?;
        values.first().map(String::as_str)
    }

    fn is_agreed_answer(&self) -> bool {
        let problem = self
            .header("content-type")
            .and_then(|value| value.split(';').next())
            .is_some_and(|essence| essence.trim() == "application/problem+json");
        let document = serde_json::from_slice::<serde_json::Value>(&self.body);
        self.status == 410 && problem && document.is_ok_and(|document| document.is_object())
    }

    /// The reply without what differs from call to call.
    fn lasting(mut self) -> Self {
        self.headers.remove("date");
        self
    }
}

/// Runs every case against a service whose paths were never set: of what the path
/// says it can, that it does it; of what it says it can not, that it refuses it.
///
/// # Errors
/// When the fixture fails. A broken promise panics.
pub async fn access_path<F: AccessPathFixture>(fixture: &F) -> Cases {
    let abilities = fixture.paths().abilities(&fixture.one()).await?;
    let suite = Suite {
        fixture,
        abilities: known(abilities)?,
    };
    let before = suite.replies().await?;
    let mut cases = 0;
    for (number, state) in suite.states().iter().enumerate() {
        match suite.abilities.lack(state) {
            None => suite.set_is_absorbing_and_shown(number, state).await?,
            Some(why) => {
                suite
                    .what_it_can_not_is_refused(state, why, &before)
                    .await?
            }
        }
        cases += 1;
    }
    if suite.can(&suite.closed()) {
        suite.a_closed_path_answers_410_to_everyone().await?;
        suite.other_paths_are_untouched(&before).await?;
        cases += 2;
    }
    suite.an_open_path_serves_as_before(&before).await?;
    if suite.can(&suite.announced()) {
        suite.a_notice_is_told(&before).await?;
        cases += 1;
    }
    if suite.can(&suite.browned_out(None)) {
        suite.a_brown_out_ends_by_itself(&before).await?;
        suite.a_brown_out_that_is_over_is_open().await?;
        cases += 2;
    }
    suite.a_wrong_notice_is_refused(&before).await?;
    suite.what_is_missing_is_not_found().await?;
    Ok(cases + 3)
}

struct Suite<'a, F> {
    fixture: &'a F,
    abilities: PathAbilities,
}

/// The replies by path and credential.
type Replies = BTreeMap<(AccessPathId, Option<String>), Reply>;

impl<F: AccessPathFixture> Suite<'_, F> {
    fn can(&self, state: &PathState) -> bool {
        self.abilities.lack(state).is_none()
    }

    /// The notice, when the path can carry one.
    fn tellable(&self) -> Option<SunsetNotice> {
        self.can(&self.announced()).then(notice)
    }

    async fn set_is_absorbing_and_shown(&self, number: usize, state: &PathState) -> Checked {
        for time in ["once", "again"] {
            self.set(state).await?;
            let seen = self.fixture.paths().path(&self.fixture.one()).await?;
            assert_eq!(
                seen.known_completely(),
                Some(state),
                "state {number}, set {time}, is not what is observed"
            );
        }
        self.abilities_are_as_before().await
    }

    async fn abilities_are_as_before(&self) -> Checked {
        let paths = self.fixture.paths();
        let abilities = known(paths.abilities(&self.fixture.one()).await?)?;
        assert_eq!(
            abilities, self.abilities,
            "nobody changed the path, and it says something else of what it can"
        );
        Ok(())
    }

    async fn what_it_can_not_is_refused(
        &self,
        state: &PathState,
        why: &str,
        before: &Replies,
    ) -> Checked {
        assert!(!why.is_empty(), "what it can not is explained");
        // A closed path stays closed, and an open one open.
        for current in [self.closed(), PathState::Open { notice: None }] {
            if !self.can(&current) {
                continue;
            }
            self.set(&current).await?;
            self.is_refused(state, ErrorKind::Unsupported).await?;
            let seen = self.fixture.paths().path(&self.fixture.one()).await?;
            assert_eq!(
                seen.known_completely(),
                Some(&current),
                "a refused set shows"
            );
        }
        assert_eq!(
            &self.replies().await?,
            before,
            "a refused set had an effect"
        );
        self.abilities_are_as_before().await
    }

    async fn is_refused(&self, state: &PathState, with: ErrorKind) -> Checked {
        let permit = self.fixture.permit().await?;
        let paths = self.fixture.paths();
        let set = paths.set(&self.fixture.one(), state, &permit).await;
        let kind = set.err().map(|error| error.kind().clone());
        assert_eq!(kind, Some(with), "{state:?} was not refused so");
        Ok(())
    }

    async fn a_closed_path_answers_410_to_everyone(&self) -> Checked {
        self.set(&self.closed()).await?;
        for credential in self.fixture.credentials() {
            let reply = self.call(&self.fixture.one(), &credential).await?;
            assert!(
                reply.is_agreed_answer(),
                "a closed path answered {reply:?} to {credential:?}"
            );
        }
        Ok(())
    }

    async fn other_paths_are_untouched(&self, before: &Replies) -> Checked {
        self.set(&self.closed()).await?;
        let other = self.fixture.other();
        let seen = self.fixture.paths().path(&other).await?;
        assert_eq!(
            seen.known_completely(),
            Some(&PathState::Open { notice: None }),
            "closing one path changed another one"
        );
        for ((_, credential), reply) in before.iter().filter(|((id, _), _)| *id == other) {
            assert_eq!(&self.call(&other, credential).await?, reply);
        }
        Ok(())
    }

    async fn an_open_path_serves_as_before(&self, before: &Replies) -> Checked {
        for state in [self.announced(), self.closed()] {
            if self.can(&state) {
                self.set(&state).await?;
            }
        }
        self.set(&PathState::Open { notice: None }).await?;
        assert_eq!(
            &self.replies().await?,
            before,
            "a reopened path does not serve as if nothing had been"
        );
        Ok(())
    }

    async fn a_notice_is_told(&self, before: &Replies) -> Checked {
        self.set(&self.announced()).await?;
        let one = self.fixture.one();
        for ((_, credential), plain) in before.iter().filter(|((id, _), _)| *id == one) {
            let reply = self.call(&one, credential).await?;
            assert_eq!((reply.status, &reply.body), (plain.status, &plain.body));
            assert_eq!(reply.header("deprecation"), Some("@1688169599"));
            assert_eq!(
                reply.header("sunset"),
                Some("Sun, 30 Jun 2024 23:59:59 GMT")
            );
            let links = reply.headers.get("link").cloned().unwrap_or_default();
            let links = links.join(", ");
            for wanted in [
                "<https://api.example.com/v2>; rel=\"successor-version\"",
                "<https://api.example.com/why>; rel=\"deprecation\"",
            ] {
                assert!(links.contains(wanted), "{links} does not hold {wanted}");
            }
            for link in plain.headers.get("link").into_iter().flatten() {
                assert!(links.contains(link), "the service's own {link} is lost");
            }
        }
        self.set(&PathState::Open { notice: None }).await
    }

    async fn a_brown_out_ends_by_itself(&self, before: &Replies) -> Checked {
        self.set(&self.browned_out(None)).await?;
        self.fixture.advance(Period::minutes(59)).await;
        for credential in self.fixture.credentials() {
            let reply = self.call(&self.fixture.one(), &credential).await?;
            assert!(reply.is_agreed_answer(), "a brown-out answered {reply:?}");
        }
        self.fixture.advance(Period::minutes(1)).await;
        assert_eq!(
            &self.replies().await?,
            before,
            "a path does not serve as before when its brown-out is over"
        );
        Ok(())
    }

    async fn a_brown_out_that_is_over_is_open(&self) -> Checked {
        let notice = self.tellable();
        self.set(&self.browned_out(notice.clone())).await?;
        self.fixture.advance(Period::hours(1)).await;
        let seen = self.fixture.paths().path(&self.fixture.one()).await?;
        assert_eq!(
            seen.known_completely(),
            Some(&PathState::Open { notice }),
            "a brown-out that is over is not open with its notice"
        );
        self.set(&PathState::Open { notice: None }).await
    }

    async fn a_wrong_notice_is_refused(&self, before: &Replies) -> Checked {
        let mut backwards = notice();
        backwards.sunset = Some(Period::seconds(1).before(backwards.deprecated_at));
        let mut forged = notice();
        forged.successor = Some("https://api.example.com/\r\nSet-Cookie: a=b".into());
        let mut gone = GoneNotice::new("Orders");
        gone.documentation = Some("https://api.example.com/>; rel=\"next\"".into());
        for state in [
            PathState::Open {
                notice: Some(backwards),
            },
            PathState::Open {
                notice: Some(forged),
            },
            PathState::Closed { notice: gone },
        ] {
            self.is_refused(&state, ErrorKind::Invalid).await?;
        }
        assert_eq!(
            &self.replies().await?,
            before,
            "a refused set had an effect"
        );
        Ok(())
    }

    async fn what_is_missing_is_not_found(&self) -> Checked {
        let (paths, missing) = (self.fixture.paths(), self.fixture.missing());
        let seen = paths.path(&missing).await;
        let kind = seen.err().map(|error| error.kind().clone());
        assert_eq!(kind, Some(ErrorKind::NotFound), "observing what is missing");
        let able = paths.abilities(&missing).await;
        let kind = able.err().map(|error| error.kind().clone());
        assert_eq!(kind, Some(ErrorKind::NotFound), "asking what is missing");
        let permit = self.fixture.permit().await?;
        let set = paths.set(&missing, &self.closed(), &permit).await;
        let kind = set.err().map(|error| error.kind().clone());
        assert_eq!(kind, Some(ErrorKind::NotFound), "setting what is missing");
        Ok(())
    }

    fn states(&self) -> [PathState; 4] {
        [
            self.announced(),
            self.browned_out(self.tellable()),
            self.closed(),
            PathState::Open { notice: None },
        ]
    }

    fn announced(&self) -> PathState {
        PathState::Open {
            notice: Some(notice()),
        }
    }

    fn browned_out(&self, notice: Option<SunsetNotice>) -> PathState {
        let until = Period::hours(1).after(self.fixture.now());
        PathState::BrownOut { until, notice }
    }

    fn closed(&self) -> PathState {
        let mut notice = GoneNotice::new("Orders, version 1");
        notice.successor = Some("https://api.example.com/v2".into());
        PathState::Closed { notice }
    }

    async fn set(&self, state: &PathState) -> Checked {
        let permit = self.fixture.permit().await?;
        let paths = self.fixture.paths();
        let outcome = paths.set(&self.fixture.one(), state, &permit).await;
        let unsupported = outcome
            .as_ref()
            .is_err_and(|error| *error.kind() == ErrorKind::Unsupported);
        assert!(
            !unsupported,
            "it says that it can be set to {state:?}, and refuses: {outcome:?}"
        );
        let outcome = outcome?;
        assert!(
            matches!(outcome, Outcome::Done { .. }),
            "setting {state:?} gave {outcome:?}"
        );
        Ok(())
    }

    async fn replies(&self) -> Result<Replies, Box<dyn Error + Send + Sync>> {
        let mut replies = Replies::new();
        for id in [self.fixture.one(), self.fixture.other()] {
            for credential in self.fixture.credentials() {
                let reply = self.call(&id, &credential).await?;
                replies.insert((id.clone(), credential), reply);
            }
        }
        Ok(replies)
    }

    async fn call(
        &self,
        id: &AccessPathId,
        credential: &Option<String>,
    ) -> Result<Reply, Box<dyn Error + Send + Sync>> {
        let reply = self.fixture.call(id, credential.as_deref()).await?;
        Ok(reply.lasting())
    }
}

/// The dates of the example in RFC 9745, section 4.
fn notice() -> SunsetNotice {
    let at = |second| Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut notice = SunsetNotice::new(at(1_688_169_599));
    notice.sunset = Some(at(1_719_791_999));
    notice.successor = Some("https://api.example.com/v2".into());
    notice.documentation = Some("https://api.example.com/why".into());
    notice
}
