//! Templates inferred from paths that fit no API.

use crate::line::{Class, class};

/// How many segments are kept; of a longer path the rest is `**`.
const MAX_SEGMENTS: usize = 12;

/// The longest segment that can be a name.
const MAX_NAME: usize = 48;

/// Writes the template that a target looks like: segments that look like
/// identifiers become parameters. What it makes of one path does not depend on any
/// other, so that templates of many machines can be put together.
///
/// Nothing that is recognised as a value is kept, nor the query.
pub(super) fn infer(target: &[u8], template: &mut Vec<u8>) {
    template.clear();
    let path = path_of(target);
    let end = path
        .iter()
        .position(|byte| class(*byte) == Class::Query)
        .unwrap_or(path.len());
    let path = path.get(..end).unwrap_or_default();
    let mut segments = path.split(|b| *b == b'/').filter(|s| !s.is_empty());
    for segment in segments.by_ref().take(MAX_SEGMENTS) {
        template.push(b'/');
        match parameter(segment) {
            Some(name) => template.extend_from_slice(name),
            None => template.extend_from_slice(segment),
        }
    }
    if segments.next().is_some() {
        template.extend_from_slice(b"/**");
    }
    if template.is_empty() {
        template.push(b'/');
    }
}

/// The path of an absolute target; any other as it is.
fn path_of(target: &[u8]) -> &[u8] {
    if target.first() == Some(&b'/') {
        return target;
    }
    let Some(colon) = target.windows(3).position(|three| three == b"://") else {
        return target;
    };
    let rest = target.get(colon + 3..).unwrap_or_default();
    let slash = rest.iter().position(|b| *b == b'/').unwrap_or(rest.len());
    rest.get(slash..).unwrap_or_default()
}

/// What kind of value a segment looks like; `None` for a name.
fn parameter(segment: &[u8]) -> Option<&'static [u8]> {
    let digits = segment.iter().filter(|b| b.is_ascii_digit()).count();
    let is_hex = segment.iter().all(u8::is_ascii_hexdigit);
    if digits == segment.len() {
        return Some(b"{id}");
    }
    if is_uuid(segment) {
        return Some(b"{uuid}");
    }
    if is_date(segment) {
        return Some(b"{date}");
    }
    // Names of sixteen letters from a to f with a digit in them do not occur.
    if is_hex && digits > 0 && segment.len() >= 16 {
        return Some(b"{hash}");
    }
    if segment.contains(&b'@') {
        return Some(b"{email}");
    }
    // A percent sign, another alphabet, or what was never meant as a path.
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_.~:+,()!$&'*=".contains(b);
    if !segment.iter().all(plain) || segment.len() > MAX_NAME {
        return Some(b"{text}");
    }
    if is_key(segment, digits) {
        return Some(b"{id}");
    }
    None
}

fn is_uuid(segment: &[u8]) -> bool {
    segment.len() == 36
        && segment.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// `2026-10-01`, also with a time behind it.
fn is_date(segment: &[u8]) -> bool {
    segment.len() >= 10
        && segment
            .iter()
            .take(10)
            .enumerate()
            .all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            })
        && segment
            .get(10)
            .is_none_or(|byte| matches!(byte, b'T' | b'_' | b':'))
}

/// `cus_9s6XKzkNRiz8i3`, `01ARZ3NDEKTSV4RRFFQ69G5FAV`, `ORD-0012345`: a text with
/// several digits among its letters, where a name has them at its end only and few.
fn is_key(segment: &[u8], digits: usize) -> bool {
    if segment.contains(&b'.') {
        return false;
    }
    let run = segment
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let letters_between = digits > run;
    digits >= 5 || (segment.len() >= 12 && digits >= 2 && letters_between)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(target: &str) -> String {
        let mut template = Vec::new();
        infer(target.as_bytes(), &mut template);
        String::from_utf8(template).unwrap()
    }

    #[test]
    fn values_become_parameters_and_names_stay() {
        for (target, template) in [
            ("/", "/"),
            (
                "/internal/v2/users/4711/orders?token=secret",
                "/internal/v2/users/{id}/orders",
            ),
            ("/u/550e8400-e29b-41d4-a716-446655440000", "/u/{uuid}"),
            ("/days/2026-10-01/2026-10-01T10:00", "/days/{date}/{date}"),
            ("/o/507f1f77bcf86cd799439011/", "/o/{hash}"),
            (
                "/commit/e83c5163316f89bfbde7d9ab23ca2e25604af290",
                "/commit/{hash}",
            ),
            ("/c/cus_9s6XKzkNRiz8i3", "/c/{id}"),
            ("/o/ORD-0012345", "/o/{id}"),
            ("/ulid/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/ulid/{id}"),
            ("/people/jane@example.com", "/people/{email}"),
            ("/search/%D0%BF", "/search/{text}"),
            (
                "/api/v1beta3/oauth2/s3-sync/favicon.ico",
                "/api/v1beta3/oauth2/s3-sync/favicon.ico",
            ),
            ("https://h.example.com/a/7", "/a/{id}"),
            ("https://h.example.com", "/"),
            (
                "/1/2/3/4/5/6/7/8/9/10/11/12/13",
                "/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/**",
            ),
        ] {
            assert_eq!(of(target), template, "{target}");
        }
    }

    proptest! {
        #[test]
        fn a_template_is_short_and_printable(target in prop::collection::vec(any::<u8>(), 0..3000)) {
            let mut template = Vec::new();
            infer(&target, &mut template);
            prop_assert!(template.len() <= (MAX_NAME + 1) * MAX_SEGMENTS + 3);
            prop_assert!(template.starts_with(b"/"));
            prop_assert!(template.iter().all(u8::is_ascii_graphic));
        }
    }
}
