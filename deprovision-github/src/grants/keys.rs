//! Deploy keys: whoever holds the private one reads or writes a repository.

use deprovision_core::observation::PositiveControl;
use deprovision_core::provider::{GrantState, Outcome, ProviderError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::{CREATE_KEY, DELETE_KEY, LIST_KEYS};
use crate::client::Session;
use crate::error::{Failed, invalid};
use crate::grants::id::digest_of;
use crate::name::RepositoryName;

/// A deploy key in a list.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Key {
    id: u64,
    #[serde(default)]
    pub(super) title: String,
    pub(super) key: String,
    #[serde(default)]
    read_only: bool,
}

/// What puts a key back: its public half, and nothing secret.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    kind: Kind,
    title: String,
    key: String,
    read_only: bool,
    summary: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    DeployKey,
}

pub(super) async fn list(session: &Session, name: &RepositoryName) -> Result<Vec<Key>, Failed> {
    session.list(&LIST_KEYS, &name.parameters(), &[]).await
}

/// The key, and how many others its repository has.
async fn find(
    session: &Session,
    name: &RepositoryName,
    digest: &str,
) -> Result<(Option<Key>, usize), Failed> {
    let all = list(session, name).await?;
    let count = all.len();
    let found = all.into_iter().find(|key| digest_of(&key.key) == digest);
    let others = count - usize::from(found.is_some());
    Ok((found, others))
}

pub(super) async fn state(
    session: &Session,
    name: &RepositoryName,
    digest: &str,
) -> Result<GrantState, Failed> {
    let (found, others) = find(session, name, digest).await?;
    Ok(match found {
        Some(key) => {
            let may = if key.read_only { "read" } else { "write to" };
            let document = Document {
                kind: Kind::DeployKey,
                summary: format!("whoever holds the key {:?} may {may} {name}", key.title),
                title: key.title.clone(),
                key: key.key,
                read_only: key.read_only,
            };
            GrantState::Present {
                principal: format!("deploy key {:?} of {name}", key.title),
                document: json!(document),
            }
        }
        None => GrantState::Absent {
            control: PositiveControl::saw(format!("{name} with {others} deploy keys")),
        },
    })
}

pub(super) async fn remove(
    session: &Session,
    name: &RepositoryName,
    digest: &str,
) -> Result<Outcome, ProviderError> {
    let (found, _) = find(session, name, digest).await.map_err(Failed::of_read)?;
    let Some(key) = found else {
        return Ok(Outcome::done(format!("{name} has no such deploy key")));
    };
    let id = key.id.to_string();
    match session
        .write(&DELETE_KEY, &name.with("key_id", &id), None)
        .await
    {
        Ok(_) => Ok(Outcome::done(format!(
            "deploy key {id} of {name} is deleted"
        ))),
        // It was seen a moment ago, by the same caller.
        Err(failed) if failed.is_status(404) => {
            Ok(Outcome::done("somebody else deleted the deploy key"))
        }
        Err(failed) => failed.of_write(),
    }
}

pub(super) async fn put_back(
    session: &Session,
    name: &RepositoryName,
    digest: &str,
    document: &Value,
) -> Result<Outcome, ProviderError> {
    const OPERATION: &str = "put a deploy key back";
    let document: Document = serde_json::from_value(document.clone())
        .map_err(|_| invalid(OPERATION, "the document is none of a deploy key"))?;
    if digest_of(&document.key) != digest {
        return Err(invalid(OPERATION, "the document is that of another key"));
    }
    let (found, _) = find(session, name, digest).await.map_err(Failed::of_read)?;
    if found.is_some() {
        return Ok(Outcome::done(format!("{name} has the deploy key")));
    }
    let body =
        json!({ "title": document.title, "key": document.key, "read_only": document.read_only });
    match session
        .write(&CREATE_KEY, &name.parameters(), Some(&body))
        .await
    {
        Ok(_) => Ok(Outcome::done(format!("{name} has the deploy key again"))),
        Err(failed) if failed.is_invalid_because("already in use") => Ok(Outcome::not_done(
            "the key lets somebody into another repository now; GitHub takes it only once",
        )),
        Err(failed) => failed.of_write(),
    }
}
