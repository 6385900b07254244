//! The ways in which a request's host and path can be read.
//!
//! A router behind the gateway may take a path as it came, or decode it, merge
//! slashes, resolve dots, or drop parameters first. The gateway does not know
//! which, so it names every reading that a server in use is known to make; a
//! request belongs to a path when any reading does.

use std::collections::BTreeSet;

use http::HeaderMap;
use http::header::HOST;
use http::uri::Uri;

/// How often a path is decoded. One round is what servers do; a second one is
/// what a proxy before a server does; nobody does more by intent.
const DECODING_ROUNDS: usize = 3;

/// A path as lower-case segments, without empty ones.
pub(crate) type Segments = Vec<String>;

/// Every reading of the path, up to so many segments; the plain one first.
pub(crate) fn paths(path: &str, depth: usize) -> Vec<Segments> {
    let mut readings = Vec::new();
    let mut level = path.as_bytes().to_vec();
    for _ in 0..=DECODING_ROUNDS {
        let text = String::from_utf8_lossy(&level).to_ascii_lowercase();
        for reading in readings_of(&text, depth) {
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        }
        match decoded(&level) {
            Some(next) => level = next,
            None => break,
        }
    }
    readings
}

/// The readings of a path that is not decoded any further.
fn readings_of(path: &str, depth: usize) -> Vec<Segments> {
    let raw: Vec<&str> = path.split(['/', '\\']).map(without_parameters).collect();
    let unresolved = raw
        .iter()
        .filter(|s| !matches!(**s, "" | "."))
        .take(depth)
        .map(|s| (*s).to_owned())
        .collect();
    let mut readings = vec![unresolved];
    if raw.contains(&"..") {
        // Merging slashes before resolving dots and after it give different paths.
        let merged = raw.iter().copied().filter(|s| !s.is_empty());
        readings.push(resolved(merged, depth));
        readings.push(resolved(raw.iter().copied().skip(1), depth));
    }
    readings
}

fn resolved<'a>(segments: impl Iterator<Item = &'a str>, depth: usize) -> Segments {
    let mut kept: Vec<&str> = Vec::new();
    for segment in segments {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    kept.retain(|s| !s.is_empty());
    kept.into_iter().take(depth).map(str::to_owned).collect()
}

/// A segment up to what some servers cut away.
fn without_parameters(segment: &str) -> &str {
    segment
        .split([';', '?', '#', '\0'])
        .next()
        .unwrap_or(segment)
}

/// The bytes with percent-encoding undone once; nothing when there is none.
fn decoded(bytes: &[u8]) -> Option<Vec<u8>> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut changed) = (0, false);
    while let Some(byte) = bytes.get(at) {
        let pair = (*byte == b'%').then(|| Some((digit(at + 1)?, digit(at + 2)?)));
        if let Some(Some((high, low))) = pair
            && let Ok(value) = u8::try_from(high * 16 + low)
        {
            out.push(value);
            at += 3;
            changed = true;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    changed.then_some(out)
}

/// Every host that the request names: in its target and in `Host`.
pub(crate) fn hosts(uri: &Uri, headers: &HeaderMap) -> BTreeSet<String> {
    let target = uri.authority().map(|a| host_of(a.as_str()));
    let fields = headers
        .get_all(HOST)
        .iter()
        .map(|value| host_of(&String::from_utf8_lossy(value.as_bytes())));
    target
        .into_iter()
        .chain(fields)
        .filter(|host| !host.is_empty())
        .collect()
}

/// The bare host of an authority: lower case, without user, port and final dot.
pub(crate) fn host_of(authority: &str) -> String {
    let text = authority.trim();
    let text = text.rsplit('@').next().unwrap_or(text);
    let host = match text.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|b| b.is_ascii_digit())
                && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => text,
    };
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn under(path: &str, prefix: &[&str]) -> bool {
        paths(path, prefix.len())
            .iter()
            .any(|r| r.len() >= prefix.len() && r.iter().zip(prefix).all(|(a, b)| a == b))
    }

    #[test]
    fn no_spelling_slips_past_a_prefix() {
        for path in [
            "/v1",
            "/v1/",
            "/v1/orders",
            "//v1/orders",
            "/./v1",
            "/%761/orders",
            "/%2576%31",
            "/v2/../v1",
            "/v2/%2e%2e/v1",
            "/v2/.%2E/v1/x",
            "/v2//..//v1",
            "/x//../../v1",
            "/V1/Orders",
            "/v1;jsessionid=1/orders",
            "/v1%3Fx",
            "/v1%00/orders",
            "/\\v1\\orders",
            "/%5cv1",
            "/..;/v1",
            "/v1/../v2",
            "/v1%2Forders",
        ] {
            assert!(under(path, &["v1"]), "{path}");
        }
    }

    #[test]
    fn other_paths_are_not_caught() {
        for path in [
            "/",
            "/v10",
            "/v10/v1",
            "/v",
            "/v1x",
            "/%76",
            "*",
            "",
            "/v1.0",
            "/x?/v1",
            "/v1:batch",
        ] {
            assert!(!under(path, &["v1"]), "{path}");
        }
    }

    #[test]
    fn a_long_path_is_cut_to_what_can_matter_after_its_dots_are_resolved() {
        let long = format!("{}/v1{}", "/a/..".repeat(13_000), "/b".repeat(13_000));
        let readings = paths(&long, 2);
        assert!(readings.iter().all(|reading| reading.len() <= 2));
        assert!(readings.contains(&vec!["v1".into(), "b".into()]));
    }

    #[test]
    fn a_host_is_read_without_case_user_port_and_final_dot() {
        for (authority, host) in [
            ("API.example.com:8080", "api.example.com"),
            ("api.example.com.", "api.example.com"),
            ("user:pw@api.example.com", "api.example.com"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            (" a ", "a"),
            (":80", ""),
        ] {
            assert_eq!(host_of(authority), host);
        }
    }

    /// One segment or byte of a path, spelled in a random way.
    fn spelled(text: &'static str) -> impl Strategy<Value = String> {
        prop::collection::vec(0..4u8, text.len()).prop_map(move |ways| {
            let letters = text.bytes().zip(ways);
            letters
                .map(|(byte, way)| match way {
                    0 => char::from(byte).to_string(),
                    1 => char::from(byte).to_ascii_uppercase().to_string(),
                    2 => format!("%{byte:02x}"),
                    _ => format!("%25{byte:02X}"),
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn any_spelling_of_a_prefix_is_under_it(
            v1 in spelled("v1"),
            before in prop::sample::select(vec!["/", "//", "/./", "/a/../", "/%2e/", "/%2F"]),
            after in prop::sample::select(vec!["", "/", "/x", ";p/x", "%2Fx", "//"]),
        ) {
            let path = format!("{before}{v1}{after}");
            prop_assert!(under(&path, &["v1"]), "{}", path);
        }

        #[test]
        fn any_text_is_read_without_panic_and_in_few_ways(text in "[ -~é\u{0}%./\\\\;]{0,80}") {
            prop_assert!(paths(&text, usize::MAX).len() <= 3 * (DECODING_ROUNDS + 1));
            let _ = host_of(&text);
        }

        #[test]
        fn a_plain_path_has_one_reading(path in "(/[a-z0-9]{1,5}){0,4}") {
            prop_assert_eq!(paths(&path, usize::MAX).len(), 1);
        }
    }
}
