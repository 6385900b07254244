//! What is asked of clones only: their history, and patches.

use std::path::Path;
use std::sync::Arc;

use deprovision_code::{DefaultBranch, GitCode, GitRepositories};
use deprovision_core::catalog::{Api, Catalog, Lifecycle};
use deprovision_core::observation::Observation;
use deprovision_core::provider::{CodeHistory, ErrorKind, Removal, error_chain};
use deprovision_core::resource::RepositoryId;

use crate::args::Args;
use crate::found::{Report, TreeReport};
use crate::trees::Tree;

/// Adds the history and writes the patches that are asked for.
pub(crate) async fn look_closer(
    report: &mut Report,
    trees: &[Tree],
    catalog: &Catalog,
    args: &Args,
) -> Result<(), String> {
    if !args.history && args.patch.is_none() {
        return Ok(());
    }
    for (number, (tree, found)) in trees.iter().zip(&mut report.trees).enumerate() {
        if !tree.is_clone {
            found
                .missing
                .push("it is no clone: it has no history, and no patch".to_owned());
            continue;
        }
        // The name may hold anything; the id is only for us.
        let id: RepositoryId = format!("git:cli:local:tree-{number}")
            .parse()
            .map_err(|error| error_chain(&error))?;
        let mut repositories = GitRepositories::new();
        repositories
            .register(id.clone(), &tree.folder, DefaultBranch::Head)
            .await
            .map_err(|error| error_chain(&error))?;
        let code = GitCode::new(Arc::new(repositories)).knowing(catalog.clone());
        if args.history {
            history(&code, &id, found, catalog, args).await?;
        }
        if let Some(folder) = &args.patch {
            patches(&code, &id, found, catalog, (folder, args)).await?;
        }
    }
    Ok(())
}

async fn history(
    code: &GitCode,
    id: &RepositoryId,
    found: &mut TreeReport,
    catalog: &Catalog,
    args: &Args,
) -> Result<(), String> {
    for api in catalog.apis.values() {
        if !args.apis.is_empty() && !args.apis.contains(&api.id) {
            continue;
        }
        let past = code.past_references(id, api).await;
        let past = past.map_err(|error| error_chain(&error))?;
        let doubt = past
            .doubt()
            .map(|doubt| format!("history of {}: {doubt}", api.id));
        found.missing.extend(doubt);
        if let Observation::Known { value, .. } = past {
            found.past.extend(value);
        }
    }
    Ok(())
}

async fn patches(
    code: &GitCode,
    id: &RepositoryId,
    found: &mut TreeReport,
    catalog: &Catalog,
    (folder, args): (&Path, &Args),
) -> Result<(), String> {
    let wanted = |api: &&Api| {
        if args.apis.is_empty() {
            matches!(api.lifecycle, Lifecycle::Deprecated | Lifecycle::Retired)
        } else {
            args.apis.contains(&api.id)
        }
    };
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("{} can not be made: {error}", folder.display()))?;
    for api in catalog.apis.values().filter(wanted) {
        let successor = api.successor.as_ref();
        let successor = successor.and_then(|id| catalog.apis.get(id)).cloned();
        let removal = Removal::new(api.clone(), successor);
        let patch = match code.preview(id, &removal).await {
            Ok(preview) => preview.patch,
            // Nothing marks the API, or nothing is committed: the search says that.
            Err(error) if *error.kind() == ErrorKind::Invalid => continue,
            Err(error) => return Err(error_chain(&error)),
        };
        if patch.is_empty() {
            continue;
        }
        let name: String = found
            .repository
            .chars()
            .map(|c| {
                if c.is_alphanumeric() || "._-".contains(c) {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        let path = folder.join(format!("{name}.{}.patch", api.id));
        std::fs::write(&path, patch)
            .map_err(|error| format!("{} can not be written: {error}", path.display()))?;
        found.patches.push(path.display().to_string());
    }
    Ok(())
}
