//! Secrets of Actions: names, and which repositories may read those of an organisation.

use serde_json::{Value, json};

use crate::reply::Reply;
use crate::routes::Request;
use crate::routes::paging::paged;
use crate::routes::repositories::shown as shown_repository;
use crate::state::State;

pub(crate) fn route(state: &mut State, request: &Request<'_>) -> Reply {
    let organisation = request.parameter("org").to_owned();
    if organisation.is_empty() {
        let (owner, name) = (request.parameter("owner"), request.parameter("repo"));
        return match state.repository(owner, name) {
            Some(repository) => {
                let all = repository.secrets.iter().map(|name| secret(name, request));
                paged(request, all.collect(), Some("secrets"))
            }
            None => Reply::not_found(),
        };
    }
    let name = request.parameter("secret_name").to_owned();
    if name.is_empty() {
        let all: Vec<Value> = state
            .organisation_secrets
            .iter()
            .filter(|((owner, _), _)| *owner == organisation)
            .map(|((_, name), secret)| shared(name, &secret.visibility, request))
            .collect();
        return paged(request, all, Some("secrets"));
    }
    let repositories: Vec<_> = state.repositories.values().cloned().collect();
    let Some(secret) = state
        .organisation_secrets
        .get_mut(&(organisation, name.clone()))
    else {
        return Reply::not_found();
    };
    let repository = request.number("repository_id");
    let selected = secret.visibility == "selected";
    match (request.operation.method.as_str(), repository) {
        ("GET", _) if request.operation.path.ends_with("{secret_name}") => {
            Reply::json(200, shared(&name, &secret.visibility, request))
        }
        ("GET", _) => {
            let all = repositories
                .iter()
                .filter(|repository| secret.repositories.contains(&repository.id))
                .map(|repository| {
                    request
                        .description
                        .filled("minimal-repository", shown_repository(repository))
                })
                .collect();
            paged(request, all, Some("repositories"))
        }
        ("PUT" | "DELETE", _) if !selected => Reply::empty(409),
        ("PUT", id) => {
            secret.repositories.insert(id);
            Reply::empty(204)
        }
        ("DELETE", id) => {
            secret.repositories.remove(&id);
            Reply::empty(204)
        }
        _ => Reply::not_found(),
    }
}

fn secret(name: &str, request: &Request<'_>) -> Value {
    request
        .description
        .filled("actions-secret", json!({ "name": name }))
}

fn shared(name: &str, visibility: &str, request: &Request<'_>) -> Value {
    request.description.filled(
        "organization-actions-secret",
        json!({ "name": name, "visibility": visibility }),
    )
}
