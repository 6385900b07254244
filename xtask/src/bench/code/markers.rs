//! The texts that are searched for: routes that are mostly nowhere, and names that are in
//! the tree a few times.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::trees::{Tree, files_below};
use crate::Failure;

/// So many APIs share the texts.
pub(super) const APIS: usize = 500;

/// Names are taken from so many source files.
const LOOKED_AT: usize = 4_000;

/// A list of texts, in both forms.
#[derive(Clone, Debug)]
pub(super) struct Markers {
    pub(super) texts: Vec<String>,
    /// For us: API, tab, text.
    pub(super) ours: PathBuf,
    /// For the others: text.
    pub(super) plain: PathBuf,
}

impl Markers {
    /// The id of the API that has the text at this place.
    pub(super) fn api(place: usize) -> String {
        format!("api-{}", place % APIS)
    }

    fn write(tree: &Tree, texts: Vec<String>) -> Result<Self, Failure> {
        let path = |kind: &str| tree.beside.join(format!("{kind}-{}.txt", texts.len()));
        let (mut ours, mut plain) = (String::new(), String::new());
        for (place, text) in texts.iter().enumerate() {
            // Writing to a text can not fail.
            let _ = writeln!(ours, "{}\t{text}", Self::api(place));
            let _ = writeln!(plain, "{text}");
        }
        let markers = Self {
            ours: path("ours"),
            plain: path("plain"),
            texts,
        };
        for (path, text) in [(&markers.ours, ours), (&markers.plain, plain)] {
            std::fs::write(path, text)
                .map_err(|error| format!("{} can not be written: {error}", path.display()))?;
        }
        Ok(markers)
    }
}

/// Lists of 1, 100 and 2,000 texts: of ten, nine are routes and one is a name that the
/// tree has between 1 and 20 times in the files that were looked at.
pub(super) fn lists(tree: &Tree) -> Result<[Markers; 3], Failure> {
    let names = names(tree)?;
    let mut routes = routes(["order", "client", "token", "widget", "zone"], 1_800);
    let mut all = Vec::new();
    for name in names {
        all.extend(routes.by_ref().take(9));
        all.push(name);
    }
    let list = |texts: &[String]| Markers::write(tree, texts.to_vec());
    Ok([list(&all[9..10])?, list(&all[..100])?, list(&all)?])
}

/// A list of 100,000 routes.
pub(super) fn many(tree: &Tree) -> Result<Markers, Failure> {
    let words = ["invoice", "shipment", "ledger", "contract", "device"];
    Markers::write(tree, routes(words, 100_000).collect())
}

fn routes(words: [&'static str; 5], count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |n| {
        let (word, version) = (words[n % 5], n / 5 % 3 + 1);
        format!("/api/v{version}/{word}s/{}", n / 15)
    })
}

/// 200 names, the same ones for the same tree.
fn names(tree: &Tree) -> Result<Vec<String>, Failure> {
    const SOURCES: &[&str] = &["py", "ts", "js", "yml", "md"];
    let mut files = Vec::new();
    files_below(&tree.folder, &mut files)?;
    files.retain(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| SOURCES.contains(&extension))
    });
    let step = (files.len() / LOOKED_AT).max(1);
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for path in files.iter().step_by(step) {
        let bytes = std::fs::read(path)
            .map_err(|error| format!("{} can not be read: {error}", path.display()))?;
        // Packed sources are one long line.
        if bytes.len() > 200_000 {
            continue;
        }
        let text = String::from_utf8_lossy(&bytes);
        for name in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            let letter = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if letter && (10..=40).contains(&name.len()) {
                *counts.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    let rare: Vec<String> = counts
        .into_iter()
        .filter(|(_, count)| (1..=20).contains(count))
        .map(|(name, _)| name)
        .collect();
    if rare.len() < 400 {
        return Err(format!("{} has too few names", tree.folder.display()));
    }
    let step = rare.len() / 200;
    Ok(rare.into_iter().step_by(step).take(200).collect())
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn no_two_routes_are_the_same() {
        let all: Vec<String> = routes(["a", "b", "c", "d", "e"], 3_000).collect();
        let mut different = all.clone();
        different.sort();
        different.dedup();
        assert_eq!((all.len(), different.len()), (3_000, 3_000));
        assert_eq!(all[0], "/api/v1/as/0");
    }
}
