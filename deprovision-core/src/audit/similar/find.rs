//! From a catalog to what is redundant in it.

use super::bands::Bands;
use super::family::is_version_of;
use super::items::{Item, Items};
use super::nearest::{Near, Nearest};
use super::overlap::Overlap;
use super::report::{Given, Identical, Redundancy, Similar};
use super::rule::SimilarityRule;
use super::sketch::sketch;
use crate::catalog::{Catalog, Vocabulary};

/// How many others in its bucket, in the order of their operations, an item is
/// compared with. A bucket of more is what a generator made thousands of.
const WINDOW: usize = 100;

/// How many examples are shown.
const EXAMPLES: usize = 5;

/// Finds APIs that do one job: those that share enough of their operations, and of
/// the fields of their bodies where both are known.
///
/// # Behaviour
/// - Operations are compared as method and path, without what two teams would write
///   differently for one thing: version segments (`v1`, `1.0`, `2024-01-31`), `api` and
///   `rest` at the front, the path under which all operations of the API lie, the names
///   of parameters, upper and lower case, separators, and the plural. HEAD, OPTIONS and
///   TRACE, and `/health`, `/metrics` and their like, are no job and do not count.
/// - Retired APIs are left out, and APIs with fewer operations than
///   [`SimilarityRule::min_operations`] are counted and left out.
/// - APIs that are the same in all of this are one group, however many they are.
/// - Of the others, whatever is reported was compared exactly. What may be missed is
///   said at [`SimilarityRule`], and what was given up in [`Given`].
/// - The same catalog gives the same answer, on every machine.
/// - APIs that do one job under other paths are not found.
///
/// ```
/// use deprovision_core::audit::{SimilarityRule, similar};
/// use deprovision_core::catalog::{Catalog, Source};
///
/// let text = "apis:
///   - id: shop-orders
///     title: Orders
///     routes:
///       - {method: GET, path: /v2/orders}
///       - {method: POST, path: /v2/orders}
///       - {method: GET, path: '/v2/orders/{id}'}
///   - id: legacy-orders
///     title: Orders of the old shop
///     routes:
///       - {method: GET, path: /legacy/order}
///       - {method: POST, path: /legacy/order}
///       - {method: GET, path: '/legacy/order/{number}'}
///       - {method: DELETE, path: '/legacy/order/{number}'}
/// ";
/// let catalog = Catalog::read(&[Source::new("catalog.yaml", text)])?;
/// let found = similar(&catalog, &SimilarityRule::default());
/// let pair = &found.similar[0];
/// assert_eq!((pair.a.as_str(), pair.b.as_str()), ("legacy-orders", "shop-orders"));
/// assert_eq!(pair.operations.percent(), 75);
/// assert_eq!(pair.shared[0], "GET /order");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn similar(catalog: &Catalog, rule: &SimilarityRule) -> Redundancy {
    let all = Items::of(catalog, rule);
    let mut search = Search::new(&all, *rule);
    search.run();
    let Search {
        nearest,
        not_compared,
        ..
    } = search;
    let added = nearest.added;
    let mut pairs: Vec<Similar> = nearest
        .pairs()
        .into_iter()
        .filter_map(|(a, near)| {
            let (a, b) = (item(&all.items, a)?, item(&all.items, near.other)?);
            pair(catalog, &all, a, b, near)
        })
        .collect();
    pairs.sort_unstable_by(|x, y| (&x.a, &x.b).cmp(&(&y.a, &y.b)));
    let groups = all.items.iter().filter(|item| item.apis.len() > 1);
    let mut identical: Vec<Identical> = groups.map(|item| group(catalog, &all, item)).collect();
    identical.sort_unstable_by(|x, y| x.apis.cmp(&y.apis));
    Redundancy {
        given: Given {
            compared: all.items.iter().map(|item| item.apis.len()).sum(),
            too_small: all.too_small,
            left_out: added.saturating_sub(u64::try_from(pairs.len()).unwrap_or(u64::MAX)),
            not_compared,
        },
        identical,
        similar: pairs,
    }
}

fn item<'a, 'c>(items: &'a [Item<'c>], number: u32) -> Option<&'a Item<'c>> {
    items.get(usize::try_from(number).ok()?)
}

/// The buckets of all bands.
struct Search<'a, 'c> {
    items: &'a [Item<'c>],
    rule: SimilarityRule,
    /// For each band, the key of each item, and its place in its bucket.
    bands: Vec<Vec<(u64, u32)>>,
    nearest: Nearest,
    not_compared: u64,
}

impl<'a, 'c> Search<'a, 'c> {
    fn new(all: &'a Items<'c>, rule: SimilarityRule) -> Self {
        let cut = Bands::for_percent(rule.operations());
        let mut bands = vec![Vec::with_capacity(all.items.len()); cut.count];
        for item in &all.items {
            let sketch = sketch(all.hashes(item));
            for (band, key) in bands.iter_mut().zip(cut.keys(&sketch)) {
                band.push((key, 0));
            }
        }
        Self {
            items: &all.items,
            rule,
            bands,
            nearest: Nearest::new(all.items.len(), rule.most()),
            not_compared: 0,
        }
    }

    fn run(&mut self) {
        for band in 0..self.bands.len() {
            let (earlier, rest) = self.bands.split_at_mut(band);
            let Some(keys) = rest.first_mut() else { return };
            // Items stay in the order of their operations within a bucket.
            let mut order: Vec<(u64, u32)> =
                (0_u32..).zip(keys.iter()).map(|(n, k)| (k.0, n)).collect();
            order.sort_unstable();
            for bucket in order.chunk_by(|a, b| a.0 == b.0) {
                for (place, (_, number)) in (0_u32..).zip(bucket) {
                    if let Some(key) = usize::try_from(*number)
                        .ok()
                        .and_then(|at| keys.get_mut(at))
                    {
                        key.1 = place;
                    }
                }
                self.not_compared += not_compared(bucket.len());
                for (place, (_, a)) in bucket.iter().enumerate() {
                    let others = bucket.iter().skip(place + 1).take(WINDOW);
                    for (_, b) in others.filter(|(_, b)| !met(earlier, *a, *b)) {
                        let (Some(first), Some(second)) =
                            (item(self.items, *a), item(self.items, *b))
                        else {
                            continue;
                        };
                        if let Some((operations, fields)) = compare(first, second, &self.rule) {
                            let near = Near {
                                other: *b,
                                operations,
                                fields,
                            };
                            self.nearest.add(*a, near);
                        }
                    }
                }
            }
        }
    }
}

/// Whether two items were compared in an earlier band.
fn met(earlier: &[Vec<(u64, u32)>], a: u32, b: u32) -> bool {
    earlier.iter().any(|band| {
        let get = |number: u32| band.get(usize::try_from(number).ok()?);
        match (get(a), get(b)) {
            (Some(a), Some(b)) => {
                a.0 == b.0 && usize::try_from(a.1.abs_diff(b.1)).is_ok_and(|apart| apart <= WINDOW)
            }
            (None, _) | (_, None) => false,
        }
    })
}

/// How many pairs of a bucket are further apart than what is compared.
fn not_compared(bucket: usize) -> u64 {
    let beyond = u64::try_from(bucket.saturating_sub(WINDOW + 1)).unwrap_or(u64::MAX);
    beyond.saturating_mul(beyond.saturating_add(1)) / 2
}

/// What two items have in common, when that is enough.
fn compare(
    a: &Item<'_>,
    b: &Item<'_>,
    rule: &SimilarityRule,
) -> Option<(Overlap, Option<Overlap>)> {
    let (fewer, more) = (
        a.operations.len().min(b.operations.len()),
        a.operations.len().max(b.operations.len()),
    );
    // Even if all of the smaller set were in the larger one.
    if fewer.saturating_mul(100) < more.saturating_mul(rule.operations().into()) {
        return None;
    }
    let operations = Overlap::of(&a.operations, &b.operations);
    if operations.percent() < rule.operations() {
        return None;
    }
    let fields = fields(a.vocabulary, b.vocabulary);
    match fields {
        Some(fields) if fields.percent() < rule.fields() => None,
        Some(_) | None => Some((operations, fields)),
    }
}

/// What two vocabularies have in common, where both are known. A sample knows all
/// words up to its largest one, so what is beyond the smaller of two is left out.
fn fields(a: &Vocabulary, b: &Vocabulary) -> Option<Overlap> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let known = |all: &Vocabulary| all.words().last().copied().filter(|_| all.is_sampled());
    let limit = known(a)
        .unwrap_or(u64::MAX)
        .min(known(b).unwrap_or(u64::MAX));
    let cut = |words: &'_ [u64]| words.partition_point(|word| *word <= limit);
    let (a, b) = (a.words(), b.words());
    let first = a.get(..cut(a)).unwrap_or_default();
    let second = b.get(..cut(b)).unwrap_or_default();
    Some(Overlap::of(first, second))
}

fn names(all: &Items<'_>, numbers: impl Iterator<Item = u32>) -> Vec<String> {
    numbers
        .filter_map(|number| all.names.get(usize::try_from(number).ok()?))
        .take(EXAMPLES)
        .map(|(name, _)| name.clone())
        .collect()
}

fn pair(
    catalog: &Catalog,
    all: &Items<'_>,
    a: &Item<'_>,
    b: &Item<'_>,
    near: Near,
) -> Option<Similar> {
    let (first, second) = (a.apis.first()?, b.apis.first()?);
    if second.id < first.id {
        let turned = Near {
            operations: near.operations.turned(),
            fields: near.fields.map(Overlap::turned),
            ..near
        };
        return pair(catalog, all, b, a, turned);
    }
    let shared = a.operations.iter().copied();
    let shared = shared.filter(|number| b.operations.binary_search(number).is_ok());
    Some(Similar {
        a: first.id.clone(),
        b: second.id.clone(),
        operations: near.operations,
        fields: near.fields,
        shared: names(all, shared),
        version_of: is_version_of(catalog, first, second),
        same_as_a: a.apis.len().saturating_sub(1),
        same_as_b: b.apis.len().saturating_sub(1),
    })
}

fn group(catalog: &Catalog, all: &Items<'_>, item: &Item<'_>) -> Identical {
    let first = item.apis.first();
    let mut others = item.apis.iter().skip(1);
    Identical {
        apis: item.apis.iter().map(|api| api.id.clone()).collect(),
        operations: item.operations.len(),
        fields_known: !item.vocabulary.is_empty(),
        examples: names(all, item.operations.iter().copied()),
        version_of: first.is_some_and(|a| others.all(|b| is_version_of(catalog, a, b))),
    }
}
