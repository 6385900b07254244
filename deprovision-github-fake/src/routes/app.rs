//! The app's own view: its installations.

use serde_json::{Value, json};

use crate::reply::Reply;
use crate::routes::Request;
use crate::routes::paging::paged;
use crate::state::{Installation, State, user};

pub(crate) fn route(state: &mut State, request: &Request<'_>) -> Reply {
    let wanted = request.number("installation_id");
    let token = format!("ghs_{}", state.id());
    if request.operation.path == "/app/installations" {
        let all = state
            .installations
            .values()
            .map(|installation| shown(installation, request))
            .collect();
        return paged(request, all, None);
    }
    let Some(installation) = state.installations.get_mut(&wanted) else {
        return Reply::not_found();
    };
    match (
        request.operation.method.as_str(),
        request.operation.path.as_str(),
    ) {
        ("GET", _) => Reply::json(200, shown(installation, request)),
        ("PUT", _) => {
            installation.suspended = true;
            Reply::empty(204)
        }
        ("DELETE", "/app/installations/{installation_id}/suspended") => {
            installation.suspended = false;
            Reply::empty(204)
        }
        ("DELETE", _) => {
            state.installations.remove(&wanted);
            Reply::empty(204)
        }
        ("POST", _) if installation.suspended => {
            Reply::error(403, "This installation has been suspended")
        }
        ("POST", _) => {
            let who = "the-app[bot]".to_owned();
            state.tokens.insert(token.clone(), who);
            let in_an_hour = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
            let at = in_an_hour.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            Reply::json(
                201,
                request.description.filled(
                    "installation-token",
                    json!({ "token": token, "expires_at": at }),
                ),
            )
        }
        _ => Reply::not_found(),
    }
}

fn shown(installation: &Installation, request: &Request<'_>) -> Value {
    // GitHub describes the account in a list as a person and an enterprise at once.
    let enterprise = request
        .description
        .filled("enterprise", json!({ "name": installation.account }));
    let mut account = request
        .description
        .filled("simple-user", user(&installation.account));
    if let (Some(account), Some(more)) = (account.as_object_mut(), enterprise.as_object()) {
        for (key, value) in more {
            account.entry(key).or_insert_with(|| value.clone());
        }
    }
    let since = installation.suspended.then_some("2027-01-01T00:00:00Z");
    request.description.filled(
        "installation",
        json!({ "id": installation.id, "account": account, "suspended_at": since,
                "repository_selection": "all", "app_slug": "the-app" }),
    )
}
