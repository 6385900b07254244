//! Repositories and organisations.

use serde_json::{Value, json};

use crate::reply::Reply;
use crate::routes::Request;
use crate::routes::paging::paged;
use crate::state::{Repository, State, user};

pub(crate) fn route(state: &mut State, request: &Request<'_>) -> Reply {
    let organisation = request.parameter("org");
    match request.operation.path.as_str() {
        "/repos/{owner}/{repo}" => {
            match state.repository(request.parameter("owner"), request.parameter("repo")) {
                Some(repository) => Reply::json(
                    200,
                    request
                        .description
                        .filled("full-repository", shown(repository)),
                ),
                None => Reply::not_found(),
            }
        }
        "/orgs/{org}" if knows(state, organisation) => Reply::json(
            200,
            request
                .description
                .filled("organization-full", json!({ "login": organisation })),
        ),
        "/orgs/{org}/repos" if knows(state, organisation) => {
            let all = state
                .repositories
                .values()
                .filter(|repository| repository.owner.eq_ignore_ascii_case(organisation))
                .map(|repository| {
                    request
                        .description
                        .filled("minimal-repository", shown(repository))
                })
                .collect();
            paged(request, all, None)
        }
        _ => Reply::not_found(),
    }
}

fn knows(state: &State, organisation: &str) -> bool {
    state
        .repositories
        .values()
        .any(|repository| repository.owner.eq_ignore_ascii_case(organisation))
}

pub(crate) fn shown(repository: &Repository) -> Value {
    json!({
        "id": repository.id,
        "name": repository.name,
        "full_name": repository.full_name(),
        "owner": user(&repository.owner),
        "private": repository.private,
        "fork": repository.fork,
        "archived": repository.archived,
        "disabled": false,
        "default_branch": repository.default_branch,
        "has_issues": true,
    })
}
