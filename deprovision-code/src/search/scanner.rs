//! All markers in one pass over a text, with their boundaries checked.

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, MatchKind};
use deprovision_core::provider::Marker;

use crate::search::{MarkerClass, Markers};

/// Above this many texts a DFA would cost more memory than its speed is worth.
const MOST_IN_A_DFA: usize = 3_000;

/// One text that is searched for.
#[derive(Debug)]
struct Pattern {
    marker: Marker,
    class: MarkerClass,
    own: bool,
}

/// A marker in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit<'a> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) marker: &'a Marker,
    pub(crate) class: MarkerClass,
}

/// Finds the markers of one API.
#[derive(Debug)]
pub(crate) struct Scanner {
    automaton: AhoCorasick,
    patterns: Vec<Pattern>,
}

impl Scanner {
    pub(crate) fn new(markers: &Markers) -> Result<Self, BuildError> {
        let pattern = |own| {
            move |(text, class): (&String, &MarkerClass)| Pattern {
                marker: Marker::new(text, class.name()),
                class: *class,
                own,
            }
        };
        let patterns: Vec<Pattern> = markers
            .own
            .iter()
            .map(pattern(true))
            .chain(markers.foreign.iter().map(pattern(false)))
            .collect();
        let kind = (patterns.len() <= MOST_IN_A_DFA).then_some(AhoCorasickKind::DFA);
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(kind)
            .build(patterns.iter().map(|pattern| &pattern.marker.text))?;
        Ok(Self {
            automaton,
            patterns,
        })
    }

    /// The markers in a text by position; of two where one holds the other, the
    /// longer; none that is only part of another API's text.
    pub(crate) fn hits(&self, text: &[u8]) -> Vec<Hit<'_>> {
        let mut all: Vec<(usize, usize, &Pattern)> = self
            .automaton
            .find_overlapping_iter(text)
            .filter_map(|found| {
                let pattern = self.patterns.get(found.pattern().as_usize())?;
                let exact = pattern.class == MarkerClass::Host
                    || &text[found.start()..found.end()] == pattern.marker.text.as_bytes();
                let alone = stands_alone(text, found.start(), found.end(), pattern.class);
                (exact && alone).then_some((found.start(), found.end(), pattern))
            })
            .collect();
        all.sort_by_key(|(start, end, _)| (*start, usize::MAX - end));
        let mut reach = 0;
        all.retain(|(_, end, _)| {
            let inside = *end <= reach;
            reach = reach.max(*end);
            !inside
        });
        all.into_iter()
            .filter(|(_, _, pattern)| pattern.own)
            .map(|(start, end, pattern)| Hit {
                start,
                end,
                marker: &pattern.marker,
                class: pattern.class,
            })
            .collect()
    }
}

/// Whether what stands around a text leaves it a text of its own.
fn stands_alone(text: &[u8], start: usize, end: usize, class: MarkerClass) -> bool {
    let before = text[..start].last().copied();
    let after = text.get(end).copied();
    let first = text[start];
    let last = text[end - 1];
    match class {
        MarkerClass::Host => {
            let joined = before.is_some_and(|b| is_word(b) || b == b'-' || b == b'.');
            let longer = match after {
                Some(b'.') => text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric),
                Some(b) => is_word(b) || b == b'-',
                None => false,
            };
            (!joined || is_escape(&text[..start])) && !longer
        }
        MarkerClass::Route => !after.is_some_and(|b| is_word(b) || b == b'-'),
        MarkerClass::OperationId => {
            let word = |b: u8| is_word(b) || b == b'$';
            let joined = word(first) && before.is_some_and(word);
            let longer = word(last) && after.is_some_and(word);
            (!joined || is_escape(&text[..start])) && !longer
        }
        MarkerClass::Given => {
            let word = |b: u8| b.is_ascii_alphanumeric();
            let joined = word(first) && before.is_some_and(word);
            let longer = word(last) && after.is_some_and(word);
            (!joined || is_escape(&text[..start])) && !longer
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether the text ends with an escape such as `\n` or `%2F`, whose last letter
/// is no part of the word that follows.
fn is_escape(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b'r' | b't' | b'0' | b'b' | b'f'] => true,
        [.., b'%', a, b] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        _ => false,
    }
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
