//! The form of single values: hosts, paths, times, addresses of pages.

use super::{Field, Problems};
use crate::catalog::tree::Value;
use crate::time::Timestamp;

/// The longest text of any kind, in bytes.
const MAX_TEXT: usize = 4_096;

/// A text for people: not empty, of one line.
pub(crate) fn line(field: &Field<'_>, problems: &mut Problems, example: &str) -> Option<String> {
    let text = field.text(problems, example)?;
    let reason = if text.trim().is_empty() {
        "is empty"
    } else if text.len() > MAX_TEXT {
        "is longer than 4096 bytes"
    } else if text.chars().any(char::is_control) {
        "holds a line break or another control character"
    } else {
        return Some(text.to_owned());
    };
    problems.bad_value(
        &field.place,
        text,
        reason,
        &format!("write one line, for example {example}"),
    );
    None
}

/// The same, where an empty text is allowed and says nothing.
pub(crate) fn line_or_nothing(
    field: &Field<'_>,
    problems: &mut Problems,
    example: &str,
) -> Option<String> {
    match &field.node.value {
        Value::Text(text) if text.trim().is_empty() => None,
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Table(_)
        | Value::Broken => line(field, problems, example),
    }
}

/// A host name or address, with a port if it has one, without scheme and path.
pub(crate) fn host(field: &Field<'_>, problems: &mut Problems) -> Option<String> {
    let text = field.text(problems, "api.example.com")?;
    match check_host(text) {
        Ok(()) => Some(text.to_owned()),
        Err(reason) => {
            let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
            let bare = bare.split('/').next().unwrap_or(bare).to_lowercase();
            let better = if check_host(&bare).is_ok() {
                bare
            } else {
                "api.example.com".to_owned()
            };
            problems.bad_value(&field.place, text, reason, &format!("write {better}"));
            None
        }
    }
}

pub(crate) fn check_host(text: &str) -> Result<(), &'static str> {
    if text.contains("://") {
        return Err("has a scheme, and a host has none");
    }
    if text.contains('/') {
        return Err("has a path, and a host has none");
    }
    if text.chars().any(|c| c.is_ascii_uppercase()) {
        return Err("is not in lower case");
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !text.ends_with(']') => (name, Some(port)),
        Some(_) | None => (text, None),
    };
    if port.is_some_and(|port| port.starts_with('0') || port.parse::<u16>().is_err()) {
        return Err("has a port that is no port");
    }
    if let Some(address) = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
        return match address.parse::<std::net::Ipv6Addr>() {
            Ok(_) => Ok(()),
            Err(_) => Err("is not an IPv6 address"),
        };
    }
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if name.len() <= 253 && name.split('.').all(label_ok) {
        Ok(())
    } else {
        Err("is not a host name")
    }
}

/// The path of a route.
pub(crate) fn path(field: &Field<'_>, problems: &mut Problems) -> Option<String> {
    let text = field.text(problems, "/v1/orders/{id}")?;
    match check_path(text) {
        Ok(()) => Some(text.to_owned()),
        Err((reason, hint)) => {
            problems.bad_value(&field.place, text, reason, hint);
            None
        }
    }
}

pub(crate) fn check_path(text: &str) -> Result<(), (&'static str, &'static str)> {
    if text.len() > MAX_TEXT {
        return Err(("is longer than 4096 bytes", "write a shorter path"));
    }
    if !text.starts_with('/') {
        return Err((
            "does not begin with /",
            "write /v1/orders, without the host",
        ));
    }
    if text.contains(['?', '#']) {
        return Err((
            "holds a query or a fragment",
            "write the path alone, without ? and #",
        ));
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err((
            "holds a space or a control character",
            "write the path as it is sent, for example with %20",
        ));
    }
    for segment in text.split('/') {
        if segment.starts_with(':') || segment.starts_with('<') {
            return Err((
                "marks a parameter in another way than by braces",
                "write the parameter as {id}",
            ));
        }
        if segment == "." || segment == ".." {
            return Err(("holds a segment . or ..", "write the path that it means"));
        }
    }
    if shape(text).is_none() {
        return Err((
            "has braces that do not pair, or that hold no name",
            "write each parameter as {id}",
        ));
    }
    Ok(())
}

/// The path with the names of its parameters left out: two paths of one shape are
/// one path (OpenAPI 3.1, section 4.8.8.1). Nothing when the braces do not pair.
pub(crate) fn shape(path: &str) -> Option<String> {
    let mut shape = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at(at);
        shape.push_str(before);
        let inside = after.strip_prefix('{')?;
        let (name, after) = inside.split_once('}')?;
        if name.is_empty() || name.contains(['{', '/']) {
            return None;
        }
        shape.push_str("{}");
        rest = after;
    }
    shape.push_str(rest);
    Some(shape)
}

/// An absolute address of a page.
pub(crate) fn url(field: &Field<'_>, problems: &mut Problems) -> Option<String> {
    let example = "https://docs.example.com/orders";
    let text = field.text(problems, example)?;
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or(rest));
    let reason = match host {
        None => "is not an absolute URL",
        Some(host) if host.contains('@') => "holds a name or a password",
        Some(host) if check_host(&host.to_lowercase()).is_err() => "has no host",
        Some(_) if text.len() > MAX_TEXT => "is longer than 4096 bytes",
        Some(_) if text.chars().any(|c| c.is_control() || c.is_whitespace()) => {
            "holds a space or a control character"
        }
        Some(_) => return Some(text.to_owned()),
    };
    problems.bad_value(&field.place, text, reason, &format!("write {example}"));
    None
}

/// An instant by RFC 3339.
pub(crate) fn instant(field: &Field<'_>, problems: &mut Problems) -> Option<Timestamp> {
    let example = "2027-01-31T00:00:00Z";
    let text = field.text(problems, example)?;
    if is_rfc3339(text)
        && let Ok(instant) = text.parse()
    {
        return Some(instant);
    }
    let hint = if is_date(text) {
        format!("write the time and the zone too: {text}T00:00:00Z")
    } else {
        format!("write {example}")
    };
    problems.bad_value(&field.place, text, "is not an instant by RFC 3339", &hint);
    None
}

/// An instant by RFC 3339, or a date as OpenAPI's `x-sunset` has it, which promises
/// that whole day.
pub(crate) fn instant_or_date(field: &Field<'_>, problems: &mut Problems) -> Option<Timestamp> {
    let text = field.text(problems, "2027-01-31")?;
    if is_date(text)
        && let Ok(instant) = format!("{text}T23:59:59Z").parse()
    {
        return Some(instant);
    }
    instant(field, problems)
}

fn is_date(text: &str) -> bool {
    fits(text, "dddd-dd-dd")
}

fn is_rfc3339(text: &str) -> bool {
    let Some((date_and_time, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let after = rest.strip_prefix('.').map_or(rest, |fraction| {
        let digits = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        if digits.len() == fraction.len() {
            ""
        } else {
            digits
        }
    });
    fits(date_and_time, "dddd-dd-ddTdd:dd:dd")
        && (after == "Z" || fits(after, "+dd:dd") || fits(after, "-dd:dd"))
}

fn fits(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(b, p)| {
            if p == b'd' {
                b.is_ascii_digit()
            } else {
                b == p
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_no_scheme_and_no_path() {
        for good in [
            "a",
            "api.example.com",
            "10.0.0.1:8080",
            "[::1]:80",
            "my_host",
        ] {
            assert_eq!(check_host(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "https://a",
            "a/b",
            "A.example",
            "a:",
            "a:0",
            "a:99999",
            "a..b",
            "-a",
            "[x]",
            "a b",
            "[",
            "]",
        ] {
            assert!(check_host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_is_a_template_with_braces() {
        for good in [
            "/",
            "/v1/orders",
            "/v1/{id}/x",
            "/a{b}c:{d}",
            "/v1/orders:batch",
        ] {
            assert_eq!(check_path(good), Ok(()), "{good}");
        }
        for bad in [
            "", "v1", "/a?b", "/a#b", "/a b", "/:id", "/{", "/}", "/{}", "/{a/b}", "/{{a}}",
            "/../x",
        ] {
            assert!(check_path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_instant_has_a_date_a_time_and_a_zone() {
        for good in [
            "2027-01-31T00:00:00Z",
            "2027-01-31T00:00:00.5Z",
            "2027-01-31T00:00:00+02:00",
        ] {
            assert!(is_rfc3339(good), "{good}");
        }
        for bad in [
            "",
            "2027-01-31",
            "2027-01-31T00:00:00",
            "2027-01-31 00:00:00Z",
            "2027-01-31T00:00:00.Z",
            "2027-01-31T00:00:00Z[UTC]",
            "2027-01-31T00:00:00+0200",
            "@1",
            "ä2027-01-31T00:00:00",
        ] {
            assert!(!is_rfc3339(bad), "{bad}");
        }
    }
}
