//! Secrets of Actions: what workflows call an API with.
//!
//! GitHub never shows their values. That a repository may read one of its organisation
//! can be taken and given back; a secret that is deleted can not.

use deprovision_core::observation::PositiveControl;
use deprovision_core::provider::{ErrorKind, GrantState, Outcome, ProviderError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::{
    ADD_SECRET_REPOSITORY, GET_ORGANISATION_SECRET, LIST_ORGANISATION_SECRETS,
    LIST_SECRET_REPOSITORIES, LIST_SECRETS, REMOVE_SECRET_REPOSITORY,
};
use crate::change::About;
use crate::client::{As, Session};
use crate::error::{Failed, invalid};
use crate::name::RepositoryName;

/// A secret of an organisation.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) visibility: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
struct SecretsPage<T> {
    secrets: Vec<T>,
}

#[derive(Debug, Deserialize)]
struct RepositoriesPage {
    repositories: Vec<Named>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    kind: Kind,
    secret: String,
    repository: String,
    summary: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    SecretOfOrganisation,
}

pub(super) async fn list_shared(
    session: &Session,
    organisation: &str,
) -> Result<Vec<Shared>, Failed> {
    let parameters = [("org", organisation)];
    let pages: Vec<SecretsPage<Shared>> = session
        .pages(&LIST_ORGANISATION_SECRETS, As::Ourselves, &parameters, &[])
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.secrets).collect())
}

/// The repositories that may read a secret that is for selected ones.
pub(super) async fn readers(
    session: &Session,
    organisation: &str,
    secret: &str,
) -> Result<Vec<String>, Failed> {
    let parameters = [("org", organisation), ("secret_name", secret)];
    let pages: Vec<RepositoriesPage> = session
        .pages(&LIST_SECRET_REPOSITORIES, As::Ourselves, &parameters, &[])
        .await?;
    let repositories = pages.into_iter().flat_map(|page| page.repositories);
    Ok(repositories.map(|repository| repository.name).collect())
}

/// The names of a repository's own secrets.
pub(super) async fn list_own(
    session: &Session,
    name: &RepositoryName,
) -> Result<Vec<String>, Failed> {
    let pages: Vec<SecretsPage<Named>> = session
        .pages(&LIST_SECRETS, As::Ourselves, &name.parameters(), &[])
        .await?;
    let secrets = pages.into_iter().flat_map(|page| page.secrets);
    Ok(secrets.map(|secret| secret.name).collect())
}

pub(super) async fn state_of_shared(
    session: &Session,
    secret: &str,
    name: &RepositoryName,
) -> Result<GrantState, Failed> {
    let parameters = [("org", name.owner.as_str()), ("secret_name", secret)];
    match session
        .get::<Shared>(&GET_ORGANISATION_SECRET, &parameters)
        .await
    {
        Ok(_) => {}
        Err(failed) if failed.is_status(404) => {
            let about = About::ask(session, name).await?;
            let control = PositiveControl::saw(format!("repository {}", about.full_name));
            return Ok(GrantState::Absent { control });
        }
        Err(failed) => return Err(failed),
    }
    let readers = readers(session, &name.owner, secret).await?;
    if !readers
        .iter()
        .any(|reader| reader.eq_ignore_ascii_case(&name.name))
    {
        let count = readers.len();
        let control = PositiveControl::saw(format!("secret {secret} with {count} repositories"));
        return Ok(GrantState::Absent { control });
    }
    let document = Document {
        kind: Kind::SecretOfOrganisation,
        secret: secret.to_owned(),
        repository: name.name.clone(),
        summary: format!("workflows of {name} may read the secret {secret}"),
    };
    Ok(GrantState::Present {
        principal: format!("workflows of {name}"),
        document: json!(document),
    })
}

/// A secret that is for more than selected repositories.
pub(super) async fn state_of_wide(
    session: &Session,
    organisation: &str,
    secret: &str,
    visibility: &str,
) -> Result<GrantState, Failed> {
    let all = list_shared(session, organisation).await?;
    if !all
        .iter()
        .any(|known| known.name == secret && known.visibility == visibility)
    {
        let control = PositiveControl::saw(format!("{organisation} with {} secrets", all.len()));
        return Ok(GrantState::Absent { control });
    }
    Ok(GrantState::Present {
        principal: format!("workflows of {visibility} repositories of {organisation}"),
        document: json!({
            "kind": "secret_of_many",
            "summary": format!("the secret {secret} is for {visibility} repositories of {organisation}"),
        }),
    })
}

pub(super) fn too_wide(operation: &str, secret: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        operation,
        format!(
            "others may need the secret {secret}; select its repositories, or delete it by hand"
        ),
    )
}

pub(super) async fn remove_shared(
    session: &Session,
    secret: &str,
    name: &RepositoryName,
) -> Result<Outcome, ProviderError> {
    let seen = state_of_shared(session, secret, name)
        .await
        .map_err(Failed::of_read)?;
    if let GrantState::Absent { control } = seen {
        return Ok(Outcome::done(format!(
            "{name} does not read {secret}; {control}"
        )));
    }
    share(session, secret, name, false).await
}

pub(super) async fn put_back_shared(
    session: &Session,
    secret: &str,
    name: &RepositoryName,
    document: &Value,
) -> Result<Outcome, ProviderError> {
    const OPERATION: &str = "let a repository read a secret again";
    let document: Document = serde_json::from_value(document.clone())
        .map_err(|_| invalid(OPERATION, "the document is none of a secret"))?;
    if document.secret != secret || document.repository != name.name {
        return Err(invalid(OPERATION, "the document is that of another secret"));
    }
    share(session, secret, name, true).await
}

/// Lets a repository read a secret, or not any more. Both change nothing the second time.
async fn share(
    session: &Session,
    secret: &str,
    name: &RepositoryName,
    reads: bool,
) -> Result<Outcome, ProviderError> {
    let about = About::ask(session, name).await.map_err(Failed::of_read)?;
    let id = about.id.to_string();
    let parameters = [
        ("org", name.owner.as_str()),
        ("secret_name", secret),
        ("repository_id", id.as_str()),
    ];
    let (call, done) = match reads {
        true => (&ADD_SECRET_REPOSITORY, "may read"),
        false => (&REMOVE_SECRET_REPOSITORY, "may no longer read"),
    };
    match session.write(call, &parameters, None).await {
        Ok(_) => Ok(Outcome::done(format!("{name} {done} {secret}"))),
        Err(failed) if failed.is_status(404) => {
            Ok(Outcome::not_done(format!("there is no secret {secret}")))
        }
        Err(failed) => failed.of_write(),
    }
}

pub(super) async fn state_of_own(
    session: &Session,
    name: &RepositoryName,
    secret: &str,
) -> Result<GrantState, Failed> {
    let all = list_own(session, name).await?;
    if !all.iter().any(|known| known == secret) {
        let control = PositiveControl::saw(format!("{name} with {} secrets", all.len()));
        return Ok(GrantState::Absent { control });
    }
    Ok(GrantState::Present {
        principal: format!("workflows of {name}"),
        document: json!({
            "kind": "secret_of_repository",
            "summary": format!("{name} has the secret {secret}; delete it by hand, nothing brings its value back"),
        }),
    })
}

/// A secret's value can not be read: its removal can not be taken back, and removing
/// grants promises that.
pub(super) fn not_restorable(
    operation: &str,
    name: &RepositoryName,
    secret: &str,
) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        operation,
        why_not_restorable(name, secret),
    )
}

/// The same in words.
pub(super) fn why_not_restorable(name: &RepositoryName, secret: &str) -> String {
    format!(
        "the value of {secret} in {name} can not be read, so that nothing brings it back; delete it by hand, or waive it until the API is closed"
    )
}
