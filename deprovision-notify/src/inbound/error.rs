//! Why a request is not believed.

use http::StatusCode;

/// Why a request is not believed. [`status`](Self::status) answers a
/// [`Replayed`](Self::Replayed) one as if it were new (it was handled),
/// [`Busy`](Self::Busy) with 503, all others with 400 or 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InboundError {
    /// A header is missing, or empty.
    #[error("the header {0} is missing; send it")]
    Missing(&'static str),
    /// A header is there more than once: it is not clear which was signed.
    #[error("the header {0} is there more than once; send it once")]
    Repeated(&'static str),
    /// A header does not look as it should.
    #[error("the header {0} can not be read; see the protocol for its form")]
    Malformed(&'static str),
    /// It is older than the tolerance.
    #[error("it was signed too long ago; sign it anew, and check both clocks")]
    Stale,
    /// Its time is further ahead than the tolerance.
    #[error("it was signed in the future; check both clocks")]
    FromTheFuture,
    /// A part is missing: the body is shorter than `Content-Length`, or the signature
    /// shorter than one is.
    #[error("a part of it is missing; send it again, as a whole")]
    Truncated,
    /// No signature is one of ours over this.
    #[error("its signature is wrong; check the signing secret, and that the body is unchanged")]
    Forged,
    /// It is genuine, and was here before.
    #[error("it was here before")]
    Replayed,
    /// As many as can be remembered came within the tolerance: whether this one is new can
    /// not be told. It may be sent again later.
    #[error("too many came at once; send it again later")]
    Busy,
}

impl InboundError {
    /// With which status such a request is answered.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Replayed => StatusCode::OK,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Stale | Self::FromTheFuture | Self::Forged => StatusCode::UNAUTHORIZED,
            Self::Missing(_) | Self::Repeated(_) | Self::Malformed(_) | Self::Truncated => {
                StatusCode::BAD_REQUEST
            }
        }
    }
}
