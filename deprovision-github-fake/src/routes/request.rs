//! One request, and which part of the fake answers it.

use serde_json::Value;

use crate::description::{Description, Operation, Parameters};
use crate::reply::Reply;
use crate::routes::{
    app, credentials, git_data, hooks, issues, keys, pulls, repositories, search, secrets,
};
use crate::state::State;

/// A request that is as described.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) description: &'a Description,
    pub(crate) operation: Operation,
    pub(crate) parameters: Parameters,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Value,
    /// Who asks; nobody when the request has no token.
    pub(crate) who: Option<String>,
    /// Whether it comes with an `Authorization`, good or bad.
    pub(crate) authorized: bool,
    /// Whether it comes from the app itself, with a JWT.
    pub(crate) is_app: bool,
    /// Whether it came below `/api/v3`, as to an Enterprise Server.
    pub(crate) enterprise: bool,
    /// Where the request went, with scheme and host, without the query.
    pub(crate) url: String,
}

impl Request<'_> {
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.parameter(name).parse().unwrap_or(0)
    }

    pub(crate) fn queried(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn login(&self) -> String {
        self.who.clone().unwrap_or_else(|| "ghost".to_owned())
    }
}

/// Answers a request.
pub(crate) fn route(state: &mut State, request: &Request<'_>) -> Reply {
    let path = request.operation.path.as_str();
    if request.who.is_none()
        && !request.is_app
        && !matches!(path, "/credentials/revoke" | "/rate_limit")
    {
        return Reply::error(401, "Requires authentication");
    }
    let app_alone = path.starts_with("/app/");
    if app_alone != request.is_app {
        return Reply::error(
            if app_alone { 401 } else { 403 },
            "A JSON web token could not be decoded",
        );
    }
    match path {
        "/credentials/revoke" | "/rate_limit" => credentials::route(state, request),
        "/search/code" => search::route(state, request),
        _ if app_alone => app::route(state, request),
        _ if path.contains("/hooks") => hooks::route(state, request),
        _ if path.contains("/actions/secrets") => secrets::route(state, request),
        _ if path.contains("/keys") => keys::route(state, request),
        _ if path.contains("/pulls") => pulls::route(state, request),
        _ if path.contains("/issues") => issues::route(state, request),
        _ if path.contains("/git/") => git_data::route(state, request),
        _ => repositories::route(state, request),
    }
}
