use proptest::prelude::*;

use super::*;
use crate::id::ApiId;
use crate::time::Window;

const IDLE: Period = Period::days(90);

fn now() -> Timestamp {
    Period::days(1000).after(Timestamp::UNIX_EPOCH)
}

fn api() -> Api {
    Api::new(ApiId::parse("a").unwrap(), "A")
}

fn seen(source: &str, requests: u64, last_seen: Option<Timestamp>) -> UsageEvidence {
    let window = Window::ending_at(now(), IDLE);
    UsageEvidence::new(api().id, source, window, requests, last_seen, now())
}

fn complete(evidence: UsageEvidence) -> Observation<UsageEvidence> {
    Observation::complete(evidence, now())
}

fn judge(sources: &[Observation<UsageEvidence>]) -> Verdict {
    verdict(&api(), sources, &VerdictRule::new(IDLE), now())
}

#[track_caller]
fn unknown_because(verdict: Verdict, part: &str) {
    match verdict {
        Verdict::Unknown { why, .. } => {
            assert!(
                why.iter().any(|w| w.contains(part)),
                "{why:?} has no {part:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn complete_silence_of_every_source_is_never_seen_or_idle() {
    let quiet = [complete(seen("x", 0, None)), complete(seen("y", 0, None))];
    assert!(matches!(
        judge(&quiet),
        Verdict::NeverSeen { since, until, .. } if since == IDLE.before(now()) && until == now()
    ));
    let old = Period::days(100).before(now());
    let idle = [
        complete(seen("x", 0, Some(old))),
        complete(seen("y", 0, None)),
    ];
    assert!(matches!(judge(&idle), Verdict::Idle { last_seen, .. } if last_seen == old));
}

#[test]
fn one_call_in_one_source_is_use_whatever_the_others_say() {
    let at = Period::days(89).before(now());
    let called = || Observation::partial(seen("x", 3, Some(at)), now(), "a day");
    for sources in [
        vec![called()],
        vec![called(), complete(seen("y", 0, None))],
        vec![Observation::unknown("down"), called()],
    ] {
        let verdict = judge(&sources);
        assert!(
            matches!(&verdict, Verdict::InUse { requests: 3, last_seen, idle_at, .. }
                if *last_seen == Some(at) && *idle_at == Some(Period::days(1).after(now()))),
            "{verdict:?}"
        );
        assert_eq!(verdict.evidence(), sources);
    }
}

#[test]
fn i_9_a_gap_is_unknown_and_never_unused() {
    let quiet = || seen("x", 0, None);
    unknown_because(judge(&[]), "no usage source");
    unknown_because(judge(&[Observation::unknown("no disk")]), "no disk");
    unknown_because(
        judge(&[Observation::partial(quiet(), now(), "an hour")]),
        "an hour",
    );
    unknown_because(
        judge(&[complete(quiet()), Observation::unknown("no disk")]),
        "no disk",
    );
    unknown_because(
        judge(&[
            complete(quiet()),
            Observation::partial(quiet(), now(), "an hour"),
        ]),
        "an hour",
    );
}

#[test]
fn i_9_evidence_that_does_not_reach_over_the_period_is_unknown() {
    let quiet = || seen("x", 0, None);
    let old = Period::hours(25).before(now());
    unknown_because(
        judge(&[Observation::complete(quiet(), old)]),
        "read it again",
    );
    let future = Period::seconds(1).after(now());
    unknown_because(
        judge(&[Observation::complete(quiet(), future)]),
        "read it again",
    );
    let mut short = quiet();
    short.window.from = Period::days(89).before(now());
    unknown_because(judge(&[complete(short)]), "longer window");
    let mut behind = quiet();
    behind.watermark = Period::hours(2).before(now());
    unknown_because(judge(&[complete(behind)]), "reaches to");
    let mut past = quiet();
    past.window.to = Period::days(2).before(now());
    unknown_because(judge(&[complete(past)]), "reaches to");
    let mut other = quiet();
    other.api = ApiId::parse("b").unwrap();
    unknown_because(judge(&[complete(other)]), "answered about b");
}

#[test]
fn i_9_a_source_that_the_catalog_names_and_nobody_read_is_unknown() {
    let mut api = api();
    api.usage_sources = vec!["x".into(), "y".into()];
    let quiet = [complete(seen("x", 0, None))];
    let rule = VerdictRule::new(IDLE);
    unknown_because(verdict(&api, &quiet, &rule, now()), "y was not read");
    let both = [complete(seen("x", 0, None)), complete(seen("y", 0, None))];
    assert!(matches!(
        verdict(&api, &both, &rule, now()),
        Verdict::NeverSeen { .. }
    ));
}

#[test]
fn a_caller_of_two_sources_is_told_once_with_the_larger_count() {
    let id = |name: &str| CallerId::parse(name).unwrap();
    let at = |days| Period::days(days).before(now());
    let mut x = seen("x", 5, Some(at(2)));
    x.callers = vec![CallerUse::new(id("k1"), 5, at(2)).first_seen_at(at(9))];
    let mut y = seen("y", 7, Some(at(1)));
    y.callers = vec![
        CallerUse::new(id("k2"), 4, at(1)),
        CallerUse::new(id("k1"), 3, at(3)),
    ];
    let Verdict::InUse {
        requests, callers, ..
    } = judge(&[complete(x), complete(y)])
    else {
        panic!("somebody called");
    };
    assert_eq!(requests, 7);
    assert_eq!(
        callers,
        [
            CallerUse::new(id("k1"), 5, at(2)).first_seen_at(at(9)),
            CallerUse::new(id("k2"), 4, at(1)),
        ]
    );
}

#[test]
fn calls_in_a_longer_window_than_the_period_are_no_use_when_they_are_old() {
    let last = |days| Some(Period::days(days).before(now()));
    let mut old = seen("x", 3, last(91));
    old.window.from = Period::days(200).before(now());
    assert!(matches!(
        judge(&[complete(old.clone())]),
        Verdict::Idle { .. }
    ));
    old.last_seen = last(90);
    assert!(matches!(
        judge(&[complete(old.clone())]),
        Verdict::InUse { .. }
    ));
    old.last_seen = Some(Period::days(1).after(now()));
    assert!(matches!(judge(&[complete(old)]), Verdict::InUse { .. }));
}

#[test]
fn requests_of_an_unknown_time_are_use() {
    assert!(matches!(
        judge(&[complete(seen("x", 1, None))]),
        Verdict::InUse {
            last_seen: None,
            idle_at: None,
            ..
        }
    ));
}

#[test]
fn a_verdict_says_what_would_change_it_and_is_read_as_it_is_written() {
    let at = Period::days(3).before(now());
    for (sources, part) in [
        (vec![complete(seen("x", 1, Some(at)))], "it is idle on"),
        (vec![complete(seen("x", 0, None))], "any call after"),
        (vec![Observation::unknown("no disk")], "no disk"),
    ] {
        let verdict = judge(&sources);
        assert!(
            verdict.would_change().contains(part),
            "{}",
            verdict.would_change()
        );
        let text = serde_json::to_string(&verdict).unwrap();
        assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
    }
}

fn source() -> impl Strategy<Value = Observation<UsageEvidence>> {
    let days = prop::option::of(0u64..200);
    (0u64..3, days, 0u64..120, 0u64..3, 0u8..3).prop_map(|(requests, last, from, lag, kind)| {
        let mut evidence = seen("x", requests, last.map(|d| Period::days(d).before(now())));
        evidence.window.from = Period::days(from).before(now());
        evidence.watermark = Period::hours(lag).before(now());
        match kind {
            0 => complete(evidence),
            1 => Observation::partial(evidence, now(), "a gap"),
            _ => Observation::unknown("down"),
        }
    })
}

proptest! {
    #[test]
    fn i_9_one_more_source_never_makes_unused_of_anything_else(
        sources in prop::collection::vec(source(), 0..4), more in source(),
    ) {
        let unused = |v: &Verdict| matches!(v, Verdict::Idle { .. } | Verdict::NeverSeen { .. });
        let before = judge(&sources);
        let mut all = sources.clone();
        all.push(more);
        let after = judge(&all);
        prop_assert!(sources.is_empty() || unused(&before) || !unused(&after));
        if unused(&after) {
            prop_assert!(all.iter().all(|s| s.doubt().is_none()));
        }
    }
}
