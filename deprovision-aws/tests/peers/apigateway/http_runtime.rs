//! What an HTTP API answers, as its documents say, from its definition.
//!
//! Written from the developer guide: `http-api-develop-routes` (which route takes a
//! request), `http-api-cors` (who answers preflight requests), `http-api-parameter-mapping`
//! (what is done to answers of integrations), `http-api-jwt-authorizer` and
//! `http-api-access-control-iam`. What it does not know makes it panic.

use std::collections::BTreeMap;

use deprovision_core::conformance::Reply;

use super::runtime::Decision;

/// What a stage serves.
#[derive(Debug, Clone, Default)]
pub(crate) struct HttpDefinition {
    /// The origins of the CORS configuration, if there is one.
    pub(crate) origins: Option<Vec<String>>,
    pub(crate) routes: Vec<Route>,
    pub(crate) integrations: BTreeMap<String, Integration>,
}

#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) key: String,
    pub(crate) authorization: String,
    pub(crate) target: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Integration {
    pub(crate) uri: String,
    /// What is done to an answer, by its status.
    pub(crate) mappings: BTreeMap<u16, BTreeMap<String, String>>,
}

/// A request from somewhere.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HttpRequest<'a> {
    pub(crate) verb: &'a str,
    pub(crate) path: &'a str,
    /// What an authorizer or IAM thinks of the caller; `None` for one without a token or
    /// a signature.
    pub(crate) identity: Option<Decision>,
    pub(crate) origin: Option<&'a str>,
    /// `Access-Control-Request-Method`.
    pub(crate) asks_for: Option<&'a str>,
}

impl HttpDefinition {
    /// The answer; `backend` is what stands at the URI of an integration.
    pub(crate) fn answer(
        &self,
        request: HttpRequest<'_>,
        backend: impl Fn(&str) -> Reply,
    ) -> Reply {
        let allowed = self.allowed(request.origin);
        let is_preflight =
            request.verb == "OPTIONS" && request.origin.is_some() && request.asks_for.is_some();
        // "API Gateway automatically sends a response to preflight OPTIONS requests, even if
        // there isn't an OPTIONS route configured for your API."
        if self.origins.is_some() && is_preflight {
            return Reply::new(204, allowed, "");
        }
        let Some(route) = self.route(request) else {
            return message(404, "Not Found");
        };
        match (route.authorization.as_str(), request.identity) {
            ("NONE", _) | ("JWT" | "AWS_IAM", Some(Decision::Allow)) => {}
            ("JWT", _) => return message(401, "Unauthorized"),
            ("AWS_IAM", _) => return message(403, "Forbidden"),
            (other, _) => panic!("the authorization {other} is not interpreted"),
        }
        let id = route.target.strip_prefix("integrations/");
        let integration = &self.integrations[id.expect("a route leads to an integration")];
        let mut reply = backend(&integration.uri);
        if self.origins.is_some() {
            // "API Gateway ignores CORS headers returned from your backend integration."
            reply
                .headers
                .retain(|name, _| !name.starts_with("access-control-"));
            for (name, value) in allowed {
                reply.headers.insert(name, vec![value]);
            }
        }
        let mappings = integration.mappings.get(&reply.status);
        for (what, value) in mappings.into_iter().flatten() {
            let name = what.strip_prefix("append:header.");
            let name = name.unwrap_or_else(|| panic!("{what} is not interpreted"));
            let name = name.to_ascii_lowercase();
            assert!(!name.starts_with("access-control-"), "{name} is reserved");
            assert!(!value.contains('$'), "a variable is left in {value}");
            reply.headers.entry(name).or_default().push(value.clone());
        }
        reply
    }

    fn allowed(&self, origin: Option<&str>) -> Vec<(String, String)> {
        let (Some(origins), Some(origin)) = (&self.origins, origin) else {
            return Vec::new();
        };
        let fits = origins.iter().any(|it| it == "*" || it == origin);
        let header = || ("access-control-allow-origin".to_owned(), origin.to_owned());
        fits.then(header).into_iter().collect()
    }

    /// "Full match for a route and method", then with a greedy variable, then `$default`.
    fn route(&self, request: HttpRequest<'_>) -> Option<&Route> {
        let by = |fits: fn(&str, &str) -> bool, verb: &str| {
            self.routes.iter().find(|route| {
                let parts = route.key.split_once(' ');
                parts.is_some_and(|(method, path)| method == verb && fits(path, request.path))
            })
        };
        by(is_full_match, request.verb)
            .or_else(|| by(is_full_match, "ANY"))
            .or_else(|| by(is_greedy_match, request.verb))
            .or_else(|| by(is_greedy_match, "ANY"))
            .or_else(|| self.routes.iter().find(|route| route.key == "$default"))
    }
}

fn message(status: u16, text: &str) -> Reply {
    let json = ("content-type".to_owned(), "application/json".to_owned());
    Reply::new(status, [json], format!(r#"{{"message":"{text}"}}"#))
}

/// Whether a path fits, with a variable for a whole segment.
fn is_full_match(pattern: &str, path: &str) -> bool {
    let (wanted, given) = (pattern.split('/'), path.split('/'));
    wanted.clone().count() == given.clone().count()
        && wanted.zip(given).all(|(wanted, given)| {
            let is_variable = wanted.starts_with('{') && !wanted.ends_with("+}");
            wanted == given || is_variable && !given.is_empty()
        })
}

/// Whether it fits with a greedy variable at its end.
fn is_greedy_match(pattern: &str, path: &str) -> bool {
    pattern
        .strip_suffix("+}")
        .and_then(|start| start.rsplit_once('{'))
        .is_some_and(|(start, _)| path.starts_with(start))
}

#[cfg(test)]
mod unit {
    use super::*;

    fn api(keys: &[&str], origins: Option<&[&str]>) -> HttpDefinition {
        let routes = keys.iter().map(|key| Route {
            key: (*key).to_owned(),
            authorization: "NONE".to_owned(),
            target: format!("integrations/{key}"),
        });
        let integrations = keys.iter().map(|key| {
            let integration = Integration {
                uri: (*key).to_owned(),
                mappings: BTreeMap::new(),
            };
            ((*key).to_owned(), integration)
        });
        HttpDefinition {
            origins: origins.map(|all| all.iter().map(|it| (*it).to_owned()).collect()),
            routes: routes.collect(),
            integrations: integrations.collect(),
        }
    }

    /// Answers with its URI, and lets everybody read it.
    fn echo(uri: &str) -> Reply {
        let theirs = ("access-control-allow-origin".to_owned(), "*".to_owned());
        Reply::new(200, [theirs], uri)
    }

    fn taken_by(api: &HttpDefinition, verb: &str, path: &str) -> String {
        let request = HttpRequest {
            verb,
            path,
            ..HttpRequest::default()
        };
        String::from_utf8(api.answer(request, echo).body).unwrap()
    }

    #[test]
    fn the_best_match_takes_a_request() {
        // The table of "Routing API requests".
        let keys = [
            "GET /pets/dog/1",
            "GET /pets/dog/{id}",
            "GET /pets/{proxy+}",
            "ANY /{proxy+}",
        ];
        let with_default = [&keys[..], &["$default"]].concat();
        let api_1 = api(&with_default, None);
        for (verb, path, key) in [
            ("GET", "/pets/dog/1", "GET /pets/dog/1"),
            ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
            ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
            ("POST", "/test/5", "ANY /{proxy+}"),
        ] {
            assert_eq!(taken_by(&api_1, verb, path), key);
        }
        let few = api(&["GET /pets", "$default"], None);
        assert_eq!(taken_by(&few, "POST", "/pets"), "$default");
        let without = api(&["GET /pets"], None);
        assert_eq!(
            taken_by(&without, "POST", "/pets"),
            r#"{"message":"Not Found"}"#
        );
    }

    #[test]
    fn a_configuration_of_cors_answers_preflights_and_replaces_the_headers_of_the_backend() {
        let preflight = HttpRequest {
            verb: "OPTIONS",
            path: "/pets",
            origin: Some("https://shop.example.com"),
            asks_for: Some("GET"),
            ..HttpRequest::default()
        };
        let get = HttpRequest {
            verb: "GET",
            asks_for: None,
            ..preflight
        };
        let origin = |reply: &Reply| reply.headers.get("access-control-allow-origin").cloned();
        let configured = api(&["ANY /pets"], Some(&["https://shop.example.com"]));
        let reply = configured.answer(preflight, echo);
        assert_eq!(reply.status, 204);
        assert_eq!(origin(&reply).unwrap(), ["https://shop.example.com"]);
        let reply = configured.answer(get, echo);
        assert_eq!(origin(&reply).unwrap(), ["https://shop.example.com"]);
        let others = api(&["ANY /pets"], Some(&["https://other.example.com"]));
        assert_eq!(origin(&others.answer(get, echo)), None);
        let without = api(&["ANY /pets"], None);
        let reply = without.answer(preflight, echo);
        assert_eq!((reply.status, &reply.body[..]), (200, &b"ANY /pets"[..]));
        assert_eq!(origin(&reply).unwrap(), ["*"]);
    }
}
