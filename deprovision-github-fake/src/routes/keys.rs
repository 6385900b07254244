//! Deploy keys.

use serde_json::{Value, json};

use crate::reply::Reply;
use crate::routes::Request;
use crate::routes::paging::paged;
use crate::state::{DeployKey, State};

pub(crate) fn route(state: &mut State, request: &Request<'_>) -> Reply {
    let id = state.id();
    let key = request.text("key");
    let body = key.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let taken = state
        .repositories
        .values()
        .flat_map(|repository| &repository.keys)
        .any(|known| known.key.split_whitespace().nth(1) == Some(&body));
    let (owner, name) = (request.parameter("owner"), request.parameter("repo"));
    let Some(repository) = state.repository_mut(owner, name) else {
        return Reply::not_found();
    };
    match request.operation.method.as_str() {
        "GET" => {
            let shown = repository
                .keys
                .iter()
                .map(|key| shown(key, request))
                .collect();
            paged(request, shown, None)
        }
        "POST" if body.is_empty() => Reply::invalid(
            "PublicKey",
            "key is invalid. You must supply a key in OpenSSH public key format",
        ),
        // A key is a deploy key of one repository in all of GitHub.
        "POST" if taken => Reply::invalid("PublicKey", "key is already in use"),
        "POST" => {
            let new = DeployKey {
                id,
                title: request.text("title"),
                // GitHub does not keep the comment of a key.
                key: key.split_whitespace().take(2).collect::<Vec<_>>().join(" "),
                read_only: request.body["read_only"] == json!(true),
            };
            let reply = Reply::json(201, shown(&new, request));
            repository.keys.push(new);
            reply
        }
        "DELETE" => {
            let wanted = request.number("key_id");
            let before = repository.keys.len();
            repository.keys.retain(|key| key.id != wanted);
            if repository.keys.len() < before {
                Reply::empty(204)
            } else {
                Reply::not_found()
            }
        }
        _ => Reply::not_found(),
    }
}

fn shown(key: &DeployKey, request: &Request<'_>) -> Value {
    request.description.filled(
        "deploy-key",
        json!({ "id": key.id, "title": key.title, "key": key.key, "read_only": key.read_only,
                "verified": true, "created_at": "2027-01-01T00:00:00Z" }),
    )
}
