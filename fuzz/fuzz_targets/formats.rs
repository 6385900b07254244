//! Lines of the formats but the combined one. The first byte picks the format.

#![no_main]

use std::sync::LazyLock;

use deprovision_fuzz::{count, reader, requests};
use deprovision_usage::{Format, JsonFields, Request};
use libfuzzer_sys::fuzz_target;

const NGINX: &str =
    r#"$host $remote_addr [$time_iso8601] "$request" $status $body_bytes_sent "$http_user_agent""#;

static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let pattern = Format::pattern(NGINX).unwrap_or_else(|error| panic!("{error}"));
    let by_caller = Format::json_lines(JsonFields::usual())
        .with_caller("claims.client_id")
        .unwrap_or_else(|error| panic!("{error}"));
    vec![
        pattern,
        Format::nginx_main(),
        Format::envoy(),
        Format::alb(),
        Format::api_gateway(),
        Format::json_lines(JsonFields::usual()),
        by_caller,
        Format::cloud_trail(),
    ]
});

fuzz_target!(|bytes: &[u8]| {
    let Some((first, text)) = bytes.split_first() else {
        return;
    };
    let Some(format) = FORMATS.get(usize::from(*first) % FORMATS.len()) else {
        return;
    };
    let (mut sound, mut calls, mut broken) = (0, 0, 0);
    for line in text.split(|byte| *byte == b'\n') {
        match format.parse(line) {
            Ok(record) => {
                sound += 1;
                if let Request::Call { target, .. } = &record.request {
                    calls += u64::from(!target.is_empty());
                }
                // What is shown holds no line feed, and showing does not fail.
                assert!(!format!("{record:?}").contains('\n'));
            }
            Err(_) if line.trim_ascii().is_empty() => {}
            Err(error) => {
                broken += 1;
                assert!(!error.to_string().contains('\n'));
            }
        }
    }
    let packed: [&[u8]; 5] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ", b"PK"];
    if packed.iter().any(|magic| text.starts_with(magic)) || format.needs_records(text) {
        return;
    }
    let Some(shard) = count(&reader(Some(format.clone()), 1), text) else {
        return;
    };
    assert_eq!((shard.lines, shard.malformed.lines), (sound, broken));
    assert_eq!(requests(&shard), calls);
});
