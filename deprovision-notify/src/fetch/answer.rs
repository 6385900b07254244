//! What came back.

use std::time::Duration;

use bytes::Bytes;
use deprovision_core::time::{Period, Timestamp};
use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};

/// What came back. A redirect is an answer like any other: nobody follows it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its header.
    pub headers: HeaderMap,
    /// Its body.
    pub body: AnswerBody,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever reads a body decides what half of one means"
)]
pub enum AnswerBody {
    /// All of it.
    Whole(Bytes),
    /// It was longer than was asked for, ended too early, or was not there in time.
    Cut,
}

/// The longest that a wish to wait is followed. Who answers nonsense must not keep
/// notices back for ever.
const MAX_WAIT: Period = Period::days(1);

impl Answer {
    /// An answer.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: AnswerBody) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    /// Not before when the other side wants another request: `Retry-After` (RFC 9110,
    /// section 10.2.3), in seconds or as a date, at most one day from now.
    #[must_use]
    pub fn retry_at(&self, now: Timestamp) -> Option<Timestamp> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        let at = if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
            // More digits than fit are a long time too.
            Period::seconds(text.parse().unwrap_or(u64::MAX)).after(now)
        } else {
            let since = httpdate::parse_http_date(text)
                .ok()?
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap_or(Duration::ZERO);
            Period::seconds(since.as_secs()).after(Timestamp::UNIX_EPOCH)
        };
        Some(at.clamp(now, MAX_WAIT.after(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry_at(value: &str) -> Option<Timestamp> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        let answer = Answer::new(StatusCode::TOO_MANY_REQUESTS, headers, AnswerBody::Cut);
        answer.retry_at("2027-01-01T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_wish_to_wait_is_followed_for_at_most_a_day() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(retry_at("30"), at("2027-01-01T00:00:30Z"));
        assert_eq!(retry_at(" 0 "), at("2027-01-01T00:00:00Z"));
        let date = "Fri, 01 Jan 2027 02:00:00 GMT";
        assert_eq!(retry_at(date), at("2027-01-01T02:00:00Z"));
        let past = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(retry_at(past), at("2027-01-01T00:00:00Z"));
        for long in ["99999999999999999999999999", "31536000"] {
            assert_eq!(retry_at(long), at("2027-01-02T00:00:00Z"), "{long}");
        }
        for nonsense in ["", "soon", "-5", "1.5", "30s"] {
            assert_eq!(retry_at(nonsense), None, "{nonsense}");
        }
    }
}
