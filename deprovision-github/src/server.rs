//! Which GitHub.

use deprovision_core::provider::{ErrorKind, ProviderError};
use http::Uri;

/// github.com, or another GitHub.
///
/// ```
/// use deprovision_github::Server;
/// assert_eq!(Server::dot_com().api(), "https://api.github.com");
/// let own = Server::enterprise("https://github.acme.example")?;
/// assert_eq!(own.api(), "https://github.acme.example/api/v3");
/// assert_eq!(own.region(), "github.acme.example");
/// # Ok::<(), deprovision_core::provider::ProviderError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    api: String,
    web: String,
    region: String,
    enterprise: bool,
}

impl Server {
    /// github.com.
    #[must_use]
    pub fn dot_com() -> Self {
        Self {
            api: "https://api.github.com".to_owned(),
            web: "https://github.com".to_owned(),
            region: "github.com".to_owned(),
            enterprise: false,
        }
    }

    /// A cloud with addresses of its own, as those with data residency:
    /// `https://api.acme.ghe.com` and `https://acme.ghe.com`.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when one is no address with scheme and host.
    pub fn cloud(api: &str, web: &str) -> Result<Self, ProviderError> {
        let (api, _) = address(api)?;
        let (web, region) = address(web)?;
        Ok(Self {
            api,
            web,
            region,
            enterprise: false,
        })
    }

    /// An Enterprise Server, by its address without a path.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when it is no address with scheme and host.
    pub fn enterprise(web: &str) -> Result<Self, ProviderError> {
        let (web, region) = address(web)?;
        Ok(Self {
            api: format!("{web}/api/v3"),
            web,
            region,
            enterprise: true,
        })
    }

    /// Where the API is, without a slash at the end.
    #[must_use]
    pub fn api(&self) -> &str {
        &self.api
    }

    /// Where people and git go, without a slash at the end.
    #[must_use]
    pub fn web(&self) -> &str {
        &self.web
    }

    /// The region in references to what is here: the host.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    pub(crate) fn is_enterprise(&self) -> bool {
        self.enterprise
    }

    /// The address of another page, when it lies below the API of this server: else the
    /// token would go to somebody else.
    pub(crate) fn is_ours(&self, url: &str) -> bool {
        url.strip_prefix(&self.api)
            .is_some_and(|rest| rest.starts_with(['/', '?']))
    }
}

/// An address without a slash at the end, and its host.
fn address(text: &str) -> Result<(String, String), ProviderError> {
    let wrong = || {
        ProviderError::new(
            ErrorKind::Invalid,
            "read the address of GitHub",
            format!("{text:?} is no address; write it as `https://github.acme.example`"),
        )
    };
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let host = uri.host().filter(|host| !host.starts_with('['));
    let plain = uri.path() == "/" && uri.query().is_none() && !text.contains('@');
    match (uri.scheme_str(), host, plain) {
        (Some("http" | "https"), Some(host), true) => {
            Ok((text.trim_end_matches('/').to_owned(), host.to_owned()))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_a_path_or_a_password_is_refused() {
        for bad in [
            "",
            "github.com",
            "ftp://github.com",
            "https://github.com/api",
            "https://u:p@github.com",
            "https://github.com?x",
        ] {
            assert!(Server::enterprise(bad).is_err(), "{bad:?}");
        }
        assert!(Server::enterprise("http://127.0.0.1:8080/").is_ok());
    }

    #[test]
    fn only_what_lies_below_the_api_is_ours() {
        let server = Server::enterprise("https://github.acme.example").unwrap();
        assert!(server.is_ours("https://github.acme.example/api/v3/orgs/a/repos?page=2"));
        for other in [
            "https://github.acme.example.evil.example/api/v3/x",
            "https://github.acme.example/api/v33",
            "http://github.acme.example/api/v3/x",
            "https://evil.example/api/v3/x",
        ] {
            assert!(!server.is_ours(other), "{other}");
        }
    }
}
