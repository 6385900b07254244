use proptest::prelude::*;

use super::*;

fn days(counts: impl IntoIterator<Item = u64>) -> Vec<(i32, u64)> {
    (20_000..).zip(counts).collect()
}

/// Noise that is the same each time: a well mixed number below `below`.
fn noise(seed: u64, below: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) % below
}

fn is_sure(trend: &Trend) -> bool {
    trend.confidence >= 0.95
}

#[test]
fn the_error_function_is_that_of_the_tables() {
    for (x, y) in [
        (0.0, 0.0),
        (0.5, 0.520_499_9),
        (1.0, 0.842_700_8),
        (2.0, 0.995_322_3),
    ] {
        assert!((erf(x) - y).abs() < 2e-7, "{x}: {}", erf(x));
    }
}

#[test]
fn the_variance_of_one_weekday_is_the_known_one_with_and_without_ties() {
    let column = |counts: &[f64]| {
        let season: BTreeMap<i64, f64> = (0..).zip(counts.iter().copied()).collect();
        let weeks: Vec<i64> = season.keys().copied().collect();
        let column = Column::of(&season, &weeks);
        column.covariance(&column)
    };
    // n (n-1) (2n+5) / 18, less t (t-1) (2t+5) / 18 for each group of t ties (Kendall).
    let without = 10.0 * 9.0 * 25.0 / 18.0;
    let ten: Vec<f64> = (0..10).map(f64::from).collect();
    assert!((column(&ten) - without).abs() < 1e-9);
    let tied = [0.0, 0.0, 0.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 8.0];
    let with = without - 3.0 * 2.0 * 11.0 / 18.0 - 2.0 * 9.0 / 18.0;
    assert!((column(&tied) - with).abs() < 1e-9);
}

#[test]
fn nothing_and_one_day_have_no_trend() {
    assert_eq!(trend(&[]).confidence, 0.0);
    assert_eq!(trend(&[(7, 3)]).confidence, 0.0);
    assert_eq!(trend(&[]).change, None);
}

#[test]
fn quiet_weekends_hide_no_decline_and_make_none() {
    let shop = |day: u64, level: u64| if day % 7 < 2 { 0 } else { level };
    let steady = trend(&days((0..84).map(|day| shop(day, 200 + noise(day, 40)))));
    assert!(
        !is_sure(&steady) || steady.change.unwrap().abs() < 0.3,
        "{steady:?}"
    );
    let falling = trend(&days(
        (0..84).map(|day| shop(day, 250 - 2 * day + noise(day, 20))),
    ));
    assert!(
        is_sure(&falling) && falling.change.unwrap() < -0.5,
        "{falling:?}"
    );
}

#[test]
fn four_weeks_of_every_weekday_falling_are_just_enough_and_three_are_not() {
    let falling = |weeks: u64| trend(&days((0..7 * weeks).map(|day| 1_000 - 10 * day)));
    assert!(is_sure(&falling(4)), "{:?}", falling(4));
    assert!(!is_sure(&falling(3)), "{:?}", falling(3));
}

/// Weeks that go up and down as a whole are not seven proofs each: of many such
/// series without a trend, about as many are taken for one as the level allows.
#[test]
fn weeks_that_swing_together_are_rarely_taken_for_a_trend() {
    let series =
        |seed: u64| {
            days((0..84).map(move |day| {
                500 + noise(seed * 1_000 + day / 7, 400) + noise(seed * 77 + day, 20)
            }))
        };
    let taken = (0..400)
        .filter(|seed| is_sure(&trend(&series(*seed))))
        .count();
    assert!(taken < 40, "{taken} of 400");
}

/// A trend on which there is some noise.
fn series() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(0u64..1_000, 0..120)
}

proptest! {
    #[test]
    fn what_does_not_change_has_no_trend(count in 0u64..1_000_000, length in 0usize..120) {
        let trend = trend(&days(vec![count; length]));
        prop_assert_eq!((trend.confidence, trend.per_week), (0.0, 0.0));
    }

    #[test]
    fn backwards_the_trend_is_the_opposite(counts in series()) {
        let forward = trend(&days(counts.iter().copied()));
        let backward = trend(&days(counts.iter().rev().copied()));
        prop_assert!((forward.per_week + backward.per_week).abs() < 1e-9);
        if counts.len() % 7 == 0 {
            prop_assert!((forward.confidence - backward.confidence).abs() < 1e-9);
        }
    }

    #[test]
    fn ten_times_the_traffic_has_the_same_trend(counts in series(), times in 1u64..50) {
        let once = trend(&days(counts.iter().copied()));
        let more = trend(&days(counts.iter().map(|count| count * times)));
        prop_assert_eq!(once.confidence, more.confidence);
        prop_assert!((once.per_week * times as f64 - more.per_week).abs() < 1e-6);
        match (once.change, more.change) {
            (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-6),
            (a, b) => prop_assert_eq!(a, b),
        }
    }

    #[test]
    fn one_strange_day_does_not_turn_a_trend(
        level in 500u64..5_000, at in 0usize..84, strange in 0u64..10_000_000,
    ) {
        let mut counts: Vec<u64> = (0..84).map(|day| level - day * level / 120).collect();
        let before = trend(&days(counts.iter().copied()));
        counts[at] = strange;
        let after = trend(&days(counts));
        prop_assert!(is_sure(&before) && is_sure(&after), "{:?} {:?}", before, after);
        prop_assert!(after.per_week < 0.0);
        prop_assert!((after.change.unwrap() - before.change.unwrap()).abs() < 0.05);
    }

    #[test]
    fn no_counts_make_it_panic_or_leave_the_range(
        counts in prop::collection::vec((any::<i32>(), any::<u64>()), 0..40),
    ) {
        let trend = trend(&counts);
        prop_assert!((0.0..=1.0).contains(&trend.confidence));
        prop_assert!(trend.change.is_none_or(|change| change >= -1.0));
        prop_assert!(trend.per_week.is_finite());
    }
}
