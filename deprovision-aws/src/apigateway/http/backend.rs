//! What answers 410 in the place of a closed HTTP API.

use deprovision_core::provider::{InvalidNotice, url_trouble};

/// A backend that answers every request 410 with a problem document
/// (`application/problem+json`, RFC 9457). HTTP APIs can not answer by themselves, so
/// without one they can not be closed. That it does answer so is seen by the probe of
/// the path, and by nothing else (invariant I-5).
///
/// ```
/// use deprovision_aws::GoneBackend;
/// assert!(GoneBackend::url("https://gone.example.com/").is_ok());
/// assert!(GoneBackend::url("gone.example.com").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoneBackend {
    pub(super) uri: String,
    pub(super) is_function: bool,
}

impl GoneBackend {
    /// A backend at a URL.
    ///
    /// # Errors
    /// [`InvalidNotice::Url`] when it is no absolute http or https URL.
    pub fn url(url: impl Into<String>) -> Result<Self, InvalidNotice> {
        let uri = url.into();
        match url_trouble(&uri) {
            Some(why) => Err(InvalidNotice::Url {
                field: "the backend",
                why,
            }),
            None => Ok(Self {
                uri,
                is_function: false,
            }),
        }
    }

    /// A Lambda function, by its ARN; it is called with payload format 2.0 and has to
    /// allow API Gateway to call it.
    ///
    /// # Errors
    /// [`InvalidNotice::Url`] when it is no ARN of a function.
    pub fn function(arn: impl Into<String>) -> Result<Self, InvalidNotice> {
        let uri = arn.into();
        let mut parts = uri.split(':');
        let is_arn = (parts.next(), parts.nth(1)) == (Some("arn"), Some("lambda"))
            && uri.bytes().all(|byte| byte.is_ascii_graphic());
        if is_arn {
            Ok(Self {
                uri,
                is_function: true,
            })
        } else {
            Err(InvalidNotice::Url {
                field: "the backend",
                why: "it is no ARN of a Lambda function",
            })
        }
    }
}
