//! Marks over real repositories, beyond what every adapter promises.

use std::sync::Arc;

use deprovision_code::{GitDocuments, GitRepositories};
use deprovision_core::conformance::Permits;
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    ChangeState, DocumentMark, DocumentObserver, DocumentUpdater, ErrorKind, Outcome, ProviderError,
};
use deprovision_core::resource::DocumentId;

use crate::world::{WorkingCopy, files};

const BRANCH: &str = "deprovision/orders-v1/documents-deprecated";

fn mark() -> DocumentMark {
    DocumentMark::Deprecated {
        api: ApiId::parse("orders-v1").unwrap(),
        sunset: None,
        successor: None,
    }
}

fn id(path: &str) -> DocumentId {
    format!("git:shop:local:orders/{path}").parse().unwrap()
}

async fn put(documents: &GitDocuments, path: &str) -> Result<Outcome, ProviderError> {
    let permit = Permits::new().permit().await.unwrap();
    documents.mark(&id(path), &mark(), &permit).await
}

async fn take(documents: &GitDocuments, path: &str) -> Result<Outcome, ProviderError> {
    let permit = Permits::new().permit().await.unwrap();
    documents.unmark(&id(path), &mark(), &permit).await
}

async fn state(documents: &GitDocuments, path: &str) -> ChangeState {
    let seen = documents.document(&id(path), &mark()).await.unwrap();
    seen.known_completely().unwrap().change.clone()
}

fn done(outcome: Result<Outcome, ProviderError>) {
    assert!(matches!(outcome, Ok(Outcome::Done { .. })), "{outcome:?}");
}

async fn pages() -> (WorkingCopy, Arc<GitRepositories>) {
    let copy = WorkingCopy::with(&files(&[
        ("a.md", "# A\n"),
        ("b.md", "# B\n"),
        ("c.txt", "c\n"),
    ]));
    let (repositories, _) = copy.registered().await;
    (copy, repositories)
}

#[tokio::test]
async fn documents_of_one_repository_share_a_branch_of_one_commit() {
    let (copy, repositories) = pages().await;
    let documents = GitDocuments::new(repositories);
    done(put(&documents, "b.md").await);
    done(put(&documents, "a.md").await);
    let one_way = copy.git(&["rev-parse", BRANCH]);
    assert_eq!(
        copy.git(&["rev-list", "--count", &format!("main..{BRANCH}")]),
        "1"
    );
    assert_eq!(copy.our_branches().len(), 1);
    for path in ["a.md", "b.md"] {
        done(take(&documents, path).await);
    }
    assert!(copy.our_branches().is_empty());
    done(put(&documents, "a.md").await);
    done(put(&documents, "b.md").await);
    assert_eq!(
        copy.git(&["rev-parse", BRANCH]),
        one_way,
        "the order does not matter"
    );
}

#[tokio::test]
async fn many_marks_at_once_lose_none() {
    let all: Vec<(String, Vec<u8>)> = (0..4)
        .map(|n| (format!("{n}.md"), format!("# {n}\n").into_bytes()))
        .collect();
    let copy = WorkingCopy::with(&all.iter().cloned().collect());
    let (repositories, _) = copy.registered().await;
    let marks = all.iter().map(|(path, _)| {
        let documents = GitDocuments::new(repositories.clone());
        let path = path.clone();
        tokio::spawn(async move { put(&documents, &path).await })
    });
    for one in marks.collect::<Vec<_>>() {
        done(one.await.unwrap());
    }
    let documents = GitDocuments::new(repositories);
    for (path, _) in &all {
        let now = state(&documents, path).await;
        assert!(
            matches!(now, ChangeState::Proposed { .. }),
            "{path}: {now:?}"
        );
    }
}

#[tokio::test]
async fn many_merged_marks_that_are_taken_back_at_once_lose_none() {
    let all: Vec<(String, Vec<u8>)> = (0..4)
        .map(|n| (format!("{n}.md"), format!("# {n}\n").into_bytes()))
        .collect();
    let copy = WorkingCopy::with(&all.iter().cloned().collect());
    let (repositories, _) = copy.registered().await;
    let documents = GitDocuments::new(repositories.clone());
    for (path, _) in &all {
        done(put(&documents, path).await);
    }
    copy.merge(BRANCH);
    let takes = all.iter().map(|(path, _)| {
        let documents = GitDocuments::new(repositories.clone());
        let path = path.clone();
        tokio::spawn(async move { take(&documents, &path).await })
    });
    for one in takes.collect::<Vec<_>>() {
        done(one.await.unwrap());
    }
    // What is merged and about to be taken back is told from what nobody takes back.
    assert!(matches!(
        state(&documents, "0.md").await,
        ChangeState::Reverting { .. }
    ));
    copy.merge("deprovision/orders-v1/revert-documents-deprecated");
    assert_eq!(copy.files("main"), all.into_iter().collect());
}

#[tokio::test]
async fn a_mark_moves_with_the_default_branch() {
    let (copy, repositories) = pages().await;
    let documents = GitDocuments::new(repositories);
    done(put(&documents, "a.md").await);
    done(put(&documents, "b.md").await);
    copy.git(&["rm", "--quiet", "b.md"]);
    copy.commit(&files(&[("a.md", "# A\nmore\n")]));
    let ChangeState::Proposed { left, .. } = state(&documents, "a.md").await else {
        panic!("it is proposed");
    };
    assert!(
        left.iter().any(|line| line.contains("mark again")),
        "{left:?}"
    );
    done(put(&documents, "a.md").await);
    let marked = copy.files(BRANCH);
    let page = String::from_utf8(marked["a.md"].clone()).unwrap();
    assert!(
        page.contains("**Deprecated.**") && page.ends_with("more\n"),
        "{page}"
    );
    assert!(!marked.contains_key("b.md"));
}

#[tokio::test]
async fn a_document_that_can_not_be_named_or_read_is_an_error() {
    let (copy, _) = pages().await;
    std::os::unix::fs::symlink("/etc/passwd", copy.path().join("link.md")).unwrap();
    copy.commit(&files(&[("d.md", "# D\n")]));
    let (repositories, _) = copy.registered().await;
    let documents = GitDocuments::new(repositories);
    for (path, kind) in [
        ("none.md", ErrorKind::NotFound),
        ("../a.md", ErrorKind::Invalid),
        ("link.md", ErrorKind::Invalid),
        (":(glob)*.md", ErrorKind::NotFound),
        ("*.md", ErrorKind::NotFound),
    ] {
        assert_eq!(
            put(&documents, path).await.unwrap_err().kind(),
            &kind,
            "{path}"
        );
        let seen = documents.document(&id(path), &mark()).await;
        assert_eq!(seen.unwrap_err().kind(), &kind, "{path}");
    }
    let outcome = put(&documents, "c.txt").await.unwrap();
    assert!(matches!(outcome, Outcome::NotDone { .. }), "{outcome:?}");
    assert!(copy.our_branches().is_empty());
}

#[tokio::test]
async fn a_branch_that_was_not_made_here_is_never_touched() {
    let (copy, repositories) = pages().await;
    let documents = GitDocuments::new(repositories);
    copy.git(&["branch", BRANCH, "main"]);
    let before = copy.our_branches();
    assert_eq!(
        put(&documents, "a.md").await.unwrap_err().kind(),
        &ErrorKind::Conflict
    );
    done(take(&documents, "a.md").await);
    assert_eq!(state(&documents, "a.md").await, ChangeState::Absent);
    assert_eq!(copy.our_branches(), before);
}

#[tokio::test]
async fn the_work_of_others_on_top_of_a_mark_is_kept() {
    let (copy, repositories) = pages().await;
    let documents = GitDocuments::new(repositories);
    done(put(&documents, "a.md").await);
    copy.git(&["switch", "--quiet", BRANCH]);
    copy.commit(&files(&[("c.txt", "by hand\n")]));
    copy.git(&["switch", "--quiet", "main"]);
    let before = copy.our_branches();
    for outcome in [
        put(&documents, "b.md").await,
        take(&documents, "a.md").await,
    ] {
        assert!(
            matches!(outcome, Ok(Outcome::NotDone { .. })),
            "{outcome:?}"
        );
    }
    assert!(matches!(
        state(&documents, "a.md").await,
        ChangeState::Proposed { .. }
    ));
    assert_eq!(copy.our_branches(), before);
}
