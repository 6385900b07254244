//! Issues, and what issues and pull requests share: comments and labels.

use serde_json::{Value, json};

use crate::reply::Reply;
use crate::routes::Request;
use crate::routes::paging::paged;
use crate::routes::pulls::label;
use crate::state::{Comment, Issue, Repository, State, user};

pub(crate) fn route(state: &mut State, request: &Request<'_>) -> Reply {
    let id = state.id();
    let (owner, name) = (request.parameter("owner"), request.parameter("repo"));
    let Some(repository) = state.repository_mut(owner, name) else {
        return Reply::not_found();
    };
    let method = request.operation.method.as_str();
    if method != "GET" && repository.archived {
        return Reply::error(403, "Repository was archived so is read-only.");
    }
    let number = request.number("issue_number");
    let known = repository.issues.contains_key(&number) || repository.pulls.contains_key(&number);
    match (method, request.operation.path.as_str()) {
        ("GET", "/repos/{owner}/{repo}/issues") => list(repository, request),
        ("POST", "/repos/{owner}/{repo}/issues") => create(repository, request),
        ("PATCH", "/repos/{owner}/{repo}/issues/{issue_number}") => {
            update(repository, number, request)
        }
        (_, _) if !known => Reply::not_found(),
        ("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments") => {
            let all = repository
                .comments
                .get(&number)
                .cloned()
                .unwrap_or_default();
            let shown = all
                .iter()
                .map(|comment| shown_comment(comment, request))
                .collect();
            paged(request, shown, None)
        }
        ("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments") => {
            let comment = Comment {
                id,
                body: request.text("body"),
                author: request.login(),
            };
            let shown = shown_comment(&comment, request);
            repository.comments.entry(number).or_default().push(comment);
            Reply::json(201, shown)
        }
        ("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels") => {
            let labels = match repository.issues.get_mut(&number) {
                Some(issue) => &mut issue.labels,
                None => match repository.pulls.get_mut(&number) {
                    Some(pull) => &mut pull.labels,
                    None => return Reply::not_found(),
                },
            };
            for name in request.body["labels"].as_array().into_iter().flatten() {
                let name = name.as_str().unwrap_or_default().to_owned();
                if !labels.contains(&name) {
                    labels.push(name);
                }
            }
            Reply::json(200, labels.iter().map(|name| label(name)).collect())
        }
        _ => Reply::not_found(),
    }
}

fn list(repository: &Repository, request: &Request<'_>) -> Reply {
    let wanted = request.queried("state").unwrap_or("open");
    let labels: Vec<&str> = request
        .queried("labels")
        .map(|labels| labels.split(',').collect())
        .unwrap_or_default();
    let shown = repository
        .issues
        .values()
        .rev()
        .filter(|issue| wanted == "all" || issue.open == (wanted == "open"))
        .filter(|issue| {
            labels
                .iter()
                .all(|label| issue.labels.iter().any(|l| l == label))
        })
        .map(|issue| shown_issue(repository, issue, request))
        .collect();
    paged(request, shown, None)
}

fn create(repository: &mut Repository, request: &Request<'_>) -> Reply {
    let issue = Issue {
        number: repository.number(),
        title: request.text("title"),
        body: request.text("body"),
        open: true,
        author: request.login(),
        labels: request.body["labels"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|label| label.as_str().map(str::to_owned))
            .collect(),
    };
    let shown = shown_issue(repository, &issue, request);
    repository.issues.insert(issue.number, issue);
    Reply::json(201, shown)
}

fn update(repository: &mut Repository, number: u64, request: &Request<'_>) -> Reply {
    let Some(mut issue) = repository.issues.get(&number).cloned() else {
        return Reply::not_found();
    };
    if let Some(body) = request.body["body"].as_str() {
        body.clone_into(&mut issue.body);
    }
    if let Some(state) = request.body["state"].as_str() {
        issue.open = state == "open";
    }
    let shown = shown_issue(repository, &issue, request);
    repository.issues.insert(number, issue);
    Reply::json(200, shown)
}

fn shown_issue(repository: &Repository, issue: &Issue, request: &Request<'_>) -> Value {
    let labels: Vec<Value> = issue.labels.iter().map(|name| label(name)).collect();
    let author = request
        .description
        .filled("simple-user", user(&issue.author));
    request.description.filled(
        "issue",
        json!({
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "state": if issue.open { "open" } else { "closed" },
            "user": author,
            "labels": labels,
            "html_url": format!("https://github.example/{}/issues/{}", repository.full_name(), issue.number),
        }),
    )
}

fn shown_comment(comment: &Comment, request: &Request<'_>) -> Value {
    let author = request
        .description
        .filled("simple-user", user(&comment.author));
    request.description.filled(
        "issue-comment",
        json!({ "id": comment.id, "body": comment.body, "user": author }),
    )
}
