//! What is found, against a comparison of each with each.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::operations::operations;
use super::*;
use crate::catalog::{Api, Catalog, Lifecycle, Method, Route, Vocabulary};
use crate::id::ApiId;

fn id(text: &str) -> ApiId {
    text.parse().unwrap()
}

/// An API with `GET /{name}` for each name.
fn api(name: &str, words: impl IntoIterator<Item = impl AsRef<str>>) -> Api {
    let mut api = Api::new(id(name), name);
    api.routes = words
        .into_iter()
        .map(|word| Route::new(Method::Get, format!("/{}", word.as_ref())))
        .collect();
    api
}

fn numbered(name: &str, numbers: impl IntoIterator<Item = u32>) -> Api {
    api(name, numbers.into_iter().map(|n| format!("w{n}x")))
}

fn find(apis: impl IntoIterator<Item = Api>) -> Redundancy {
    similar(&Catalog::new(apis), &SimilarityRule::default())
}

fn ids(pairs: &[Similar]) -> Vec<(&str, &str)> {
    pairs.iter().map(|p| (p.a.as_str(), p.b.as_str())).collect()
}

/// How far above the threshold nothing is missed: one in a million at it, and one in
/// a hundred million from here on, which no run of these tests will see.
const MARGIN: u8 = 5;

/// Shared, and all together, of two APIs.
fn plain(a: &Api, b: &Api) -> (usize, usize) {
    let (a, b): (BTreeSet<_>, BTreeSet<_>) = (operations(a), operations(b));
    (a.intersection(&b).count(), a.union(&b).count())
}

/// A catalog of families: some sets of operations, and copies of them with some left
/// out and some put in.
fn catalogs() -> impl Strategy<Value = Vec<Api>> {
    let family = (
        prop::collection::btree_set(0u32..60, 3..30),
        prop::collection::vec(
            (
                prop::collection::btree_set(0u32..60, 0..6),
                prop::collection::btree_set(0u32..30, 0..6),
            ),
            1..6,
        ),
    );
    prop::collection::vec(family, 1..6).prop_map(|families| {
        let mut apis = Vec::new();
        for (n, (words, copies)) in families.into_iter().enumerate() {
            for (m, (more, fewer)) in copies.into_iter().enumerate() {
                let words = words.iter().chain(&more).filter(|w| !fewer.contains(w));
                let name = char::from(b'a' + u8::try_from(n).unwrap());
                apis.push(numbered(&format!("{name}x{m}"), words.copied()));
            }
        }
        apis
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is found, a comparison of each with each finds too; and of what that
    /// finds, nothing is missed that lies a little above the threshold.
    #[test]
    fn all_pairs_of_a_small_catalog_are_found_and_no_others(
        apis in catalogs(), threshold in 50u8..=100,
    ) {
        let rule = SimilarityRule::new(threshold, 50).unwrap().with_most(1_000).unwrap();
        let found = similar(&Catalog::new(apis.clone()), &rule);
        let mut pairs: BTreeMap<(ApiId, ApiId), (usize, usize)> = BTreeMap::new();
        for pair in &found.similar {
            prop_assert!(pair.a < pair.b);
            let of = |id: &ApiId| apis.iter().find(|api| api.id == *id).unwrap();
            let (shared, all) = plain(of(&pair.a), of(&pair.b));
            let overlap = pair.operations;
            prop_assert_eq!(overlap.shared as usize, shared);
            prop_assert_eq!((overlap.a_only + overlap.b_only) as usize, all - shared);
            prop_assert_eq!(overlap.a_only as usize, operations(of(&pair.a)).len() - shared);
            let group = |id: &ApiId| {
                let group = found.identical.iter().find(|group| group.apis[0] == *id);
                group.map_or_else(|| vec![id.clone()], |group| group.apis.clone())
            };
            prop_assert_eq!(pair.same_as_a, group(&pair.a).len() - 1);
            for a in group(&pair.a) {
                for b in group(&pair.b) {
                    let key = if a < b { (a.clone(), b) } else { (b, a.clone()) };
                    prop_assert!(pairs.insert(key, (shared, all)).is_none(), "found twice");
                }
            }
        }
        for group in &found.identical {
            prop_assert!(group.apis.len() > 1 && group.apis.is_sorted());
            for (n, a) in group.apis.iter().enumerate() {
                for b in &group.apis[n + 1..] {
                    pairs.insert((a.clone(), b.clone()), (group.operations, group.operations));
                }
            }
        }
        let mut expected = BTreeMap::new();
        let large: Vec<&Api> = apis.iter().filter(|api| operations(api).len() >= 3).collect();
        for a in &large {
            for b in large.iter().filter(|b| a.id < b.id) {
                let (shared, all) = plain(a, b);
                if shared * 100 >= all * usize::from(threshold) {
                    expected.insert((a.id.clone(), b.id.clone()), (shared, all));
                }
            }
        }
        for (pair, overlap) in &pairs {
            prop_assert_eq!(expected.get(pair), Some(overlap), "{:?}", pair);
        }
        for (pair, (shared, all)) in &expected {
            if shared * 100 >= all * usize::from((threshold + MARGIN).min(100)) {
                prop_assert!(pairs.contains_key(pair), "{:?} {} of {}", pair, shared, all);
            }
        }
        prop_assert_eq!(found.scope.compared, large.len());
        prop_assert_eq!(found.scope.too_small, apis.len() - large.len());
        prop_assert_eq!((found.scope.left_out, found.scope.not_compared), (0, 0));
    }

    /// Names decide the order of the answer, and nothing else.
    #[test]
    fn routes_in_another_order_and_other_ids_give_the_same_pairs(mut apis in catalogs()) {
        let before = find(apis.clone());
        for api in &mut apis {
            api.routes.reverse();
        }
        prop_assert_eq!(&find(apis.clone()), &before);
        // The ids the other way round: each pair changes its sides.
        let turned = |id: &ApiId| {
            let turn = |b: u8| if b.is_ascii_digit() { b'9' - b + b'0' } else { b'z' - b + b'a' };
            let text: String = id.as_str().bytes().map(|b| char::from(turn(b))).collect();
            text.parse::<ApiId>().unwrap()
        };
        for api in &mut apis {
            api.id = turned(&api.id);
        }
        let after = find(apis);
        let mut left: Vec<_> = before.identical.iter().map(|g| (g.apis.len(), g.operations)).collect();
        let mut right: Vec<_> = after.identical.iter().map(|g| (g.apis.len(), g.operations)).collect();
        left.sort_unstable();
        right.sort_unstable();
        prop_assert_eq!(left, right);
        let added = |found: &Redundancy| found.similar.len() as u64 + found.scope.left_out;
        prop_assert_eq!(added(&before), added(&after));
    }
}

#[test]
fn a_pair_says_what_it_shares() {
    let mut orders = api(
        "orders-v1",
        ["a1x", "a2x", "a3x", "a4x", "a5x", "a6x", "a7x"],
    );
    let shop = api("shop", ["a1x", "a2x", "a3x", "a4x", "a5x", "a6x", "b"]);
    let found = find([orders.clone(), shop.clone()]);
    let pair = &found.similar[0];
    assert_eq!((pair.operations.percent(), pair.version_of), (75, false));
    assert_eq!((pair.operations.a_only, pair.operations.b_only), (1, 1));
    assert_eq!(pair.shared.len(), 5);
    assert_eq!(pair.shared[0], "GET /a1x");
    assert_eq!(pair.fields, None);
    orders.successor = Some(id("shop"));
    assert!(find([orders, shop]).similar[0].version_of);
}

#[test]
fn where_the_fields_of_both_are_known_they_must_agree_too() {
    let with = |name: &str, fields: &[&str]| {
        let mut api = numbered(name, 0..4);
        api.vocabulary = Vocabulary::of(fields.iter().map(|field| ("Order", *field)));
        api
    };
    let same = with("a", &["id", "customer", "total", "lines"]);
    let near = with("b", &["id", "customer", "total"]);
    let far = with("c", &["id", "brightness"]);
    let unknown = with("d", &[]);
    let found = find([same.clone(), near, far, unknown]);
    assert_eq!(
        ids(&found.similar),
        [("a", "b"), ("a", "d"), ("b", "d"), ("c", "d")]
    );
    let fields: Vec<_> = found
        .similar
        .iter()
        .map(|p| p.fields.map(|f| f.percent()))
        .collect();
    assert_eq!(fields, [Some(75), None, None, None]);
    let twin = Api {
        id: id("e"),
        ..same.clone()
    };
    let group = &find([same, twin]).identical[0];
    assert!(group.fields_known);
    assert_eq!(group.apis, [id("a"), id("e")]);
}

/// Of two samples, what is beyond the smaller largest word is known of one side only.
#[test]
fn large_vocabularies_are_compared_as_the_samples_that_they_are() {
    let with = |name: &str, fields: std::ops::Range<u32>| {
        let mut api = numbered(name, 0..4);
        let names: Vec<String> = fields.map(|n| format!("f{n}x")).collect();
        api.vocabulary = Vocabulary::of(names.iter().map(|name| ("", name.as_str())));
        api
    };
    // 60 of 100 in common, of 10,000; four standard errors are nine points.
    let found = find([with("a", 0..8_000), with("b", 2_000..10_000)]);
    let percent = found.similar[0].fields.unwrap().percent();
    assert!((51..=69).contains(&percent), "{percent}");
    // One of them is small: all that is known of the other is up to its last word.
    assert!(
        find([with("a", 0..8_000), with("b", 0..20)])
            .similar
            .is_empty()
    );
}

#[test]
fn what_is_retired_and_what_is_trivial_is_no_finding() {
    let mut retired = numbered("a", 0..5);
    retired.lifecycle = Lifecycle::Retired;
    let small = api("b", ["orders", "orders/{id}", "health"]);
    let found = find([
        retired,
        numbered("c", 0..5),
        small.clone(),
        Api {
            id: id("d"),
            ..small
        },
    ]);
    assert_eq!(found.similar, []);
    assert_eq!(found.identical, []);
    assert_eq!((found.scope.compared, found.scope.too_small), (1, 2));
}

#[test]
fn ten_thousand_copies_are_one_group() {
    let copies = (0..10_000).map(|n| numbered(&format!("copy{n}"), 0..5));
    let found = find(copies.chain([numbered("other", 0..6)]));
    assert_eq!(found.identical.len(), 1);
    assert_eq!(found.identical[0].apis.len(), 10_000);
    assert_eq!(ids(&found.similar), [("copy0", "other")]);
    assert_eq!(
        (found.similar[0].same_as_a, found.similar[0].same_as_b),
        (9_999, 0)
    );
    assert_eq!(found.scope.not_compared, 0);
}

/// Each has 40 operations that all have, and one of its own: five million pairs are
/// similar.
#[test]
fn thousands_of_near_copies_are_bounded_and_said() {
    let found = find((0..3_000).map(|n| numbered(&format!("near{n}"), (0..40).chain([1_000 + n]))));
    assert!(found.scope.not_compared > 0);
    assert!(found.scope.left_out > 0);
    let mut of: BTreeMap<&ApiId, usize> = BTreeMap::new();
    for pair in &found.similar {
        assert_eq!(pair.operations.percent(), 95);
        *of.entry(&pair.a).or_default() += 1;
        *of.entry(&pair.b).or_default() += 1;
    }
    assert_eq!(of.len(), 3_000, "each is found");
    assert!(of.values().all(|pairs| *pairs >= 5));
    assert!(found.similar.len() <= 15_000);
}

#[test]
fn versions_of_one_api_are_marked() {
    let found = find([
        numbered("orders-v1", 0..8),
        numbered("orders-v2", 0..8),
        numbered("orders-v3", 0..9),
        numbered("basket", 0..10),
    ]);
    assert!(found.identical[0].version_of);
    let marks: Vec<_> = found
        .similar
        .iter()
        .map(|p| (p.a.as_str(), p.b.as_str(), p.version_of))
        .collect();
    assert_eq!(
        marks,
        [
            ("basket", "orders-v1", false),
            ("basket", "orders-v3", false),
            ("orders-v1", "orders-v3", true),
        ]
    );
}

#[test]
fn a_rule_that_could_not_be_kept_is_refused() {
    for (operations, fields) in [(49, 0), (101, 0), (80, 101)] {
        let error = SimilarityRule::new(operations, fields).unwrap_err();
        assert!(error.to_string().contains("must be from"), "{error}");
    }
    let rule = SimilarityRule::default();
    assert!(rule.with_most(0).is_err() && rule.with_min_operations(0).is_err());
}
