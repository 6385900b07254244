use proptest::prelude::*;

use super::*;

const ZONES: [&str; 10] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Chatham",
    "America/St_Johns",
    "Africa/Casablanca",
    "America/Santiago",
];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn morning(quiet: QuietHours, from: &str, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap();
    quiet.morning(at(from), &zone).to_string()
}

#[test]
fn a_letter_of_the_night_goes_in_the_morning_of_where_the_person_is() {
    let nights = QuietHours::default();
    for (from, zone, to) in [
        (
            "2026-06-10T17:59:59Z",
            "Europe/Berlin",
            "2026-06-10T17:59:59Z",
        ),
        (
            "2026-06-10T18:00:00Z",
            "Europe/Berlin",
            "2026-06-11T06:00:00Z",
        ),
        (
            "2026-06-11T05:59:59Z",
            "Europe/Berlin",
            "2026-06-11T06:00:00Z",
        ),
        (
            "2026-06-11T06:00:00Z",
            "Europe/Berlin",
            "2026-06-11T06:00:00Z",
        ),
        (
            "2026-06-10T18:00:00Z",
            "America/New_York",
            "2026-06-10T18:00:00Z",
        ),
        // A quarter of an hour off.
        (
            "2026-06-10T18:00:00Z",
            "Asia/Kathmandu",
            "2026-06-11T02:15:00Z",
        ),
        // The clock is set in that night.
        (
            "2026-03-28T22:00:00Z",
            "Europe/Berlin",
            "2026-03-29T06:00:00Z",
        ),
        (
            "2026-10-24T22:00:00Z",
            "Europe/Berlin",
            "2026-10-25T07:00:00Z",
        ),
        // There was no 30th of December 2011.
        (
            "2011-12-30T09:00:00Z",
            "Pacific/Apia",
            "2011-12-30T18:00:00Z",
        ),
    ] {
        assert_eq!(morning(nights, from, zone), to, "{from} in {zone}");
    }
}

#[test]
fn a_morning_that_the_clock_skips_or_shows_twice_comes_once() {
    let until = |hour, minute| {
        QuietHours::between(
            jiff::civil::time(22, 0, 0, 0),
            jiff::civil::time(hour, minute, 0, 0),
        )
    };
    // 02:30 is skipped: it is 03:30 when it would be.
    let skipped = morning(until(2, 30), "2026-03-28T22:00:00Z", "Europe/Berlin");
    assert_eq!(skipped, "2026-03-29T01:30:00Z");
    // It comes twice, and the second time is still a morning.
    let twice = morning(until(2, 30), "2026-10-24T23:00:00Z", "Europe/Berlin");
    assert_eq!(twice, "2026-10-25T00:30:00Z");
    let again = morning(until(2, 30), "2026-10-25T01:10:00Z", "Europe/Berlin");
    assert_eq!(again, "2026-10-25T01:30:00Z");
}

#[test]
fn a_weekend_is_quiet_when_it_shall_be() {
    let quiet = QuietHours::default().and_weekends();
    // A Friday evening.
    let monday = morning(quiet, "2026-06-12T18:30:00Z", "Europe/Berlin");
    assert_eq!(monday, "2026-06-15T06:00:00Z");
    let none = QuietHours::none();
    let now = morning(none, "2026-06-13T23:00:00Z", "Europe/Berlin");
    assert_eq!(now, "2026-06-13T23:00:00Z");
}

proptest! {
    #[test]
    fn it_is_the_first_minute_that_is_not_quiet(
        zone in 0..ZONES.len(),
        minute in 0_i64..(60 * 24 * 800),
        from in 0_i8..24,
        to in 0_i8..24,
        weekends: bool,
    ) {
        let zone = TimeZone::get(ZONES[zone]).unwrap();
        let mut quiet = QuietHours::between(
            jiff::civil::time(from, 0, 0, 0),
            jiff::civil::time(to, 30, 0, 0),
        );
        quiet.weekends = weekends;
        let start = Timestamp::from_second(1_770_000_000 / 60 * 60 + minute * 60).unwrap();
        let found = quiet.morning(start, &zone);
        prop_assert!(quiet.end(zone.to_datetime(found)).is_none());
        let mut at = start;
        while at < found {
            prop_assert!(quiet.end(zone.to_datetime(at)).is_some(), "{} is a morning too", at);
            at = Period::minutes(1).after(at);
        }
        prop_assert_eq!(at, found);
    }
}
