//! Packed files that can not be unpacked to their end.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::reader::{demand, read, reader};
use crate::world::{World, ago, line};

/// Two hundred calls.
fn text() -> String {
    let call = |number: u64| {
        line(
            ago("1h"),
            &format!("k{}", number * number),
            "/v1/orders/7",
            200,
        )
    };
    (0..200).map(call).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 3).unwrap()
}

#[test]
fn i_9_a_packed_file_that_is_cut_says_so_and_keeps_what_could_be_read() {
    let world = World::new();
    let reader = reader("edge", &world.api, world.clock.clone());
    for (name, packed) in [("old.gz", gzip(&text())), ("old.zst", zstd(&text()))] {
        let path = world.write(name, &packed);
        let whole = read(&reader, std::slice::from_ref(&path));
        assert_eq!(demand(&whole).consumers.requests, 200);
        assert!(whole.missing.is_empty(), "{:?}", whole.missing);
        for length in (20..packed.len()).step_by(7) {
            world.write(name, &packed[..length]);
            let cut = read(&reader, std::slice::from_ref(&path));
            let missing = cut.missing.join("; ");
            assert!(missing.contains(name), "{length}: {missing:?}");
            assert!(demand(&cut).consumers.requests <= 200);
        }
    }
}

#[test]
fn i_9_damage_in_a_packed_file_is_told_or_changes_nothing() {
    let world = World::new();
    let reader = reader("edge", &world.api, world.clock.clone());
    let packed = gzip(&text());
    let mut told = 0;
    for at in (4..packed.len()).step_by(3) {
        let mut damaged = packed.clone();
        damaged[at] ^= 1 << (at % 8);
        let path = world.write("old.gz", &damaged);
        let shard = read(&reader, &[path]);
        if shard.missing.is_empty() {
            // The time and the system in the header mean nothing.
            assert_eq!(demand(&shard).consumers.requests, 200, "byte {at}");
        } else {
            told += 1;
        }
    }
    assert!(told > packed.len() / 3 - 8, "{told}");
}

#[test]
fn i_9_a_damaged_file_hides_none_of_those_behind_it() {
    let world = World::new();
    let reader = reader("edge", &world.api, world.clock.clone());
    let packed = gzip(&text());
    let cut = world.write("a.gz", &packed[..packed.len() / 2]);
    let nothing = world.write("b.gz", gzip(""));
    let whole = world.write(
        "c.gz",
        gzip(&(line(ago("2h"), "bob", "/v1/orders", 200) + &text())),
    );
    let shard = read(&reader, &[cut, nothing, whole]);
    let missing = shard.missing.join("; ");
    assert!(
        missing.contains("a.gz") && missing.contains("b.gz is empty"),
        "{missing}"
    );
    assert!(!missing.contains("c.gz"), "{missing}");
    assert!(demand(&shard).consumers.requests >= 200);
}
