//! What an answer over HTTP means for a letter.

use deprovision_core::time::Timestamp;
use http::StatusCode;

use crate::channel::Sent;
use crate::fetch::{Answer, FetchError, explained};

/// What came of a request that has no answer.
pub(crate) fn of_error(error: &FetchError) -> Sent {
    let why = explained(error);
    match error {
        FetchError::Target(_)
        | FetchError::Request(_)
        | FetchError::Certificate { .. }
        | FetchError::Roots(_) => Sent::Broken { why },
        FetchError::Resolve { .. } | FetchError::Connect { .. } | FetchError::LateBefore { .. } => {
            Sent::NotSent {
                why,
                retry_at: None,
            }
        }
        FetchError::LateAfter { .. } | FetchError::Dropped { .. } => Sent::Unsure { why },
    }
}

/// What the status of an answer says (RFC 9110, section 15). What the body says is not
/// quoted: it could hold anything, even what we sent.
pub(crate) fn of_status(answer: &Answer, host: &str, now: Timestamp) -> Sent {
    let status = answer.status;
    let why = format!("{host} answered {status}");
    match status {
        _ if status.is_success() => Sent::Accepted { receipt: why },
        // Each says that the request was not carried out, and may be another time.
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::TOO_EARLY
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::SERVICE_UNAVAILABLE => Sent::NotSent {
            why,
            retry_at: answer.retry_at(now),
        },
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::PROXY_AUTHENTICATION_REQUIRED => Sent::Broken {
            why: format!("{why}; check the address and the secret that were given for it"),
        },
        _ if status.is_client_error() => Sent::Refused { why },
        _ if status.is_redirection() => Sent::Broken {
            why: format!("{why}: it sends elsewhere, which is not followed; give the new address"),
        },
        _ if status.is_server_error() => Sent::Unsure { why },
        _ => Sent::Broken {
            why: format!("{why}, which is no answer to a POST; check the address"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::AnswerBody;

    #[test]
    fn every_status_means_something_and_none_but_2xx_is_taken() {
        for status in 100..1000 {
            let status = StatusCode::from_u16(status).unwrap();
            let answer = Answer::new(status, http::HeaderMap::new(), AnswerBody::Cut);
            let sent = of_status(&answer, "hooks.example.com", Timestamp::UNIX_EPOCH);
            let kind = match sent {
                Sent::Accepted { .. } => "accepted",
                Sent::Refused { .. } => "refused",
                Sent::NotSent { .. } => "not sent",
                Sent::Broken { .. } => "broken",
                Sent::Unsure { .. } => "unsure",
            };
            let wanted = match status.as_u16() {
                200..300 => "accepted",
                401 | 403 | 407 => "broken",
                408 | 425 | 429 | 503 => "not sent",
                400..500 => "refused",
                500..600 => "unsure",
                _ => "broken",
            };
            assert_eq!(kind, wanted, "{status}");
        }
    }
}
