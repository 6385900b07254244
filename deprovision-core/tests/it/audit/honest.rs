//! What can not be told is never called unused.

use deprovision_core::audit::{Audit, FindingKind, Subject, Use};
use deprovision_core::catalog::{Catalog, Lifecycle, Severity};
use deprovision_core::policy::Policy;
use deprovision_core::time::{Period, Timestamp};
use deprovision_core::usage::UsageReport;
use proptest::prelude::*;

use super::world::{By, DAYS, Log, ago, api, audit_of, id, kinds, now, only, report, said};

#[track_caller]
fn unknown_because(audit: &Audit, part: &str) {
    assert_eq!(said(audit), Use::Unknown);
    assert_eq!(kinds(audit), [FindingKind::Unknown], "{:?}", audit.findings);
    let finding = only(audit, FindingKind::Unknown);
    let told = finding.to_string();
    assert!(finding.evidence.join("; ").contains(part), "{told}");
    assert!(!finding.next_step.is_empty() && !finding.would_change.is_empty());
}

#[test]
fn a_whole_log_tells_unused_from_idle_from_used() {
    assert_eq!(
        kinds(&audit_of(&api("a"), &[Log::new("edge")])),
        [FindingKind::Unused]
    );
    let mut log = Log::new("edge");
    log.call("a", By::Caller("k1"), ago(95), 3);
    let audit = audit_of(&api("a"), &[log]);
    assert_eq!(kinds(&audit), [FindingKind::Idle]);
    assert!(
        audit.findings[0].title.contains("95 days"),
        "{}",
        audit.findings[0]
    );
    let mut log = Log::new("edge");
    log.call("a", By::Caller("k1"), ago(40), 1);
    let audit = audit_of(&api("a"), &[log]);
    assert_eq!((said(&audit), kinds(&audit)), (Use::InUse, vec![]));
}

#[test]
fn i_9_half_a_day_of_logs_is_missing() {
    let log = Log::new("edge").without(Period::hours(12).before(ago(30)), ago(30));
    unknown_because(&audit_of(&api("a"), &[log]), "the log has no line from");
}

#[test]
fn i_9_clocks_are_skewed() {
    let mut ahead = Log::new("edge");
    ahead.shard.future = 3;
    unknown_because(&audit_of(&api("a"), &[ahead]), "check the clocks");
    // A call that is stamped in the future is of unknown time, and a call.
    let mut log = Log::new("edge");
    log.call("a", By::Caller("k1"), ago(100), 1);
    let mut shard = log.shard();
    for (demand, _) in shard.endpoints.values_mut() {
        demand.consumers.requests += 1;
        demand.consumers.undated = 1;
    }
    let audit = Audit::of(
        &Catalog::new([api("a")]),
        &UsageReport::of(shard),
        &Policy::default(),
        now(),
    );
    unknown_because(&audit, "of unknown time");
}

#[test]
fn i_9_a_source_stops() {
    let stopped = Log::new("internal").without(ago(1), now());
    unknown_because(
        &audit_of(&api("a"), &[Log::new("edge"), stopped]),
        "internal",
    );
    // The whole of it was read too long ago.
    let later = Period::days(2).after(now());
    let catalog = Catalog::new([api("a")]);
    let audit = Audit::of(
        &catalog,
        &report(&[Log::new("edge")]),
        &Policy::default(),
        later,
    );
    unknown_because(&audit, "read it again");
}

#[test]
fn i_9_only_health_checks_and_bots_call() {
    let mut log = Log::new("edge");
    log.call("a", By::Caller("k1"), ago(100), 1);
    log.call("a", By::Health, ago(1), 8_640);
    let audit = audit_of(&api("a"), &[log]);
    unknown_because(&audit, "only health checks are seen");
    let finding = only(&audit, FindingKind::Unknown);
    assert!(
        finding
            .evidence
            .iter()
            .any(|fact| fact.starts_with("8,640 requests"))
    );
    assert!(finding.next_step.contains("dana@example.com"), "{finding}");
    let mut log = Log::new("edge");
    log.call("a", By::Bot, ago(1), 2);
    log.call("a", By::Health, ago(1), 2);
    unknown_because(
        &audit_of(&api("a"), &[log]),
        "only health checks and bots are seen",
    );
}

#[test]
fn one_caller_remains_at_one_request_a_month() {
    let mut log = Log::new("edge");
    for days in [98, 67, 36] {
        log.call("a", By::Caller("k1"), ago(days), 1);
    }
    let audit = audit_of(&api("a"), &[log]);
    assert_eq!(said(&audit), Use::InUse);
    assert_eq!(kinds(&audit), []);
    assert_eq!(audit.apis[0].callers, 1);
}

#[test]
fn i_9_the_log_is_shorter_than_the_period() {
    let log = Log::new("edge").without(ago(DAYS), ago(30));
    unknown_because(&audit_of(&api("a"), &[log]), "the log has no line from");
    // The policy may ask for less.
    let policy = Policy::from_toml("p", "[audit]\nidle_after = \"20d\"").unwrap();
    let log = Log::new("edge").without(ago(DAYS), ago(30));
    let audit = Audit::of(&Catalog::new([api("a")]), &report(&[log]), &policy, now());
    assert_eq!(said(&audit), Use::NeverSeen);
}

#[test]
fn i_9_nothing_was_read_and_nothing_says_what_to_look_for() {
    unknown_because(&audit_of(&api("a"), &[]), "no log was read");
    let mut bare = api("a");
    bare.routes.clear();
    unknown_because(&audit_of(&bare, &[Log::new("edge")]), "names no route");
}

#[test]
fn i_9_requests_that_were_counted_with_another_catalog_are_not_overlooked() {
    let mut log = Log::new("edge");
    log.stray("GET", "/a/{}", 5, 200);
    let audit = audit_of(&api("a"), &[log]);
    unknown_because(&audit, "with another catalog");
    assert_eq!(audit.unmatched.below_threshold, 1);
}

#[test]
fn i_9_a_line_that_could_not_be_read_may_be_the_call() {
    let one = || {
        let mut log = Log::new("edge");
        log.shard.malformed.unreadable.insert(ago(5), ago(5), 1);
        log
    };
    unknown_because(&audit_of(&api("a"), &[one()]), "malformed");
    let policy = Policy::from_toml("p", "[audit]\nunreadable = 1").unwrap();
    let audit = Audit::of(&Catalog::new([api("a")]), &report(&[one()]), &policy, now());
    assert_eq!(said(&audit), Use::NeverSeen);
}

#[test]
fn what_hides_the_calls_of_many_apis_is_told_once() {
    let names: Vec<String> = (1..=37).map(|n| format!("api-{n:02}")).collect();
    let mut apis: Vec<_> = names.iter().map(|name| api(name)).collect();
    apis[0].lifecycle = Lifecycle::Retired;
    let log = Log::new("edge").without(ago(31), ago(30));
    let audit = Audit::of(
        &Catalog::new(apis),
        &report(&[log]),
        &Policy::default(),
        now(),
    );
    let [many, retired] = &audit.findings[..] else {
        panic!("{:?}", audit.findings);
    };
    assert!(many.title.contains("36 APIs"), "{many}");
    assert!(matches!(&many.subject, Subject::Apis(ids) if ids.len() == 36));
    assert_eq!(retired.severity, Severity::Low);
    assert_eq!(retired.subject, Subject::Api(id("api-01")));
}

#[test]
fn a_log_that_turns_unreadable_is_no_decline() {
    let log = |calls: &dyn Fn(u64) -> u64, unreadable: &dyn Fn(u64) -> u64| {
        let mut log = Log::new("edge");
        for days in 0..DAYS {
            log.call("a", By::Caller("k1"), ago(days), calls(days));
            if unreadable(days) > 0 {
                log.shard
                    .malformed
                    .unreadable
                    .insert(ago(days), ago(days), unreadable(days));
            }
        }
        audit_of(&api("a"), &[log])
    };
    let less: &dyn Fn(u64) -> u64 = &|days| 200 + 10 * days;
    let more: &dyn Fn(u64) -> u64 = &|days| 1_300 - 10 * days;
    assert_eq!(kinds(&log(less, &|_| 0)), [FindingKind::Declining]);
    assert_eq!(kinds(&log(less, &|_| 1)), [FindingKind::Declining]);
    assert_eq!(kinds(&log(less, more)), []);
}

/// Calls, and logs that may miss some time.
fn world() -> impl Strategy<Value = (Vec<(bool, u64)>, u64, u64)> {
    let calls = prop::collection::vec((any::<bool>(), 0..DAYS), 0..4);
    (calls, 61u64..5_000, 0u64..DAYS * 1_440)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn i_9_lines_that_are_missing_for_too_long_never_make_it_unused(
        (calls, minutes, end) in world(),
    ) {
        let to: Timestamp = Period::minutes(end).before(now());
        let from = Period::minutes(minutes).before(to);
        let log = || {
            let mut log = Log::new("edge");
            for (health, days) in &calls {
                let by = if *health { By::Health } else { By::Caller("k1") };
                log.call("a", by, ago(*days), 1);
            }
            log
        };
        let unused = |kind: Use| matches!(kind, Use::Idle | Use::NeverSeen);
        let before = said(&audit_of(&api("a"), &[log()]));
        let after = said(&audit_of(&api("a"), &[log().without(from, to)]));
        prop_assert!(unused(before) || !unused(after), "{:?} {:?}", before, after);
        // And where the time lies within the period, it is not unused any more.
        let since = Period::days(90).before(now());
        if from > since && to < Period::hours(2).before(now()) {
            prop_assert!(!unused(after), "{:?}", after);
        }
    }
}
