//! What the workspace promises of itself, checked on the dependency graph.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Failure, cargo, output};

/// Which crates of ours a crate of ours may use. An adapter knows core and no
/// other adapter; core knows nobody.
const LAYERS: &[(&str, &[&str])] = &[
    ("deprovision-core", &[]),
    ("deprovision-examples", EVERYTHING),
    ("deprovision-github-fake", &[]),
    ("xtask", &[]),
];

/// The examples know all.
const EVERYTHING: &[&str] = &[
    "deprovision-aws",
    "deprovision-code",
    "deprovision-core",
    "deprovision-github",
    "deprovision-github-fake",
    "deprovision-http",
    "deprovision-journal",
    "deprovision-local",
    "deprovision-notify",
    "deprovision-usage",
];

/// What an adapter may use.
const ADAPTER: &[&str] = &["deprovision-core"];

/// Crates that must not be under core: it has no network, no TLS, no SDK.
const NOT_IN_CORE: &[&str] = &[
    "aws-config",
    "h2",
    "http",
    "hyper",
    "lettre",
    "native-tls",
    "octocrab",
    "openssl",
    "openssl-sys",
    "redb",
    "reqwest",
    "ring",
    "rustls",
    "sqlx",
    "tonic",
];

pub(crate) fn check() -> Result<(), Failure> {
    let ours = layers(&tree(&[
        "--workspace",
        "--depth",
        "1",
        "--edges",
        "normal",
    ])?);
    for (name, uses) in &ours {
        let allowed = LAYERS
            .iter()
            .find(|(layer, _)| layer == name)
            .map_or(ADAPTER, |(_, allowed)| allowed);
        if let Some(wrong) = uses.iter().find(|used| !allowed.contains(&used.as_str())) {
            return Err(format!(
                "{name} must not depend on {wrong}: dependencies run from adapters to core"
            ));
        }
    }
    let core = tree(&[
        "--package",
        "deprovision-core",
        "--all-features",
        "--edges",
        "normal,build",
    ])?;
    let names: BTreeSet<&str> = core
        .lines()
        .filter_map(|line| name_of(line).map(|(_, name)| name))
        .collect();
    if let Some(wrong) = NOT_IN_CORE.iter().find(|name| names.contains(*name)) {
        return Err(format!("deprovision-core must not depend on {wrong}"));
    }
    let linking = links(&names)?;
    if !linking.is_empty() {
        return Err(format!(
            "deprovision-core must not link C libraries: {}",
            linking.join(", ")
        ));
    }
    println!(
        "promises: {} crates of ours keep their layer; core has {} crates below it, none links C",
        ours.len(),
        names.len() - 1
    );
    Ok(())
}

fn tree(args: &[&str]) -> Result<String, Failure> {
    output(cargo(&["tree", "--locked", "--prefix", "depth", "--format", " {p}"]).args(args))
}

/// The depth and the name in a line such as `1 serde v1.0.0`.
fn name_of(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_whitespace();
    Some((words.next()?, words.next()?))
}

/// From `cargo tree --depth 1`: which of our crates uses which of our crates.
fn layers(tree: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut layers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut user = String::new();
    for (depth, name) in tree.lines().filter_map(name_of) {
        if depth == "0" {
            user = name.to_owned();
            layers.entry(user.clone()).or_default();
        } else if name.starts_with("deprovision") {
            layers
                .entry(user.clone())
                .or_default()
                .insert(name.to_owned());
        }
    }
    layers
}

/// Which of the named packages have `links` in their manifest.
fn links(names: &BTreeSet<&str>) -> Result<Vec<String>, Failure> {
    let metadata = output(&mut cargo(&[
        "metadata",
        "--locked",
        "--format-version",
        "1",
    ]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)
        .map_err(|error| format!("cargo metadata can not be read: {error}"))?;
    let packages = metadata["packages"]
        .as_array()
        .ok_or("cargo metadata names no packages")?;
    let mut linking = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        if names.contains(name) && !package["links"].is_null() {
            linking.push(name.to_owned());
        }
    }
    Ok(linking)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_tree_is_read_as_users_and_used() {
        let layers = layers(
            "0 deprovision-core v0.1.0\n1 serde v1\n\n0 deprovision-http v0.1.0\n1 deprovision-core v0.1.0\n",
        );
        assert!(layers["deprovision-core"].is_empty());
        assert!(layers["deprovision-http"].contains("deprovision-core"));
    }
}
