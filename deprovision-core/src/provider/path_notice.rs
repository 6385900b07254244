//! What callers may be told, and the headers that tell it: notices are checked
//! before a path is set, so that no header can be broken or forged by what a
//! notice holds.

use crate::provider::{GoneNotice, PathState, SunsetNotice};
use crate::time::Timestamp;

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

impl PathState {
    /// Checks everything that the state would tell callers.
    ///
    /// # Errors
    /// [`InvalidNotice`] for the first thing that is wrong.
    pub fn check(&self) -> Result<(), InvalidNotice> {
        match self {
            Self::Open { notice } | Self::BrownOut { notice, .. } => {
                notice.as_ref().map_or(Ok(()), SunsetNotice::check)
            }
            Self::Closed { notice } => notice.check(),
        }
    }
}

impl SunsetNotice {
    /// Checks what the notice would tell callers.
    ///
    /// # Errors
    /// [`InvalidNotice`] for the first thing that is wrong.
    pub fn check(&self) -> Result<(), InvalidNotice> {
        check_date("deprecated_at", self.deprecated_at)?;
        if let Some(sunset) = self.sunset {
            check_date("sunset", sunset)?;
            if sunset < self.deprecated_at {
                return Err(InvalidNotice::SunsetBeforeDeprecation {
                    deprecated_at: self.deprecated_at,
                    sunset,
                });
            }
        }
        check_url("successor", self.successor.as_deref())?;
        check_url("documentation", self.documentation.as_deref())
    }

    /// The value of the `Deprecation` header (RFC 9745): a structured field date
    /// (RFC 9651, section 3.3.7).
    ///
    /// ```
    /// # use deprovision_core::provider::SunsetNotice;
    /// let notice = SunsetNotice::new("2023-06-30T23:59:59Z".parse()?);
    /// assert_eq!(notice.deprecation_header(), "@1688169599");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn deprecation_header(&self) -> String {
        format!("@{}", self.deprecated_at.as_second())
    }

    /// The value of the `Sunset` header (RFC 8594): an IMF-fixdate (RFC 9110,
    /// section 5.6.7).
    #[must_use]
    pub fn sunset_header(&self) -> Option<String> {
        let date = |at: Timestamp| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        self.sunset.map(date)
    }

    /// The values of the `Link` headers: `successor-version` (RFC 5829),
    /// `deprecation` (RFC 9745) and, with a sunset, `sunset` (RFC 8594).
    #[must_use]
    pub fn links(&self) -> Vec<String> {
        links(
            self.successor.as_deref(),
            self.documentation.as_deref(),
            self.sunset.is_some(),
        )
    }
}

impl GoneNotice {
    /// Checks what the notice would tell callers.
    ///
    /// # Errors
    /// [`InvalidNotice`] for the first thing that is wrong.
    pub fn check(&self) -> Result<(), InvalidNotice> {
        let fail = |why| Err(InvalidNotice::Title { why });
        if self.title.trim().is_empty() {
            return fail("empty");
        }
        if self.title.chars().count() > MAX_TITLE_CHARS {
            return fail("longer than 200 characters");
        }
        if self.title.chars().any(char::is_control) {
            return fail("holding a control character");
        }
        check_url("successor", self.successor.as_deref())?;
        check_url("documentation", self.documentation.as_deref())
    }

    /// The values of the `Link` headers of the answer 410.
    #[must_use]
    pub fn links(&self) -> Vec<String> {
        links(
            self.successor.as_deref(),
            self.documentation.as_deref(),
            true,
        )
    }
}

fn links(successor: Option<&str>, documentation: Option<&str>, ends: bool) -> Vec<String> {
    let link = |url: &str, relation: &str| format!("<{url}>; rel=\"{relation}\"");
    let mut links = Vec::new();
    links.extend(successor.map(|url| link(url, "successor-version")));
    links.extend(documentation.map(|url| link(url, "deprecation")));
    if ends {
        links.extend(documentation.map(|url| link(url, "sunset")));
    }
    links
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
#[must_use]
pub fn url_trouble(url: &str) -> Option<&'static str> {
    if url.len() > MAX_URL_BYTES {
        return Some("it is longer than 2048 bytes");
    }
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("it holds a space, a control character or a letter outside ASCII");
    }
    if url.contains(['<', '>', '"', '\\', '^', '`', '{', '|', '}']) {
        return Some("it holds a character that URLs do not allow");
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Some("it does not start with http:// or https://");
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Some("it does not start with http:// or https://");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some("it holds a user name or a password");
    }
    authority_trouble(authority)
}

fn authority_trouble(authority: &str) -> Option<&'static str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(literal) => match literal.split_once(']') {
            Some((address, after)) if address.parse::<std::net::Ipv6Addr>().is_ok() => {
                (address, after)
            }
            Some(_) | None => return Some("its host is no IPv6 address"),
        },
        None => authority.find(':').map_or((authority, ""), |colon| {
            authority.split_at_checked(colon).unwrap_or((authority, ""))
        }),
    };
    if host.is_empty() {
        return Some("it names no host");
    }
    // What a name may hold (RFC 3986, section 3.2.2), without escapes: no host has them.
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&byte);
    if !host.bytes().all(of_name) {
        return Some("its host holds a character that names do not have");
    }
    let port = match (port, port.strip_prefix(':')) {
        ("", _) => return None,
        (_, Some(port)) => port,
        (_, None) => return Some("its host is no IPv6 address"),
    };
    // A colon without digits after it is allowed (RFC 3986, section 3.2.3).
    (!port.is_empty() && port.parse::<u16>().is_err()).then_some("its port is no number")
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
            state.check(),
            Err(InvalidNotice::SunsetBeforeDeprecation { .. })
        ));
        notice.sunset = Some(notice.deprecated_at);
        assert_eq!(notice.check(), Ok(()));
    }

    #[test]
    fn a_date_before_1970_is_refused() {
        let notice = SunsetNotice::new(at("1969-12-31T23:59:59Z"));
        assert!(notice.check().is_err());
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
            "https://:80/",
            "https://host:no/",
            "https://a]b/",
            "https://a%00b/",
            "https://[::1/",
            "https://[::1]x/",
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
            "https://api.example.com?who=a@b",
            "https://[::1]/",
            "https://[::1]:8443",
        ] {
            assert_eq!(url_trouble(good), None, "{good}");
        }
    }

    #[test]
    fn a_title_is_for_people() {
        for bad in ["", "  ", "a\nb", &"x".repeat(201)] {
            let notice = GoneNotice::new(bad);
            assert!(PathState::Closed { notice }.check().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_headers_are_those_of_the_rfcs_examples() {
        // RFC 9745, section 4.
        let mut notice = SunsetNotice::new(at("2023-06-30T23:59:59Z"));
        assert_eq!(notice.sunset_header(), None);
        notice.sunset = Some(at("2024-06-30T23:59:59Z"));
        notice.successor = Some("https://api.example.com/v2".into());
        notice.documentation = Some("https://developer.example.com/deprecation".into());
        assert_eq!(notice.deprecation_header(), "@1688169599");
        assert_eq!(
            notice.sunset_header().as_deref(),
            Some("Sun, 30 Jun 2024 23:59:59 GMT")
        );
        assert_eq!(
            notice.links(),
            [
                "<https://api.example.com/v2>; rel=\"successor-version\"",
                "<https://developer.example.com/deprecation>; rel=\"deprecation\"",
                "<https://developer.example.com/deprecation>; rel=\"sunset\"",
            ]
        );
    }

    proptest! {
        #[test]
        fn whatever_passes_can_stand_between_angle_brackets(
            url in ".{0,40}|https://[ -~]{0,40}",
        ) {
            if url_trouble(&url).is_none() {
                prop_assert!(url.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(!url.contains(['<', '>', '"']));
            }
        }
    }
}
