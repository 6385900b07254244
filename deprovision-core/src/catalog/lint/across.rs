//! Rules that look at several APIs together.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lint, LintRule};
use crate::catalog::read::values::shape;
use crate::catalog::{Api, Catalog, Lifecycle, Method};
use crate::id::ApiId;
use crate::resource::ResourceRef;

pub(super) fn look(catalog: &Catalog) -> Vec<Lint> {
    let mut lints = shared_resources(catalog);
    lints.extend(shared_routes(catalog));
    for api in catalog.apis.values() {
        lints.extend(successor(catalog, api));
    }
    lints
}

/// Each holder of what several hold is told of the others.
fn told<K>(
    holders: BTreeMap<K, BTreeSet<&ApiId>>,
    rule: LintRule,
    name: impl Fn(&K) -> String,
) -> Vec<Lint> {
    let mut lints = Vec::new();
    for (key, holders) in holders.iter().filter(|(_, holders)| holders.len() > 1) {
        for api in holders {
            let others: Vec<&str> = holders
                .iter()
                .filter(|other| *other != api)
                .take(5)
                .map(|other| other.as_str())
                .collect();
            let message = format!("{} also belongs to {}", name(key), others.join(", "));
            lints.push(Lint::new(api, rule, message));
        }
    }
    lints
}

/// Credentials, grants, ways in and data that more than one API names. Issuers,
/// documents and repositories are shared by nature: of those only our part is touched.
fn shared_resources(catalog: &Catalog) -> Vec<Lint> {
    let mut holders: BTreeMap<ResourceRef, BTreeSet<&ApiId>> = BTreeMap::new();
    for (id, api) in &catalog.apis {
        for resource in api.resources.all() {
            match resource {
                ResourceRef::Credential(_)
                | ResourceRef::Grant(_)
                | ResourceRef::AccessPath(_)
                | ResourceRef::Dataset(_) => {
                    holders.entry(resource).or_default().insert(id);
                }
                ResourceRef::Archive(_)
                | ResourceRef::Document(_)
                | ResourceRef::Repository(_)
                | ResourceRef::Issuer(_)
                | ResourceRef::Notice(_) => {}
            }
        }
    }
    told(holders, LintRule::SharedResource, |resource| {
        format!("the {resource}")
    })
}

fn shared_routes(catalog: &Catalog) -> Vec<Lint> {
    let mut holders: BTreeMap<(&str, Method, String), BTreeSet<&ApiId>> = BTreeMap::new();
    let live = catalog
        .apis
        .iter()
        .filter(|(_, api)| api.lifecycle != Lifecycle::Retired);
    for (id, api) in live {
        for host in &api.hosts {
            for route in &api.routes {
                let shape = shape(&route.path).unwrap_or_else(|| route.path.clone());
                holders
                    .entry((host.as_str(), route.method, shape))
                    .or_default()
                    .insert(id);
            }
        }
    }
    told(holders, LintRule::SharedRoute, |(host, method, path)| {
        format!("{method:?} {host}{path}")
    })
}

fn successor(catalog: &Catalog, api: &Api) -> Option<Lint> {
    let successor = api.successor.as_ref()?;
    let mut seen = BTreeSet::from([&api.id]);
    let mut next = Some(successor);
    while let Some(id) = next {
        if *id == api.id {
            return Some(Lint::new(
                &api.id,
                LintRule::SuccessorCircle,
                format!("its successor {successor} leads back to it"),
            ));
        }
        if !seen.insert(id) {
            // A circle further on is a finding of the APIs in it.
            break;
        }
        next = catalog.apis.get(id).and_then(|api| api.successor.as_ref());
    }
    let state = match catalog.apis.get(successor)?.lifecycle {
        Lifecycle::Experimental | Lifecycle::Production => return None,
        Lifecycle::Deprecated => "deprecated",
        Lifecycle::Retired => "retired",
    };
    (api.lifecycle != Lifecycle::Retired).then(|| {
        Lint::new(
            &api.id,
            LintRule::SuccessorEnds,
            format!("its successor {successor} is itself {state}"),
        )
    })
}
