use std::error::Error as _;

use deprovision_core::observation::Observation;
use deprovision_core::provider::{ErrorKind, UsageSource};
use deprovision_core::time::{Period, Window};

use crate::world::{World, ago, health, line, now};

#[tokio::test]
async fn i_9_a_missing_or_empty_file_is_unknown() {
    let world = World::new();
    let missing = world.read(&world.log(&["access.log"])).await;
    assert!(matches!(missing.usage, Observation::Unknown { why } if why.contains("access.log")));
    world.write("access.log", "");
    let empty = world.read(&world.log(&["access.log"])).await;
    assert!(matches!(empty.usage, Observation::Unknown { .. }));
    world.write("access.log", "\n\n");
    let blank = world.read(&world.log(&["access.log"])).await;
    assert!(matches!(blank.usage, Observation::Unknown { .. }));
    let none = world.read(&world.log(&[])).await;
    assert!(matches!(none.usage, Observation::Unknown { .. }));
}

#[tokio::test]
async fn i_9_one_missing_file_of_several_makes_the_answer_partial() {
    let world = World::new();
    world.write(
        "access.log",
        health("2d") + &line(ago("1h"), "k", "/v1/orders", 200),
    );
    for prepare in [false, true] {
        if prepare {
            world.write("access.log.1", "");
        }
        let reading = world
            .read(&world.log(&["access.log", "access.log.1"]))
            .await;
        assert!(
            reading
                .usage
                .doubt()
                .unwrap()
                .contains("access.log.1 is missing or empty")
        );
        assert!(matches!(reading.usage, Observation::Known { value, .. } if value.requests == 1));
    }
}

#[tokio::test]
async fn rotated_files_in_any_order_are_one_log() {
    let world = World::new();
    let text = health("2d") + &line(ago("1h"), "k", "/v1/orders", 200);
    let lines: Vec<String> = text.lines().map(|l| format!("{l}\n")).collect();
    let (older, newer) = lines.split_at(40);
    world.write("access.log.1", older.concat());
    world.write("access.log", newer.concat());
    for names in [
        ["access.log", "access.log.1"],
        ["access.log.1", "access.log"],
    ] {
        let reading = world.read(&world.log(&names)).await;
        assert_eq!(reading.usage.known_completely().unwrap().requests, 1);
        assert_eq!(reading.coverage.unwrap().lines, 97);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn one_file_under_two_names_is_read_once() {
    let world = World::new();
    world.write(
        "access.log",
        health("2d") + &line(ago("1h"), "k", "/v1/orders", 200),
    );
    std::os::unix::fs::symlink(world.path("access.log"), world.path("link")).unwrap();
    let reading = world
        .read(&world.log(&["access.log", "link", "access.log"]))
        .await;
    assert_eq!(reading.usage.known_completely().unwrap().requests, 1);
}

#[tokio::test]
async fn what_is_no_log_is_an_error_that_says_what_to_do() {
    let world = World::new();
    let window = Window::ending_at(now(), Period::days(1));
    world.write("access.log.bz2", b"BZh91AY&SY");
    let log = world.log(&["access.log.bz2"]);
    let error = log.usage(&world.api, window).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Unsupported);
    assert!(error.to_string().contains("unpack it, or pack it"));
    assert!(error.source().is_none());
    let log = world.log(&["."]);
    let error = log.usage(&world.api, window).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Invalid);
}

#[tokio::test]
async fn any_bytes_are_read_without_harm() {
    let world = World::new();
    let mut bytes = health("2d").into_bytes();
    let mut state = 1u32;
    for _ in 0..200_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.push(state.to_be_bytes()[0]);
    }
    world.write("access.log", bytes);
    let reading = world.read(&world.log(&["access.log"])).await;
    assert!(reading.coverage.as_ref().unwrap().malformed > 0);
    assert!(reading.usage.doubt().is_some());
}
