use deprovision_core::observation::Observation;
use deprovision_core::permit::{FreshUsage, FreshUsageRule, NotQuiet};
use deprovision_core::time::{Period, Timestamp, Window};
use deprovision_core::usage::UsageEvidence;
use deprovision_usage::{Format, JsonFields, Reading};

use crate::world::{World, ago, health, line, now};

/// Half past each hour lies far enough from the health checks.
fn with(extra: &str) -> String {
    format!("{}{extra}", health("2d"))
}

async fn read(text: &str) -> Reading {
    let world = World::new();
    world.write("access.log", text);
    world.read(&world.log(&["access.log"])).await
}

fn known(reading: &Reading) -> (&UsageEvidence, Option<String>) {
    match &reading.usage {
        Observation::Known { value, .. } => (value, reading.usage.doubt()),
        Observation::Unknown { why } => panic!("unknown: {why}"),
    }
}

/// How many lines are malformed, and how many of them may be calls of anything.
fn malformed(reading: &Reading) -> (u64, u64) {
    let coverage = reading.coverage.as_ref().expect("the log was read");
    (coverage.malformed, coverage.unreadable)
}

fn lines(reading: &Reading) -> u64 {
    reading.coverage.as_ref().expect("the log was read").lines
}

#[track_caller]
fn doubted(reading: &Reading, part: &str) {
    let doubt = reading.usage.doubt().expect("a doubt");
    assert!(doubt.contains(part), "{doubt:?} has no {part:?}");
    assert!(reading.usage.known_completely().is_none());
}

#[tokio::test]
async fn i_8_a_quiet_log_is_a_proof_and_one_call_is_none() {
    let rule = FreshUsageRule::new(Period::days(1), Period::minutes(15), Period::hours(1));
    let world = World::new();
    world.write("access.log", health("2d"));
    let quiet = world.read(&world.log(&["access.log"])).await;
    FreshUsage::check(&world.api.id, &[quiet.usage], &rule, now()).unwrap();
    world.write(
        "access.log",
        with(&line(ago("5h"), "ak_1", "/v1/orders/7", 410)),
    );
    let called = world.read(&world.log(&["access.log"])).await;
    assert!(matches!(
        FreshUsage::check(&world.api.id, &[called.usage], &rule, now()),
        Err(NotQuiet::Traffic { requests: 1, callers, .. }) if callers[0].as_str() == "ak_1"
    ));
}

#[tokio::test]
async fn callers_are_counted_with_their_last_call() {
    let mut text = health("2d");
    for (at, user) in [
        ("3h", "b"),
        ("9h", "a"),
        ("2h", "b"),
        ("30h", "old"),
        ("5h", "b"),
    ] {
        text.push_str(&line(ago(at), user, "/v1/orders", 200));
    }
    let reading = read(&text).await;
    let (value, doubt) = known(&reading);
    assert_eq!(doubt, None);
    assert_eq!((value.requests, value.last_seen), (4, Some(ago("2h"))));
    let callers: Vec<_> = value
        .callers
        .iter()
        .map(|c| (c.caller.as_str(), c.requests, c.last_seen))
        .collect();
    assert_eq!(callers, [("b", 3, ago("2h")), ("a", 1, ago("9h")),]);
    assert_eq!(value.watermark, ago("30m"));
}

#[tokio::test]
async fn i_9_a_malformed_line_that_may_be_a_call_makes_the_answer_partial() {
    let good = line(ago("5h"), "k", "/v1/orders/7", 200);
    let half = good.split_at(good.find("/orders").unwrap()).0;
    let no_agent = good.trim_end().trim_end_matches('"');
    for (bad, doubt, unreadable) in [
        (half, "1 malformed lines may be calls of any API", 1),
        // All of it but the program: a call, of whom is not known.
        (no_agent, "1 malformed lines are calls of it", 0),
        ("\0\0\0\0", "1 malformed lines may be calls of any API", 1),
        (
            "10.0.0.9 - k",
            "1 malformed lines may be calls of any API",
            1,
        ),
    ] {
        let reading = read(&with(&format!("{bad}\n{}", line(ago("1h"), "-", "/", 200)))).await;
        doubted(&reading, doubt);
        assert_eq!(known(&reading).0.requests, 1 - unreadable, "{bad}");
        assert_eq!(malformed(&reading), (1, unreadable), "{bad}");
        let samples = &reading.coverage.as_ref().unwrap().samples;
        let sample = samples[0].to_string();
        assert!(sample.contains("access.log:97: the "), "{sample}");
        assert_eq!(lines(&reading), 97);
        assert!(
            !format!("{reading:?}").contains("curl"),
            "the text is not kept"
        );
    }
}

#[tokio::test]
async fn i_9_a_call_that_a_torn_line_swallowed_is_a_doubt() {
    let torn = line(ago("5h"), "k", "/v2/orders/7", 200);
    let call = line(ago("5h"), "k", "/v1/orders/7", 200);
    for cut in 45..torn.len() {
        let reading = read(&with(&format!("{}{call}", &torn[..cut].trim_end()))).await;
        let (value, doubt) = known(&reading);
        assert!(doubt.is_some() || value.requests == 1, "cut at {cut}");
    }
}

#[tokio::test]
async fn a_malformed_line_that_can_be_no_call_is_only_counted() {
    let other = line(ago("5h"), "k", "/v2/orders/7", 200);
    let old = line(ago("30h"), "k", "/v1/orders/7", 200);
    for bad in [&other, &old] {
        let bad = bad.trim_end().trim_end_matches('"');
        let reading = read(&with(&format!("{bad}\n"))).await;
        assert_eq!(known(&reading).1, None);
        assert_eq!(malformed(&reading), (1, 0));
        assert_eq!(reading.coverage.unwrap().samples[0].line, 97);
    }
    // Of unknown time, between two lines from long before the window.
    let days_ago = health("4d");
    let (first, rest) = days_ago.split_once('\n').unwrap();
    let reading = read(&format!("{first}\nrubbish\n{rest}")).await;
    assert_eq!(known(&reading).1, None);
    assert_eq!(malformed(&reading), (1, 0));
}

#[tokio::test]
async fn i_9_rubbish_at_the_end_of_a_file_is_a_doubt() {
    let old = health("4d");
    let old: String = old.lines().take(10).map(|l| format!("{l}\n")).collect();
    let world = World::new();
    world.write("access.log", health("2d"));
    world.write("access.log.1", format!("{old}rubbish\n"));
    let reading = world
        .read(&world.log(&["access.log", "access.log.1"]))
        .await;
    doubted(&reading, "access.log.1:11:");
    // Also when there is more of it than is shown.
    let many = "rubbish\n".repeat(500);
    world.write("access.log.1", format!("{old}{many}"));
    let reading = world
        .read(&world.log(&["access.log", "access.log.1"]))
        .await;
    assert_eq!(malformed(&reading), (500, 500));
    assert_eq!(reading.coverage.unwrap().samples.len(), 20);
}

#[tokio::test]
async fn i_9_a_line_longer_than_is_read_is_a_doubt_and_the_next_one_is_read() {
    let long = "x".repeat(70_000);
    let call = line(ago("4h"), "k", "/v1/orders", 200);
    let longer = "x".repeat(400_000);
    for (path, agent) in [
        ("/v1/orders", &long),
        ("/v2/orders", &long),
        (&*format!("/v2/{long}"), &long),
        // What is not even kept of a line may hold a call.
        ("/v2/orders", &longer),
    ] {
        let bad = line(ago("5h"), "k", path, 200).replace("curl", agent);
        let reading = read(&with(&format!("{bad}{call}"))).await;
        assert_eq!(malformed(&reading), (1, 1));
        assert_eq!(known(&reading).0.requests, 1);
    }
}

#[tokio::test]
async fn i_9_a_line_of_the_future_proves_nothing_and_is_a_doubt() {
    let ahead = Period::minutes(10).after(now());
    let reading = read(&with(&line(ahead, "k", "/v1/orders", 200))).await;
    doubted(&reading, "1 lines are stamped later than they were read");
    doubted(&reading, "1 calls of it are of unknown time");
    let (value, _) = known(&reading);
    assert_eq!((value.requests, value.last_seen), (1, None));
    assert_eq!(value.watermark, ago("30m"));
    let reading = read(&line(ahead, "k", "/v1/orders", 200)).await;
    assert!(matches!(reading.usage, Observation::Unknown { .. }));
}

#[tokio::test]
async fn a_call_of_this_very_second_counts() {
    for ahead in [0, 3] {
        let at = Period::seconds(ahead).after(now());
        let reading = read(&with(&line(at, "k", "/v1/orders", 200))).await;
        let (value, doubt) = known(&reading);
        assert_eq!(doubt, None);
        assert_eq!(
            (value.requests, value.last_seen, value.watermark),
            (1, Some(now()), now())
        );
    }
}

#[tokio::test]
async fn i_9_a_window_that_is_not_over_is_not_complete() {
    let world = World::new();
    world.write("access.log", health("2d"));
    let log = world.log(&["access.log"]);
    let window = Window::new(ago("1d"), Period::hours(1).after(now()));
    let reading = log.read(&world.api, window).await.unwrap();
    doubted(&reading, "the window ends at");
}

#[tokio::test]
async fn lines_a_little_out_of_order_are_no_gap() {
    let mut lines: Vec<String> = health("2d").lines().map(|l| format!("{l}\n")).collect();
    for pair in lines.chunks_exact_mut(2) {
        pair.swap(0, 1);
    }
    assert_eq!(known(&read(&lines.concat()).await).1, None);
}

#[tokio::test]
async fn i_9_an_api_without_routes_is_unknown() {
    let mut world = World::new();
    world.write("access.log", health("2d"));
    world.api.routes.clear();
    let reading = world.read(&world.log(&["access.log"])).await;
    assert!(matches!(reading.usage, Observation::Unknown { why } if why.contains("no route")));
}

#[tokio::test]
async fn i_9_more_callers_than_there_is_memory_for_is_partial() {
    let mut text = health("2d");
    for user in 0..20_000 {
        text.push_str(&line(ago("1h"), &format!("user-{user}"), "/v1/orders", 200));
    }
    let world = World::new();
    world.write("access.log", text);
    let log = world.log(&["access.log"]).with_memory(64 << 10);
    let reading = world.read(&log).await;
    doubted(
        &reading,
        "requests are of callers beyond those that are listed",
    );
    let (value, _) = known(&reading);
    assert_eq!(value.requests, 20_000);
    assert!((1..20_000).contains(&value.callers.len()));
}

#[tokio::test]
async fn a_heartbeat_moves_the_watermark_and_closes_no_long_gap() {
    let world = World::new();
    world.write("access.log", health("2d"));
    let log = || {
        world
            .log(&["access.log"])
            .with_heartbeat(world.path("beat"))
    };
    let beat = |at: Timestamp| world.write("beat", format!("{at}\n"));
    beat(ago("1m"));
    let reading = world.read(&log()).await;
    assert_eq!(
        (known(&reading).0.watermark, known(&reading).1),
        (ago("1m"), None)
    );
    let till_then: String = health("2d")
        .lines()
        .take(80)
        .map(|l| format!("{l}\n"))
        .collect();
    world.write("access.log", till_then);
    doubted(&world.read(&log()).await, "no line from");
    world.write("access.log", health("2d"));
    beat(Period::hours(1).after(now()));
    doubted(&world.read(&log()).await, "later than now");
    world.write("beat", "soon");
    doubted(&world.read(&log()).await, "is no time");
    std::fs::remove_file(world.path("beat")).unwrap();
    doubted(&world.read(&log()).await, "can not be read");
}

#[tokio::test]
async fn our_own_probes_are_no_demand_and_anybody_elses_calls_are() {
    let call = |agent: &str| line(ago("5h"), "-", "/v1/orders", 410).replace("curl/8", agent);
    let world = World::new();
    let read = async |agent: &str| {
        world.write("access.log", with(&call(agent)));
        let log = world.log(&["access.log"]);
        let reading = world.read(&log.with_probe_agent("probe 5e1f")).await;
        known(&reading).0.requests
    };
    assert_eq!(read("probe 5e1f").await, 0);
    for other in ["probe 5e1f ", "Probe 5e1f", "probe", "curl/8"] {
        assert_eq!(read(other).await, 1, "{other:?}");
    }
}

#[tokio::test]
async fn a_program_that_says_it_is_a_bot_is_a_caller_as_any() {
    let bot = line(ago("5h"), "-", "/v1/orders", 200).replace("curl/8", "Googlebot/2.1");
    let reading = read(&with(&bot)).await;
    let (value, doubt) = known(&reading);
    assert_eq!((value.requests, doubt), (1, None));
    assert_eq!(value.callers[0].caller.as_str(), "10.0.0.9");
}

#[tokio::test]
async fn a_call_behind_a_window_of_the_past_is_last_seen_and_not_in_it() {
    let world = World::new();
    let call = |at: &str| line(ago(at), "k", "/v1/orders", 200);
    world.write("access.log", with(&(call("20h") + &call("2h"))));
    let window = Window::new(ago("1d"), ago("10h"));
    let log = world.log(&["access.log"]);
    let reading = log.read(&world.api, window).await.unwrap();
    let (value, doubt) = known(&reading);
    assert_eq!((value.requests, value.last_seen), (1, Some(ago("2h"))));
    assert_eq!((value.window, doubt), (window, None));
}

#[tokio::test]
async fn i_9_a_torn_line_shortly_before_the_window_may_hold_one_in_it() {
    let torn = |at: Timestamp| {
        let line = line(at, "k", "/v2/orders", 200);
        format!("{}\n", line.split_at(60).0)
    };
    let near = Period::minutes(59).before(ago("1d"));
    doubted(&read(&with(&torn(near))).await, "1 malformed lines may be");
    let far = Period::minutes(61).before(ago("1d"));
    assert_eq!(known(&read(&with(&torn(far))).await).1, None);
}

#[tokio::test]
async fn any_format_is_read_and_one_that_can_not_be_told_is_unknown() {
    let world = World::new();
    let log = || world.log(&["access.log"]).with_max_gap(Period::days(2));
    let json_lines = Format::json_lines(JsonFields::usual());
    let json = |at: Timestamp, path: &str| {
        format!(
            r#"{{"time":"{at}","request_method":"GET","request_uri":"{path}","status":200,"remote_addr":"10.0.0.8"}}"#
        )
    };
    let text = [
        json(ago("30h"), "/"),
        json(ago("3h"), "/v1/orders/7"),
        String::new(),
    ];
    world.write("access.log", text.join("\n"));
    for log in [log().with_format(json_lines), log().with_detected_format()] {
        let reading = world.read(&log).await;
        let (value, doubt) = known(&reading);
        assert_eq!((value.requests, doubt), (1, None));
        assert_eq!(value.callers[0].caller.as_str(), "10.0.0.8");
    }
    // Lines of another format than the one that is given are no lines.
    let reading = world.read(&log()).await;
    assert!(reading.usage.known_completely().is_none());
    world.write("access.log", "no line\nof a log\n");
    let reading = world.read(&log().with_detected_format()).await;
    assert!(matches!(
        reading.usage, Observation::Unknown { why } if why.contains("access.log") && why.contains("name the format")
    ));
}

#[test]
fn the_agent_of_the_probe_is_not_shown() {
    let log = World::new()
        .log(&["access.log"])
        .with_probe_agent("probe 5e1f");
    let shown = format!("{log:?}");
    assert!(shown.contains("edge") && !shown.contains("5e1f"), "{shown}");
}
