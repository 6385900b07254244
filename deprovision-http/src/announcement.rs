//! The headers that tell callers what becomes of a path.

use deprovision_core::provider::{GoneNotice, SunsetNotice};
use deprovision_core::time::Timestamp;
use http::header::{HeaderMap, HeaderName, HeaderValue, LINK};

use crate::notice::InvalidNotice;

/// `Deprecation` (RFC 9745).
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// `Sunset` (RFC 8594).
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// Headers, made once when a path is set and put on every answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Announcement {
    deprecation: Option<HeaderValue>,
    sunset: Option<HeaderValue>,
    links: Vec<HeaderValue>,
}

impl Announcement {
    /// What is told while the path is open.
    pub(crate) fn of_notice(notice: &SunsetNotice) -> Result<Self, InvalidNotice> {
        let mut told = Self::default();
        told.dates(notice)?;
        told.link(notice.links())?;
        Ok(told)
    }

    /// What is told when the path is closed: the dates that were announced, and
    /// the links of the closing notice, or else those that were announced.
    pub(crate) fn of_gone(
        gone: &GoneNotice,
        announced: Option<&SunsetNotice>,
    ) -> Result<Self, InvalidNotice> {
        let mut told = Self::default();
        if let Some(notice) = announced {
            told.dates(notice)?;
        }
        let (successor, documentation) = links_of_gone(gone, announced);
        let mut links = GoneNotice::new(&gone.title);
        links.successor = successor.map(str::to_owned);
        links.documentation = documentation.map(str::to_owned);
        told.link(links.links())?;
        Ok(told)
    }

    /// Puts the headers on an answer: its own links stay, its own dates do not.
    pub(crate) fn put_on(&self, headers: &mut HeaderMap) {
        for (name, value) in [(DEPRECATION, &self.deprecation), (SUNSET, &self.sunset)] {
            if let Some(value) = value {
                // Fails only on an answer with tens of thousands of headers.
                let _full = headers.try_insert(name, value.clone());
            }
        }
        for link in &self.links {
            let _full = headers.try_append(LINK, link.clone());
        }
    }

    fn dates(&mut self, notice: &SunsetNotice) -> Result<(), InvalidNotice> {
        let since = notice.deprecation_header();
        self.deprecation = Some(date("deprecated_at", notice.deprecated_at, since)?);
        if let (Some(end), Some(text)) = (notice.sunset, notice.sunset_header()) {
            self.sunset = Some(date("sunset", end, text)?);
        }
        Ok(())
    }

    fn link(&mut self, links: Vec<String>) -> Result<(), InvalidNotice> {
        for link in links {
            let value = HeaderValue::try_from(link).map_err(|_| InvalidNotice::Url {
                field: "the notice's URL",
                why: "it does not fit into a header",
            })?;
            self.links.push(value);
        }
        Ok(())
    }
}

/// Successor and documentation of a closed path.
pub(crate) fn links_of_gone<'a>(
    gone: &'a GoneNotice,
    announced: Option<&'a SunsetNotice>,
) -> (Option<&'a str>, Option<&'a str>) {
    let before = |url: fn(&SunsetNotice) -> Option<&str>| announced.and_then(url);
    (
        gone.successor
            .as_deref()
            .or_else(|| before(|notice| notice.successor.as_deref())),
        gone.documentation
            .as_deref()
            .or_else(|| before(|notice| notice.documentation.as_deref())),
    )
}

fn date(field: &'static str, value: Timestamp, text: String) -> Result<HeaderValue, InvalidNotice> {
    HeaderValue::try_from(text).map_err(|_| InvalidNotice::Date { field, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn the_headers_are_those_of_the_rfcs_examples() {
        // RFC 9745, section 4: deprecated on Friday, June 30, 2023 at 23:59:59
        // UTC, sunset on Sunday, June 30, 2024 at 23:59:59 UTC.
        let mut notice = SunsetNotice::new("2023-06-30T23:59:59Z".parse().unwrap());
        notice.sunset = Some("2024-06-30T23:59:59Z".parse().unwrap());
        notice.successor = Some("https://api.example.com/v2".into());
        notice.documentation = Some("https://developer.example.com/deprecation".into());
        let mut headers = HeaderMap::new();
        headers.append(LINK, HeaderValue::from_static("</next>; rel=\"next\""));
        Announcement::of_notice(&notice)
            .unwrap()
            .put_on(&mut headers);
        assert_eq!(headers["deprecation"], "@1688169599");
        assert_eq!(headers["sunset"], "Sun, 30 Jun 2024 23:59:59 GMT");
        let links: Vec<_> = headers.get_all(LINK).iter().collect();
        assert_eq!(
            links,
            [
                "</next>; rel=\"next\"",
                "<https://api.example.com/v2>; rel=\"successor-version\"",
                "<https://developer.example.com/deprecation>; rel=\"deprecation\"",
                "<https://developer.example.com/deprecation>; rel=\"sunset\"",
            ]
        );
    }

    #[test]
    fn a_closed_path_still_shows_the_dates_that_were_announced() {
        let mut before = SunsetNotice::new("2023-06-30T23:59:59Z".parse().unwrap());
        before.successor = Some("https://api.example.com/v2".into());
        let mut gone = GoneNotice::new("Orders");
        gone.documentation = Some("https://developer.example.com/gone".into());
        let mut headers = HeaderMap::new();
        Announcement::of_gone(&gone, Some(&before))
            .unwrap()
            .put_on(&mut headers);
        assert_eq!(headers["deprecation"], "@1688169599");
        assert!(!headers.contains_key("sunset"));
        assert_eq!(headers.get_all(LINK).iter().count(), 3);
    }

    proptest! {
        #[test]
        fn the_sunset_is_what_an_independent_writer_writes(seconds in 0u32..) {
            let at = Timestamp::from_second(i64::from(seconds)).unwrap();
            let other = httpdate::fmt_http_date(
                UNIX_EPOCH + Duration::from_secs(u64::from(seconds)),
            );
            let mut notice = SunsetNotice::new(at);
            notice.sunset = Some(at);
            prop_assert_eq!(notice.sunset_header(), Some(other));
        }
    }
}
