//! Installations of an API's own GitHub App.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use deprovision_core::id::ApiId;
use deprovision_core::observation::{Observation, PositiveControl};
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    CredentialObserver, CredentialRevoker, CredentialState, DestructionWarrant, IssuerState,
    Outcome, ProviderError,
};
use deprovision_core::resource::{CredentialId, IssuerId, Locator};
use serde::Deserialize;

use crate::call::{
    Call, DELETE_INSTALLATION, GET_INSTALLATION, LIST_INSTALLATIONS, SUSPEND_INSTALLATION,
    UNSUSPEND_INSTALLATION,
};
use crate::client::session::Asked;
use crate::client::{As, GitHub, Session};
use crate::credentials::tokens::unfreezable;
use crate::error::{Failed, invalid};
use crate::name::{PROVIDER, check_place};

/// The issuer of the installations of an app.
const ISSUER: &str = "installations";

/// Installations of a GitHub App that stands for an API: whoever installed it lets the API
/// in. One is suspended first (nothing that the app holds works there, and it comes back as
/// it was), and deleted much later.
///
/// An installation is `github:APP:HOST:installation/ID`; the client must be the app itself,
/// [`Auth::app_itself`](crate::Auth::app_itself).
#[derive(Debug, Clone)]
pub struct AppInstallations {
    github: GitHub,
    app: String,
    whole: BTreeSet<ApiId>,
    accounts: BTreeMap<ApiId, BTreeSet<String>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Installation {
    id: u64,
    #[serde(default)]
    account: Option<Account>,
    #[serde(default)]
    suspended_at: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Account {
    /// Enterprises have none.
    #[serde(default)]
    login: Option<String>,
}

impl AppInstallations {
    /// The installations of the app that the client is, under this name.
    #[must_use]
    pub fn new(github: &GitHub, app: impl Into<String>) -> Self {
        Self {
            github: github.clone(),
            app: app.into(),
            whole: BTreeSet::new(),
            accounts: BTreeMap::new(),
        }
    }

    /// The whole app is the API's: every installation belongs to it.
    #[must_use]
    pub fn serving(mut self, api: &ApiId) -> Self {
        self.whole.insert(api.clone());
        self
    }

    /// The installations in these accounts belong to the API.
    #[must_use]
    pub fn in_accounts<T: Into<String>>(
        mut self,
        api: &ApiId,
        accounts: impl IntoIterator<Item = T>,
    ) -> Self {
        let accounts = accounts
            .into_iter()
            .map(|login| login.into().to_lowercase());
        self.accounts
            .entry(api.clone())
            .or_default()
            .extend(accounts);
        self
    }

    fn check_here(&self, operation: &str, locator: &Locator) -> Result<(), ProviderError> {
        check_place(operation, self.github.server(), locator)?;
        if locator.account() == self.app {
            return Ok(());
        }
        Err(invalid(
            operation,
            format!("{locator} is not of the app {}", self.app),
        ))
    }

    fn number(&self, operation: &str, id: &CredentialId) -> Result<String, ProviderError> {
        self.check_here(operation, id.locator())?;
        id.name()
            .strip_prefix("installation/")
            .filter(|number| number.parse::<u64>().is_ok())
            .map(str::to_owned)
            .ok_or_else(|| {
                invalid(
                    operation,
                    format!("{id} is no installation; write installation/ID"),
                )
            })
    }

    async fn all(&self, session: &Session) -> Result<Vec<Installation>, ProviderError> {
        let pages: Vec<Vec<Installation>> = session
            .pages(&LIST_INSTALLATIONS, As::TheApp, &[], &[])
            .await
            .map_err(Failed::of_read)?;
        Ok(pages.into_iter().flatten().collect())
    }

    async fn state(
        &self,
        session: &Session,
        number: &str,
    ) -> Result<CredentialState, ProviderError> {
        let asked = Asked {
            parameters: &[("installation_id", number)],
            query: &[],
            body: None,
        };
        match session.send(&GET_INSTALLATION, As::TheApp, asked).await {
            Ok(answer) => {
                let installation: Installation = answer.read(&GET_INSTALLATION)?;
                Ok(match installation.suspended_at {
                    Some(_) => CredentialState::Disabled { last_used: None },
                    None => CredentialState::Active { last_used: None },
                })
            }
            Err(failed) if failed.is_status(404) => {
                let others = self.all(session).await?.len();
                let app = &self.app;
                Ok(CredentialState::Absent {
                    control: PositiveControl::saw(format!(
                        "the app {app} with {others} installations"
                    )),
                })
            }
            Err(failed) => Err(failed.of_read()),
        }
    }

    async fn write(
        &self,
        session: &Session,
        call: &Call,
        number: &str,
        done: &str,
    ) -> Result<Outcome, ProviderError> {
        let parameters = [("installation_id", number)];
        match session.write_as(As::TheApp, call, &parameters, None).await {
            Ok(_) => Ok(Outcome::done(format!("installation {number} is {done}"))),
            Err(failed) if failed.is_status(404) => Ok(Outcome::not_done(format!(
                "there is no installation {number}"
            ))),
            Err(failed) => failed.of_write(),
        }
    }
}

#[async_trait]
impl CredentialObserver for AppInstallations {
    async fn credentials(
        &self,
        issuer: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<Vec<CredentialId>>, ProviderError> {
        const OPERATION: &str = "list installations";
        self.check_here(OPERATION, issuer.locator())?;
        if issuer.name() != ISSUER {
            return Err(invalid(
                OPERATION,
                format!("{issuer} issues nothing; its name is `{ISSUER}`"),
            ));
        }
        let (whole, accounts) = (self.whole.contains(api), self.accounts.get(api));
        if !whole && accounts.is_none() {
            return Ok(Observation::unknown(format!(
                "nothing says which installations belong to {api}"
            )));
        }
        let session = self.github.reading();
        let mut found = Vec::new();
        for installation in self.all(&session).await? {
            let login = installation.account.and_then(|account| account.login);
            let is_bound = login.is_some_and(|login| {
                accounts.is_some_and(|accounts| accounts.contains(&login.to_lowercase()))
            });
            if whole || is_bound {
                let name = format!("installation/{}", installation.id);
                let region = self.github.server().region();
                let locator =
                    Locator::new(PROVIDER, &self.app, region, &name).map_err(|error| {
                        invalid(OPERATION, "the app's name is none").with_source(error)
                    })?;
                found.push(CredentialId::new(locator));
            }
        }
        Ok(Observation::complete(found, self.github.now()))
    }

    async fn credential(
        &self,
        id: &CredentialId,
    ) -> Result<Observation<CredentialState>, ProviderError> {
        let number = self.number("read an installation", id)?;
        let state = self.state(&self.github.reading(), &number).await?;
        Ok(Observation::complete(state, self.github.now()))
    }

    async fn issuer(
        &self,
        id: &IssuerId,
        _: &ApiId,
    ) -> Result<Observation<IssuerState>, ProviderError> {
        self.check_here("look at the issuer of installations", id.locator())?;
        let why = "whoever may install apps can install it; make the app private by hand";
        let state = IssuerState::Unfreezable {
            why: why.to_owned(),
        };
        Ok(Observation::complete(state, self.github.now()))
    }
}

#[async_trait]
impl CredentialRevoker for AppInstallations {
    async fn freeze_issuance(
        &self,
        _: &IssuerId,
        _: &ApiId,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        Err(unfreezable("stop installations of an app"))
    }

    async fn unfreeze_issuance(
        &self,
        _: &IssuerId,
        _: &ApiId,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        Err(unfreezable("allow installations of an app"))
    }

    async fn disable(
        &self,
        id: &CredentialId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let number = self.number("suspend an installation", id)?;
        let session = self.github.within(permit.call_timeout());
        self.write(&session, &SUSPEND_INSTALLATION, &number, "suspended")
            .await
    }

    async fn restore(
        &self,
        id: &CredentialId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let number = self.number("let an installation in again", id)?;
        let session = self.github.within(permit.call_timeout());
        self.write(&session, &UNSUSPEND_INSTALLATION, &number, "let in again")
            .await
    }

    async fn delete(
        &self,
        id: &CredentialId,
        warrant: &DestructionWarrant,
    ) -> Result<Outcome, ProviderError> {
        let number = self.number("delete an installation", id)?;
        if let Err(mismatch) = warrant.covers(&id.clone().into()) {
            return Ok(Outcome::not_done(mismatch.to_string()));
        }
        let session = self.github.within(warrant.permit().call_timeout());
        match self.state(&session, &number).await? {
            CredentialState::Active { .. } => Ok(Outcome::not_done(format!(
                "[I-3] {id} is active; suspend it and soak first"
            ))),
            CredentialState::Absent { control } => {
                Ok(Outcome::done(format!("{id} was not there; {control}")))
            }
            CredentialState::Disabled { .. } => {
                self.write(&session, &DELETE_INSTALLATION, &number, "deleted")
                    .await
            }
        }
    }
}
