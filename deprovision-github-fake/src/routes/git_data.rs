//! The Git data API, over the real repository.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::git::Bare;
use crate::reply::Reply;
use crate::routes::Request;
use crate::state::State;

pub(crate) fn route(state: &mut State, request: &Request<'_>) -> Reply {
    let (owner, name) = (request.parameter("owner"), request.parameter("repo"));
    let Some(repository) = state.repository_mut(owner, name) else {
        return Reply::not_found();
    };
    let writes = request.operation.method != "GET";
    if writes && repository.archived {
        return Reply::error(403, "Repository was archived so is read-only.");
    }
    let bare = repository.bare.clone();
    let done = match (
        request.operation.method.as_str(),
        request.operation.path.as_str(),
    ) {
        ("POST", "/repos/{owner}/{repo}/git/blobs") => blob(&bare, request),
        ("POST", "/repos/{owner}/{repo}/git/trees") => tree(&bare, request),
        ("POST", "/repos/{owner}/{repo}/git/commits") => commit(&bare, request),
        ("POST", "/repos/{owner}/{repo}/git/refs") => create_ref(&bare, request),
        ("GET", "/repos/{owner}/{repo}/git/ref/{ref}") => Ok(read_ref(&bare, request)),
        ("PATCH", "/repos/{owner}/{repo}/git/refs/{ref}") => update_ref(&bare, request),
        ("DELETE", "/repos/{owner}/{repo}/git/refs/{ref}") => delete_ref(&bare, request),
        _ => Ok(Reply::not_found()),
    };
    // GitHub closes the pull requests of a branch that is gone.
    let branches = bare.branches().unwrap_or_default();
    for pull in repository.pulls.values_mut().filter(|pull| pull.open) {
        match branches.get(&pull.head) {
            Some(head) => pull.last_head.clone_from(head),
            None => pull.open = false,
        }
    }
    done.unwrap_or_else(|why| Reply::error(422, &why))
}

fn blob(bare: &Bare, request: &Request<'_>) -> Result<Reply, String> {
    let content = request.text("content");
    let bytes = if request.text("encoding") == "base64" {
        BASE64_STANDARD
            .decode(content.replace('\n', ""))
            .map_err(|_| "content is not valid Base64")?
    } else {
        content.into_bytes()
    };
    let sha = bare.line(&["hash-object", "-w", "-t", "blob", "--stdin"], &bytes)?;
    let short = json!({ "sha": sha, "url": format!("{}/{sha}", request.url) });
    Ok(Reply::json(
        201,
        request.description.filled("short-blob", short),
    ))
}

/// A tree: the base with the entries over it.
fn tree(bare: &Bare, request: &Request<'_>) -> Result<Reply, String> {
    let mut entries: BTreeMap<String, String> = BTreeMap::new();
    let base = request.text("base_tree");
    if !base.is_empty() {
        let listed = bare.run(&["ls-tree", "-r", "-z", &base], b"")?;
        for record in listed.split(|byte| *byte == 0).filter(|r| !r.is_empty()) {
            // A name that is no UTF-8 stays as it is below: entries are only added here.
            let record = String::from_utf8(record.to_vec()).map_err(|_| "a name is not UTF-8")?;
            let (head, name) = record.split_once('\t').ok_or("no tab")?;
            entries.insert(name.to_owned(), head.to_owned());
        }
    }
    for entry in request.body["tree"].as_array().into_iter().flatten() {
        let path = entry["path"].as_str().unwrap_or_default().to_owned();
        let mode = entry["mode"].as_str().unwrap_or("100644");
        let sha = match (entry.get("sha"), entry["content"].as_str()) {
            (Some(Value::Null), None) => {
                entries.remove(&path).ok_or("GitRPC::BadObjectState")?;
                continue;
            }
            (Some(sha), None) => sha.as_str().unwrap_or_default().to_owned(),
            (None, Some(text)) => bare.line(
                &["hash-object", "-w", "-t", "blob", "--stdin"],
                text.as_bytes(),
            )?,
            _ => return Err("Must supply either tree.sha or tree.content".to_owned()),
        };
        bare.run(&["cat-file", "-e", &sha], b"")
            .map_err(|_| "tree.sha is not a valid object")?;
        entries.insert(path, format!("{mode} blob {sha}"));
    }
    let index = bare.directory.join("fake.index");
    let _ = std::fs::remove_file(&index);
    let index = index.to_string_lossy().into_owned();
    let mut input = Vec::new();
    for (path, head) in &entries {
        let mut words = head.split(' ');
        let (mode, sha) = (
            words.next().unwrap_or_default(),
            words.nth(1).unwrap_or_default(),
        );
        input.extend_from_slice(format!("{mode} {sha}\t{path}\0").as_bytes());
    }
    // Its own index: a bare repository has none.
    let sha = with_index(bare, &index, &input)?;
    let body = json!({ "sha": sha, "url": format!("{}/{sha}", request.url), "truncated": false, "tree": [] });
    Ok(Reply::json(
        201,
        request.description.filled("git-tree", body),
    ))
}

fn with_index(bare: &Bare, index: &str, input: &[u8]) -> Result<String, String> {
    let environment = [("GIT_INDEX_FILE", index)];
    bare.run_with(&environment, &["update-index", "-z", "--index-info"], input)?;
    let tree = bare.run_with(&environment, &["write-tree"], b"")?;
    Ok(String::from_utf8_lossy(&tree).trim_end().to_owned())
}

fn commit(bare: &Bare, request: &Request<'_>) -> Result<Reply, String> {
    let (tree, message) = (request.text("tree"), request.text("message"));
    bare.run(&["cat-file", "-e", &format!("{tree}^{{tree}}")], b"")
        .map_err(|_| "Tree SHA does not exist")?;
    let mut text = format!("tree {tree}\n");
    for parent in request.body["parents"].as_array().into_iter().flatten() {
        let parent = parent.as_str().unwrap_or_default();
        bare.run(&["cat-file", "-e", &format!("{parent}^{{commit}}")], b"")
            .map_err(|_| "Parent SHA does not exist")?;
        text.push_str(&format!("parent {parent}\n"));
    }
    let author = signature(&request.body["author"], request)?;
    let committer = match &request.body["committer"] {
        Value::Null => author.clone(),
        given => signature(given, request)?,
    };
    text.push_str(&format!(
        "author {author}\ncommitter {committer}\n\n{message}"
    ));
    let sha = bare.line(
        &["hash-object", "-w", "-t", "commit", "--stdin"],
        text.as_bytes(),
    )?;
    let body = json!({ "sha": sha, "message": message, "tree": { "sha": tree } });
    Ok(Reply::json(
        201,
        request.description.filled("git-commit", body),
    ))
}

/// Name, address and time, as Git writes them. GitHub keeps the time in UTC.
fn signature(given: &Value, request: &Request<'_>) -> Result<String, String> {
    let name = given["name"]
        .as_str()
        .map_or_else(|| request.login(), str::to_owned);
    let email = given["email"].as_str().unwrap_or("nobody@github.example");
    let at = match given["date"].as_str() {
        Some(text) => text
            .parse::<jiff::Timestamp>()
            .map_err(|_| "date is not a valid ISO 8601 date")?,
        None => jiff::Timestamp::now(),
    };
    Ok(format!("{name} <{email}> {} +0000", at.as_second()))
}

fn shown_ref(request: &Request<'_>, name: &str, sha: &str) -> Value {
    request.description.filled(
        "git-ref",
        json!({ "ref": name, "object": { "sha": sha, "type": "commit" } }),
    )
}

fn create_ref(bare: &Bare, request: &Request<'_>) -> Result<Reply, String> {
    let (name, sha) = (request.text("ref"), request.text("sha"));
    if !name.starts_with("refs/heads/") {
        return Err("Reference name must start with 'refs/'".to_owned());
    }
    bare.run(&["cat-file", "-e", &format!("{sha}^{{commit}}")], b"")
        .map_err(|_| "Object does not exist")?;
    if bare.run(&["update-ref", &name, &sha, ""], b"").is_err() {
        return Ok(Reply::error(422, "Reference already exists"));
    }
    Ok(Reply::json(201, shown_ref(request, &name, &sha)))
}

fn read_ref(bare: &Bare, request: &Request<'_>) -> Reply {
    let name = format!("refs/{}", request.parameter("ref"));
    match bare.line(&["rev-parse", "--verify", "--quiet", &name], b"") {
        Ok(sha) => Reply::json(200, shown_ref(request, &name, &sha)),
        Err(_) => Reply::not_found(),
    }
}

fn update_ref(bare: &Bare, request: &Request<'_>) -> Result<Reply, String> {
    let (name, sha) = (
        format!("refs/{}", request.parameter("ref")),
        request.text("sha"),
    );
    let old = bare
        .line(&["rev-parse", "--verify", "--quiet", &name], b"")
        .map_err(|_| "Reference does not exist")?;
    bare.run(&["cat-file", "-e", &format!("{sha}^{{commit}}")], b"")
        .map_err(|_| "Object does not exist")?;
    let forwards = bare
        .run(&["merge-base", "--is-ancestor", &old, &sha], b"")
        .is_ok();
    if !forwards && request.body["force"] != json!(true) {
        return Err("Update is not a fast forward".to_owned());
    }
    bare.run(&["update-ref", &name, &sha], b"")?;
    Ok(Reply::json(200, shown_ref(request, &name, &sha)))
}

fn delete_ref(bare: &Bare, request: &Request<'_>) -> Result<Reply, String> {
    let name = format!("refs/{}", request.parameter("ref"));
    bare.line(&["rev-parse", "--verify", "--quiet", &name], b"")
        .map_err(|_| "Reference does not exist")?;
    bare.run(&["update-ref", "-d", &name], b"")?;
    Ok(Reply::empty(204))
}
