//! Against a counter that shares no code with the reader: it splits at spaces and
//! compares beginnings of paths.

use std::collections::BTreeMap;

use deprovision_core::time::{Period, Window};
use proptest::prelude::*;

use crate::world::{World, ago, line, now};

/// Requests by caller under `/v1/` in the last day.
fn naive(text: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let at = jiff::Timestamp::strptime(
            "[%d/%b/%Y:%H:%M:%S %z]",
            format!("{} {}", words[3], words[4]),
        )
        .unwrap();
        if words[6].starts_with("/v1/") && ago("1d") <= at && at < now() {
            *counts.entry(words[2].to_owned()).or_default() += 1;
        }
    }
    counts
}

#[derive(Debug, Clone)]
struct Hit {
    minutes_ago: u64,
    user: u8,
    path: &'static str,
    status: u16,
}

fn hits() -> impl Strategy<Value = Vec<Hit>> {
    let path = prop::sample::select(vec![
        "/v1/orders",
        "/v1/orders/7",
        "/v1/else?x=1",
        "/v2/orders",
        "/",
        "/v10/orders",
    ]);
    let status = prop::sample::select(vec![200, 401, 404, 410, 500]);
    prop::collection::vec(
        (1u64..3000, 0u8..5, path, status).prop_map(|(minutes_ago, user, path, status)| Hit {
            minutes_ago,
            user,
            path,
            status,
        }),
        1..60,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_reader_counts_as_a_naive_counter_does(hits in hits(), cut in 0usize..60) {
        let lines: Vec<String> = hits
            .iter()
            .map(|hit| {
                let at = Period::minutes(hit.minutes_ago).before(now());
                line(at, &format!("user{}", hit.user), hit.path, hit.status)
            })
            .collect();
        let world = World::new();
        let (first, second) = lines.split_at(cut.min(lines.len()));
        // A line of another API, so that neither file is empty.
        let other = line(ago("2d"), "-", "/health", 200);
        world.write("a", first.concat() + &other);
        world.write("b", other.clone() + &second.concat());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let log = world.log(&["a", "b"]).with_max_gap(Period::days(9));
        let window = Window::ending_at(now(), Period::days(1));
        let reading = runtime.block_on(log.read(&world.api, window)).unwrap();
        let value = reading.usage.known_completely().unwrap();
        let expected = naive(&lines.concat());
        prop_assert_eq!(value.requests, expected.values().sum::<u64>());
        let counted: BTreeMap<String, u64> = value
            .callers
            .iter()
            .map(|caller| (caller.caller.to_string(), caller.requests))
            .collect();
        prop_assert_eq!(counted, expected);
    }
}
