//! What is asked of clones only: their history, and patches.

use std::path::Path;
use std::sync::Arc;

use deprovision_code::{DefaultBranch, GitCode, GitRepositories};
use deprovision_core::catalog::Catalog;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{CodeHistory, ErrorKind, Removal, error_chain};
use deprovision_core::resource::RepositoryId;
use deprovision_examples::Files;

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
        crate::show(&format!("history of {} for {}", found.repository, api.id));
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
    let files = Files::below(folder);
    for api in catalog.apis.values().filter(|api| args.removes(api)) {
        let successor = api.successor.as_ref();
        let successor = successor.and_then(|id| catalog.apis.get(id)).cloned();
        let removal = Removal::new(api.clone(), successor);
        crate::show(&format!("patch of {} for {}", found.repository, api.id));
        let patch = match code.preview(id, &removal).await {
            Ok(preview) => preview.patch,
            // Nothing marks the API, or nothing is committed.
            Err(error) if *error.kind() == ErrorKind::Invalid => {
                found.unpatched.push(error_chain(&error));
                continue;
            }
            Err(error) => return Err(error_chain(&error)),
        };
        if patch.is_empty() {
            if found.references.iter().any(|r| r.api == api.id) {
                let why = "no rule removes what was found, or it is not committed";
                found.unpatched.push(format!("{}: {why}", api.id));
            }
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
        let name = format!("{name}.{}.patch", api.id);
        let path = files.path(&name).display().to_string();
        files
            .write(&name, patch)
            .map_err(|error| format!("{path} can not be written: {error}"))?;
        found.patches.push(path);
    }
    Ok(())
}
