//! Removals over real repositories, beyond what every adapter promises.

use std::sync::Arc;

use deprovision_code::{DefaultBranch, GitCode, GitRepositories, RegisterError};
use deprovision_core::catalog::{Catalog, Method, Route};
use deprovision_core::conformance::Permits;
use deprovision_core::observation::{Coverage, Observation};
use deprovision_core::provider::{
    ChangeObserver, ChangeProposer, ChangeState, CodeSearch, ErrorKind, Outcome, ProviderError,
    Removal,
};
use deprovision_core::resource::RepositoryId;

use crate::world::{WorkingCopy, api, files, removal, v1};

async fn propose(code: &GitCode, id: &RepositoryId) -> Result<Outcome, ProviderError> {
    let permit = Permits::new().permit().await.unwrap();
    code.propose(id, &removal(), &permit).await
}

async fn withdraw(code: &GitCode, id: &RepositoryId) -> Result<Outcome, ProviderError> {
    let permit = Permits::new().permit().await.unwrap();
    code.withdraw(id, &removal(), &permit).await
}

async fn state(code: &GitCode, id: &RepositoryId) -> ChangeState {
    match code.change(id, &removal()).await.unwrap() {
        Observation::Known { value, .. } => value,
        Observation::Unknown { why } => panic!("{why}"),
    }
}

fn done(outcome: Result<Outcome, ProviderError>) -> String {
    match outcome {
        Ok(Outcome::Done { receipt }) => receipt,
        other => panic!("{other:?}"),
    }
}

const BRANCH: &str = "deprovision/orders-v1/remove-references";
const CALLER: &str = "get('https://v1.shop.example/v1/orders')\n";
const MOVED: &str = "get('https://v2.shop.example/v2/orders')\n";

#[tokio::test]
async fn only_the_committed_default_branch_counts() {
    let copy = WorkingCopy::with(&files(&[("a.py", CALLER)]));
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    copy.git(&["switch", "--quiet", "-c", "feature"]);
    copy.commit(&files(&[("a.py", "nothing\n")]));
    copy.write(b"b.py", CALLER.as_bytes());
    let seen = code.references(&id, &v1()).await.unwrap();
    let seen = seen.known_completely().unwrap();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.iter().all(|reference| reference.file == "a.py"));
    let user = copy.user_state();
    done(propose(&code, &id).await);
    assert_eq!(copy.user_state(), user);
    assert_eq!(copy.files(BRANCH), files(&[("a.py", MOVED)]));
}

#[tokio::test]
async fn a_detached_head_stays_where_it_is() {
    let copy = WorkingCopy::with(&files(&[("a.py", CALLER)]));
    copy.git(&["switch", "--quiet", "--detach"]);
    let id: RepositoryId = "git:shop:local:orders".parse().unwrap();
    let mut repositories = GitRepositories::new();
    let head = DefaultBranch::Head;
    repositories
        .register(id.clone(), copy.path(), head)
        .await
        .unwrap();
    assert_eq!(repositories.iter().next().unwrap().1, "main");
    let code = GitCode::new(Arc::new(repositories));
    let user = copy.user_state();
    done(propose(&code, &id).await);
    done(withdraw(&code, &id).await);
    assert_eq!(copy.user_state(), user);
}

#[tokio::test]
async fn i_9_an_empty_repository_is_unknown() {
    let copy = WorkingCopy::empty();
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    let seen = code.references(&id, &v1()).await.unwrap();
    assert!(matches!(seen, Observation::Unknown { .. }), "{seen:?}");
    let seen = code.change(&id, &removal()).await.unwrap();
    assert!(matches!(seen, Observation::Unknown { .. }), "{seen:?}");
    let outcome = propose(&code, &id).await.unwrap();
    assert!(matches!(outcome, Outcome::NotDone { .. }), "{outcome:?}");
}

#[tokio::test]
async fn what_another_api_shares_marks_nobody() {
    let copy = WorkingCopy::with(&files(&[(
        "a.py",
        "get('https://api.shop.example/v2/orders')\n",
    )]));
    let (repositories, id) = copy.registered().await;
    let old = api("orders-v1", "api.shop.example", "/v1/orders");
    let new = api("orders-v2", "api.shop.example", "/v2/orders");
    let alone = GitCode::new(repositories.clone());
    let seen = alone.references(&id, &old).await.unwrap();
    assert_eq!(seen.known_completely().unwrap().len(), 1);
    let mut catalog = Catalog::default();
    catalog.apis.insert(new.id.clone(), new.clone());
    let knowing = GitCode::new(repositories).knowing(catalog);
    let seen = knowing.references(&id, &old).await.unwrap();
    assert_eq!(seen.known_completely().unwrap(), &[]);
    // A removal knows its successor by itself.
    let seen = alone
        .change(&id, &Removal::new(old, Some(new)))
        .await
        .unwrap();
    let seen = seen.known_completely();
    assert!(matches!(seen, Some(ChangeState::Merged { .. })), "{seen:?}");
}

#[tokio::test]
async fn i_9_a_route_that_can_not_be_searched_makes_the_answer_partial() {
    let copy = WorkingCopy::with(&files(&[("a.py", "x\n")]));
    let (repositories, id) = copy.registered().await;
    let mut api = v1();
    api.hosts.clear();
    api.routes.push(Route::new(Method::Get, "/{id}"));
    let code = GitCode::new(repositories);
    let seen = code.references(&id, &api).await.unwrap();
    let partial = matches!(
        &seen,
        Observation::Known { coverage: Coverage::Partial { missing }, .. } if missing.contains("/{id}")
    );
    assert!(partial, "{seen:?}");
}

#[tokio::test]
async fn the_documents_of_the_api_are_no_callers() {
    let copy = WorkingCopy::with(&files(&[("openapi.yaml", CALLER), ("a.txt", "x\n")]));
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    let mut api = v1();
    assert!(
        !code
            .references(&id, &api)
            .await
            .unwrap()
            .known_completely()
            .unwrap()
            .is_empty()
    );
    for document in [
        "git:shop:local:orders/openapi.yaml",
        "git:other:local:orders/a.txt",
    ] {
        api.resources.documents.push(document.parse().unwrap());
    }
    let seen = code.references(&id, &api).await.unwrap();
    assert_eq!(seen.known_completely().unwrap(), &[]);
}

#[tokio::test]
async fn what_can_not_be_edited_safely_is_left_with_its_reason() {
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(CALLER.encode_utf16().flat_map(u16::to_le_bytes));
    let mut all = files(&[
        ("src/a.py", CALLER),
        ("src/b.py", "get('/v1/orders'); legacyOrdersClient()\n"),
        (
            "package.json",
            "{\"orders-client\": \"1\", \"u\": \"/v1/orders\"}\n",
        ),
        ("vendor/a.go", CALLER),
        ("CHANGELOG.md", "- added /v1/orders\n"),
        (
            ".env",
            "A=1\nORDERS_V1_URL=https://v1.shop.example\nB='x\nORDERS_V1_KEY=y\n'\n",
        ),
        ("app.properties", "ORDERS_V1_TOKEN=z\n"),
        ("src/c.sh", "echo $ORDERS_V1_TOKEN\n"),
    ]);
    all.insert("utf16.txt".into(), utf16);
    let copy = WorkingCopy::with(&all);
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    let mut removal = removal();
    for marker in [
        "legacyOrdersClient",
        "orders-client",
        "ORDERS_V1_URL",
        "ORDERS_V1_KEY",
        "ORDERS_V1_TOKEN",
    ] {
        removal.api.markers.push(marker.into());
    }
    let permit = Permits::new().permit().await.unwrap();
    done(code.propose(&id, &removal, &permit).await);
    let mut expected = all.clone();
    expected.insert("src/a.py".into(), MOVED.into());
    expected.insert(".env".into(), "A=1\nB='x\nORDERS_V1_KEY=y\n'\n".into());
    assert_eq!(copy.files(BRANCH), expected);
    let message = copy.git(&["log", "-1", "--format=%B", BRANCH]);
    for left in [
        "src/b.py:1: marker legacyOrdersClient: no rule",
        "package.json:1: marker orders-client: no rule covers it: use what orders-v2 has",
        "vendor/a.go:1: host v1.shop.example: copied or generated",
        "CHANGELOG.md:1: route /v1/orders: history",
        ".env:3: marker ORDERS_V1_KEY: what stands here is more",
        "app.properties:1: marker ORDERS_V1_TOKEN: no rule covers it: it is needed as long as src/c.sh:1",
        "src/c.sh:1: ORDERS_V1_TOKEN: no rule covers it; the rest follows",
        "utf16.txt:1: host v1.shop.example: not plain text",
    ] {
        assert!(message.contains(left), "{left} in {message}");
    }
    let seen = code.change(&id, &removal).await.unwrap();
    let Some(ChangeState::Proposed { left, .. }) = seen.known_completely() else {
        panic!("{seen:?}");
    };
    assert!(
        left.iter().any(|line| line.starts_with("src/c.sh:1:")),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_patch_applies_to_the_default_branch() {
    let copy = WorkingCopy::with(&files(&[("a.py", "x\r\nget('/v1/orders')"), ("b", "c\n")]));
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    let none = code.patch(&id, &removal()).await.unwrap_err();
    assert_eq!(none.kind(), &ErrorKind::NotFound);
    done(propose(&code, &id).await);
    let patch = code.patch(&id, &removal()).await.unwrap();
    copy.write(b".git/change.patch", &patch);
    copy.git(&["apply", ".git/change.patch"]);
    std::fs::remove_file(copy.path().join(".git/change.patch")).unwrap();
    assert_eq!(
        std::fs::read(copy.path().join("a.py")).unwrap(),
        b"x\r\nget('/v2/orders')"
    );
}

#[tokio::test]
async fn a_patch_applies_whatever_bytes_a_file_has_and_whatever_git_is_told_of_it() {
    let copy = WorkingCopy::with(&files(&[
        (".gitattributes", "*.json -diff\n*.js binary\n"),
        ("a.json", "{\"a\": \"/v1/orders\"}\n"),
        ("b.js", "get('/v1/orders');\n"),
    ]));
    copy.write(b"c.py", b"# caf\xe9\nget('/v1/orders') # \xfc\n# \xff\n");
    copy.commit(&files(&[]));
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    let preview = code.preview(&id, &removal()).await.unwrap();
    done(propose(&code, &id).await);
    for patch in [preview.patch, code.patch(&id, &removal()).await.unwrap()] {
        copy.write(b".git/change.patch", &patch);
        copy.git(&["apply", "--index", ".git/change.patch"]);
        copy.git(&["diff", "--cached", "--exit-code", BRANCH]);
        copy.git(&["reset", "--quiet", "--hard"]);
    }
}

#[tokio::test]
async fn a_change_is_the_same_commit_wherever_it_is_made() {
    let first = WorkingCopy::with(&files(&[("a.py", CALLER)]));
    let second = WorkingCopy::empty();
    second.git(&[
        "fetch",
        "--quiet",
        first.path().to_str().unwrap(),
        "main:other",
    ]);
    second.git(&["update-ref", "refs/heads/main", "refs/heads/other"]);
    let mut commits = Vec::new();
    for copy in [&first, &second] {
        let (repositories, id) = copy.registered().await;
        done(propose(&GitCode::new(repositories), &id).await);
        commits.push(copy.git(&["rev-parse", BRANCH]));
    }
    assert_eq!(commits[0], commits[1]);
}

#[tokio::test]
async fn a_branch_that_was_not_made_here_is_never_touched() {
    let copy = WorkingCopy::with(&files(&[("a.py", CALLER)]));
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    // Somebody's own work, an amended copy of our commit, and another name for main.
    copy.git(&["branch", BRANCH, "main"]);
    let mut foreign = vec![copy.our_branches()];
    check_untouched(&copy, &code, &id).await;
    copy.git(&["branch", "-D", BRANCH]);
    done(propose(&code, &id).await);
    copy.git(&["switch", "--quiet", BRANCH]);
    copy.write(b"a.py", b"something else\n");
    copy.git(&["commit", "--quiet", "--all", "--amend", "--no-edit"]);
    copy.git(&["switch", "--quiet", "main"]);
    foreign.push(copy.our_branches());
    check_untouched(&copy, &code, &id).await;
    copy.git(&["branch", "-D", BRANCH]);
    copy.git(&[
        "symbolic-ref",
        &format!("refs/heads/{BRANCH}"),
        "refs/heads/main",
    ]);
    check_untouched(&copy, &code, &id).await;
}

async fn check_untouched(copy: &WorkingCopy, code: &GitCode, id: &RepositoryId) {
    let before = (copy.our_branches(), copy.user_state());
    let refused = propose(code, id).await.unwrap_err();
    assert_eq!(refused.kind(), &ErrorKind::Conflict);
    assert!(refused.to_string().contains(BRANCH), "{refused}");
    assert_eq!(state(code, id).await, ChangeState::Absent);
    done(withdraw(code, id).await);
    assert_eq!((copy.our_branches(), copy.user_state()), before);
}

#[tokio::test]
async fn the_work_of_others_on_top_of_a_proposal_is_kept() {
    let copy = WorkingCopy::with(&files(&[("a.py", CALLER), ("b.py", "x.v1.orders()\n")]));
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    done(propose(&code, &id).await);
    copy.git(&["switch", "--quiet", BRANCH]);
    copy.commit(&files(&[("b.py", "by hand\n")]));
    copy.git(&["switch", "--quiet", "main"]);
    copy.commit(&files(&[("new.py", CALLER)]));
    let before = copy.our_branches();
    assert!(done(propose(&code, &id).await).contains("work of others"));
    let outcome = withdraw(&code, &id).await.unwrap();
    assert!(matches!(outcome, Outcome::NotDone { .. }), "{outcome:?}");
    assert_eq!(copy.our_branches(), before);
    assert!(matches!(
        state(&code, &id).await,
        ChangeState::Proposed { .. }
    ));
}

#[tokio::test]
async fn a_branch_that_somebody_has_checked_out_does_not_move_below_them() {
    let copy = WorkingCopy::with(&files(&[("a.py", CALLER)]));
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    done(propose(&code, &id).await);
    let elsewhere = tempfile::tempdir().unwrap();
    let place = elsewhere.path().join("tree");
    copy.git(&[
        "worktree",
        "add",
        "--quiet",
        place.to_str().unwrap(),
        BRANCH,
    ]);
    copy.commit(&files(&[("b.py", CALLER)]));
    let before = copy.our_branches();
    assert_eq!(
        propose(&code, &id).await.unwrap_err().kind(),
        &ErrorKind::Conflict
    );
    assert_eq!(
        withdraw(&code, &id).await.unwrap_err().kind(),
        &ErrorKind::Conflict
    );
    assert_eq!(copy.our_branches(), before);
    let ChangeState::Proposed { left, .. } = state(&code, &id).await else {
        panic!("it is proposed");
    };
    assert!(
        left.iter().any(|line| line.contains("propose again")),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_proposal_that_left_something_is_followed_by_another() {
    let copy = WorkingCopy::with(&files(&[("a.py", CALLER), ("CHANGELOG", "/v1/orders\n")]));
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    done(propose(&code, &id).await);
    // Merged by fast-forward, and the branch kept.
    copy.git(&["merge", "--quiet", "--ff-only", BRANCH]);
    assert_eq!(state(&code, &id).await, ChangeState::Absent);
    done(propose(&code, &id).await);
    let ChangeState::Proposed { left, .. } = state(&code, &id).await else {
        panic!("it is proposed");
    };
    assert_eq!(left, ["CHANGELOG:1: route /v1/orders"]);
}

#[tokio::test]
async fn what_changed_after_the_merge_is_not_reverted() {
    let copy = WorkingCopy::with(&files(&[("a.py", CALLER), ("b.py", CALLER)]));
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    done(propose(&code, &id).await);
    copy.merge(BRANCH);
    copy.commit(&files(&[("b.py", "theirs\n")]));
    done(withdraw(&code, &id).await);
    let branch = "deprovision/orders-v1/revert-remove-references";
    assert_eq!(
        copy.files(branch),
        files(&[("a.py", CALLER), ("b.py", "theirs\n")])
    );
    copy.commit(&files(&[("a.py", "theirs too\n")]));
    let outcome = withdraw(&code, &id).await.unwrap();
    assert!(matches!(outcome, Outcome::NotDone { .. }), "{outcome:?}");
}

#[tokio::test]
async fn bare_repositories_and_other_hashes_work_too() {
    for options in [
        ["--bare", "--initial-branch=main"],
        ["--object-format=sha256", "--initial-branch=main"],
    ] {
        let source = WorkingCopy::with(&files(&[("a.py", CALLER)]));
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("target");
        let path = target.to_str().unwrap();
        source.git(&["init", "--quiet", options[0], options[1], path]);
        if options[0] == "--bare" {
            source.git(&["push", "--quiet", path, "main"]);
        } else {
            std::fs::write(target.join("a.py"), CALLER).unwrap();
            source.git(&["-C", path, "add", "--all"]);
            source.git(&["-C", path, "commit", "--quiet", "-m", "x"]);
        }
        let id: RepositoryId = "git:shop:local:orders".parse().unwrap();
        let mut repositories = GitRepositories::new();
        let head = DefaultBranch::Head;
        repositories
            .register(id.clone(), &target, head)
            .await
            .unwrap();
        let code = GitCode::new(Arc::new(repositories));
        done(propose(&code, &id).await);
        done(propose(&code, &id).await);
        let show = format!("{BRANCH}:a.py");
        assert_eq!(
            format!("{}\n", source.git(&["-C", path, "show", &show])),
            MOVED
        );
        done(withdraw(&code, &id).await);
        assert_eq!(state(&code, &id).await, ChangeState::Absent);
    }
}

#[tokio::test]
async fn what_is_no_repository_is_not_registered() {
    let copy = WorkingCopy::with(&files(&[("sub/a.py", CALLER)]));
    let id: RepositoryId = "git:shop:local:orders".parse().unwrap();
    let mut repositories = GitRepositories::new();
    let nowhere = tempfile::tempdir().unwrap();
    for directory in [
        nowhere.path(),
        &copy.path().join("sub"),
        &copy.path().join("none"),
    ] {
        let refused = repositories
            .register(id.clone(), directory, DefaultBranch::Head)
            .await
            .unwrap_err();
        assert!(
            matches!(refused, RegisterError::Directory { .. }),
            "{refused}"
        );
    }
    for bad in ["--upload-pack=x", "a..b", ""] {
        let branch = DefaultBranch::named(bad);
        let refused = repositories.register(id.clone(), copy.path(), branch).await;
        assert!(
            matches!(refused, Err(RegisterError::Branch { .. })),
            "{bad}"
        );
    }
    repositories
        .register(id.clone(), copy.path(), DefaultBranch::Head)
        .await
        .unwrap();
    let twice = repositories
        .register(id, copy.path(), DefaultBranch::Head)
        .await;
    assert!(matches!(twice, Err(RegisterError::Twice { .. })));
}

#[tokio::test]
async fn a_missing_git_says_what_to_install() {
    let copy = WorkingCopy::with(&files(&[("a.py", CALLER)]));
    let id: RepositoryId = "git:shop:local:orders".parse().unwrap();
    let mut repositories = GitRepositories::new().with_program("no-such-git");
    let refused = repositories
        .register(id, copy.path(), DefaultBranch::Head)
        .await
        .unwrap_err();
    let source = std::error::Error::source(&refused).unwrap().to_string();
    assert!(
        source.contains("no-such-git") && source.contains("install git"),
        "{source}"
    );
}
