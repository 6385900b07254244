//! Who called: by which field, under which name, and in how much memory.

use std::collections::BTreeSet;
use std::io::Cursor;

use deprovision_core::secret::Secret;
use deprovision_core::usage::{Shard, UsageReport};
use deprovision_usage::{CallerBy, Format, JsonFields, UsageReader};

use crate::reader::{callers, demand, reader};
use crate::world::{World, ago, line};

fn read(reader: &UsageReader, text: &str) -> Shard {
    let stream = Cursor::new(text.to_owned());
    reader.read_stream("log", stream).unwrap().shard
}

fn json_reader(world: &World) -> UsageReader {
    let format = Format::json_lines(JsonFields::usual()).with_caller("claims.client_id");
    reader("edge", &world.api, world.clock.clone()).with_format(format.unwrap())
}

/// Two calls: one that says all about its caller, and one that has an address alone.
const JSON: &str = r#"{"time":"2026-10-10T13:00:00Z","request_method":"GET","request_uri":"/v1/orders","status":200,"remote_addr":"10.0.0.7","remote_user":"ann","apiKeyId":"key-1","sub":"sub-1","http_user_agent":"curl/8","claims":{"client_id":"shop-7"}}
{"time":"2026-10-10T13:00:01Z","request_method":"GET","request_uri":"/v1/orders","status":200,"remote_addr":"10.0.0.8"}
"#;

#[test]
fn a_caller_is_named_by_the_field_that_was_asked_for_and_else_by_the_address() {
    let world = World::new();
    for (by, name) in [
        (CallerBy::Name, "ann"),
        (CallerBy::Client, "10.0.0.7"),
        (CallerBy::Key, "key-1"),
        (CallerBy::Agent, "curl/8"),
        (CallerBy::Subject, "sub-1"),
        (CallerBy::Field, "shop-7"),
    ] {
        let shard = read(&json_reader(&world).with_caller(by), JSON);
        let mut names: Vec<String> = callers(&shard).into_iter().map(|(name, _)| name).collect();
        names.sort_by_key(|other| other == name);
        assert_eq!(names, ["10.0.0.8", name], "{by:?}");
    }
    // Without a user, a key and then a subject name the caller.
    for (gone, name) in [
        (&[r#""remote_user":"ann","#][..], "key-1"),
        (
            &[r#""remote_user":"ann","#, r#""apiKeyId":"key-1","#],
            "sub-1",
        ),
    ] {
        let text = gone
            .iter()
            .fold(JSON.to_owned(), |text, part| text.replace(part, ""));
        let names = callers(&read(&json_reader(&world), &text));
        assert!(names.contains(&(name.to_owned(), 1)), "{names:?}");
    }
}

#[test]
fn combined_lines_name_callers_by_user_address_and_program() {
    let world = World::new();
    let text = line(ago("1h"), "ann", "/v1/orders", 200);
    let own = |by| {
        let reader = reader("edge", &world.api, world.clock.clone()).with_caller(by);
        callers(&read(&reader, &text))
    };
    assert_eq!(own(CallerBy::Name), [("ann".to_owned(), 1)]);
    for by in [
        CallerBy::Client,
        CallerBy::Key,
        CallerBy::Subject,
        CallerBy::Field,
    ] {
        assert_eq!(own(by), [("10.0.0.9".to_owned(), 1)], "{by:?}");
    }
    assert_eq!(own(CallerBy::Agent), [("curl/8".to_owned(), 1)]);
}

#[test]
fn a_pseudonym_is_the_same_for_one_key_and_shows_no_name() {
    let world = World::new();
    let text = line(ago("3h"), "ann.onymous", "/v1/orders", 200)
        + &line(ago("2h"), "bob", "/v1/orders/7", 200)
        // What fits no API has examples of callers, too.
        + &line(ago("1h"), "ann.onymous", "/elsewhere", 200);
    let keyed = |key: &str| {
        let reader = reader("edge", &world.api, world.clock.clone());
        read(&reader.with_pseudonyms(Secret::new(key)), &text)
    };
    let (one, again, other) = (keyed("key one"), keyed("key one"), keyed("another key"));
    assert_eq!(callers(&one), callers(&again));
    let names = |shard: &Shard| -> BTreeSet<String> {
        callers(shard).into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(&one).len(), 2);
    assert!(names(&one).is_disjoint(&names(&other)));
    // The caller of an API and of none has one pseudonym.
    let stray = one.unmatched[0].callers.first().unwrap().to_string();
    assert!(names(&one).contains(&stray));
    let mut written = Vec::new();
    UsageReport::of(one).write(&mut written).unwrap();
    let written = String::from_utf8(written).unwrap();
    for secret in ["ann.onymous", "bob", "10.0.0.9", "key one"] {
        assert!(!written.contains(secret), "{secret} in {written}");
    }
    assert!(
        !format!(
            "{:?}",
            json_reader(&world).with_pseudonyms(Secret::new("key one"))
        )
        .contains("key one")
    );
}

#[test]
fn beyond_the_memory_new_callers_are_counted_and_not_listed() {
    let world = World::new();
    let many = 30_000u64;
    // Some who come back all the time are among the first.
    let call = |number: u64| {
        let user = if number.is_multiple_of(3) {
            number % 30
        } else {
            number
        };
        line(
            ago("1h"),
            &format!("caller-{user}"),
            &format!("/v1/orders/{number}"),
            200,
        )
    };
    let text: String = (0..many).map(call).collect();
    let distinct = many - many / 3 + 10;
    for threads in [1, 2] {
        let reader = reader("edge", &world.api, world.clock.clone()).with_threads(threads);
        let all = read(&reader, &text);
        let listed = |shard: &Shard| shard.callers.len() as u64;
        assert_eq!((listed(&all), all.callers_about), (distinct, None));
        let few = read(&reader.with_memory(64 << 10), &text);
        let (all, some) = (demand(&all), demand(&few));
        assert_eq!(some.consumers, all.consumers);
        assert!(
            listed(&few) < distinct && listed(&few) > 0,
            "{}",
            listed(&few)
        );
        let by_listed: u64 = callers(&few).iter().map(|(_, requests)| requests).sum();
        assert_eq!(some.unlisted, many - by_listed);
        // Those who were there before the memory was full are counted on.
        let back = callers(&few)
            .into_iter()
            .find(|(name, _)| name == "caller-3");
        let requests = back.map(|(_, requests)| requests);
        assert_eq!(requests, Some(many / 30), "{threads} threads");
        let about = few.callers_about.unwrap();
        assert!(
            about.abs_diff(distinct) < distinct / 20,
            "{about} of {distinct}"
        );
        // Nobody is told that this is all who call.
        let report = UsageReport::of(few);
        let seen = report.evidence(&world.api, ago("1h"), "1h".parse().unwrap());
        assert!(
            seen[0]
                .doubt()
                .unwrap()
                .contains("callers beyond those that are listed")
        );
    }
}

#[test]
fn without_callers_only_they_are_missing() {
    let world = World::new();
    let text = line(ago("1h"), "ann", "/v1/orders", 200);
    let with = reader("edge", &world.api, world.clock.clone());
    let without = read(&with.clone().without_callers(), &text);
    assert_eq!(
        demand(&without).consumers,
        demand(&read(&with, &text)).consumers
    );
    assert!(callers(&without).is_empty() && without.callers.is_empty());
    assert_eq!(without.missing, ["callers were not counted"]);
}
