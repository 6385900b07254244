//! The laws of merging, and reports in files.

use proptest::prelude::*;

use super::*;
use crate::catalog::{Api, Method};
use crate::id::{ApiId, CallerId};
use crate::time::{Period, Timestamp};
use crate::usage::{Verdict, VerdictRule, verdict};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn api(number: u8) -> ApiId {
    ApiId::parse(format!("api-{number}")).unwrap()
}

/// One request: API, operation or none, caller, second.
type Call = (u8, bool, u8, i64);

fn calls() -> impl Strategy<Value = Vec<Call>> {
    prop::collection::vec((0u8..3, any::<bool>(), 0u8..6, 1i64..400_000), 0..40)
}

/// A shard that counts the calls the plain way.
fn shard(number: u8, calls: &[Call]) -> Shard {
    let input = Input::new(format!("log.{number}"), &[number], calls.len() as u64);
    let mut shard = Shard::new("edge", vec![input], None, at(1_000_000)).unwrap();
    let mut callers: Vec<CallerId> = calls
        .iter()
        .map(|call| CallerId::parse(format!("c{}", call.2)).unwrap())
        .collect();
    callers.sort();
    callers.dedup();
    for (number, known, caller, second) in calls {
        shard.lines += 1;
        shard.seen.insert(at(*second), at(*second), 1);
        let operation = known.then(|| Operation::new(Method::Get, "/x"));
        let (demand, by) = shard
            .endpoints
            .entry(Endpoint::new(api(*number), operation))
            .or_default();
        demand.consumers.merge(&Traffic {
            requests: 1,
            first_seen: Some(at(*second)),
            last_seen: Some(at(*second)),
            ..Traffic::default()
        });
        demand.consumers.days.add(Days::of(at(*second)), 1);
        let name = format!("c{caller}");
        let index = callers.iter().position(|c| c.as_str() == name).unwrap() as u32;
        by.add(CallerCount::new(index, 1, Some(at(*second))));
    }
    shard.callers = callers;
    shard
}

fn merged(shards: &[Shard]) -> UsageReport {
    let mut report = UsageReport::default();
    for shard in shards {
        report.merge(UsageReport::of(shard.clone())).unwrap();
    }
    report
}

proptest! {
    #[test]
    fn merging_is_commutative_associative_and_idempotent(a in calls(), b in calls(), c in calls()) {
        let (a, b, c) = (shard(0, &a), shard(1, &b), shard(2, &c));
        let all = merged(&[a.clone(), b.clone(), c.clone()]);
        prop_assert_eq!(&merged(&[c.clone(), a.clone(), b.clone()]), &all);
        let mut left = merged(&[a.clone(), b.clone()]);
        left.merge(merged(std::slice::from_ref(&c))).unwrap();
        let mut right = merged(std::slice::from_ref(&a));
        right.merge(merged(&[b, c])).unwrap();
        prop_assert_eq!(&left, &right);
        prop_assert_eq!(&left, &all);
        left.merge(all.clone()).unwrap();
        left.merge(UsageReport::of(a)).unwrap();
        prop_assert_eq!(&left, &all);
    }

    #[test]
    fn shards_count_together_what_one_shard_of_all_counts(a in calls(), b in calls()) {
        let apart = merged(&[shard(0, &a), shard(1, &b)]);
        let whole: Vec<Call> = a.into_iter().chain(b).collect();
        let whole = merged(&[shard(9, &whole)]);
        for number in 0..3 {
            prop_assert_eq!(apart.api(&api(number)), whole.api(&api(number)));
        }
    }

    #[test]
    fn a_report_comes_back_from_its_file(
        a in calls(), b in calls(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 10),
    ) {
        let mut first = shard(0, &a);
        first.malformed.samples.push(MalformedSample::new("log.0", 7, "the time is missing"));
        first.unmatched.push(Unmatched::new(None, "/internal/{}"));
        let report = merged(&[first, shard(1, &b)]);
        let mut file = Vec::new();
        report.write(&mut file).unwrap();
        prop_assert_eq!(&UsageReport::read("r", file.as_slice()).unwrap(), &report);
        // What is cut off is noticed wherever it is cut.
        let ends = file.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let ends: Vec<usize> = ends.filter(|end| *end < file.len()).collect();
        for cut in cuts.iter().flat_map(|cut| [cut.index(file.len()), *cut.get(&ends)]) {
            match UsageReport::read("r", &file[..cut]) {
                Ok(read) => {
                    prop_assert!(read.shards().count() < 2 || cut == file.len() - 1);
                    for shard in read.shards() {
                        prop_assert!(report.shards().any(|whole| whole == shard));
                    }
                }
                Err(error) => {
                    let is_line = matches!(error, ReportFileError::Line { .. });
                    prop_assert!(is_line, "{}", error);
                }
            }
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = UsageReport::read("r", bytes.as_slice());
        let mut file = b"{\"deprovision_usage_report\":1}\n".to_vec();
        file.extend(bytes);
        let _ = UsageReport::read("r", file.as_slice());
    }
}

#[test]
fn one_log_in_two_shards_is_refused_and_nothing_is_merged() {
    let whole = shard(0, &[(0, true, 0, 5)]);
    let mut grown = shard(0, &[(0, true, 0, 5), (0, true, 0, 6)]);
    grown.inputs[0].name = "log.0.1".into();
    let mut report = merged(&[whole]);
    let before = report.clone();
    let error = report.merge(UsageReport::of(grown)).unwrap_err();
    assert!(matches!(error, MergeError::SameInput { .. }), "{error}");
    assert!(error.to_string().contains("log.0 and log.0.1"), "{error}");
    assert_eq!(report, before);
}

#[test]
fn the_same_inputs_counted_in_another_way_are_refused() {
    let one = shard(0, &[(0, true, 0, 5)]);
    let other = shard(0, &[(1, true, 0, 5)]);
    let error = merged(&[one]).merge(UsageReport::of(other)).unwrap_err();
    assert!(matches!(error, MergeError::Differs { .. }), "{error}");
}

#[test]
fn a_newer_version_is_named() {
    let error = UsageReport::read("r", &b"{\"deprovision_usage_report\":2}\n"[..]).unwrap_err();
    assert!(error.to_string().contains("version 2"), "{error}");
}

/// A log that was written each ten minutes for ten days, with these calls.
fn ten_days(calls: &[Call]) -> Shard {
    let mut shard = shard(0, calls);
    for second in (0..864_000).step_by(600) {
        shard.seen.insert(at(second), at(second), 1);
    }
    shard.read_at = at(864_000);
    shard
}

fn said(shard: Shard) -> Verdict {
    let api = Api::new(api(0), "API");
    let rule = VerdictRule::new(Period::days(7));
    let now = at(864_000);
    let evidence =
        UsageReport::of(shard).evidence(&api, rule.idle_after.before(now), Period::hours(1));
    verdict(&api, &evidence, &rule, now)
}

#[test]
fn a_whole_log_tells_in_use_from_idle_from_never_seen() {
    assert!(matches!(
        said(ten_days(&[(0, true, 1, 800_000)])),
        Verdict::InUse { requests: 1, .. }
    ));
    assert!(matches!(
        said(ten_days(&[(0, true, 1, 5)])),
        Verdict::Idle { last_seen, .. } if last_seen == at(5)
    ));
    assert!(matches!(said(ten_days(&[])), Verdict::NeverSeen { .. }));
}

#[test]
fn i_9_what_may_hide_a_call_makes_it_unknown() {
    let unknown = |change: &dyn Fn(&mut Shard)| {
        let mut shard = ten_days(&[]);
        change(&mut shard);
        match said(shard) {
            Verdict::Unknown { why, .. } => why.join("; "),
            other => panic!("{other:?}"),
        }
    };
    let gap = unknown(&|shard| {
        let whole = std::mem::take(&mut shard.seen);
        for (from, to, count) in whole.iter() {
            // Half a day is missing.
            if from < at(500_000) || from > at(543_200) {
                shard.seen.insert(from, to, count);
            }
        }
    });
    assert!(gap.contains("the log has no line from"), "{gap}");
    let cut = unknown(&|shard| {
        shard
            .malformed
            .unreadable
            .insert(at(600_000), at(600_000), 1)
    });
    assert!(cut.contains("1 malformed lines"), "{cut}");
    let undated = unknown(&|shard| shard.malformed.unreadable_undated = 1);
    assert!(undated.contains("1 malformed lines"), "{undated}");
    let future = unknown(&|shard| shard.future = 3);
    assert!(future.contains("check the clocks"), "{future}");
    let damaged = unknown(&|shard| shard.missing.push("log.3 is missing".into()));
    assert!(damaged.contains("log.3 is missing"), "{damaged}");
    // It stopped an hour and a bit before it was read.
    let stopped = unknown(&|shard| shard.read_at = at(864_000 + 3_700));
    assert!(stopped.contains("no line"), "{stopped}");
}

#[test]
fn a_malformed_line_outside_of_the_period_changes_nothing() {
    let mut shard = ten_days(&[]);
    shard.malformed.unreadable.insert(at(5), at(5), 1);
    assert!(matches!(said(shard), Verdict::NeverSeen { .. }));
}
