//! The different sets of operations of a catalog, each with the APIs that have it.

use std::collections::HashMap;

use super::operations::operations;
use super::rule::SimilarityRule;
use crate::catalog::{Api, Catalog, Lifecycle, Vocabulary, hash};

/// APIs that are the same: the same operations, and the same fields.
#[derive(Debug)]
pub(super) struct Item<'c> {
    /// In the order of their ids; never empty.
    pub(super) apis: Vec<&'c Api>,
    /// Numbers of operations, sorted, each once.
    pub(super) operations: Vec<u32>,
    pub(super) vocabulary: &'c Vocabulary,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Items<'c> {
    /// Sorted by their operations, so that much the same stands close together.
    pub(super) items: Vec<Item<'c>>,
    /// Each operation by its number, with its hash.
    pub(super) names: Vec<(String, u64)>,
    pub(super) too_small: usize,
}

impl<'c> Items<'c> {
    /// Those of a catalog. What is retired is gone, and can not be redundant.
    pub(super) fn of(catalog: &'c Catalog, rule: &SimilarityRule) -> Self {
        let mut all = Self::default();
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut groups: HashMap<(Vec<u32>, &'c Vocabulary), Vec<&'c Api>> = HashMap::new();
        for api in catalog.apis.values() {
            if api.lifecycle == Lifecycle::Retired {
                continue;
            }
            let names = operations(api);
            if names.len() < rule.min_operations() {
                all.too_small += 1;
                continue;
            }
            let mut operations: Vec<u32> = names
                .into_iter()
                .map(|name| all.number(name, &mut numbers))
                .collect();
            operations.sort_unstable();
            let key = (operations, &api.vocabulary);
            groups.entry(key).or_default().push(api);
        }
        all.items = groups
            .into_iter()
            .map(|((operations, vocabulary), apis)| Item {
                apis,
                operations,
                vocabulary,
            })
            .collect();
        all.items.sort_unstable_by(|a, b| {
            let operations = a.operations.cmp(&b.operations);
            operations.then_with(|| {
                a.apis
                    .first()
                    .map(|x| &x.id)
                    .cmp(&b.apis.first().map(|x| &x.id))
            })
        });
        all
    }

    /// The number of an operation: the next one, when it is new.
    fn number(&mut self, name: String, numbers: &mut HashMap<String, u32>) -> u32 {
        if let Some(number) = numbers.get(&name) {
            return *number;
        }
        // A catalog of four billion operations does not fit into memory.
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push((name.clone(), hash(name.as_bytes())));
        numbers.insert(name, number);
        number
    }

    pub(super) fn hashes(&self, item: &Item<'_>) -> impl Iterator<Item = u64> {
        item.operations
            .iter()
            .filter_map(|number| self.names.get(usize::try_from(*number).ok()?))
            .map(|(_, hash)| *hash)
    }
}
