//! Webhooks of repositories and organisations.

use serde_json::{Value, json};

use crate::reply::Reply;
use crate::routes::Request;
use crate::routes::paging::paged;
use crate::state::{Hook, State};

pub(crate) fn route(state: &mut State, request: &Request<'_>) -> Reply {
    let organisation = request.parameter("org");
    let hooks = if organisation.is_empty() {
        let (owner, name) = (request.parameter("owner"), request.parameter("repo"));
        match state.repository_mut(owner, name) {
            Some(repository) => &mut repository.hooks,
            None => return Reply::not_found(),
        }
    } else {
        state
            .organisation_hooks
            .entry(organisation.to_owned())
            .or_default()
    };
    let component = if organisation.is_empty() {
        "hook"
    } else {
        "org-hook"
    };
    let wanted = request.number("hook_id");
    match request.operation.method.as_str() {
        "GET" if wanted == 0 => {
            let shown = hooks
                .iter()
                .map(|hook| shown(hook, component, request))
                .collect();
            paged(request, shown, None)
        }
        "GET" => match hooks.iter().find(|hook| hook.id == wanted) {
            Some(hook) => Reply::json(200, shown(hook, component, request)),
            None => Reply::not_found(),
        },
        "PATCH" => match hooks.iter_mut().find(|hook| hook.id == wanted) {
            Some(hook) => {
                if let Some(active) = request.body["active"].as_bool() {
                    hook.active = active;
                }
                Reply::json(200, shown(hook, component, request))
            }
            None => Reply::not_found(),
        },
        _ => Reply::not_found(),
    }
}

fn shown(hook: &Hook, component: &str, request: &Request<'_>) -> Value {
    request.description.filled(
        component,
        json!({ "id": hook.id, "name": "web", "active": hook.active, "type": "Repository",
                "events": ["push"],
                "config": { "url": hook.url, "content_type": "json", "secret": "********" } }),
    )
}
