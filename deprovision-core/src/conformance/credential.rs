//! The suite of [`CredentialObserver`] and [`CredentialRevoker`].

use async_trait::async_trait;

use crate::conformance::{Cases, Permits, Trouble, done, known, not_done};
use crate::id::ApiId;
use crate::observation::Observation;
use crate::provider::{
    CredentialObserver, CredentialRevoker, CredentialState, ErrorKind, IssuerState,
};
use crate::resource::{CredentialId, IssuerId};

/// What the suite needs of an adapter, and of the world behind it.
#[async_trait]
pub trait CredentialFixture: Send + Sync {
    /// The adapter as a reader.
    fn observer(&self) -> &dyn CredentialObserver;
    /// The adapter as a writer.
    fn revoker(&self) -> &dyn CredentialRevoker;
    /// Where the credentials are issued. Its APIs have no credentials yet.
    fn issuer(&self) -> IssuerId;
    /// The API that is retired.
    fn api(&self) -> ApiId;
    /// Another API of the same issuer.
    fn other_api(&self) -> ApiId;
    /// A credential of another account.
    fn foreign(&self) -> CredentialId;
    /// Issues a new credential as the service does; `None` when that is refused
    /// because issuance is frozen.
    async fn issue(&self, api: &ApiId) -> Result<Option<CredentialId>, Trouble>;
    /// Whether the service lets a caller with this credential, unchanged since it
    /// was issued, call the API.
    async fn accepts(&self, id: &CredentialId, api: &ApiId) -> Result<bool, Trouble>;
    /// How many credentials are more than one page of the provider's list.
    fn more_than_a_page(&self) -> usize;
    /// Whether issuance can be frozen; when not, asking for it must be `Unsupported`.
    fn can_freeze(&self) -> bool;
    /// Makes a part of what the adapter reads unreadable, or readable again.
    async fn blind(&self, blind: bool) -> Result<(), Trouble>;
    /// Returns when all that was written can be seen.
    async fn settle(&self) -> Result<(), Trouble>;
}

/// Holds an adapter to the promises of [`CredentialObserver`] and [`CredentialRevoker`].
///
/// # Errors
/// When the fixture could not do its part. A broken promise panics.
pub async fn credential(fixture: &impl CredentialFixture) -> Cases {
    let suite = Suite {
        fixture,
        permits: Permits::new(),
    };
    let mut cases = 0;
    suite.lists_all_of_the_api_and_no_other(&mut cases).await?;
    suite.another_account_is_an_error(&mut cases).await?;
    suite
        .what_it_can_not_read_is_not_complete(&mut cases)
        .await?;
    suite.disable_and_restore_are_absorbing(&mut cases).await?;
    suite.delete_needs_disable_and_a_warrant(&mut cases).await?;
    suite.a_deleted_one_is_gone(&mut cases).await?;
    suite.no_call_touches_another(&mut cases).await?;
    suite.issuance_freezes(&mut cases).await?;
    Ok(cases)
}

struct Suite<'a, F> {
    fixture: &'a F,
    permits: Permits,
}

impl<F: CredentialFixture> Suite<'_, F> {
    async fn issue(&self, api: &ApiId) -> Result<CredentialId, Trouble> {
        let issued = self.fixture.issue(api).await?;
        self.fixture.settle().await?;
        Ok(issued.ok_or("the fixture issued nothing though nothing is frozen")?)
    }

    async fn state(&self, id: &CredentialId) -> Result<CredentialState, Trouble> {
        known(self.fixture.observer().credential(id).await?)
    }

    async fn disable(&self, id: &CredentialId) -> Result<(), Trouble> {
        let permit = self.permits.permit().await?;
        done(self.fixture.revoker().disable(id, &permit).await?)?;
        self.fixture.settle().await
    }

    async fn restore(&self, id: &CredentialId) -> Result<(), Trouble> {
        let permit = self.permits.permit().await?;
        done(self.fixture.revoker().restore(id, &permit).await?)?;
        self.fixture.settle().await
    }

    async fn delete(&self, id: &CredentialId) -> Result<(), Trouble> {
        let api = self.fixture.api();
        let warrant = self.permits.warrant(&api, [id.clone().into()]).await?;
        done(self.fixture.revoker().delete(id, &warrant).await?)?;
        self.fixture.settle().await
    }

    async fn list(&self, api: &ApiId) -> Result<Vec<CredentialId>, Trouble> {
        let observer = self.fixture.observer();
        known(observer.credentials(&self.fixture.issuer(), api).await?)
    }

    /// `credentials` lists every credential of the API, disabled ones too, from all pages.
    async fn lists_all_of_the_api_and_no_other(&self, cases: &mut u32) -> Result<(), Trouble> {
        let (api, other) = (self.fixture.api(), self.fixture.other_api());
        assert!(
            self.list(&api).await?.is_empty(),
            "an API without credentials has none, and its list is complete"
        );
        let mut issued = Vec::new();
        for _ in 0..self.fixture.more_than_a_page() {
            issued.push(self.issue(&api).await?);
        }
        let elsewhere = self.issue(&other).await?;
        let first = issued.first().ok_or("more_than_a_page must be positive")?;
        self.disable(first).await?;
        let mut listed = self.list(&api).await?;
        listed.sort();
        issued.sort();
        assert_eq!(
            listed, issued,
            "all pages, disabled ones too, and no other API's"
        );
        *cases += 1;
        for id in issued.iter().chain([&elsewhere]) {
            self.disable(id).await?;
            self.delete(id).await?;
        }
        assert!(
            self.list(&api).await?.is_empty(),
            "what is deleted is not listed"
        );
        *cases += 1;
        Ok(())
    }

    /// One of another account is an error, for reading and for writing.
    async fn another_account_is_an_error(&self, cases: &mut u32) -> Result<(), Trouble> {
        let foreign = self.fixture.foreign();
        assert!(
            self.fixture.observer().credential(&foreign).await.is_err(),
            "a credential of another account is an error, and not absent"
        );
        *cases += 1;
        let permit = self.permits.permit().await?;
        let revoker = self.fixture.revoker();
        assert!(
            revoker.disable(&foreign, &permit).await.is_err(),
            "disable elsewhere"
        );
        assert!(
            revoker.restore(&foreign, &permit).await.is_err(),
            "restore elsewhere"
        );
        let api = self.fixture.api();
        let warrant = self.permits.warrant(&api, [foreign.clone().into()]).await?;
        assert!(
            revoker.delete(&foreign, &warrant).await.is_err(),
            "delete elsewhere"
        );
        *cases += 1;
        Ok(())
    }

    /// What it can not read makes the answer partial or unknown (or an error).
    async fn what_it_can_not_read_is_not_complete(&self, cases: &mut u32) -> Result<(), Trouble> {
        let api = self.fixture.api();
        let id = self.issue(&api).await?;
        self.fixture.blind(true).await?;
        let observer = self.fixture.observer();
        let listed = observer.credentials(&self.fixture.issuer(), &api).await;
        self.fixture.blind(false).await?;
        if let Ok(seen) = listed {
            assert!(
                seen.doubt().is_some(),
                "a list that could not be read whole must not be complete: {seen:?}"
            );
        }
        assert_eq!(
            self.list(&api).await?,
            std::slice::from_ref(&id),
            "and is whole again afterwards"
        );
        *cases += 1;
        self.disable(&id).await?;
        self.delete(&id).await
    }

    /// A disabled credential is refused, a restored one works unchanged; both are absorbing.
    async fn disable_and_restore_are_absorbing(&self, cases: &mut u32) -> Result<(), Trouble> {
        let api = self.fixture.api();
        let id = self.issue(&api).await?;
        assert!(matches!(
            self.state(&id).await?,
            CredentialState::Active { .. }
        ));
        assert!(
            self.fixture.accepts(&id, &api).await?,
            "a new credential works"
        );
        for _ in 0..2 {
            self.disable(&id).await?;
            assert!(matches!(
                self.state(&id).await?,
                CredentialState::Disabled { .. }
            ));
            assert!(
                !self.fixture.accepts(&id, &api).await?,
                "a disabled one is refused"
            );
        }
        *cases += 1;
        for _ in 0..2 {
            self.restore(&id).await?;
            assert!(matches!(
                self.state(&id).await?,
                CredentialState::Active { .. }
            ));
            assert!(
                self.fixture.accepts(&id, &api).await?,
                "a restored one works again unchanged"
            );
        }
        *cases += 1;
        self.disable(&id).await?;
        self.delete(&id).await
    }

    /// `delete` of an active one is `NotDone`, and so is one that the warrant does not name.
    async fn delete_needs_disable_and_a_warrant(&self, cases: &mut u32) -> Result<(), Trouble> {
        let api = self.fixture.api();
        let (id, other) = (self.issue(&api).await?, self.issue(&api).await?);
        let revoker = self.fixture.revoker();
        let warrant = self.permits.warrant(&api, [id.clone().into()]).await?;
        not_done(
            revoker.delete(&id, &warrant).await?,
            "I-3: delete of an active one",
        );
        assert!(self.fixture.accepts(&id, &api).await?, "it still works");
        *cases += 1;
        self.disable(&id).await?;
        self.disable(&other).await?;
        not_done(
            revoker.delete(&other, &warrant).await?,
            "I-12: not in the warrant",
        );
        assert!(matches!(
            self.state(&other).await?,
            CredentialState::Disabled { .. }
        ));
        *cases += 1;
        self.delete(&id).await?;
        self.delete(&other).await
    }

    /// A deleted one is `Absent` with a control, is `Done` to delete, and can not be restored.
    async fn a_deleted_one_is_gone(&self, cases: &mut u32) -> Result<(), Trouble> {
        let api = self.fixture.api();
        let id = self.issue(&api).await?;
        self.disable(&id).await?;
        self.delete(&id).await?;
        match self.state(&id).await? {
            CredentialState::Absent { control } => assert!(
                control.to_string().len() > "still saw ".len(),
                "the control names something"
            ),
            state => panic!("a deleted credential is {state:?}"),
        }
        assert!(
            !self.fixture.accepts(&id, &api).await?,
            "a deleted one is refused"
        );
        *cases += 1;
        self.delete(&id).await?;
        *cases += 1;
        let permit = self.permits.permit().await?;
        let restored = self.fixture.revoker().restore(&id, &permit).await?;
        not_done(restored, "restore of a deleted one");
        assert!(
            !self.fixture.accepts(&id, &api).await?,
            "and it stays refused"
        );
        *cases += 1;
        Ok(())
    }

    /// No call touches any other credential.
    async fn no_call_touches_another(&self, cases: &mut u32) -> Result<(), Trouble> {
        let (api, other) = (self.fixture.api(), self.fixture.other_api());
        let id = self.issue(&api).await?;
        let (sibling, stranger) = (self.issue(&api).await?, self.issue(&other).await?);
        let disabled = self.issue(&api).await?;
        self.disable(&disabled).await?;
        for round in 0..4 {
            match round {
                0 | 2 => self.disable(&id).await?,
                1 => self.restore(&id).await?,
                _ => self.delete(&id).await?,
            }
            assert!(
                self.fixture.accepts(&sibling, &api).await?,
                "round {round}: its sibling"
            );
            assert!(
                self.fixture.accepts(&stranger, &other).await?,
                "round {round}: another API's"
            );
            assert!(
                matches!(
                    self.state(&disabled).await?,
                    CredentialState::Disabled { .. }
                ),
                "round {round}: a disabled one"
            );
        }
        *cases += 1;
        for left in [&sibling, &stranger, &disabled] {
            self.disable(left).await?;
            self.delete(left).await?;
        }
        Ok(())
    }

    /// A frozen issuer refuses new ones for that API alone, and old ones go on working.
    async fn issuance_freezes(&self, cases: &mut u32) -> Result<(), Trouble> {
        let (issuer, api) = (self.fixture.issuer(), self.fixture.api());
        let (observer, revoker) = (self.fixture.observer(), self.fixture.revoker());
        let permit = self.permits.permit().await?;
        if !self.fixture.can_freeze() {
            let refused = revoker.freeze_issuance(&issuer, &api, &permit).await;
            assert!(
                refused.is_err_and(|error| *error.kind() == ErrorKind::Unsupported),
                "what can not be frozen is Unsupported, and never Done"
            );
            let seen = known(observer.issuer(&issuer, &api).await?)?;
            assert!(
                matches!(&seen, IssuerState::Unfreezable { why } if !why.is_empty()),
                "what can not be frozen says so, and why; it was {seen:?}"
            );
            *cases += 1;
            return Ok(());
        }
        let issuance = async |api: ApiId| -> Result<IssuerState, Trouble> {
            let seen: Observation<IssuerState> = observer.issuer(&issuer, &api).await?;
            known(seen)
        };
        assert_eq!(issuance(api.clone()).await?, IssuerState::Open);
        let old = self.issue(&api).await?;
        for _ in 0..2 {
            done(revoker.freeze_issuance(&issuer, &api, &permit).await?)?;
            self.fixture.settle().await?;
            assert_eq!(issuance(api.clone()).await?, IssuerState::Frozen);
            assert!(self.fixture.issue(&api).await?.is_none(), "no new ones");
        }
        assert!(
            self.fixture.accepts(&old, &api).await?,
            "old ones go on working"
        );
        *cases += 1;
        let other = self.fixture.other_api();
        assert_eq!(
            issuance(other.clone()).await?,
            IssuerState::Open,
            "another API"
        );
        let stranger = self.issue(&other).await?;
        *cases += 1;
        for _ in 0..2 {
            done(revoker.unfreeze_issuance(&issuer, &api, &permit).await?)?;
            self.fixture.settle().await?;
            assert_eq!(issuance(api.clone()).await?, IssuerState::Open);
        }
        let new = self.issue(&api).await?;
        assert!(self.fixture.accepts(&new, &api).await?, "a new one works");
        *cases += 1;
        for id in [&old, &new, &stranger] {
            self.disable(id).await?;
            self.delete(id).await?;
        }
        Ok(())
    }
}
