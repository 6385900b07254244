//! One access path of a service: its id, its hosts and its path prefixes.

use std::collections::BTreeSet;

use deprovision_core::resource::AccessPathId;

use crate::reading::host_of;

/// The longest prefix accepted, in bytes.
const MAX_PREFIX_BYTES: usize = 1024;

/// One access path that a service honours: every request to one of the hosts
/// (any host, when none is named) under one of the prefixes belongs to it.
///
/// A prefix ends on a segment boundary: `/v1` stands for `/v1` and `/v1/orders`,
/// never for `/v10`. How odd spellings are read is told at
/// [`Gateway`](crate::Gateway).
///
/// ```
/// use deprovision_http::Route;
/// let route = Route::new("gateway:shop:local:orders-v1".parse()?, "/v1")?
///     .or_under("/api/v1")?
///     .on_host("api.example.com")?;
/// assert!(Route::new("gateway:shop:local:x".parse()?, "/v1/../v2").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    id: AccessPathId,
    hosts: BTreeSet<String>,
    prefixes: BTreeSet<Vec<String>>,
}

/// Why a route can not be declared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// The prefix is not a plain absolute path.
    #[error(
        "{prefix:?} is not a prefix of paths: {why}; write it as a plain absolute path, for example /v1"
    )]
    Prefix {
        /// What was given, cut to 80 characters.
        prefix: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The host is not a bare host name.
    #[error(
        "{host:?} is not a host name; write it without scheme, user and port, for example api.example.com"
    )]
    Host {
        /// What was given, cut to 80 characters.
        host: String,
    },
    /// The same id was declared twice.
    #[error("{id} is declared twice; give one route both prefixes with or_under")]
    Twice {
        /// The id.
        id: String,
    },
    /// Two routes claim the same requests.
    #[error(
        "{first} and {second} both claim {prefix}; a request must belong to one path: change a prefix or a host"
    )]
    Overlap {
        /// The id of the route declared first.
        first: String,
        /// The id of the route declared later.
        second: String,
        /// The prefix that both have.
        prefix: String,
    },
}

impl Route {
    /// A path on any host under one prefix; `/` stands for everything.
    ///
    /// # Errors
    /// [`RouteError::Prefix`] when the prefix does not start with `/`, or holds
    /// what could be spelled in two ways: empty and dot segments, `%`, `;`, `?`,
    /// `#`, a backslash, or anything but visible ASCII.
    pub fn new(id: AccessPathId, prefix: &str) -> Result<Self, RouteError> {
        Self {
            id,
            hosts: BTreeSet::new(),
            prefixes: BTreeSet::new(),
        }
        .or_under(prefix)
    }

    /// The same path under one more prefix (an alias, a stage).
    ///
    /// # Errors
    /// As [`Route::new`].
    pub fn or_under(mut self, prefix: &str) -> Result<Self, RouteError> {
        self.prefixes.insert(segments_of(prefix)?);
        Ok(self)
    }

    /// Limits the path to this host; called again, to one more.
    ///
    /// Names are compared without case, port and a final dot.
    ///
    /// # Errors
    /// [`RouteError::Host`] when it is not a bare host name or IP address.
    pub fn on_host(mut self, host: &str) -> Result<Self, RouteError> {
        let fail = || RouteError::Host {
            host: shortened(host),
        };
        let plain = host.bytes().all(|b| b.is_ascii_graphic())
            && !host.contains(['/', '@', '?', '#', '*', ',', '%', '\\']);
        let name = host_of(host);
        let bare = name.len() == host.strip_suffix('.').unwrap_or(host).len();
        if !plain || name.is_empty() || name.ends_with('.') || !bare {
            return Err(fail());
        }
        self.hosts.insert(name);
        Ok(self)
    }

    /// The access path's id.
    #[must_use]
    pub fn id(&self) -> &AccessPathId {
        &self.id
    }

    pub(crate) fn hosts(&self) -> &BTreeSet<String> {
        &self.hosts
    }

    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &[String]> {
        self.prefixes.iter().map(Vec::as_slice)
    }
}

/// Refuses routes between which a request could not be told apart.
pub(crate) fn check_all(routes: &[Route]) -> Result<(), RouteError> {
    for (at, second) in routes.iter().enumerate() {
        for first in &routes[..at] {
            if first.id == second.id {
                return Err(RouteError::Twice {
                    id: first.id.to_string(),
                });
            }
            let shared_host = (first.hosts.is_empty() && second.hosts.is_empty())
                || first.hosts.intersection(&second.hosts).next().is_some();
            let shared = first.prefixes.intersection(&second.prefixes).next();
            if let (true, Some(prefix)) = (shared_host, shared) {
                return Err(RouteError::Overlap {
                    first: first.id.to_string(),
                    second: second.id.to_string(),
                    prefix: format!("/{}", prefix.join("/")),
                });
            }
        }
    }
    Ok(())
}

/// The prefix as lower-case segments.
fn segments_of(prefix: &str) -> Result<Vec<String>, RouteError> {
    let fail = |why| {
        Err(RouteError::Prefix {
            prefix: shortened(prefix),
            why,
        })
    };
    if prefix.len() > MAX_PREFIX_BYTES {
        return fail("it is longer than 1024 bytes");
    }
    let Some(rest) = prefix.strip_prefix('/') else {
        return fail("it does not start with a slash");
    };
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    if !rest.bytes().all(|b| b.is_ascii_graphic()) || rest.contains(['%', ';', '?', '#', '\\']) {
        return fail("it holds a character that can be spelled in two ways");
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let segments: Vec<_> = rest.split('/').map(str::to_ascii_lowercase).collect();
    if segments
        .iter()
        .any(|s| matches!(s.as_str(), "" | "." | ".."))
    {
        return fail("it holds an empty segment or a dot segment");
    }
    Ok(segments)
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(name: &str, prefix: &str) -> Route {
        let id = format!("gateway:shop:local:{name}").parse().unwrap();
        Route::new(id, prefix).unwrap()
    }

    #[test]
    fn a_prefix_that_can_be_spelled_in_two_ways_is_refused() {
        for bad in [
            "", "v1", "//", "/v1//x", "/v1/.", "/../v1", "/%761", "/v1;a=b", "/v1?x", "/v1#x",
            "/v\\1", "/v 1", "/v1\n", "/é", "/v1//",
        ] {
            let id = "gateway:shop:local:x".parse().unwrap();
            assert!(Route::new(id, bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_host_is_a_bare_name() {
        for bad in [
            "", "http://a", "a/b", "u@a", "a:80", "a b", "*.a", "a..", "ä.de", ".",
        ] {
            assert!(route("x", "/").on_host(bad).is_err(), "{bad:?}");
        }
        for good in ["API.example.com", "example.com.", "127.0.0.1", "[::1]"] {
            assert!(route("x", "/").on_host(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn two_routes_that_claim_the_same_requests_are_refused() {
        let clash = |a: Route, b: Route| check_all(&[a, b]).is_err();
        assert!(clash(route("a", "/v1"), route("b", "/V1/")));
        assert!(clash(route("a", "/v1"), route("a", "/v2")));
        let on = |name, host| route(name, "/v1").on_host(host).unwrap();
        assert!(clash(on("a", "x.org"), on("b", "X.org.")));
        assert!(!clash(on("a", "x.org"), on("b", "y.org")));
        assert!(!clash(on("a", "x.org"), route("b", "/v1")));
        assert!(!clash(route("a", "/v1"), route("b", "/v1/orders")));
    }
}
