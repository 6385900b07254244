//! One face of an access path: what a stranger would call.

use std::fmt;

use http::Method;
use http::uri::Uri;

use crate::notice::url_trouble;

/// A method and an absolute URL under which callers know a path: one of its
/// hosts, stages or aliases. It is shown in logs and reports, so it holds no secret.
///
/// ```
/// use deprovision_http::Face;
/// assert_eq!(
///     Face::get("https://api.example.com/v1/orders")?.to_string(),
///     "GET https://api.example.com/v1/orders",
/// );
/// # Ok::<(), deprovision_http::FaceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    method: Method,
    uri: Uri,
}

/// Why something can not be probed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaceError {
    /// The URL can not be called.
    #[error("{url:?} can not be probed: {why}; write it as https://host/path")]
    Url {
        /// What was given, cut to 80 characters.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A probe with this method says nothing.
    #[error(
        "{method} can not be probed: its answer carries no problem document; use the method of a real call"
    )]
    Method {
        /// The method.
        method: Method,
    },
}

impl Face {
    /// A face that is called with GET.
    ///
    /// # Errors
    /// [`FaceError::Url`] when it is not an absolute http or https URL in plain
    /// ASCII, or holds a user name or password.
    pub fn get(url: &str) -> Result<Self, FaceError> {
        Self::checked(Method::GET, url)
    }

    /// A face that is called with OPTIONS, which changes nothing either.
    ///
    /// # Errors
    /// As [`Face::get`].
    pub fn options(url: &str) -> Result<Self, FaceError> {
        Self::checked(Method::OPTIONS, url)
    }

    /// A face that is called with any other method and an empty body. While the
    /// path is open, the call does what such a call does: choose a URL at which
    /// it changes nothing.
    ///
    /// # Errors
    /// As [`Face::get`], and [`FaceError::Method`] for HEAD, CONNECT and TRACE.
    pub fn dangerous_call(method: Method, url: &str) -> Result<Self, FaceError> {
        if [Method::HEAD, Method::CONNECT, Method::TRACE].contains(&method) {
            return Err(FaceError::Method { method });
        }
        Self::checked(method, url)
    }

    fn checked(method: Method, url: &str) -> Result<Self, FaceError> {
        let fail = |why| FaceError::Url {
            url: url.chars().take(80).collect(),
            why,
        };
        if url.contains('@') {
            // Not even shown: it may hold a password.
            return Err(FaceError::Url {
                url: String::new(),
                why: "it holds an @, as a user name or a password would (write %40 in a path)",
            });
        }
        match (url_trouble(url), url.parse()) {
            (None, Ok(uri)) => Ok(Self { method, uri }),
            (Some(why), _) => Err(fail(why)),
            (None, Err(_)) => Err(fail("it can not be parsed")),
        }
    }

    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl fmt::Display for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_called_or_says_nothing_is_no_face() {
        for bad in ["", "/v1", "ftp://a/", "https://", "https://a/\r\nx: y"] {
            assert!(Face::get(bad).is_err(), "{bad:?}");
        }
        for method in [Method::HEAD, Method::CONNECT, Method::TRACE] {
            assert!(Face::dangerous_call(method, "http://a/").is_err());
        }
        assert!(Face::dangerous_call(Method::POST, "http://a/").is_ok());
    }

    #[test]
    fn i_20_a_password_in_a_url_is_refused_and_not_shown() {
        let error = Face::get("https://user:hunter2@host/").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
