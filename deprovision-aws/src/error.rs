//! The one place that maps AWS's errors.
//!
//! Longer than most files: the codes of all services are one table, so that the same word
//! of AWS means the same everywhere, and its tests stand beside it.
//!
//! What AWS says in prose is not repeated: it may quote the request. The code, the
//! status and the id of the request are, for they are what AWS's support asks for.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use deprovision_core::provider::{ErrorKind, Outcome, ProviderError};
use deprovision_core::time::{Period, Timestamp};

use crate::call::Call;

/// What became of a call that gave no answer of use.
#[derive(Debug)]
pub(crate) enum Failed {
    /// AWS refused it, or it never left: nothing happened.
    Refused(ProviderError),
    /// It was sent, and nobody knows what came of it.
    Unsure(ProviderError),
}

impl Failed {
    /// What a call's error says of it.
    pub(crate) fn of<E>(call: Call, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata,
    {
        match error {
            SdkError::ConstructionFailure(_) => Self::Refused(failure(
                call,
                ErrorKind::Invalid,
                "the request could not be put together; check the names in the reference",
                Fault::local("construction failure"),
            )),
            SdkError::DispatchFailure(failed) if failed.is_user() => Self::Refused(failure(
                call,
                ErrorKind::Invalid,
                "the request could not be sent as it is; check the endpoint of the client",
                Fault::local("user error"),
            )),
            // No credentials, or a connector that gave up before it connected, look the
            // same from here as a connection that broke after the request.
            SdkError::DispatchFailure(failed) => Self::Unsure(failure(
                call,
                ErrorKind::Transient,
                "no answer came; check the network, the endpoint and the credentials of the client",
                Fault::dispatch(failed.as_connector_error()),
            )),
            SdkError::TimeoutError(_) => Self::Unsure(failure(
                call,
                ErrorKind::Transient,
                "no answer came in time",
                Fault::local("time-out"),
            )),
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                Self::answered(call, status, answer.err().meta(), answer.raw())
            }
            SdkError::ResponseError(answer) => {
                let raw = answer.raw();
                let fault = Fault::answer(raw.status().as_u16(), None, raw);
                Self::Unsure(failure(
                    call,
                    ErrorKind::Transient,
                    "the answer could not be read; check that the endpoint is AWS's",
                    fault,
                ))
            }
            // The SDK may add kinds; what is not known is not known to be harmless.
            _ => Self::Unsure(failure(
                call,
                ErrorKind::Transient,
                "no answer of use came",
                Fault::local("unknown failure"),
            )),
        }
    }

    fn answered(
        call: Call,
        status: u16,
        meta: &aws_smithy_types::error::ErrorMetadata,
        raw: &HttpResponse,
    ) -> Self {
        let code = meta.code().unwrap_or_default();
        let fault = Fault::answer(status, meta.code(), raw);
        let message = meta.message().unwrap_or_default();
        let (kind, advice) = judge(call, status, code, message, retry_after(raw));
        let error = failure(call, kind, advice, fault);
        // A server that failed inside may have done it before; with 503 and every 4xx
        // it says that it has not. S3 says of a long call that it failed after it began
        // to answer with 200.
        let failed_inside = status >= 500 && status != 501 || status < 300;
        if failed_inside && !matches!(error.kind(), ErrorKind::Throttled { .. }) {
            Self::Unsure(error)
        } else {
            Self::Refused(error)
        }
    }

    /// What kind of trouble.
    pub(crate) fn kind(&self) -> &ErrorKind {
        match self {
            Self::Refused(error) | Self::Unsure(error) => error.kind(),
        }
    }

    /// A read that failed so: reading again does no harm.
    pub(crate) fn of_read(self) -> ProviderError {
        match self {
            Self::Refused(error) | Self::Unsure(error) => error,
        }
    }

    /// A write that failed so.
    pub(crate) fn of_write(self) -> Result<Outcome, ProviderError> {
        match self {
            Self::Refused(error) => Err(error),
            Self::Unsure(error) => Ok(Outcome::unknown(error.to_string())),
        }
    }
}

/// The answer to a read.
pub(crate) fn read<T, E>(
    call: Call,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<T, ProviderError>
where
    E: ProvideErrorMetadata,
{
    answer.map_err(|error| Failed::of(call, &error).of_read())
}

/// A request that is wrong and will be wrong again.
pub(crate) fn invalid(operation: impl Into<String>, why: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Invalid, operation, why)
}

/// An error that stands for one thing in an answer about many, by its code.
#[cfg(feature = "s3")]
pub(crate) fn coded(call: Call, code: &str, what: &str) -> ProviderError {
    let (kind, advice) = judge(call, 400, code, "", None);
    ProviderError::new(
        kind,
        call.operation,
        format!("{what}: {advice} (AWS says {code})"),
    )
}

/// What kind of trouble an answer is, and what to do about it.
fn judge(
    call: Call,
    status: u16,
    code: &str,
    message: &str,
    retry_at: Option<Timestamp>,
) -> (ErrorKind, String) {
    match code {
        // IAM says this with the status 400.
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "SlowDown"
        | "PriorRequestNotComplete" => {
            return (
                ErrorKind::Throttled { retry_at },
                "too many calls; lower the pace of the adapter".to_owned(),
            );
        }
        // IAM's queue of changes that wait to be replicated: no quota of anybody's.
        "LimitExceeded" | "LimitExceededException" if message.contains("awaiting replication") => {
            return (
                ErrorKind::Transient,
                "IAM is still spreading earlier changes; it is tried again".to_owned(),
            );
        }
        "LimitExceeded" | "LimitExceededException" | "ServiceQuotaExceededException" => {
            return (
                ErrorKind::Invalid,
                "a quota of the account is used up; raise it or remove what is not needed"
                    .to_owned(),
            );
        }
        "DeleteConflict"
        | "ConcurrentModification"
        | "ConcurrentModificationException"
        | "EntityTemporarilyUnmodifiable"
        | "ConflictException"
        | "ResourceConflictException"
        | "OperationAborted"
        | "PreconditionFailed"
        | "ConditionalRequestConflict"
        | "BucketNotEmpty" => {
            return (
                ErrorKind::Conflict,
                "it is being changed, or something still hangs on it".to_owned(),
            );
        }
        "NotImplemented" => return (ErrorKind::Unsupported, unsupported()),
        "InternalError" | "InternalFailure" => {
            return (
                ErrorKind::Transient,
                "AWS failed inside; it is tried again".to_owned(),
            );
        }
        // It has the status 403, and is no question of permissions.
        "InvalidObjectState" => {
            return (
                ErrorKind::Conflict,
                "it lies in a storage class that can not be read at once; restore it with s3:RestoreObject, wait until it is there and try again"
                    .to_owned(),
            );
        }
        "BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch" => {
            return (
                ErrorKind::Transient,
                "the bytes were changed on their way; they are sent again".to_owned(),
            );
        }
        _ => {}
    }
    let denied = code.contains("AccessDenied")
        || code.contains("NotAuthorized")
        || code.contains("Unauthorized")
        || matches!(
            code,
            "InvalidClientTokenId"
                | "UnrecognizedClientException"
                | "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "InvalidSignatureException"
                | "ExpiredToken"
                | "ExpiredTokenException"
                | "AuthFailure"
                | "OptInRequired"
        );
    if denied || status == 401 || status == 403 {
        return (
            ErrorKind::Denied,
            format!(
                "the credentials of the client need {}; attach the policy that the step prints",
                call.actions.join(", ")
            ),
        );
    }
    if code.starts_with("NoSuch") || code.contains("NotFound") || status == 404 {
        return (
            ErrorKind::NotFound,
            "AWS does not know it; check the reference, the account and the region".to_owned(),
        );
    }
    match status {
        // S3 answers so when it fails after it began to, and proxies when they are ill.
        200..300 => (
            ErrorKind::Transient,
            "it was answered that it worked, with an error in place of the answer".to_owned(),
        ),
        409 | 412 => (
            ErrorKind::Conflict,
            "it is being changed, or is not as expected".to_owned(),
        ),
        429 | 503 => (
            ErrorKind::Throttled { retry_at },
            "AWS asks for fewer calls".to_owned(),
        ),
        501 => (ErrorKind::Unsupported, unsupported()),
        500.. => (
            ErrorKind::Transient,
            "AWS failed inside; it is tried again".to_owned(),
        ),
        _ => (
            ErrorKind::Invalid,
            "AWS does not take this request".to_owned(),
        ),
    }
}

fn unsupported() -> String {
    "the endpoint does not offer this call".to_owned()
}

/// When AWS will listen again, as far as it says so in seconds (RFC 9110, section 10.2.3).
fn retry_after(raw: &HttpResponse) -> Option<Timestamp> {
    let seconds = raw.headers().get("retry-after")?.trim().parse().ok()?;
    Some(Period::seconds(seconds).after(Timestamp::now()))
}

fn failure(call: Call, kind: ErrorKind, advice: impl Into<String>, fault: Fault) -> ProviderError {
    ProviderError::new(kind, call.operation, advice).with_source(fault)
}

/// What AWS said, without what it quotes.
#[derive(Debug)]
struct Fault {
    what: String,
}

impl Fault {
    fn local(what: &str) -> Self {
        Self {
            what: what.to_owned(),
        }
    }

    fn dispatch(
        connector: Option<&aws_smithy_runtime_api::client::result::ConnectorError>,
    ) -> Self {
        let mut what = "dispatch failure".to_owned();
        let mut cause: Option<&(dyn Error + 'static)> = connector.map(|error| error as _);
        while let Some(error) = cause {
            what.push_str(": ");
            what.push_str(&error.to_string());
            cause = error.source();
        }
        Self { what }
    }

    fn answer(status: u16, code: Option<&str>, raw: &HttpResponse) -> Self {
        let code = code.unwrap_or("no code");
        let id = ["x-amzn-requestid", "x-amz-request-id"]
            .iter()
            .find_map(|name| raw.headers().get(name))
            .unwrap_or("not told");
        Self {
            what: format!("HTTP {status} {code}, request {id}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Fault {}

#[cfg(test)]
mod unit {
    use super::*;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;
    use deprovision_core::provider::error_chain;

    #[derive(Debug)]
    struct Said(ErrorMetadata);

    impl ProvideErrorMetadata for Said {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    const CALL: Call = Call::same(&["iam:UpdateAccessKey"]);

    fn said(status: u16, code: &str, message: &str) -> SdkError<Said, HttpResponse> {
        let status = StatusCode::try_from(status).unwrap();
        let raw = HttpResponse::new(status, SdkBody::from("secret body"));
        let meta = ErrorMetadata::builder().code(code).message(message).build();
        SdkError::service_error(Said(meta), raw)
    }

    fn refused(status: u16, code: &str) -> ErrorKind {
        match Failed::of(CALL, &said(status, code, "")) {
            Failed::Refused(error) => error.kind().clone(),
            Failed::Unsure(error) => panic!("{code} is no refusal: {error}"),
        }
    }

    #[test]
    fn each_code_has_its_kind_and_an_unknown_one_goes_by_its_status() {
        let throttled = ErrorKind::Throttled { retry_at: None };
        // IAM throttles with 400 (cloud-nuke issue 371).
        assert_eq!(refused(400, "Throttling"), throttled);
        assert_eq!(refused(503, "SlowDown"), throttled);
        assert_eq!(refused(429, "Whatever"), throttled);
        assert_eq!(refused(403, "AccessDenied"), ErrorKind::Denied);
        assert_eq!(refused(403, "InvalidClientTokenId"), ErrorKind::Denied);
        assert_eq!(refused(404, "NoSuchEntity"), ErrorKind::NotFound);
        assert_eq!(refused(409, "DeleteConflict"), ErrorKind::Conflict);
        assert_eq!(refused(412, "PreconditionFailed"), ErrorKind::Conflict);
        assert_eq!(refused(409, "LimitExceeded"), ErrorKind::Invalid);
        assert_eq!(refused(400, "MalformedPolicyDocument"), ErrorKind::Invalid);
        assert_eq!(refused(501, "NotImplemented"), ErrorKind::Unsupported);
    }

    #[test]
    fn a_queue_of_replication_is_waited_for_and_is_no_quota() {
        let error = said(
            409,
            "LimitExceeded",
            "Cannot exceed quota: large number of updates awaiting replication",
        );
        let Failed::Refused(error) = Failed::of(CALL, &error) else {
            panic!("it was refused");
        };
        assert_eq!(*error.kind(), ErrorKind::Transient);
    }

    #[test]
    fn a_write_whose_answer_is_lost_or_broken_is_unknown_and_never_an_error() {
        let lost = SdkError::<Said, _>::dispatch_failure(ConnectorError::io("reset".into()));
        let late = SdkError::<Said, _>::timeout_error("late");
        for error in [
            lost,
            late,
            said(500, "InternalFailure", ""),
            said(200, "Odd", ""),
        ] {
            let outcome = Failed::of(CALL, &error).of_write();
            assert!(
                matches!(outcome, Ok(Outcome::Unknown { .. })),
                "{outcome:?}"
            );
            let read = Failed::of(CALL, &error).of_read();
            assert_eq!(*read.kind(), ErrorKind::Transient);
        }
    }

    #[test]
    fn an_error_names_the_action_and_repeats_nothing_of_the_answer() {
        let error = said(403, "AccessDenied", "user secret is not authorized");
        let error = Failed::of(CALL, &error).of_read();
        let text = format!("{error:?} {}", error_chain(&error));
        assert!(text.contains("iam:UpdateAccessKey"), "{text}");
        assert!(text.contains("HTTP 403 AccessDenied"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
