//! Files that change while they are read.

use std::fmt;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::time::{Clock, ManualClock, Timestamp};
use deprovision_core::usage::Shard;

use crate::reader::{demand, read, reader};
use crate::world::{World, ago, line, now};

type Event = Box<dyn FnOnce() + Send>;

/// A clock at which something happens when it is looked at for the first time: the
/// reader looks at it when all files are open, before it reads any of them.
struct Meanwhile(ManualClock, Mutex<Option<Event>>);

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meanwhile")
    }
}

#[async_trait]
impl Clock for Meanwhile {
    fn now(&self) -> Timestamp {
        if let Some(event) = self.1.lock().unwrap().take() {
            event();
        }
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.0.sleep_until(at).await;
    }
}

/// Reads two files, while something happens to them.
fn read_while(world: &World, event: impl FnOnce() + Send + 'static) -> Shard {
    let clock = Meanwhile(
        ManualClock::starting_at(now()),
        Mutex::new(Some(Box::new(event))),
    );
    let reader = reader("edge", &world.api, Arc::new(clock));
    read(
        &reader,
        &[world.path("access.log"), world.path("access.log.1")],
    )
}

/// Two files with three calls and two.
fn world() -> World {
    let world = World::new();
    let call = |ago_text: &str, user: &str| line(ago(ago_text), user, "/v1/orders/7", 200);
    world.write(
        "access.log",
        call("3h", "a") + &call("2h", "b") + &call("1h", "c"),
    );
    world.write("access.log.1", call("9h", "a") + &call("8h", "b"));
    world
}

#[test]
fn i_9_a_rotation_meanwhile_loses_and_repeats_nothing() {
    let world = world();
    let (new, old, older) = (
        world.path("access.log"),
        world.path("access.log.1"),
        world.path("access.log.2"),
    );
    let shard = read_while(&world, move || {
        std::fs::rename(&old, older).unwrap();
        std::fs::rename(&new, old).unwrap();
        std::fs::write(new, line(now(), "late", "/v1/orders", 200)).unwrap();
    });
    assert_eq!((shard.lines, demand(&shard).consumers.requests), (5, 5));
    assert!(shard.missing.is_empty(), "{:?}", shard.missing);
    // What came behind the rotation is read the next time.
    let shard = read_while(&world, || {});
    assert_eq!(demand(&shard).consumers.requests, 4);
}

#[test]
fn i_9_a_file_that_is_emptied_meanwhile_is_told_as_missing() {
    for left in [0, 30] {
        let world = world();
        let path = world.path("access.log");
        let shard = read_while(&world, move || {
            let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(left).unwrap();
        });
        assert_eq!(demand(&shard).consumers.requests, 2);
        let missing = shard.missing.join("; ");
        assert!(
            missing.contains("access.log ") && !missing.contains("log.1"),
            "{missing}"
        );
    }
}

#[test]
fn a_file_that_grows_is_read_up_to_where_it_ended_when_it_was_opened() {
    let world = world();
    let path = world.path("access.log");
    let shard = read_while(&world, move || {
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(
            line(now(), "late", "/v1/orders", 200)
                .repeat(50_000)
                .as_bytes(),
        )
        .unwrap();
    });
    assert_eq!((shard.lines, demand(&shard).consumers.requests), (5, 5));
    assert!(shard.missing.is_empty(), "{:?}", shard.missing);
    assert_eq!(shard.malformed.lines, 0);
}

#[test]
fn i_9_a_line_that_was_not_written_to_its_end_is_no_call_that_is_lost() {
    let world = world();
    let whole = std::fs::read(world.path("access.log")).unwrap();
    for cut in 1..100 {
        world.write("access.log", &whole[..whole.len() - cut]);
        let shard = read_while(&world, || {});
        let unreadable = shard.malformed.unreadable_undated
            + shard
                .malformed
                .unreadable
                .iter()
                .map(|(_, _, count)| count)
                .sum::<u64>();
        let demand = demand(&shard);
        let told = demand.consumers.requests + demand.malformed + unreadable;
        // A line that is gone but for nothing is none.
        let left = whole[..whole.len() - cut].split(|b| *b == b'\n');
        let lines = left.filter(|line| !line.is_empty()).count() as u64;
        assert_eq!(told, lines + 2, "cut by {cut}");
    }
}

#[test]
fn i_9_a_missing_file_is_told_by_its_name() {
    let world = world();
    std::fs::remove_file(world.path("access.log.1")).unwrap();
    let shard = read_while(&world, || {});
    assert_eq!(demand(&shard).consumers.requests, 3);
    let missing = shard.missing.join("; ");
    assert!(
        missing.contains("access.log.1 is missing or empty"),
        "{missing}"
    );
}
