//! The suite of [`GrantObserver`] and [`PermissionAuditor`].

use async_trait::async_trait;
use serde_json::Value;

use crate::conformance::{Cases, Permits, Trouble, done, known, not_done};
use crate::id::ApiId;
use crate::provider::{GrantObserver, GrantState, PermissionAuditor};
use crate::resource::{GrantId, IssuerId};

/// What the suite needs of an adapter, and of the world behind it.
#[async_trait]
pub trait GrantFixture: Send + Sync {
    /// The adapter as a reader.
    fn observer(&self) -> &dyn GrantObserver;
    /// The adapter as a writer.
    fn auditor(&self) -> &dyn PermissionAuditor;
    /// Where the grants are. Its APIs have none yet.
    fn issuer(&self) -> IssuerId;
    /// The API that is retired.
    fn api(&self) -> ApiId;
    /// Another API of the same issuer.
    fn other_api(&self) -> ApiId;
    /// A grant of another account.
    fn foreign(&self) -> GrantId;
    /// Lets a new principal call the API.
    async fn grant(&self, api: &ApiId) -> Result<GrantId, Trouble>;
    /// Whether the principal of that grant may call the API now.
    async fn allows(&self, id: &GrantId, api: &ApiId) -> Result<bool, Trouble>;
    /// How many grants are more than one page of the provider's list.
    fn more_than_a_page(&self) -> usize;
    /// Makes a grant of which nobody can say whether it names the API (a
    /// wildcard, a condition) or removes it; `false` when there is no such thing here.
    async fn undecidable(&self, api: &ApiId, there: bool) -> Result<bool, Trouble>;
    /// Returns when all that was written can be seen.
    async fn settle(&self) -> Result<(), Trouble>;
}

/// Holds an adapter to the promises of [`GrantObserver`] and [`PermissionAuditor`].
///
/// # Errors
/// When the fixture could not do its part. A broken promise panics.
pub async fn grant(fixture: &impl GrantFixture) -> Cases {
    let suite = Suite {
        fixture,
        permits: Permits::new(),
    };
    let mut cases = 0;
    suite.lists_all_of_the_api_and_no_other(&mut cases).await?;
    suite
        .what_it_can_not_decide_is_not_clean(&mut cases)
        .await?;
    suite
        .removes_one_and_puts_it_back_as_it_was(&mut cases)
        .await?;
    suite.another_account_is_an_error(&mut cases).await?;
    Ok(cases)
}

struct Suite<'a, F> {
    fixture: &'a F,
    permits: Permits,
}

impl<F: GrantFixture> Suite<'_, F> {
    async fn give(&self, api: &ApiId) -> Result<GrantId, Trouble> {
        let id = self.fixture.grant(api).await?;
        self.fixture.settle().await?;
        Ok(id)
    }

    async fn remove(&self, id: &GrantId) -> Result<(), Trouble> {
        let permit = self.permits.permit().await?;
        done(self.fixture.auditor().remove(id, &permit).await?)?;
        self.fixture.settle().await
    }

    async fn put_back(&self, id: &GrantId, document: &Value) -> Result<(), Trouble> {
        let permit = self.permits.permit().await?;
        let auditor = self.fixture.auditor();
        done(auditor.put_back(id, document, &permit).await?)?;
        self.fixture.settle().await
    }

    async fn list(&self, api: &ApiId) -> Result<Vec<GrantId>, Trouble> {
        let observer = self.fixture.observer();
        let found = known(observer.grants(&self.fixture.issuer(), api).await?)?;
        assert!(
            found.undecided.is_empty(),
            "nobody made a grant that can not be decided: {found:?}"
        );
        Ok(found.naming.into_iter().collect())
    }

    async fn state(&self, id: &GrantId) -> Result<GrantState, Trouble> {
        known(self.fixture.observer().grant(id).await?)
    }

    /// `grants` lists every grant that names the API, from all pages.
    async fn lists_all_of_the_api_and_no_other(&self, cases: &mut u32) -> Result<(), Trouble> {
        let (api, other) = (self.fixture.api(), self.fixture.other_api());
        assert!(
            self.list(&api).await?.is_empty(),
            "an API without grants has none"
        );
        let mut given = Vec::new();
        for _ in 0..self.fixture.more_than_a_page() {
            given.push(self.give(&api).await?);
        }
        let elsewhere = self.give(&other).await?;
        given.sort();
        assert_eq!(
            self.list(&api).await?,
            given,
            "all pages, and no other API's"
        );
        *cases += 1;
        for id in given.iter().chain([&elsewhere]) {
            self.remove(id).await?;
        }
        assert!(
            self.list(&api).await?.is_empty(),
            "removed ones are not listed"
        );
        *cases += 1;
        Ok(())
    }

    /// What it can not decide is listed as such, with why, and never left out.
    async fn what_it_can_not_decide_is_not_clean(&self, cases: &mut u32) -> Result<(), Trouble> {
        let api = self.fixture.api();
        if !self.fixture.undecidable(&api, true).await? {
            return Ok(());
        }
        self.fixture.settle().await?;
        let observer = self.fixture.observer();
        let seen = observer.grants(&self.fixture.issuer(), &api).await?;
        let found = known(seen)?;
        let explained = found.undecided.values().any(|why| !why.is_empty());
        assert!(
            explained,
            "an undecidable grant is no clean answer: {found:?}"
        );
        self.fixture.undecidable(&api, false).await?;
        self.fixture.settle().await?;
        assert!(
            self.list(&api).await?.is_empty(),
            "and is clean again afterwards"
        );
        *cases += 1;
        Ok(())
    }

    /// `remove` removes that grant alone; `put_back` restores it as it was; both are absorbing.
    async fn removes_one_and_puts_it_back_as_it_was(&self, cases: &mut u32) -> Result<(), Trouble> {
        let (api, other) = (self.fixture.api(), self.fixture.other_api());
        let (id, sibling) = (self.give(&api).await?, self.give(&api).await?);
        let stranger = self.give(&other).await?;
        let before = self.state(&id).await?;
        let GrantState::Present { document, .. } = &before else {
            panic!("a grant that was given is {before:?}");
        };
        assert!(self.fixture.allows(&id, &api).await?, "a grant works");
        for _ in 0..2 {
            self.remove(&id).await?;
            match self.state(&id).await? {
                GrantState::Absent { control } => {
                    assert!(control.to_string().len() > "still saw ".len());
                }
                state @ GrantState::Present { .. } => panic!("a removed grant is {state:?}"),
            }
            assert!(
                !self.fixture.allows(&id, &api).await?,
                "a removed grant does not work"
            );
            assert!(
                self.fixture.allows(&sibling, &api).await?,
                "its sibling does"
            );
            assert!(
                self.fixture.allows(&stranger, &other).await?,
                "another API's does"
            );
        }
        *cases += 1;
        for _ in 0..2 {
            self.put_back(&id, document).await?;
            assert_eq!(self.state(&id).await?, before, "as it was");
            assert!(self.fixture.allows(&id, &api).await?, "and it works again");
        }
        let mut both = vec![id.clone(), sibling.clone()];
        both.sort();
        assert_eq!(self.list(&api).await?, both, "and there is one of it");
        *cases += 1;
        let permit = self.permits.permit().await?;
        let nonsense = serde_json::json!({"suite": "no grant of anybody"});
        self.remove(&id).await?;
        let auditor = self.fixture.auditor();
        if let Ok(outcome) = auditor.put_back(&id, &nonsense, &permit).await {
            not_done(outcome, "a document that is no grant");
        }
        assert!(matches!(self.state(&id).await?, GrantState::Absent { .. }));
        *cases += 1;
        self.remove(&sibling).await?;
        self.remove(&stranger).await
    }

    /// A grant of another account is an error.
    async fn another_account_is_an_error(&self, cases: &mut u32) -> Result<(), Trouble> {
        let foreign = self.fixture.foreign();
        assert!(
            self.fixture.observer().grant(&foreign).await.is_err(),
            "a grant of another account is an error, and not absent"
        );
        let permit = self.permits.permit().await?;
        let removed = self.fixture.auditor().remove(&foreign, &permit).await;
        assert!(removed.is_err(), "remove elsewhere");
        *cases += 1;
        Ok(())
    }
}
