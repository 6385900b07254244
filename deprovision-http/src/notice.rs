//! What callers may be told: notices are checked once, when a path is set, so
//! that no header can be broken or forged by what a notice holds.

use deprovision_core::provider::{GoneNotice, PathState, SunsetNotice};
use deprovision_core::time::Timestamp;
use http::uri::Uri;

/// The longest URL in a notice, in bytes.
const MAX_URL_BYTES: usize = 2048;
/// The longest title in a notice, in characters.
const MAX_TITLE_CHARS: usize = 200;

/// Why a notice can not be told to callers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidNotice {
    /// The end would come before the deprecation.
    #[error(
        "the sunset {sunset} is earlier than the deprecation {deprecated_at} (RFC 9745, section 4 forbids it); move one of them"
    )]
    SunsetBeforeDeprecation {
        /// Since when it is deprecated.
        deprecated_at: Timestamp,
        /// When it would end.
        sunset: Timestamp,
    },
    /// A date that no header can carry.
    #[error("{field} is {value}, before 1970; correct it")]
    Date {
        /// The notice's field.
        field: &'static str,
        /// What it holds.
        value: Timestamp,
    },
    /// A URL that could break a header, or leads nowhere.
    #[error("{field} is not a URL for callers: {why}; write it as https://host/path")]
    Url {
        /// The notice's field.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A title that people can not read.
    #[error("title is {why}; write the API's name for people")]
    Title {
        /// What is wrong with it.
        why: &'static str,
    },
}

/// Checks everything that the state would tell callers.
///
/// # Errors
/// [`InvalidNotice`] for the first thing that is wrong.
pub(crate) fn check(state: &PathState) -> Result<(), InvalidNotice> {
    match state {
        PathState::Open { notice } | PathState::BrownOut { notice, .. } => {
            notice.as_ref().map_or(Ok(()), check_sunset)
        }
        PathState::Closed { notice } => check_gone(notice),
    }
}

pub(crate) fn check_sunset(notice: &SunsetNotice) -> Result<(), InvalidNotice> {
    check_date("deprecated_at", notice.deprecated_at)?;
    if let Some(sunset) = notice.sunset {
        check_date("sunset", sunset)?;
        if sunset < notice.deprecated_at {
            return Err(InvalidNotice::SunsetBeforeDeprecation {
                deprecated_at: notice.deprecated_at,
                sunset,
            });
        }
    }
    check_url("successor", notice.successor.as_deref())?;
    check_url("documentation", notice.documentation.as_deref())
}

fn check_gone(notice: &GoneNotice) -> Result<(), InvalidNotice> {
    let fail = |why| Err(InvalidNotice::Title { why });
    if notice.title.trim().is_empty() {
        return fail("empty");
    }
    if notice.title.chars().count() > MAX_TITLE_CHARS {
        return fail("longer than 200 characters");
    }
    if notice.title.chars().any(char::is_control) {
        return fail("holding a control character");
    }
    check_url("successor", notice.successor.as_deref())?;
    check_url("documentation", notice.documentation.as_deref())
}

fn check_date(field: &'static str, value: Timestamp) -> Result<(), InvalidNotice> {
    if value < Timestamp::UNIX_EPOCH {
        return Err(InvalidNotice::Date { field, value });
    }
    Ok(())
}

fn check_url(field: &'static str, url: Option<&str>) -> Result<(), InvalidNotice> {
    let Some(url) = url else { return Ok(()) };
    url_trouble(url).map_or(Ok(()), |why| Err(InvalidNotice::Url { field, why }))
}

/// What keeps a text from being an absolute http or https URL that is safe
/// inside a header, if anything does.
pub(crate) fn url_trouble(url: &str) -> Option<&'static str> {
    if url.len() > MAX_URL_BYTES {
        return Some("it is longer than 2048 bytes");
    }
    if !url.bytes().all(|b| b.is_ascii_graphic()) {
        return Some("it holds a space, a control character or a letter outside ASCII");
    }
    if url.contains(['<', '>', '"', '\\', '^', '`', '{', '|', '}']) {
        return Some("it holds a character that URLs do not allow");
    }
    let Ok(parsed) = url.parse::<Uri>() else {
        return Some("it can not be parsed");
    };
    if !matches!(parsed.scheme_str(), Some("http" | "https")) {
        return Some("it does not start with http:// or https://");
    }
    match parsed.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Some("it holds a user name or a password")
        }
        Some(authority) if !authority.host().is_empty() => None,
        Some(_) | None => Some("it names no host"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_sunset_before_the_deprecation_is_refused() {
        let mut notice = SunsetNotice::new(at("2027-01-02T00:00:00Z"));
        notice.sunset = Some(at("2027-01-01T23:59:59Z"));
        let state = PathState::Open {
            notice: Some(notice.clone()),
        };
        assert!(matches!(
            check(&state),
            Err(InvalidNotice::SunsetBeforeDeprecation { .. })
        ));
        notice.sunset = Some(notice.deprecated_at);
        assert_eq!(check_sunset(&notice), Ok(()));
    }

    #[test]
    fn a_date_before_1970_is_refused() {
        let notice = SunsetNotice::new(at("1969-12-31T23:59:59Z"));
        assert!(check_sunset(&notice).is_err());
    }

    #[test]
    fn a_url_that_could_break_a_header_is_refused() {
        for bad in [
            "",
            "/v2",
            "//host/v2",
            "ftp://host/",
            "javascript:alert(1)",
            "https://",
            "https:///x",
            "https://host/\r\nSet-Cookie: a=b",
            "https://host/a b",
            "https://host/>; rel=\"next\"",
            "https://host/é",
            "https://user:secret@host/",
            "https://host/\u{0}",
        ] {
            assert!(url_trouble(bad).is_some(), "{bad:?}");
        }
        for good in [
            "https://api.example.com/v2",
            "http://localhost:8080/a?b=c,d;e#f",
            "https://[::1]/",
        ] {
            assert_eq!(url_trouble(good), None, "{good}");
        }
    }

    #[test]
    fn a_title_is_for_people() {
        for bad in ["", "  ", "a\nb", &"x".repeat(201)] {
            let notice = GoneNotice::new(bad);
            assert!(check(&PathState::Closed { notice }).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_passes_is_a_header_value(url in ".{0,40}|https://[ -~]{0,40}") {
            if url_trouble(&url).is_none() {
                prop_assert!(http::HeaderValue::from_str(&url).is_ok());
                prop_assert!(!url.contains(['<', '>', '"', ' ']));
            }
        }
    }
}
