//! From lines of a log to the verdict: what can not be told is never called unused.

use std::io::Cursor;

use deprovision_core::audit::{Audit, FindingKind, Use};
use deprovision_core::catalog::Catalog;
use deprovision_core::policy::Policy;
use deprovision_core::time::{Period, Timestamp};
use deprovision_core::usage::{UsageReport, Verdict, VerdictRule, verdict};

use crate::reader::reader;
use crate::world::{World, ago, line, now};

/// A line of another service each half hour, for a hundred days until now.
fn log() -> Vec<(Timestamp, String)> {
    let mut lines = Vec::new();
    let mut at = ago("100d");
    while at <= now() {
        lines.push((at, line(at, "-", "/other", 200)));
        at = Period::minutes(30).after(at);
    }
    lines
}

fn without(from: Timestamp, to: Timestamp) -> String {
    let kept = log().into_iter().filter(|(at, _)| *at <= from || *at >= to);
    kept.map(|(_, line)| line).collect()
}

fn whole() -> String {
    log().into_iter().map(|(_, line)| line).collect()
}

struct Said {
    verdict: Verdict,
    audit: Audit,
}

/// What is said of the API by the logs of these sources, of which each has some files.
fn said(world: &World, sources: &[(&str, &[&[u8]])], idle_after: &str) -> Said {
    let mut report = UsageReport::default();
    for (source, files) in sources {
        let files = files.iter().enumerate();
        let paths: Vec<_> = files
            .map(|(number, text)| world.write(&format!("{source}.log.{number}"), text))
            .collect();
        let reading = reader(source, &world.api, world.clock.clone()).read_files(&paths);
        report.merge(reading.unwrap().into_report()).unwrap();
    }
    judge(world, &report, idle_after)
}

fn judge(world: &World, report: &UsageReport, idle_after: &str) -> Said {
    let idle_after: Period = idle_after.parse().unwrap();
    let seen = report.evidence(&world.api, idle_after.before(now()), Period::hours(1));
    let mut policy = Policy::default();
    policy.audit.idle_after = idle_after;
    let catalog = Catalog::new([world.api.clone()]);
    Said {
        verdict: verdict(&world.api, &seen, &VerdictRule::new(idle_after), now()),
        audit: Audit::of(&catalog, report, &policy, now()),
    }
}

/// Neither the verdict nor any finding may say that nobody calls.
#[track_caller]
fn unknown_because(said: &Said, part: &str) {
    match &said.verdict {
        Verdict::Unknown { why, .. } => {
            assert!(why.join("; ").contains(part), "{why:?} has no {part:?}");
        }
        other => panic!("{other:?}"),
    }
    audit_is_unknown(said);
}

#[track_caller]
fn audit_is_unknown(said: &Said) {
    assert_eq!(said.audit.apis[0].verdict, Use::Unknown);
    let kinds: Vec<FindingKind> = said.audit.findings.iter().map(|f| f.kind).collect();
    assert!(kinds.contains(&FindingKind::Unknown), "{kinds:?}");
    assert!(
        !kinds
            .iter()
            .any(|k| matches!(k, FindingKind::Unused | FindingKind::Idle))
    );
}

/// The ground that all other tests stand on: without anything wrong it is unused.
#[test]
fn a_whole_silent_log_says_unused_and_one_with_old_calls_says_idle() {
    let world = World::new();
    let text = whole();
    let quiet = said(&world, &[("edge", &[text.as_bytes()])], "90d");
    assert!(
        matches!(quiet.verdict, Verdict::NeverSeen { .. }),
        "{:?}",
        quiet.verdict
    );
    assert_eq!(quiet.audit.apis[0].verdict, Use::NeverSeen);
    let old = line(ago("95d"), "k1", "/v1/orders", 200) + &text;
    let idle = said(&world, &[("edge", &[old.as_bytes()])], "90d");
    assert!(matches!(idle.verdict, Verdict::Idle { last_seen, .. } if last_seen == ago("95d")));
    assert_eq!(idle.audit.apis[0].verdict, Use::Idle);
}

#[test]
fn i_9_half_a_day_of_lines_is_missing() {
    let world = World::new();
    for (from, to) in [("30d", "708h"), ("90d", "2148h"), ("12h", "0h")] {
        let text = without(ago(from), ago(to));
        let said = said(&world, &[("edge", &[text.as_bytes()])], "90d");
        unknown_because(&said, "the log has no line from");
    }
}

#[test]
fn i_9_clocks_are_skewed() {
    let world = World::new();
    let ahead = Period::hours(3).after(now());
    // A line of another service, and a call.
    for path in ["/other", "/v1/orders"] {
        let text = whole() + &line(ahead, "k1", path, 200);
        let said = said(&world, &[("edge", &[text.as_bytes()])], "90d");
        audit_or_use(&said, path);
    }
    // All of a machine's clock is behind by a day: its newest day is not covered.
    let behind: String = log()
        .into_iter()
        .map(|(at, _)| line(Period::days(1).before(at), "-", "/other", 200))
        .collect();
    let said = said(&world, &[("edge", &[behind.as_bytes()])], "90d");
    unknown_because(&said, "edge");
}

#[track_caller]
fn audit_or_use(said: &Said, path: &str) {
    if path == "/other" {
        unknown_because(said, "check the clocks");
    } else {
        // A call of unknown time is one.
        assert!(
            matches!(said.verdict, Verdict::InUse { requests: 1, .. }),
            "{:?}",
            said.verdict
        );
        assert_eq!(said.audit.apis[0].verdict, Use::InUse);
    }
}

#[test]
fn i_9_a_source_stops_or_was_never_read() {
    let mut world = World::new();
    world.api.usage_sources = vec!["edge".into(), "internal".into()];
    let (text, stopped) = (whole(), without(ago("2d"), Period::days(1).after(now())));
    let both = said(
        &world,
        &[
            ("edge", &[text.as_bytes()]),
            ("internal", &[stopped.as_bytes()]),
        ],
        "90d",
    );
    unknown_because(&both, "internal");
    let one = said(&world, &[("edge", &[text.as_bytes()])], "90d");
    unknown_because(&one, "the source internal was not read");
    let all = said(
        &world,
        &[
            ("edge", &[text.as_bytes()]),
            ("internal", &[text.replace(".9 ", ".8 ").as_bytes()]),
        ],
        "90d",
    );
    assert!(
        matches!(all.verdict, Verdict::NeverSeen { .. }),
        "{:?}",
        all.verdict
    );
}

#[test]
fn i_9_one_of_two_sources_saw_the_call() {
    let world = World::new();
    let called = line(ago("3h"), "k1", "/v1/orders/7", 410) + &whole();
    let text = whole();
    let said = said(
        &world,
        &[
            ("edge", &[text.as_bytes()]),
            ("internal", &[called.as_bytes()]),
        ],
        "90d",
    );
    let Verdict::InUse {
        requests,
        callers,
        last_seen,
        ..
    } = &said.verdict
    else {
        panic!("{:?}", said.verdict);
    };
    assert_eq!((*requests, *last_seen), (1, Some(ago("3h"))));
    assert_eq!(callers[0].caller.as_str(), "k1");
    assert_eq!(said.audit.apis[0].verdict, Use::InUse);
}

#[test]
fn i_9_only_health_checks_call() {
    let world = World::new();
    let checks: String = log()
        .into_iter()
        .map(|(at, _)| line(at, "-", "/v1/orders", 200).replace("curl/8", "kube-probe/1.30"))
        .collect();
    let said = said(&world, &[("edge", &[checks.as_bytes()])], "90d");
    assert!(
        matches!(said.verdict, Verdict::InUse { .. }),
        "{:?}",
        said.verdict
    );
    audit_is_unknown(&said);
}

#[test]
fn a_caller_who_comes_once_a_month_is_not_lost_between_two_calls() {
    let world = World::new();
    let calls: String = ["97d", "67d", "37d"]
        .into_iter()
        .map(|at| line(ago(at), "monthly", "/v1/orders", 200))
        .collect();
    let text = calls + &whole();
    let inside = said(&world, &[("edge", &[text.as_bytes()])], "40d");
    assert!(
        matches!(&inside.verdict, Verdict::InUse { last_seen, .. } if *last_seen == Some(ago("37d"))),
        "{:?}",
        inside.verdict
    );
    assert_eq!(inside.audit.apis[0].verdict, Use::InUse);
    // With less than a month it would be idle, and says since when.
    let outside = said(&world, &[("edge", &[text.as_bytes()])], "30d");
    assert!(matches!(outside.verdict, Verdict::Idle { last_seen, .. } if last_seen == ago("37d")));
}

#[test]
fn i_9_a_broken_line_a_damaged_file_and_a_missing_one_may_hide_the_call() {
    let world = World::new();
    let text = whole();
    let broken = without(ago("100d"), ago("1h")) + "10.0.0.7 - k1 [10/Oct/2\n" + &text;
    let broken = said(&world, &[("edge", &[broken.as_bytes()])], "90d");
    unknown_because(&broken, "malformed lines may be calls of any API");
    let mut packed = zstd::encode_all(
        (line(ago("100d"), "k9", "/else", 200) + &text).as_bytes(),
        1,
    )
    .unwrap();
    packed.truncate(packed.len() - 9);
    let damaged = said(&world, &[("edge", &[text.as_bytes(), &packed])], "90d");
    unknown_because(&damaged, "can not be read behind");
    let gone = said(&world, &[("edge", &[text.as_bytes(), b""])], "90d");
    unknown_because(&gone, "is missing or empty");
}

#[test]
fn i_9_a_reading_of_a_shorter_window_says_nothing_of_the_rest() {
    let world = World::new();
    let window = deprovision_core::time::Window::ending_at(now(), Period::days(30));
    let reader = reader("edge", &world.api, world.clock.clone()).with_window(window);
    let reading = reader.read_stream("log", Cursor::new(whole())).unwrap();
    let said = judge(&world, &reading.into_report(), "90d");
    unknown_because(&said, "only lines since");
}

#[test]
fn i_9_a_broken_line_of_the_moment_of_reading_may_hide_the_call() {
    let world = World::new();
    let cut = line(now(), "k1", "/v1/orders", 200).replace("\" 200 12", "");
    let text = whole() + &cut;
    let said = said(&world, &[("edge", &[text.as_bytes()])], "90d");
    unknown_because(&said, "malformed lines may be calls of any API");
}
