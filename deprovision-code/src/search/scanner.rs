//! All markers in one pass over a text, with their boundaries checked.

use std::collections::BTreeMap;

use aho_corasick::BuildError;
use deprovision_core::digest::Digest;
use deprovision_core::id::ApiId;
use deprovision_core::provider::Marker;

use crate::search::boundary::stands_alone;
use crate::search::needles::{Needle, Needles, Occurrence};
use crate::search::{MarkerClass, Markers};

/// One text that is searched for.
#[derive(Debug)]
struct Pattern {
    marker: Marker,
    class: MarkerClass,
    /// Whose it is; nothing when it only keeps others from claiming a part of it.
    api: Option<ApiId>,
}

/// A marker in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit<'a> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) marker: &'a Marker,
    pub(crate) class: MarkerClass,
    pub(crate) api: &'a ApiId,
}

/// Finds the markers of one API, or of many at once.
#[derive(Debug)]
pub(crate) struct Scanner {
    needles: Needles,
    patterns: Vec<Pattern>,
    /// Where the patterns of a needle begin; one more at the end.
    firsts: Vec<usize>,
    /// Of everything that decides what is found.
    fingerprint: Digest,
}

impl Scanner {
    #[cfg(test)]
    pub(crate) fn new(markers: &Markers) -> Result<Self, BuildError> {
        Self::of_all([markers])
    }

    /// The markers of several APIs, found in one pass.
    pub(crate) fn of_all<'a>(
        all: impl IntoIterator<Item = &'a Markers>,
    ) -> Result<Self, BuildError> {
        let mut by_needle: BTreeMap<(&str, bool), Vec<Pattern>> = BTreeMap::new();
        let mut add = |text: &'a String, class: &MarkerClass, api: Option<&ApiId>| {
            let patterns = by_needle
                .entry((text, *class == MarkerClass::Host))
                .or_default();
            let same = |known: &Pattern| known.class == *class && known.api.as_ref() == api;
            if !patterns.iter().any(same) {
                patterns.push(Pattern {
                    marker: Marker::new(text, class.name()),
                    class: *class,
                    api: api.cloned(),
                });
            }
        };
        for markers in all {
            for (text, class) in &markers.own {
                add(text, class, Some(&markers.api));
            }
            for (text, class) in &markers.foreign {
                add(text, class, None);
            }
        }
        let mut needles = Vec::with_capacity(by_needle.len());
        let mut firsts = Vec::with_capacity(by_needle.len() + 1);
        let mut patterns: Vec<Pattern> = Vec::with_capacity(by_needle.len());
        for ((text, any_case), mut same) in by_needle {
            firsts.push(patterns.len());
            needles.push(Needle {
                text: text.as_bytes().to_vec(),
                any_case,
            });
            same.sort_by(|a, b| (&a.api, a.class).cmp(&(&b.api, b.class)));
            patterns.extend(same);
        }
        firsts.push(patterns.len());
        let fingerprint = fingerprint(&patterns);
        Ok(Self {
            needles: Needles::new(needles)?,
            patterns,
            firsts,
            fingerprint,
        })
    }

    /// What two scanners that find the same have in common.
    pub(crate) fn fingerprint(&self) -> &Digest {
        &self.fingerprint
    }

    /// The markers in a text by position; of two where one holds the other, the
    /// longer; none that is only part of another API's text.
    pub(crate) fn hits(&self, text: &[u8]) -> Vec<Hit<'_>> {
        let mut found = Vec::new();
        self.hits_with(text, &mut found)
    }

    /// The same, with a place for what is found that is used again and again.
    pub(crate) fn hits_with(&self, text: &[u8], found: &mut Vec<Occurrence>) -> Vec<Hit<'_>> {
        self.needles.find(text, found);
        if found.is_empty() {
            return Vec::new();
        }
        let mut all: Vec<(usize, usize, &Pattern)> = Vec::with_capacity(found.len());
        for occurrence in found.iter() {
            let start = occurrence.start;
            let end = start + self.needles.len_of(occurrence.needle);
            let alone = |pattern: &&Pattern| stands_alone(text, start, end, pattern.class);
            let patterns = self.patterns_of(occurrence.needle).iter().filter(alone);
            all.extend(patterns.map(|pattern| (start, end, pattern)));
        }
        all.sort_by_key(|(start, end, _)| (*start, usize::MAX - end));
        // What ends furthest, of all that began before and of all that begin here.
        let (mut reach, mut wide) = (0, (0, 0));
        all.retain(|(start, end, pattern)| {
            if pattern.class == MarkerClass::Fixed {
                return true;
            }
            // The same place for two APIs: neither is inside of the other.
            let inside = *end <= reach && (*start, *end) != wide;
            if !inside {
                wide = (*start, *end);
            }
            reach = reach.max(*end);
            !inside
        });
        all.into_iter()
            .filter_map(|(start, end, pattern)| {
                Some(Hit {
                    start,
                    end,
                    marker: &pattern.marker,
                    class: pattern.class,
                    api: pattern.api.as_ref()?,
                })
            })
            .collect()
    }

    fn patterns_of(&self, needle: u32) -> &[Pattern] {
        let needle = needle as usize;
        let (Some(first), Some(end)) = (self.firsts.get(needle), self.firsts.get(needle + 1))
        else {
            return &[];
        };
        self.patterns.get(*first..*end).unwrap_or_default()
    }
}

fn fingerprint(patterns: &[Pattern]) -> Digest {
    let mut all = Vec::new();
    for pattern in patterns {
        let api = pattern.api.as_ref().map_or("", ApiId::as_str);
        for part in [pattern.marker.text.as_str(), pattern.class.name(), api] {
            all.extend_from_slice(&(part.len() as u64).to_le_bytes());
            all.extend_from_slice(part.as_bytes());
        }
    }
    Digest::of_bytes(&all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use deprovision_core::catalog::{Api, Method, Route};
    use deprovision_core::id::ApiId;
    use proptest::prelude::*;

    fn v1() -> Api {
        let mut api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
        api.hosts = vec!["orders.shop.example".into()];
        let mut route = Route::new(Method::Get, "/v1/orders/{id}");
        route.operation_id = Some("readOrder".into());
        api.routes = vec![route];
        api.markers = vec!["orders-client".into(), "ORDERS_V1_".into()];
        api
    }

    fn v2() -> Api {
        let mut api = Api::new(ApiId::parse("orders-v2").unwrap(), "Orders");
        api.hosts = vec!["v2.orders.shop.example".into()];
        api.markers = vec!["orders-client-v2".into()];
        api
    }

    fn found(text: &str) -> Vec<String> {
        let scanner = Scanner::new(&Markers::of(&v1(), [&v2()])).unwrap();
        scanner
            .hits(text.as_bytes())
            .iter()
            .map(|hit| hit.marker.text.clone())
            .collect()
    }

    #[test]
    fn a_marker_is_found_wherever_it_stands_alone() {
        for text in [
            "orders.shop.example",
            "https://ORDERS.shop.Example:8443/",
            "see orders.shop.example.",
            r"\norders.shop.example",
            "https%3A%2F%2Forders.shop.example",
            "/v1/orders",
            "\"/v1/orders/\" + id",
            "/gateway/v1/orders?x=1",
            "client.readOrder(1)",
            "orders-client",
            "orders-client==1.2",
            "@shop/orders-client/index.js",
            "MY_ORDERS_V1_URL=x",
        ] {
            assert_eq!(found(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_longer_text_is_no_reference() {
        for text in [
            "eu.orders.shop.example",
            "orders.shop.example.evil.test",
            "my-orders.shop.example",
            "v2.orders.shop.example",
            "/v1/orders2",
            "/v1/orders-archive",
            "/v1/ordersbeta",
            "/v10/orders",
            "/V1/orders",
            "bulkreadOrder()",
            "readOrders()",
            "orders-client-v2",
            "reorders-client",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn one_line_may_hold_several() {
        let text = "https://orders.shop.example/v1/orders";
        assert_eq!(found(text), ["orders.shop.example", "/v1/orders"]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_scanned_and_hits_are_in_order(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let scanner = Scanner::new(&Markers::of(&v1(), [])).unwrap();
            let hits = scanner.hits(&text);
            prop_assert!(hits.windows(2).all(|pair| pair[0].start < pair[1].start));
        }

        #[test]
        fn a_marker_between_spaces_is_always_found(
            before in "[a-z \n/.]{0,20}",
            after in "[a-z \n/.]{0,20}",
        ) {
            for marker in ["orders.shop.example", "/v1/orders", "readOrder", "orders-client"] {
                let text = format!("{before} {marker} {after}");
                prop_assert!(found(&text).iter().any(|text| text == marker));
            }
        }
    }
}
