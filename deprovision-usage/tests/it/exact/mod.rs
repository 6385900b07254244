//! What the reader counts is exactly what a naive counter counts.

pub(crate) mod logs;
pub(crate) mod naive;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use deprovision_core::catalog::{Api, Method, Route};
use deprovision_core::id::ApiId;
use deprovision_core::usage::{Demand, Shard, Traffic};
use deprovision_usage::{Agents, Format, JsonFields, RouteTable, UsageReader};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::world::{World, now};
use logs::Dice;
use naive::{Answer, Count, Counts, Line};

/// A shard in the words of the naive counter.
fn answer(shard: &Shard) -> Answer {
    let mut answer = Answer {
        lines: shard.lines,
        future: shard.future,
        malformed: shard.malformed.lines,
        unreadable: shard.malformed.unreadable_undated
            + shard
                .malformed
                .unreadable
                .iter()
                .map(|(_, _, count)| count)
                .sum::<u64>(),
        ..Answer::default()
    };
    for (endpoint, (demand, callers)) in &shard.endpoints {
        let operation = endpoint.operation.as_ref().map(ToString::to_string);
        let mut counts = counts(demand);
        for count in callers {
            let caller = &shard.callers[usize::try_from(count.caller).unwrap()];
            let last = count.last_seen().map(|at| at.as_second());
            counts
                .callers
                .insert(caller.to_string(), (count.requests, last));
        }
        // Endpoints of which nothing is seen are told, too.
        if counts != Counts::default() {
            answer
                .endpoints
                .insert((endpoint.api.to_string(), operation), counts);
        }
    }
    let mut strays = [Traffic::default(), Traffic::default(), Traffic::default()];
    for stray in &shard.unmatched {
        for (method, requests) in &stray.methods {
            *answer.stray_methods.entry(method.clone()).or_default() += requests;
        }
        strays[0].merge(&stray.demand.consumers);
        strays[1].merge(&stray.demand.bots);
        strays[2].merge(&stray.demand.health_checks);
    }
    answer.strays = strays.each_ref().map(count);
    answer
}

fn counts(demand: &Demand) -> Counts {
    assert_eq!(demand.unlisted, 0);
    Counts {
        consumers: count(&demand.consumers),
        bots: count(&demand.bots),
        health_checks: count(&demand.health_checks),
        malformed: demand.malformed,
        callers: BTreeMap::new(),
    }
}

fn count(traffic: &Traffic) -> Count {
    let statuses = traffic.statuses;
    Count {
        requests: traffic.requests,
        classes: [
            statuses.informational,
            statuses.success,
            statuses.redirect,
            statuses.client_error,
            statuses.server_error,
            statuses.other,
        ],
        bytes: traffic.bytes,
        first: traffic.first_seen.map(|at| at.as_second()),
        last: traffic.last_seen.map(|at| at.as_second()),
        days: traffic
            .days
            .iter()
            .map(|(day, count)| (day.into(), count))
            .collect(),
        undated: traffic.undated,
    }
}

/// The text in several files, packed in different ways, and cut where lines end.
fn split(world: &World, text: &str) -> Vec<PathBuf> {
    let cut = |from: usize| {
        text[from..]
            .find('\n')
            .map_or(text.len(), |end| from + end + 1)
    };
    let (one, two) = (cut(text.len() / 3), cut(text.len() / 3 * 2));
    let (two, three) = (two.max(one), cut(text.len() / 6 * 5).max(two.max(one)));
    let member = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let frame = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
    // Members and frames may end within a line.
    let half = one + (two - one) / 2;
    let (a, b) = (&text[one..half], &text[half..two]);
    vec![
        world.write("access.log", &text[..one]),
        world.write(
            "access.log.1.gz",
            [member(a), member(""), member(b)].concat(),
        ),
        world.write(
            "access.log.2.zst",
            [frame(&text[two..three]), frame(&text[three..])].concat(),
        ),
    ]
}

/// Made once: in a test most of the time would go into it.
static AGENTS: LazyLock<Agents> = LazyLock::new(|| Agents::new().unwrap());

/// Reads the text as one file and as several, with one thread and with two.
fn check(text: &str, format: &Format, naive: fn(&str) -> Line, apis: &[Api]) -> Answer {
    check_with(&AGENTS, text, format, naive, apis)
}

fn check_with(
    agents: &Agents,
    text: &str,
    format: &Format,
    naive: fn(&str) -> Line,
    apis: &[Api],
) -> Answer {
    let expected = naive::count(text, naive, apis, now().as_second());
    let world = World::new();
    let table = Arc::new(RouteTable::new(apis));
    let whole = vec![world.write("whole", text)];
    for paths in [whole, split(&world, text)] {
        for threads in [1, 2] {
            let shard = UsageReader::new("edge", table.clone(), world.clock.clone())
                .with_agents(agents.clone())
                .with_format(format.clone())
                .with_threads(threads)
                .read_files(&paths)
                .unwrap()
                .shard;
            // A small log has no line for each of its files.
            let complete = shard.missing.iter().all(|why| why.contains("empty"));
            assert!(complete, "{:?}", shard.missing);
            let seen: u64 = shard.seen.iter().map(|(_, _, count)| count).sum();
            assert_eq!(seen, expected.lines - expected.future);
            let counted = answer(&shard);
            for (endpoint, counts) in &expected.endpoints {
                assert_eq!(
                    counted.endpoints.get(endpoint),
                    Some(counts),
                    "{endpoint:?}"
                );
            }
            assert_eq!(
                counted,
                expected,
                "{threads} threads, {} files",
                paths.len()
            );
        }
    }
    expected
}

fn json_lines() -> Format {
    Format::json_lines(JsonFields::usual())
}

#[test]
fn a_log_of_many_blocks_is_counted_exactly() {
    let apis = logs::catalog();
    let text = logs::combined(&mut Dice::new(7), &apis, 8_000, now().as_second());
    assert!(text.len() > 3 << 20, "{}", text.len());
    let expected = check(&text, &Format::combined(), naive::combined, &apis);
    // All that the log is meant to hold is in it.
    assert!(expected.lines < 8_000 && expected.malformed > expected.unreadable);
    assert!(expected.future > 50 && expected.unreadable > 50);
    assert!(expected.strays.iter().all(|count| count.requests > 100));
    let operations: usize = apis.iter().map(|api| api.routes.len()).sum();
    let seen = expected
        .endpoints
        .keys()
        .filter(|(_, operation)| operation.is_some())
        .count();
    assert!(seen > operations / 2, "{seen} of {operations}");
}

/// For logs that are not ours to hand on: in the Combined Log Format, beside the
/// routes of a file with `METHOD /template` in each line.
#[test]
#[ignore = "needs a log: DEPROVISION_LOG=FILE DEPROVISION_ROUTES=FILE"]
fn a_given_log_is_counted_exactly() {
    let given = |name| std::fs::read_to_string(std::env::var_os(name).expect(name)).unwrap();
    let (text, routes) = (given("DEPROVISION_LOG"), given("DEPROVISION_ROUTES"));
    let mut api = Api::new(ApiId::parse("given").unwrap(), "Given");
    for line in routes.lines() {
        let (method, path) = line.split_once(' ').unwrap();
        let method = Method::ALL.into_iter().find(|known| known.name() == method);
        api.routes.push(Route::new(method.unwrap(), path));
    }
    // The rules of the naive counter, which suffice for our own logs.
    let agents = Agents::none()
        .with_bots(["bot/"])
        .and_then(|agents| agents.with_health_checks(["^kube-probe/", "^elb-"]))
        .unwrap();
    let format = Format::combined();
    let expected = check_with(&agents, &text, &format, naive::combined, &[api]);
    println!("{} lines, {} malformed", expected.lines, expected.malformed);
    for ((_, operation), counts) in &expected.endpoints {
        let operation = operation.as_deref().unwrap_or("others");
        let callers = counts.callers.len();
        println!(
            "{operation}: {} of {callers} callers",
            counts.consumers.requests
        );
    }
}

#[test]
fn json_lines_of_many_blocks_are_counted_exactly() {
    let apis = logs::catalog();
    let text = logs::json(&mut Dice::new(8), &apis, 6_000, now().as_second());
    assert!(text.len() > 2 << 20, "{}", text.len());
    check(&text, &json_lines(), naive::json, &apis);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_small_log_is_counted_exactly(seed in any::<u64>(), lines in 1usize..120) {
        let apis = logs::catalog();
        let at = now().as_second();
        let text = logs::combined(&mut Dice::new(seed), &apis, lines, at);
        check(&text, &Format::combined(), naive::combined, &apis);
        let text = logs::json(&mut Dice::new(seed), &apis, lines, at);
        check(&text, &json_lines(), naive::json, &apis);
    }
}
