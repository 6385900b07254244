//! The answer of a path that is closed or browned out: 410 Gone with a problem
//! document (RFC 9457), never cached.

use bytes::Bytes;
use deprovision_core::provider::{GoneNotice, SunsetNotice};
use deprovision_core::time::Timestamp;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, Response, StatusCode};
use serde::Serialize;

use crate::announcement::{Announcement, links_of_gone};
use crate::body::GatewayBody;
use crate::notice::InvalidNotice;

/// The problem type of a closed path.
pub const PROBLEM_GONE: &str =
    "https://github.com/deprovision/deprovision/blob/main/deprovision-http/README.md#gone";
/// The problem type of a brown-out.
pub const PROBLEM_BROWN_OUT: &str =
    "https://github.com/deprovision/deprovision/blob/main/deprovision-http/README.md#brown-out";

/// What a closed path answers, made once when it is set.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    announcement: Announcement,
    body: Bytes,
    until: Option<Timestamp>,
}

/// The problem document.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    successor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    documentation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

impl Refusal {
    /// The answer of a closed path.
    pub(crate) fn closed(
        gone: &GoneNotice,
        announced: Option<&SunsetNotice>,
    ) -> Result<Self, InvalidNotice> {
        let (successor, documentation) = links_of_gone(gone, announced);
        let mut detail = format!("{} has been retired.", gone.title.trim());
        if let Some(url) = successor {
            detail.push_str(&format!(" Use {url} instead."));
        }
        if let Some(url) = documentation {
            detail.push_str(&format!(" Read more at {url}."));
        }
        let problem = Problem {
            r#type: PROBLEM_GONE,
            title: "This API has been retired",
            status: 410,
            detail,
            successor,
            documentation,
            until: None,
        };
        Self::new(Announcement::of_gone(gone, announced)?, &problem, None)
    }

    /// The answer during a brown-out.
    pub(crate) fn browned_out(
        until: Timestamp,
        notice: Option<&SunsetNotice>,
    ) -> Result<Self, InvalidNotice> {
        let mut detail = format!(
            "This API is switched off on purpose until {until}, to show what will stop working when it is retired."
        );
        if let Some(sunset) = notice.and_then(|notice| notice.sunset) {
            detail.push_str(&format!(" It will be retired at {sunset}."));
        }
        let successor = notice.and_then(|notice| notice.successor.as_deref());
        let documentation = notice.and_then(|notice| notice.documentation.as_deref());
        if let Some(url) = successor {
            detail.push_str(&format!(" Use {url} instead."));
        }
        if let Some(url) = documentation {
            detail.push_str(&format!(" Read more at {url}."));
        }
        let problem = Problem {
            r#type: PROBLEM_BROWN_OUT,
            title: "This API is switched off for a while",
            status: 410,
            detail,
            successor,
            documentation,
            until: Some(until),
        };
        let announcement = match notice {
            Some(notice) => Announcement::of_notice(notice)?,
            None => Announcement::default(),
        };
        Self::new(announcement, &problem, Some(until))
    }

    fn new(
        announcement: Announcement,
        problem: &Problem<'_>,
        until: Option<Timestamp>,
    ) -> Result<Self, InvalidNotice> {
        let body = serde_json::to_vec(problem).map_err(|_| InvalidNotice::Title {
            why: "not to be written as JSON",
        })?;
        Ok(Self {
            announcement,
            body: body.into(),
            until,
        })
    }

    /// The answer to one request; the answer to HEAD has no body.
    pub(crate) fn answer<B>(&self, method: &Method, now: Timestamp) -> Response<GatewayBody<B>> {
        let body = if method == Method::HEAD {
            Bytes::new()
        } else {
            self.body.clone()
        };
        let mut response = Response::new(GatewayBody::refusal(body));
        *response.status_mut() = StatusCode::GONE;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(until) = self.until {
            headers.insert(RETRY_AFTER, retry_after(until, now));
        }
        self.announcement.put_on(headers);
        response
    }
}

/// The seconds until a brown-out is over, rounded up.
fn retry_after(until: Timestamp, now: Timestamp) -> HeaderValue {
    let left = until.duration_since(now);
    let seconds = left
        .as_secs()
        .saturating_add(i64::from(left.subsec_nanos() > 0));
    HeaderValue::from(u64::try_from(seconds).unwrap_or(0).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn retry_after_is_rounded_up_and_never_zero() {
        let now = at("2027-01-01T00:00:00Z");
        assert_eq!(retry_after(at("2027-01-01T01:00:00Z"), now), "3600");
        assert_eq!(retry_after(at("2027-01-01T00:00:00.5Z"), now), "1");
        assert_eq!(retry_after(now, now), "1");
        assert_eq!(retry_after(at("2026-01-01T00:00:00Z"), now), "1");
    }

    #[test]
    fn a_title_can_not_break_the_problem_document() {
        let gone = GoneNotice::new("Orders \"v1\", \\ <script>");
        let refusal = Refusal::closed(&gone, None).unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&refusal.body).unwrap();
        assert_eq!(
            problem["detail"],
            "Orders \"v1\", \\ <script> has been retired."
        );
        assert_eq!(problem["status"], 410);
        assert_eq!(problem["type"], PROBLEM_GONE);
        assert!(problem.get("until").is_none());
    }
}
