//! Pull requests.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::reply::Reply;
use crate::routes::Request;
use crate::routes::paging::paged;
use crate::routes::repositories::shown as shown_repository;
use crate::state::{Pull, Repository, State, user};

pub(crate) fn route(state: &mut State, request: &Request<'_>) -> Reply {
    let (owner, name) = (request.parameter("owner"), request.parameter("repo"));
    let Some(repository) = state.repository_mut(owner, name) else {
        return Reply::not_found();
    };
    let method = request.operation.method.as_str();
    if method != "GET" && repository.archived {
        return Reply::error(403, "Repository was archived so is read-only.");
    }
    let number = request.number("pull_number");
    match (method, request.operation.path.as_str()) {
        ("GET", "/repos/{owner}/{repo}/pulls") => list(repository, request),
        ("POST", "/repos/{owner}/{repo}/pulls") => create(repository, request),
        ("GET", "/repos/{owner}/{repo}/pulls/{pull_number}") => match repository.pulls.get(&number)
        {
            Some(pull) => Reply::json(200, whole(repository, pull, request)),
            None => Reply::not_found(),
        },
        ("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}") => {
            update(repository, number, request)
        }
        ("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews") => {
            let Some(pull) = repository.pulls.get(&number) else {
                return Reply::not_found();
            };
            let reviews = pull.reviewed_by.iter().map(|login| {
                let login = request.description.filled("simple-user", user(login));
                let review = json!({ "user": login, "state": "APPROVED" });
                request.description.filled("pull-request-review", review)
            });
            paged(request, reviews.collect(), None)
        }
        ("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers") => {
            ask(repository, number, request)
        }
        _ => Reply::not_found(),
    }
}

fn list(repository: &Repository, request: &Request<'_>) -> Reply {
    let wanted = request.queried("state").unwrap_or("open");
    let mut all: Vec<&Pull> = repository
        .pulls
        .values()
        .filter(|pull| match wanted {
            "all" => true,
            "closed" => !pull.open,
            _ => pull.open,
        })
        .filter(|pull| {
            request
                .queried("head")
                .is_none_or(|head| head == format!("{}:{}", repository.owner, pull.head))
        })
        .filter(|pull| request.queried("base").is_none_or(|base| base == pull.base))
        .collect();
    if request.queried("direction") != Some("asc") {
        all.reverse();
    }
    let shown = all
        .into_iter()
        .map(|pull| simple(repository, pull, request))
        .collect();
    paged(request, shown, None)
}

fn create(repository: &mut Repository, request: &Request<'_>) -> Reply {
    let (head, base) = (request.text("head"), request.text("base"));
    let head = head
        .strip_prefix(&format!("{}:", repository.owner))
        .unwrap_or(&head)
        .to_owned();
    let (Some(ours), Some(theirs)) = (repository.bare.tip(&head), repository.bare.tip(&base))
    else {
        return Reply::invalid("PullRequest", "head or base is invalid");
    };
    if ours == theirs
        || repository
            .bare
            .run(&["merge-base", "--is-ancestor", &ours, &theirs], b"")
            .is_ok()
    {
        return Reply::invalid(
            "PullRequest",
            &format!("No commits between {base} and {head}"),
        );
    }
    let taken = repository
        .pulls
        .values()
        .any(|pull| pull.open && pull.head == head && pull.base == base);
    if taken {
        let message = format!(
            "A pull request already exists for {}:{head}.",
            repository.owner
        );
        return Reply::invalid("PullRequest", &message);
    }
    let pull = Pull {
        number: repository.number(),
        title: request.text("title"),
        body: request.text("body"),
        head,
        base,
        author: request.login(),
        open: true,
        merged: None,
        labels: Vec::new(),
        reviewers: BTreeSet::new(),
        teams: BTreeSet::new(),
        reviewed_by: BTreeSet::new(),
        last_head: ours,
    };
    let shown = whole(repository, &pull, request);
    repository.pulls.insert(pull.number, pull);
    Reply::json(201, shown)
}

fn update(repository: &mut Repository, number: u64, request: &Request<'_>) -> Reply {
    let Some(mut pull) = repository.pulls.get(&number).cloned() else {
        return Reply::not_found();
    };
    if let Some(title) = request.body["title"].as_str() {
        title.clone_into(&mut pull.title);
    }
    if let Some(body) = request.body["body"].as_str() {
        body.clone_into(&mut pull.body);
    }
    match request.body["state"].as_str() {
        Some("closed") => pull.open = false,
        Some("open") if pull.merged.is_some() => {
            return Reply::invalid(
                "PullRequest",
                "state cannot be changed. The pull request is merged.",
            );
        }
        Some("open") => pull.open = true,
        _ => {}
    }
    let shown = whole(repository, &pull, request);
    repository.pulls.insert(number, pull);
    Reply::json(200, shown)
}

fn ask(repository: &mut Repository, number: u64, request: &Request<'_>) -> Reply {
    let Some(mut pull) = repository.pulls.get(&number).cloned() else {
        return Reply::not_found();
    };
    let names = |key: &str| -> Vec<String> {
        request.body[key]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect()
    };
    for login in names("reviewers") {
        if login == pull.author {
            return Reply::error(422, "Review cannot be requested from pull request author.");
        }
        if !repository.collaborators.is_empty() && !repository.collaborators.contains(&login) {
            return Reply::error(
                422,
                "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator.",
            );
        }
        pull.reviewers.insert(login);
    }
    pull.teams.extend(names("team_reviewers"));
    let shown = simple(repository, &pull, request);
    repository.pulls.insert(number, pull);
    Reply::json(201, shown)
}

/// Somebody merges a pull request.
pub(crate) fn merge(repository: &mut Repository, number: u64) -> Result<String, String> {
    let bare = repository.bare.clone();
    let pull = repository
        .pulls
        .get_mut(&number)
        .ok_or("there is no such pull request")?;
    if !pull.open {
        return Err("it is not open".to_owned());
    }
    let commit = bare.merge(&pull.base, &pull.head)?;
    pull.open = false;
    pull.merged = Some(commit.clone());
    Ok(commit)
}

fn common(repository: &Repository, pull: &Pull) -> Value {
    let side = |branch: &str, sha: String| {
        json!({
            "label": format!("{}:{branch}", repository.owner),
            "ref": branch,
            "sha": sha,
            "user": user(&repository.owner),
            "repo": shown_repository(repository),
        })
    };
    let head = repository
        .bare
        .tip(&pull.head)
        .unwrap_or_else(|| pull.last_head.clone());
    let base = repository.bare.tip(&pull.base).unwrap_or_default();
    let labels: Vec<Value> = pull.labels.iter().map(|name| label(name)).collect();
    let time = "2027-01-01T00:00:00Z";
    json!({
        "number": pull.number,
        "title": pull.title,
        "body": pull.body,
        "html_url": url(repository, pull.number),
        "state": if pull.open { "open" } else { "closed" },
        "closed_at": if pull.open { Value::Null } else { json!(time) },
        "merged_at": if pull.merged.is_some() { json!(time) } else { Value::Null },
        "merge_commit_sha": pull.merged,
        "user": user(&pull.author),
        "labels": labels,
        "requested_reviewers": pull.reviewers.iter().map(|login| user(login)).collect::<Vec<_>>(),
        "requested_teams": pull.teams.iter().map(|slug| json!({ "slug": slug, "name": slug })).collect::<Vec<_>>(),
        "head": side(&pull.head, head),
        "base": side(&pull.base, base),
    })
}

/// Where a person sees it.
pub(crate) fn url(repository: &Repository, number: u64) -> String {
    format!(
        "https://github.example/{}/pull/{number}",
        repository.full_name()
    )
}

pub(crate) fn label(name: &str) -> Value {
    json!({ "id": 1, "node_id": "L", "url": "https://github.example/", "name": name,
            "description": "", "color": "ededed", "default": false })
}

fn simple(repository: &Repository, pull: &Pull, request: &Request<'_>) -> Value {
    let mut shown = common(repository, pull);
    complete(&mut shown, request);
    request.description.filled("pull-request-simple", shown)
}

fn whole(repository: &Repository, pull: &Pull, request: &Request<'_>) -> Value {
    let mut shown = common(repository, pull);
    complete(&mut shown, request);
    shown["merged"] = json!(pull.merged.is_some());
    shown["mergeable"] = match (pull.open, repository.bare.tip(&pull.head)) {
        (true, Some(head)) => {
            json!(repository.bare.merged_tree(&pull.base, &head).is_some())
        }
        _ => Value::Null,
    };
    request.description.filled("pull-request", shown)
}

/// What is nested in lists is made whole here.
fn complete(shown: &mut Value, request: &Request<'_>) {
    for (list, component) in [
        ("requested_reviewers", "simple-user"),
        ("requested_teams", "team"),
    ] {
        for one in shown[list].as_array_mut().into_iter().flatten() {
            *one = request.description.filled(component, one.take());
        }
    }
    for side in ["head", "base"] {
        let repository = shown[side]["repo"].take();
        shown[side]["repo"] = request.description.filled("repository", repository);
        let owner = shown[side]["user"].take();
        shown[side]["user"] = request.description.filled("simple-user", owner);
    }
    let author = shown["user"].take();
    shown["user"] = request.description.filled("simple-user", author);
}
