//! Carrying a branch of the clone to GitHub, by the Git data API.
//!
//! Objects are named by what they hold: making one again makes nothing. Only the move of
//! the ref can be seen by others, and it is read before and, when its answer is lost,
//! after.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{
    CREATE_BLOB, CREATE_COMMIT, CREATE_REF, CREATE_TREE, DELETE_REF, GET_REF, UPDATE_REF,
};
use crate::client::Session;
use crate::clone::{ChangedFile, Cloned, CommitText};
use crate::error::{Failed, invalid};
use crate::name::RepositoryName;

const OPERATION: &str = "publish a branch";

#[derive(Debug, Deserialize)]
struct Object {
    sha: String,
}

#[derive(Debug, Deserialize)]
struct Reference {
    object: Object,
}

/// Publishes the commit on the branch, which GitHub had at `old`. Gives the commit as
/// GitHub has it.
pub(crate) async fn publish(
    session: &Session,
    cloned: &Cloned,
    branch: &str,
    old: Option<&str>,
    new: &str,
) -> Result<String, Failed> {
    let failed = |failed: crate::clone::GitFailed| Failed::refused(failed.of(OPERATION));
    let commit = cloned.commit(new).await.map_err(failed)?;
    let [parent] = commit.parents.as_slice() else {
        return Err(invalid(OPERATION, format!("{new} is no commit on top of one other")).into());
    };
    let changed = cloned.changed(parent, new).await.map_err(failed)?;
    let name = &cloned.name;
    let tree = if changed.is_empty() {
        commit.tree.clone()
    } else {
        let base = cloned.commit(parent).await.map_err(failed)?.tree;
        make_tree(session, cloned, &base, &changed).await?
    };
    if tree != commit.tree {
        return Err(invalid(
            OPERATION,
            format!(
                "GitHub made the tree {tree} of what is {}; nothing was moved",
                commit.tree
            ),
        )
        .into());
    }
    let made = make_commit(session, name, &commit).await?;
    move_ref(session, name, branch, old, &made).await?;
    Ok(made)
}

/// Whatever is text goes with the tree, in one call; the rest as blobs of their own.
async fn make_tree(
    session: &Session,
    cloned: &Cloned,
    base: &str,
    changed: &[ChangedFile],
) -> Result<String, Failed> {
    let name = &cloned.name;
    let mut entries = Vec::with_capacity(changed.len());
    for file in changed {
        let path = std::str::from_utf8(&file.path).map_err(|_| {
            let path = String::from_utf8_lossy(&file.path);
            invalid(
                OPERATION,
                format!("the name {path:?} is not UTF-8, and GitHub's API takes no other"),
            )
        })?;
        let mut entry = json!({ "path": path, "mode": "100644", "type": "blob" });
        match &file.new {
            None => entry["sha"] = Value::Null,
            Some((mode, object)) => {
                entry["mode"] = json!(mode);
                let bytes = cloned
                    .blob(object)
                    .await
                    .map_err(|failed| Failed::refused(failed.of(OPERATION)))?;
                match String::from_utf8(bytes) {
                    Ok(text) => entry["content"] = json!(text),
                    Err(error) => {
                        let sha = make_blob(session, name, error.as_bytes()).await?;
                        entry["sha"] = json!(sha);
                    }
                }
            }
        }
        entries.push(entry);
    }
    let body = json!({ "base_tree": base, "tree": entries });
    let answer = session
        .write(&CREATE_TREE, &name.parameters(), Some(&body))
        .await
        .map_err(unseen)?;
    Ok(answer.read::<Object>(&CREATE_TREE)?.sha)
}

async fn make_blob(
    session: &Session,
    name: &RepositoryName,
    bytes: &[u8],
) -> Result<String, Failed> {
    let body = json!({ "content": BASE64_STANDARD.encode(bytes), "encoding": "base64" });
    let answer = session
        .write(&CREATE_BLOB, &name.parameters(), Some(&body))
        .await
        .map_err(unseen)?;
    Ok(answer.read::<Object>(&CREATE_BLOB)?.sha)
}

async fn make_commit(
    session: &Session,
    name: &RepositoryName,
    commit: &CommitText,
) -> Result<String, Failed> {
    let signature = |of: &crate::clone::Signature| {
        let at = Timestamp::from_second(of.at).unwrap_or(Timestamp::UNIX_EPOCH);
        json!({ "name": of.name, "email": of.email, "date": at.to_string() })
    };
    let body = json!({
        "message": commit.message,
        "tree": commit.tree,
        "parents": commit.parents,
        "author": signature(&commit.author),
        "committer": signature(&commit.committer),
    });
    let answer = session
        .write(&CREATE_COMMIT, &name.parameters(), Some(&body))
        .await
        .map_err(unseen)?;
    Ok(answer.read::<Object>(&CREATE_COMMIT)?.sha)
}

/// An object whose answer was lost is there or is not, and nobody sees it: that is no
/// doubt about anything.
fn unseen(failed: Failed) -> Failed {
    match failed {
        Failed::Unsure(error) => Failed::refused(error),
        refused @ Failed::Refused(_) => refused,
    }
}

/// Where GitHub has a branch now.
async fn tip(
    session: &Session,
    name: &RepositoryName,
    branch: &str,
) -> Result<Option<String>, Failed> {
    let reference = format!("heads/{branch}");
    let parameters = name.with("ref", &reference);
    match session.get::<Reference>(&GET_REF, &parameters).await {
        Ok(reference) => Ok(Some(reference.object.sha)),
        Err(failed) if failed.is_status(404) => Ok(None),
        Err(failed) => Err(failed),
    }
}

async fn move_ref(
    session: &Session,
    name: &RepositoryName,
    branch: &str,
    old: Option<&str>,
    new: &str,
) -> Result<(), Failed> {
    let reference = format!("heads/{branch}");
    // GitHub has no conditional move: it is read a moment before.
    let now = tip(session, name, branch).await?;
    if now.as_deref() == Some(new) {
        return Ok(());
    }
    if now.as_deref() != old {
        return Err(moved(branch).into());
    }
    let sent = match old {
        None => {
            let body = json!({ "ref": format!("refs/{reference}"), "sha": new });
            session
                .write(&CREATE_REF, &name.parameters(), Some(&body))
                .await
        }
        Some(_) => {
            let body = json!({ "sha": new, "force": true });
            session
                .write(&UPDATE_REF, &name.with("ref", &reference), Some(&body))
                .await
        }
    };
    let failed = match sent {
        Ok(_) => return Ok(()),
        Err(failed) => failed,
    };
    let exists = failed.is_invalid_because("already exists");
    if !(exists || matches!(failed, Failed::Unsure(_))) {
        return Err(failed);
    }
    match tip(session, name, branch).await {
        Ok(now) if now.as_deref() == Some(new) => Ok(()),
        Ok(_) if exists => Err(moved(branch).into()),
        Ok(_) | Err(_) => Err(failed),
    }
}

fn moved(branch: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Conflict,
        OPERATION,
        format!("{branch} was moved by somebody else meanwhile; it is looked at and tried again"),
    )
}

/// Deletes a branch that GitHub had at `old`.
pub(crate) async fn delete(
    session: &Session,
    name: &RepositoryName,
    branch: &str,
    old: &str,
) -> Result<(), Failed> {
    match tip(session, name, branch).await? {
        None => return Ok(()),
        Some(now) if now == old => {}
        Some(_) => return Err(moved(branch).into()),
    }
    let reference = format!("heads/{branch}");
    let sent = session
        .write(&DELETE_REF, &name.with("ref", &reference), None)
        .await;
    match sent {
        Ok(_) => Ok(()),
        Err(failed) if failed.is_invalid_because("does not exist") => Ok(()),
        Err(failed @ Failed::Unsure(_)) => match tip(session, name, branch).await {
            Ok(None) => Ok(()),
            Ok(Some(_)) | Err(_) => Err(failed),
        },
        Err(failed) => Err(failed),
    }
}
