//! Finding and reading grants.

use async_trait::async_trait;
use deprovision_core::id::ApiId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{
    ErrorKind, GrantObserver, GrantState, GrantsFound, ProviderError,
};
use deprovision_core::resource::{GrantId, IssuerId};

use crate::client::Session;
use crate::error::Failed;
use crate::grants::bindings::Binding;
use crate::grants::hooks::Place;
use crate::grants::id::{GrantName, check_issuer, digest_of};
use crate::grants::{GitHubGrants, hooks, keys, secrets};
use crate::name::RepositoryName;
use crate::organisation::list_repositories;

const OPERATION: &str = "find grants on GitHub";

/// What was found, what nobody can decide, and what could not be looked at.
#[derive(Default)]
struct Survey {
    found: Vec<GrantName>,
    undecided: Vec<(GrantName, String)>,
    missing: Vec<String>,
}

impl Survey {
    /// A part that can not be seen is missing; when GitHub does not listen, all that
    /// follows would be.
    fn seen<T>(
        &mut self,
        what: &str,
        seen: Result<Vec<T>, Failed>,
    ) -> Result<Vec<T>, ProviderError> {
        match seen.map_err(Failed::of_read) {
            Ok(all) => Ok(all),
            Err(error) => match error.kind() {
                ErrorKind::Throttled { .. } | ErrorKind::Transient => Err(error),
                ErrorKind::Denied
                | ErrorKind::NotFound
                | ErrorKind::Conflict
                | ErrorKind::Invalid
                | ErrorKind::Unsupported => {
                    self.missing.push(format!("{what}: {error}"));
                    Ok(Vec::new())
                }
            },
        }
    }
}

#[async_trait]
impl GrantObserver for GitHubGrants {
    async fn grants(
        &self,
        issuer: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<GrantsFound>, ProviderError> {
        let server = self.github.server();
        check_issuer(OPERATION, server, &self.organisation, issuer)?;
        let Some(binding) = self.bindings.of(api) else {
            return Ok(Observation::unknown(format!(
                "nothing says which grants belong to {api}; give its catalog entry, or titles and names"
            )));
        };
        let session = self.github.reading();
        let mut survey = Survey::default();
        self.of_organisation(&session, binding, &mut survey).await?;
        let repositories = list_repositories(&session, &self.organisation).await;
        for repository in repositories.map_err(Failed::of_read)? {
            let name = RepositoryName::parse(OPERATION, &self.organisation, &repository.name)?;
            self.of_repository(&session, &name, binding, &mut survey)
                .await?;
        }
        let ids = survey
            .found
            .iter()
            .map(|name| name.id(OPERATION, server, &self.organisation))
            .collect::<Result<Vec<_>, _>>()?;
        let mut found = GrantsFound::naming(ids);
        for (name, why) in &survey.undecided {
            found = found.undecided(name.id(OPERATION, server, &self.organisation)?, why);
        }
        let now = self.github.now();
        Ok(match survey.missing.as_slice() {
            [] => Observation::complete(found, now),
            missing => Observation::partial(found, now, missing.join("; ")),
        })
    }

    async fn grant(&self, id: &GrantId) -> Result<Observation<GrantState>, ProviderError> {
        let session = self.github.reading();
        let state = match self.parse("read a grant on GitHub", id)? {
            GrantName::DeployKey { repository, digest } => {
                keys::state(&session, &repository, &digest).await
            }
            GrantName::Webhook { repository, id } => {
                hooks::state(&session, Place::Repository(&repository), &id).await
            }
            GrantName::OrganisationWebhook { id } => {
                hooks::state(&session, Place::Organisation(&self.organisation), &id).await
            }
            GrantName::SharedSecret { name, repository } => {
                secrets::state_of_shared(&session, &name, &repository).await
            }
            GrantName::WideSecret { name, visibility } => {
                secrets::state_of_wide(&session, &self.organisation, &name, &visibility).await
            }
            GrantName::OwnSecret { repository, name } => {
                secrets::state_of_own(&session, &repository, &name).await
            }
        };
        let state = state.map_err(Failed::of_read)?;
        Ok(Observation::complete(state, self.github.now()))
    }
}

impl GitHubGrants {
    async fn of_organisation(
        &self,
        session: &Session,
        binding: &Binding,
        survey: &mut Survey,
    ) -> Result<(), ProviderError> {
        let organisation = &self.organisation;
        if !binding.hosts.is_empty() {
            let seen = hooks::list(session, Place::Organisation(organisation)).await;
            for hook in survey.seen("webhooks of the organisation", seen)? {
                if hook.active && binding.is_delivered_to(hook.url()) {
                    let id = hook.id.to_string();
                    survey.found.push(GrantName::OrganisationWebhook { id });
                }
            }
        }
        if binding.secrets.is_empty() {
            return Ok(());
        }
        let seen = secrets::list_shared(session, organisation).await;
        for secret in survey.seen("secrets of the organisation", seen)? {
            if !binding.secrets.contains(&secret.name) {
                continue;
            }
            if secret.visibility != "selected" {
                let why = format!(
                    "the secret {} is for {} repositories of {organisation}; select them, or delete it by hand once the API is closed",
                    secret.name, secret.visibility
                );
                let (name, visibility) = (secret.name, secret.visibility);
                let wide = GrantName::WideSecret { name, visibility };
                survey.undecided.push((wide, why));
                continue;
            }
            let seen = secrets::readers(session, organisation, &secret.name).await;
            for reader in survey.seen(&format!("readers of {}", secret.name), seen)? {
                survey.found.push(GrantName::SharedSecret {
                    name: secret.name.clone(),
                    repository: RepositoryName::parse(OPERATION, organisation, &reader)?,
                });
            }
        }
        Ok(())
    }

    async fn of_repository(
        &self,
        session: &Session,
        name: &RepositoryName,
        binding: &Binding,
        survey: &mut Survey,
    ) -> Result<(), ProviderError> {
        if !binding.key_titles.is_empty() {
            let seen = keys::list(session, name).await;
            for key in survey.seen(&format!("deploy keys of {name}"), seen)? {
                if binding.key_titles.contains(&key.title) {
                    survey.found.push(GrantName::DeployKey {
                        repository: name.clone(),
                        digest: digest_of(&key.key),
                    });
                }
            }
        }
        if !binding.hosts.is_empty() {
            let seen = hooks::list(session, Place::Repository(name)).await;
            for hook in survey.seen(&format!("webhooks of {name}"), seen)? {
                if hook.active && binding.is_delivered_to(hook.url()) {
                    survey.found.push(GrantName::Webhook {
                        repository: name.clone(),
                        id: hook.id.to_string(),
                    });
                }
            }
        }
        if !binding.secrets.is_empty() {
            let seen = secrets::list_own(session, name).await;
            for secret in survey.seen(&format!("secrets of {name}"), seen)? {
                if binding.secrets.contains(&secret) {
                    let why = secrets::why_not_restorable(name, &secret);
                    let own = GrantName::OwnSecret {
                        repository: name.clone(),
                        name: secret,
                    };
                    survey.undecided.push((own, why));
                }
            }
        }
        Ok(())
    }
}
