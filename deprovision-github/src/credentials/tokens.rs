//! Tokens that somebody holds in their hands: revoked for good.

use std::collections::BTreeMap;

use async_trait::async_trait;
use deprovision_core::id::ApiId;
use deprovision_core::observation::{Observation, PositiveControl};
use deprovision_core::provider::{
    CredentialObserver, CredentialState, DestructionWarrant, ErrorKind, IssuerState, Outcome,
    ProviderError,
};
use deprovision_core::resource::{CredentialId, IssuerId, Locator};
use deprovision_core::secret::Secret;
use serde_json::json;

use crate::call::{GET_RATE_LIMIT, REVOKE_CREDENTIALS};
use crate::client::{As, GitHub, Session};
use crate::error::{Failed, invalid};
use crate::name::{PROVIDER, check_place};

/// The issuer of all tokens of an account.
const ISSUER: &str = "tokens";

/// GitHub takes no more in one call.
const MOST: usize = 1_000;

/// What github.com revokes.
const KINDS: [&str; 5] = ["ghp_", "github_pat_", "gho_", "ghu_", "ghr_"];

/// What an Enterprise Server revokes.
const KINDS_OF_ENTERPRISE: [&str; 2] = ["ghp_", "github_pat_"];

/// Tokens that are known by what they are: found in code, handed in, leaked.
///
/// A token is `github:ACCOUNT:HOST:token/DIGEST`, a digest of it: the token itself is in
/// no log. GitHub can not disable a token, only revoke it, for good: there is no
/// [`CredentialRevoker`](deprovision_core::provider::CredentialRevoker) here, for it would
/// promise a way back. [`revoke`](Self::revoke) takes the warrant that everything
/// irreversible takes, and its owner is told by GitHub.
#[derive(Debug, Clone)]
pub struct GitHubTokens {
    github: GitHub,
    account: String,
    known: BTreeMap<CredentialId, (ApiId, Secret)>,
}

impl GitHubTokens {
    /// Tokens of this account; it stands in their references and is checked nowhere else.
    #[must_use]
    pub fn new(github: &GitHub, account: impl Into<String>) -> Self {
        Self {
            github: github.clone(),
            account: account.into(),
            known: BTreeMap::new(),
        }
    }

    /// This token belongs to the API. Gives its reference.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when GitHub revokes no tokens of this kind.
    pub fn add(&mut self, api: &ApiId, token: Secret) -> Result<CredentialId, ProviderError> {
        const OPERATION: &str = "take a token in";
        let server = self.github.server();
        let kinds: &[&str] = match server.is_enterprise() {
            true => &KINDS_OF_ENTERPRISE,
            false => &KINDS,
        };
        if !kinds.iter().any(|kind| token.expose().starts_with(kind)) {
            return Err(invalid(
                OPERATION,
                format!("GitHub revokes tokens that begin with {}", kinds.join(", ")),
            ));
        }
        let name = format!("token/{}", &token.sha256().to_hex()[..32]);
        let id = Locator::new(PROVIDER, &self.account, server.region(), &name)
            .map(CredentialId::new)
            .map_err(|error| invalid(OPERATION, "the account is none").with_source(error))?;
        self.known.insert(id.clone(), (api.clone(), token));
        Ok(id)
    }

    fn token(&self, operation: &str, id: &CredentialId) -> Result<&Secret, ProviderError> {
        check_place(operation, self.github.server(), id.locator())?;
        match self.known.get(id) {
            Some((_, token)) => Ok(token),
            None => Err(invalid(
                operation,
                format!("{id} was not taken in: only who has a token can ask about it"),
            )),
        }
    }

    /// Whether GitHub lets the token in. It asks for the limits, which costs nothing; that
    /// the token was used is the price of asking.
    async fn state(
        &self,
        session: &Session,
        token: &Secret,
    ) -> Result<CredentialState, ProviderError> {
        let call = &GET_RATE_LIMIT;
        let url = format!("{}{}", self.github.server().api(), call.path);
        match session.send_with(call, Some(token), &url, None).await {
            Ok(_) => Ok(CredentialState::Active { last_used: None }),
            Err(failed) if failed.is_status(401) => {
                // The same question as whoever we are: that GitHub answers at all.
                session
                    .get::<serde_json::Value>(call, &[])
                    .await
                    .map_err(Failed::of_read)?;
                let server = self.github.server().region();
                Ok(CredentialState::Absent {
                    control: PositiveControl::saw(format!("{server}, with another token")),
                })
            }
            Err(failed) => Err(failed.of_read()),
        }
    }

    /// Revokes tokens, for good. GitHub accepts that and does it later: the outcome is
    /// `Unknown` until each of them is seen to be refused.
    ///
    /// # Errors
    /// When one is not known here, or GitHub refuses.
    pub async fn revoke(
        &self,
        ids: &[CredentialId],
        warrant: &DestructionWarrant,
    ) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "revoke tokens";
        let session = self.github.within(warrant.permit().call_timeout());
        let mut live = Vec::new();
        for id in ids {
            let token = self.token(OPERATION, id)?;
            if let Err(mismatch) = warrant.covers(&id.clone().into()) {
                return Ok(Outcome::not_done(mismatch.to_string()));
            }
            match self.state(&session, token).await? {
                CredentialState::Active { .. } | CredentialState::Disabled { .. } => {
                    live.push(token.expose());
                }
                CredentialState::Absent { .. } => {}
            }
        }
        if live.is_empty() {
            return Ok(Outcome::done("no token of these is let in any more"));
        }
        if live.len() > MOST {
            return Ok(Outcome::not_done(format!(
                "GitHub takes at most {MOST} tokens at once"
            )));
        }
        let count = live.len();
        let body = json!({ "credentials": live });
        // github.com refuses it from anybody whom it knows, an Enterprise Server from
        // anybody else.
        let who = match self.github.server().is_enterprise() {
            true => As::Ourselves,
            false => As::Nobody,
        };
        match session
            .write_as(who, &REVOKE_CREDENTIALS, &[], Some(&body))
            .await
        {
            Ok(answer) => Ok(Outcome::unknown(format!(
                "GitHub accepted the revocation of {count} tokens ({}) and does it later",
                answer.status
            ))),
            Err(failed) => failed.of_write(),
        }
    }
}

#[async_trait]
impl CredentialObserver for GitHubTokens {
    /// Those that were taken in. GitHub lists no tokens, so that the answer is partial.
    async fn credentials(
        &self,
        issuer: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<Vec<CredentialId>>, ProviderError> {
        const OPERATION: &str = "list tokens";
        check_place(OPERATION, self.github.server(), issuer.locator())?;
        if issuer.name() != ISSUER || issuer.locator().account() != self.account {
            return Err(invalid(
                OPERATION,
                format!("{issuer} issues nothing that is known here"),
            ));
        }
        let session = self.github.reading();
        let mut live = Vec::new();
        for (id, (_, token)) in self.known.iter().filter(|(_, (of, _))| of == api) {
            match self.state(&session, token).await? {
                CredentialState::Active { .. } | CredentialState::Disabled { .. } => {
                    live.push(id.clone());
                }
                CredentialState::Absent { .. } => {}
            }
        }
        Ok(Observation::partial(
            live,
            self.github.now(),
            "GitHub lists no tokens: there may be others than those that were taken in",
        ))
    }

    async fn credential(
        &self,
        id: &CredentialId,
    ) -> Result<Observation<CredentialState>, ProviderError> {
        let token = self.token("look at a token", id)?;
        let state = self.state(&self.github.reading(), token).await?;
        Ok(Observation::complete(state, self.github.now()))
    }

    async fn issuer(
        &self,
        id: &IssuerId,
        _: &ApiId,
    ) -> Result<Observation<IssuerState>, ProviderError> {
        check_place(
            "look at the issuer of tokens",
            self.github.server(),
            id.locator(),
        )?;
        let why = "people make tokens for themselves; GitHub can not stop that for one API";
        let state = IssuerState::Unfreezable {
            why: why.to_owned(),
        };
        Ok(Observation::complete(state, self.github.now()))
    }
}

/// The refusal to freeze what GitHub can not freeze.
pub(super) fn unfreezable(operation: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        operation,
        "GitHub can not stop it for one API; what is new is found by enumerating again",
    )
}
