//! From a catalog to what is redundant in it.

use super::family::is_version_of;
use super::items::{Item, Items};
use super::nearest::Near;
use super::report::{Identical, Redundancy, Scope, Similar};
use super::rule::SimilarityRule;
use super::search::search;
use crate::catalog::Catalog;

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
///   said at [`SimilarityRule`], and what was given up in [`Scope`].
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
    let found = search(&all, rule);
    let added = found.nearest.added;
    let mut pairs: Vec<Similar> = found
        .nearest
        .pairs()
        .into_iter()
        .filter_map(|(a, near)| {
            let (first, second) = (all.items.get(a)?, all.items.get(near.other)?);
            pair(catalog, &all, (a, first), second, near)
        })
        .collect();
    pairs.sort_unstable_by(|x, y| (&x.a, &x.b).cmp(&(&y.a, &y.b)));
    let groups = all.items.iter().filter(|item| item.apis.len() > 1);
    let mut identical: Vec<Identical> = groups.map(|item| group(catalog, &all, item)).collect();
    identical.sort_unstable_by(|x, y| x.apis.cmp(&y.apis));
    Redundancy {
        scope: Scope {
            compared: all.items.iter().map(|item| item.apis.len()).sum(),
            too_small: all.too_small,
            left_out: added.saturating_sub(u64::try_from(pairs.len()).unwrap_or(u64::MAX)),
            not_compared: found.not_compared,
        },
        identical,
        similar: pairs,
    }
}

fn names(all: &Items<'_>, numbers: impl Iterator<Item = u32>) -> Vec<String> {
    numbers
        .filter_map(|number| all.names.get(usize::try_from(number).ok()?))
        .take(EXAMPLES)
        .map(|(name, _)| name.clone())
        .collect()
}

/// The pair with the smaller id first.
fn pair(
    catalog: &Catalog,
    all: &Items<'_>,
    (number, a): (usize, &Item<'_>),
    b: &Item<'_>,
    near: Near,
) -> Option<Similar> {
    let (mut a, mut b, mut near) = (a, b, near);
    if b.apis.first()?.id < a.apis.first()?.id {
        (a, b, near) = (b, a, near.turned(number));
    }
    let (first, second) = (a.apis.first()?, b.apis.first()?);
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
