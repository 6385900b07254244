//! The pacer against a server that is not there, in time that does not pass.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use proptest::prelude::*;

use super::kind::Pace;
use super::pacer::{Pacer, Ready};

const LATENCY: Duration = Duration::from_millis(30);

/// What came of a run.
#[derive(Debug, PartialEq)]
struct Run {
    served: usize,
    refused: usize,
    seconds: f64,
    most_at_once: usize,
}

/// Sends `calls` through the pacer to a bucket; `None` refuses nobody.
fn run(pace: Pace, calls: usize, bucket: Option<(f64, f64)>) -> Run {
    let mut pacer = Pacer::new(pace);
    let (mut now, mut tokens) = (Duration::ZERO, bucket.map_or(0.0, |(_, burst)| burst));
    let mut as_of = now;
    let mut under_way: BinaryHeap<Reverse<(Duration, Duration)>> = BinaryHeap::new();
    let (mut waiting, mut served, mut refused, mut most) = (calls, 0, 0, 0);
    while served < calls {
        let ready = if waiting == 0 {
            Ready::WhenAnswered
        } else {
            pacer.ready(now)
        };
        let answer = under_way.peek().map(|Reverse((at, _))| *at);
        let answered = match (ready, answer) {
            (Ready::Now, _) => {
                pacer.sent(now);
                under_way.push(Reverse((now + LATENCY, now)));
                most = most.max(under_way.len());
                waiting -= 1;
                continue;
            }
            (Ready::At(at), Some(answer)) if at <= answer => {
                now = at;
                continue;
            }
            (Ready::At(at), None) => {
                now = at;
                continue;
            }
            (Ready::At(_) | Ready::WhenAnswered, Some(answer)) => answer,
            (Ready::WhenAnswered, None) => panic!("the pacer waits for an answer to nothing"),
        };
        now = answered;
        let Some(Reverse((_, sent))) = under_way.pop() else {
            unreachable!("it was seen a moment ago")
        };
        let there = match bucket {
            None => true,
            Some((rate, burst)) => {
                tokens = (tokens + rate * (now - as_of).as_secs_f64()).min(burst);
                as_of = now;
                tokens >= 1.0
            }
        };
        if there {
            tokens -= 1.0;
            served += 1;
            pacer.answered(now);
        } else {
            refused += 1;
            waiting += 1;
            pacer.throttled(sent, None, now);
        }
        assert!(refused < 20 * calls + 1000, "refused without end");
    }
    Run {
        served,
        refused,
        seconds: now.as_secs_f64(),
        most_at_once: most,
    }
}

#[test]
fn against_a_server_that_refuses_nobody_it_is_as_fast_as_its_calls_at_once_allow() {
    let run = run(Pace::adaptive(), 604, None);
    assert_eq!(run.most_at_once, 16);
    assert_eq!(run.refused, 0);
    // 604 calls of 30 ms in 16 lanes: 1.13 s.
    assert!(run.seconds < 1.3, "{run:?}");
}

#[test]
fn against_twenty_a_second_it_takes_the_least_time_that_is_possible_and_one_refusal_in_a_hundred() {
    for calls in [601_u32, 904] {
        let count = usize::try_from(calls).unwrap();
        let run = run(Pace::adaptive(), count, Some((20.0, 100.0)));
        let least = (f64::from(calls) - 100.0) / 20.0;
        assert_eq!(run.served, count);
        assert!(run.seconds <= least * 1.05, "{run:?}");
        assert!(run.refused * 100 <= count, "{run:?}");
    }
}

#[test]
fn a_known_limit_is_used_up_and_never_exceeded() {
    let pace = Pace::at(20.0, 100).unwrap();
    let run = run(pace, 904, Some((20.0, 100.0)));
    assert_eq!(run.refused, 0, "{run:?}");
    assert!(run.seconds <= (904.0 - 100.0) / 20.0 + 0.1, "{run:?}");
}

proptest! {
    #[test]
    fn whatever_the_bucket_nothing_is_lost_few_are_refused_and_it_ends_in_time(
        rate in 5.0..500.0_f64, burst in 1.0..1000.0_f64, calls in 1..1500_usize,
    ) {
        let run = run(Pace::adaptive(), calls, Some((rate, burst)));
        prop_assert_eq!(run.served, calls);
        prop_assert!(run.refused <= 45, "{:?}", run);
        #[expect(clippy::cast_precision_loss, reason = "at most 1500")]
        let least = ((calls as f64 - burst) / rate).max(0.0);
        // A bucket of next to nothing looks like a slow one for some seconds.
        prop_assert!(run.seconds <= least * 1.75 + 12.0, "{:?}, at least {least}", run);
    }
}
