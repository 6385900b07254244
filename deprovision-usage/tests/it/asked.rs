//! What a reader was asked for: a window, without its own probes.

use std::io::Cursor;

use deprovision_core::time::{Period, Window};
use deprovision_usage::{Progress, UsageReaderError};

use crate::reader::{callers, demand, reader};
use crate::world::{World, ago, health, line};

#[test]
fn only_requests_in_the_window_are_counted_and_all_lines_prove_that_the_log_was_written() {
    let world = World::new();
    let window = Window::new(ago("3h"), ago("1h"));
    let text = line(Period::seconds(1).before(window.from), "before", "/v1/orders", 200)
        + &line(window.from, "first", "/v1/orders", 200)
        + &line(Period::seconds(1).before(window.to), "last", "/v1/orders", 200)
        // What is written at its end is of the next window.
        + &line(window.to, "after", "/v1/orders", 200)
        + &health("1d");
    let reader = reader("edge", &world.api, world.clock.clone()).with_window(window);
    let shard = reader.read_stream("log", Cursor::new(text)).unwrap().shard;
    assert_eq!(
        callers(&shard),
        [("first".to_owned(), 1), ("last".to_owned(), 1)]
    );
    assert_eq!(shard.window, Some(window));
    assert_eq!(shard.lines, 4 + 48);
    assert_eq!(shard.seen.first(), Some(ago("1d")));
}

#[test]
fn our_own_probes_are_no_demand_and_what_only_looks_like_them_is() {
    let world = World::new();
    let text = line(ago("1h"), "probe", "/v1/orders", 200).replace("curl/8", "our-probe/1")
        + &line(ago("1h"), "probe", "/elsewhere", 200).replace("curl/8", "our-probe/1")
        + &line(ago("1h"), "ann", "/v1/orders", 200).replace("curl/8", "our-probe/1.2");
    let reader = reader("edge", &world.api, world.clock.clone()).with_probe_agent("our-probe/1");
    let shard = reader.read_stream("log", Cursor::new(text)).unwrap().shard;
    assert_eq!(callers(&shard), [("ann".to_owned(), 1)]);
    assert!(shard.unmatched.is_empty());
    assert_eq!((shard.lines, demand(&shard).consumers.requests), (3, 1));
    assert_eq!(shard.seen.first(), Some(ago("1h")));
}

#[test]
fn a_reading_that_is_stopped_gives_nothing_and_any_other_reads_all() {
    let world = World::new();
    let path = world.write("access.log", health("2d"));
    let length = std::fs::metadata(&path).unwrap().len();
    for stop in [false, true] {
        let progress = std::sync::Arc::new(Progress::default());
        let reader = reader("edge", &world.api, world.clock.clone());
        let reader = reader.with_progress(progress.clone());
        if stop {
            progress.stop();
        }
        let reading = reader.read_files([&path]);
        if stop {
            assert!(
                matches!(reading, Err(UsageReaderError::Stopped)),
                "{reading:?}"
            );
        } else {
            assert_eq!(reading.unwrap().shard.lines, 96);
            assert_eq!((progress.total(), progress.read()), (length, length));
        }
    }
}

#[test]
fn one_log_under_two_names_is_refused_and_does_not_count_twice() {
    let world = World::new();
    let text = line(ago("1h"), "ann", "/v1/orders", 200) + &health("1d");
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (
        directory.path().join("a.log"),
        directory.path().join("b.log"),
    );
    std::fs::write(&first, &text).unwrap();
    std::fs::write(&second, &text).unwrap();
    let reader = reader("edge", &world.api, world.clock.clone());
    let error = reader.read_files([&first, &second]).unwrap_err();
    assert!(matches!(error, UsageReaderError::Twice { .. }), "{error}");
    assert!(error.to_string().contains("b.log"), "{error}");
    std::fs::write(&second, health("2h")).unwrap();
    let shard = reader.read_files([&first, &second]).unwrap().shard;
    assert_eq!(callers(&shard), [("ann".to_owned(), 1)]);
}
