//! The one place that maps GitHub's errors.
//!
//! What GitHub says in prose is not repeated: it may quote the request.

use deprovision_core::provider::{ErrorKind, Outcome, ProviderError};
use deprovision_core::time::{Period, Timestamp};
use http::HeaderMap;
use serde::Deserialize;

use crate::call::Call;

/// GitHub asks to wait at least so long when it does not say until when.
const AT_LEAST: Period = Period::minutes(1);

/// What became of a call that gave no answer of use.
#[derive(Debug)]
pub(crate) enum Failed {
    /// GitHub refused it, or it never left: nothing happened.
    Refused(Refusal),
    /// It was sent, and nobody knows what came of it.
    Unsure(ProviderError),
}

/// A refusal, and what the caller may want to know of it.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: ProviderError,
    /// Zero when it never left.
    pub(crate) status: u16,
    /// GitHub's own words, lower case, to tell one 422 from another: never shown.
    pub(crate) said: String,
}

/// An error as GitHub writes it.
#[derive(Debug, Default, Deserialize)]
struct Said {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: serde_json::Value,
}

impl Failed {
    /// A refusal of our own.
    pub(crate) fn refused(error: ProviderError) -> Self {
        Self::Refused(Refusal {
            error,
            status: 0,
            said: String::new(),
        })
    }

    /// No answer came.
    pub(crate) fn lost(call: &Call, why: &str) -> Self {
        Self::Unsure(ProviderError::new(
            ErrorKind::Transient,
            call.to_string(),
            format!("{why}; check the network and the address of the server"),
        ))
    }

    /// What an answer says that is no success.
    pub(crate) fn answered(
        call: &Call,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Self {
        let said: Said = serde_json::from_slice(body).unwrap_or_default();
        let said = format!("{} {}", said.message, said.errors).to_lowercase();
        let (kind, advice) = judge(call, status, &said, headers, now);
        let error = ProviderError::new(
            kind,
            call.to_string(),
            format!("{advice} (GitHub answered {status}{})", request_id(headers)),
        );
        // A server that failed inside may have done it before: 502 after the effect is
        // what GitHub gives when its own answer takes too long.
        if status >= 500 {
            return Self::Unsure(error);
        }
        Self::Refused(Refusal {
            error,
            status,
            said,
        })
    }

    /// A read that failed so: reading again does no harm.
    pub(crate) fn of_read(self) -> ProviderError {
        match self {
            Self::Refused(refusal) => refusal.error,
            Self::Unsure(error) => error,
        }
    }

    /// A single write that failed so.
    pub(crate) fn of_write(self) -> Result<Outcome, ProviderError> {
        match self {
            Self::Refused(refusal) => Err(refusal.error),
            Self::Unsure(error) => Ok(Outcome::unknown(error.to_string())),
        }
    }

    /// Whether GitHub answered with this status.
    pub(crate) fn is_status(&self, wanted: u16) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == wanted)
    }

    /// Whether GitHub refused it as invalid, with these words.
    pub(crate) fn is_invalid_because(&self, words: &str) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == 422 && refusal.said.contains(words))
    }

    /// Until when GitHub does not listen, when it said that.
    pub(crate) fn throttled_until(&self) -> Option<Timestamp> {
        match self {
            Self::Refused(refusal) => match refusal.error.kind() {
                ErrorKind::Throttled { retry_at } => *retry_at,
                ErrorKind::Transient
                | ErrorKind::Denied
                | ErrorKind::NotFound
                | ErrorKind::Conflict
                | ErrorKind::Invalid
                | ErrorKind::Unsupported => None,
            },
            Self::Unsure(_) => None,
        }
    }
}

impl From<ProviderError> for Failed {
    fn from(error: ProviderError) -> Self {
        Self::refused(error)
    }
}

/// A request that is wrong and will be wrong again.
pub(crate) fn invalid(operation: impl Into<String>, why: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Invalid, operation, why)
}

fn judge(
    call: &Call,
    status: u16,
    said: &str,
    headers: &HeaderMap,
    now: Timestamp,
) -> (ErrorKind, String) {
    if let Some(retry_at) = throttled(status, said, headers, now) {
        let retry_at = Some(retry_at);
        let advice = "too many calls; give `Limits` that leave room for others".to_owned();
        return (ErrorKind::Throttled { retry_at }, advice);
    }
    let needs = call.permission;
    match status {
        300..=399 => (
            ErrorKind::Invalid,
            "it was renamed or moved; use its new name".to_owned(),
        ),
        401 => (
            ErrorKind::Denied,
            "the token is no good; it may have expired".to_owned(),
        ),
        403 | 451 => (
            ErrorKind::Denied,
            format!("not permitted; it needs {needs}"),
        ),
        404 => (
            ErrorKind::NotFound,
            format!("not there, or not visible without {needs}"),
        ),
        405 => (
            ErrorKind::Unsupported,
            "this GitHub can not do it".to_owned(),
        ),
        409 => (
            ErrorKind::Conflict,
            "its state forbids it; look at it and try again".to_owned(),
        ),
        410 => (
            ErrorKind::Unsupported,
            "it is switched off there".to_owned(),
        ),
        400..=499 => (
            ErrorKind::Invalid,
            "GitHub takes no such request; check names and settings".to_owned(),
        ),
        _ => (
            ErrorKind::Transient,
            "GitHub failed inside; it is looked at and tried again".to_owned(),
        ),
    }
}

/// Until when GitHub does not listen. Its order: `retry-after`, else the reset of the
/// budget that is used up, else a minute.
fn throttled(status: u16, said: &str, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    if status != 403 && status != 429 {
        return None;
    }
    let number =
        |name: &str| -> Option<i64> { headers.get(name)?.to_str().ok()?.trim().parse().ok() };
    if let Some(seconds) = number("retry-after") {
        let wait = Period::seconds(u64::try_from(seconds).unwrap_or(0)).max(Period::seconds(1));
        return Some(wait.after(now));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        let reset = number("x-ratelimit-reset").and_then(|at| Timestamp::from_second(at).ok());
        // Somebody's clock is wrong when it is long over, or days ahead.
        let sane = |at: &Timestamp| *at > now && *at <= Period::hours(2).after(now);
        return Some(reset.filter(sane).unwrap_or_else(|| AT_LEAST.after(now)));
    }
    let limited = status == 429 || said.contains("rate limit") || said.contains("abuse detection");
    limited.then(|| AT_LEAST.after(now))
}

fn request_id(headers: &HeaderMap) -> String {
    let id = headers
        .get("x-github-request-id")
        .and_then(|id| id.to_str().ok());
    match id {
        Some(id)
            if id.len() < 80
                && id
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || ":-".contains(c)) =>
        {
            format!(", request {id}")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CREATE_PULL;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Failed {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let now = Timestamp::from_second(1_000).unwrap();
        Failed::answered(&CREATE_PULL, status, &map, body.as_bytes(), now)
    }

    fn until(failed: &Failed) -> Option<i64> {
        failed.throttled_until().map(Timestamp::as_second)
    }

    #[test]
    fn a_limit_says_until_when_and_a_missing_permission_does_not() {
        assert_eq!(
            until(&answer(403, &[("retry-after", "90")], "")),
            Some(1_090)
        );
        assert_eq!(until(&answer(429, &[], "")), Some(1_060));
        let used_up = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "2000"),
        ];
        assert_eq!(until(&answer(403, &used_up, "")), Some(2_000));
        let odd = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "99999999"),
        ];
        assert_eq!(until(&answer(403, &odd, "")), Some(1_060));
        let secondary = r#"{"message":"You have exceeded a secondary rate limit"}"#;
        assert_eq!(until(&answer(403, &[], secondary)), Some(1_060));
        assert_eq!(
            until(&answer(
                403,
                &[],
                r#"{"message":"Resource not accessible by integration"}"#
            )),
            None
        );
        assert_eq!(
            until(&answer(403, &[("x-ratelimit-remaining", "0x")], "")),
            None
        );
    }

    #[test]
    fn what_failed_inside_may_have_been_done_and_what_was_refused_was_not() {
        for status in [500, 502, 503, 504] {
            assert!(
                matches!(answer(status, &[], ""), Failed::Unsure(_)),
                "{status}"
            );
        }
        for status in [400, 401, 403, 404, 409, 410, 422, 429] {
            assert!(
                matches!(answer(status, &[], ""), Failed::Refused(_)),
                "{status}"
            );
        }
    }

    #[test]
    fn i_20_what_github_says_is_not_repeated() {
        let failed = answer(
            422,
            &[],
            r#"{"message":"no ghp_secret please","errors":["ghp_secret"]}"#,
        );
        assert!(failed.is_invalid_because("please"));
        assert!(!failed.of_read().to_string().contains("ghp_"));
    }
}
