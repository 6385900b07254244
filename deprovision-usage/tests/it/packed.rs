//! Files that are packed with gzip or zstd.

use std::io::Write as _;

use deprovision_usage::Reading;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::world::{World, ago, health, line};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 3).unwrap()
}

fn lines(reading: &Reading) -> u64 {
    reading.coverage.as_ref().unwrap().lines
}

/// Two days with a line every half hour, in two halves, and one call in each.
fn halves() -> (String, String) {
    let lines = health("2d");
    let (old, new) = lines.split_at(lines.len() / 2);
    let at = new.find('\n').unwrap() + 1;
    let (rest, new) = new.split_at(at);
    (
        format!("{old}{rest}") + &line(ago("23h"), "k1", "/v1/orders", 200),
        line(ago("1h"), "k2", "/v1/orders/7", 404) + new,
    )
}

#[tokio::test]
async fn packed_files_count_as_the_plain_ones_do() {
    let (old, new) = halves();
    let world = World::new();
    world.write("access.log", &new);
    world.write("plain", &old);
    world.write("gz", gzip(&old));
    world.write("zst", zstd(&old));
    let plain = world.read(&world.log(&["access.log", "plain"])).await;
    let expected = plain.usage.known_completely().unwrap();
    assert_eq!((expected.requests, expected.callers.len()), (2, 2));
    for packed in ["gz", "zst"] {
        let reading = world.read(&world.log(&["access.log", packed])).await;
        assert_eq!(reading.usage.known_completely().unwrap(), expected);
        assert_eq!(lines(&reading), lines(&plain));
    }
}

/// What load balancers write, and `cat a.gz b.gz`.
#[tokio::test]
async fn all_members_of_one_file_are_read() {
    let (old, new) = halves();
    let world = World::new();
    world.write("gz", [gzip(&old), gzip(""), gzip(&new)].concat());
    world.write("zst", [zstd(&old), zstd(&new)].concat());
    for packed in ["gz", "zst"] {
        let reading = world.read(&world.log(&[packed])).await;
        assert_eq!(reading.usage.known_completely().unwrap().requests, 2);
    }
}

#[tokio::test]
async fn i_9_a_packed_file_that_was_cut_anywhere_is_never_a_complete_answer() {
    let (old, new) = halves();
    for packed in [gzip(&(old.clone() + &new)), zstd(&(old + &new))] {
        let world = World::new();
        for length in 5..packed.len() {
            world.write("access.log", &packed[..length]);
            let reading = world.read(&world.log(&["access.log"])).await;
            let seen = &reading.usage;
            assert!(seen.known_completely().is_none(), "{length}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn i_9_a_packed_file_with_a_flipped_bit_is_doubted_or_the_same() {
    let (old, new) = halves();
    let packed = gzip(&(old + &new));
    let world = World::new();
    let mut doubted = 0;
    for at in 4..packed.len() {
        let mut flipped = packed.clone();
        flipped[at] ^= 1 << (at % 8);
        world.write("access.log", &flipped);
        let reading = world.read(&world.log(&["access.log"])).await;
        match reading.usage.known_completely() {
            // The time and the operating system in the header mean nothing.
            Some(usage) => assert_eq!(usage.requests, 2, "byte {at}"),
            None => doubted += 1,
        }
    }
    assert!(doubted > packed.len() - 16, "{doubted} of {}", packed.len());
}

#[tokio::test]
async fn i_9_a_packed_file_without_a_line_is_an_empty_one() {
    let (_, new) = halves();
    let world = World::new();
    world.write("access.log", &new);
    world.write("old.gz", gzip(""));
    let reading = world.read(&world.log(&["access.log", "old.gz"])).await;
    let doubt = reading.usage.doubt().unwrap();
    assert!(doubt.contains("old.gz is empty"), "{doubt}");
}
