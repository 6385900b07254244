//! Whether two APIs are versions of one.

use super::operations::is_version;
use crate::catalog::{Api, Catalog};
use crate::id::ApiId;

/// Whether the ids differ in nothing but a version (`orders-v1` and `orders-v2`), or
/// one API is declared to follow the other, directly or through others.
pub(super) fn is_version_of(catalog: &Catalog, a: &Api, b: &Api) -> bool {
    let (first, second) = (name(a.id.as_str()), name(b.id.as_str()));
    (!first.is_empty() && first == second) || leads_to(catalog, a, b) || leads_to(catalog, b, a)
}

/// The id without its versions.
fn name(id: &str) -> Vec<String> {
    let parts = id.split(['-', '_', '.', '/', ':', '@', '+', '#']);
    parts
        .filter(|part| !part.is_empty() && !is_version(part) && !is_number(part))
        .map(str::to_lowercase)
        .collect()
}

/// `1`, or a part of a date or of `1.2`.
fn is_number(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

/// How many successors are followed: a chain may be a circle, or as long as the
/// catalog, and no API has had more versions at once.
const MAX_STEPS: usize = 32;

fn leads_to(catalog: &Catalog, from: &Api, to: &Api) -> bool {
    let next = |id: &&'_ ApiId| catalog.apis.get(*id)?.successor.as_ref();
    std::iter::successors(from.successor.as_ref(), next)
        .take(MAX_STEPS)
        .any(|id| *id == to.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(id: &str, successor: Option<&str>) -> Api {
        let mut api = Api::new(id.parse().unwrap(), id);
        api.successor = successor.map(|id| id.parse().unwrap());
        api
    }

    #[test]
    fn versions_are_seen_from_the_ids_and_from_successors() {
        let catalog = Catalog::new([
            api("orders-v1", None),
            api("orders-v2", Some("shop")),
            api("shop", Some("buy")),
            api("buy", Some("shop")),
            api("payments/2024-01-31", None),
            api("payments/v3", None),
        ]);
        let versions = |a: &str, b: &str| {
            let get = |id: &str| &catalog.apis[&id.parse().unwrap()];
            let answer = is_version_of(&catalog, get(a), get(b));
            assert_eq!(is_version_of(&catalog, get(b), get(a)), answer);
            answer
        };
        assert!(versions("orders-v1", "orders-v2"));
        assert!(versions("orders-v2", "buy"));
        assert!(versions("payments/2024-01-31", "payments/v3"));
        assert!(!versions("orders-v1", "shop"));
        assert!(!versions("shop", "payments/v3"));
    }
}
