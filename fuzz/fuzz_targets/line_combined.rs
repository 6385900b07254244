//! Lines of the Combined Log Format: none is lost between the parser and the reader,
//! whichever way the reader takes.

#![no_main]

use deprovision_fuzz::{count, reader, requests};
use deprovision_usage::{Format, Request, parse_line};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (mut sound, mut calls, mut sent, mut broken) = (0, 0, 0u64, 0);
    for line in bytes.split(|byte| *byte == b'\n') {
        match parse_line(line) {
            Ok(line) => {
                sound += 1;
                if matches!(line.request, Request::Call { .. }) {
                    calls += 1;
                    sent = sent.saturating_add(line.bytes.unwrap_or(0));
                }
            }
            Err(_) if line.trim_ascii().is_empty() => {}
            Err(error) => {
                broken += 1;
                assert!(!error.to_string().contains('\n'));
            }
        }
    }
    // The reader would unpack them.
    let packed: [&[u8]; 5] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ", b"PK"];
    if packed.iter().any(|magic| bytes.starts_with(magic)) {
        return;
    }
    let Some(shard) = count(&reader(Some(Format::combined()), 1), bytes) else {
        return;
    };
    assert_eq!(shard.lines + shard.malformed.lines, sound + broken);
    // What looks like two lines in one is malformed for the reader alone.
    assert!(shard.malformed.lines >= broken);
    if shard.malformed.lines == broken {
        assert_eq!(requests(&shard), calls);
        let endpoints = shard.endpoints.values().map(|(demand, _)| demand);
        let strays = shard.unmatched.iter().map(|stray| &stray.demand);
        let counted = endpoints.chain(strays).fold(0u64, |sum, demand| {
            let kinds = [&demand.consumers, &demand.bots, &demand.health_checks];
            kinds
                .iter()
                .fold(sum, |sum, kind| sum.saturating_add(kind.bytes))
        });
        assert_eq!(counted, sent);
    }
});
