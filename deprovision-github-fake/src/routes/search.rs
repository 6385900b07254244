//! Code search, with the limits of the real one.

use serde_json::{Value, json};

use crate::reply::Reply;
use crate::routes::Request;
use crate::routes::repositories::shown as shown_repository;
use crate::state::State;

/// GitHub gives no more than this.
const MOST: usize = 1000;

pub(crate) fn route(state: &mut State, request: &Request<'_>) -> Reply {
    let query = request.queried("q").unwrap_or_default();
    let text = query.split('"').nth(1).unwrap_or_default();
    let organisation = query
        .split_whitespace()
        .find_map(|word| word.strip_prefix("org:"))
        .unwrap_or_default();
    if text.is_empty() || text.len() > 256 {
        return Reply::invalid(
            "Search",
            "The search is longer than 256 characters or empty.",
        );
    }
    let mut items: Vec<Value> = Vec::new();
    // Forks are not searched.
    let searched = state
        .repositories
        .values()
        .filter(|r| !r.fork && r.owner.eq_ignore_ascii_case(organisation));
    for repository in searched {
        let version = format!("refs/heads/{}", repository.default_branch);
        let found = repository
            .bare
            .line(&["grep", "-l", "-i", "-F", "-e", text, &version], b"")
            .unwrap_or_default();
        for path in found.lines().filter_map(|line| line.split_once(':')) {
            let whole = request
                .description
                .filled("minimal-repository", shown_repository(repository));
            items.push(request.description.filled(
                "code-search-result-item",
                json!({ "name": path.1, "path": path.1, "repository": whole }),
            ));
        }
    }
    let total = items.len();
    items.truncate(MOST);
    // The envelope of a search is not that of other lists.
    let mut reply = super::paging::paged(request, items, Some("items"));
    if let Some(body) = &mut reply.body {
        body["total_count"] = json!(total);
        body["incomplete_results"] = json!(false);
    }
    reply
}
