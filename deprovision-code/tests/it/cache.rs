//! What was searched before is not read again.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use deprovision_code::{DefaultBranch, GitCode, GitRepositories, SearchCache};
use deprovision_core::catalog::Api;
use deprovision_core::provider::{CodeSearch, Reference};
use deprovision_core::resource::RepositoryId;

use crate::world::{WorkingCopy, api, files, v1};

/// A git that writes down each object that it was asked for, and each walk through the
/// history.
async fn code(copy: &WorkingCopy, place: &Path, cache: SearchCache) -> (GitCode, RepositoryId) {
    let program = place.join("git");
    let asked = place.join("asked");
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *' --batch '*) tee -a '{0}' | git \"$@\";; *' log '*) echo log >> '{0}'; exec git \"$@\";; *) exec git \"$@\";; esac\n",
        asked.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let id: RepositoryId = "git:shop:local:orders".parse().unwrap();
    let mut repositories = GitRepositories::new().with_program(&program);
    let main = DefaultBranch::named("main");
    repositories
        .register(id.clone(), copy.path(), main)
        .await
        .unwrap();
    (GitCode::new(Arc::new(repositories)).with_cache(cache), id)
}

fn asked(place: &Path) -> usize {
    let path = place.join("asked");
    let asked = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(path);
    asked.lines().count()
}

async fn found(code: &GitCode, id: &RepositoryId, api: &Api) -> Vec<Reference> {
    let seen = code.references(id, api).await.unwrap();
    seen.known_completely().unwrap().clone()
}

#[tokio::test]
async fn only_what_is_new_is_read_and_the_answer_is_the_same() {
    let place = tempfile::tempdir().unwrap();
    let copy = WorkingCopy::with(&files(&[
        ("a.py", "get('/v1/orders')\n"),
        ("b.py", "x\n"),
        ("c.bin", "\0\n"),
    ]));
    let cache = SearchCache::in_memory();
    let (code, id) = code(&copy, place.path(), cache.clone()).await;
    let first = found(&code, &id, &v1()).await;
    assert_eq!((first.len(), asked(place.path())), (1, 3 + 1));
    assert_eq!(found(&code, &id, &v1()).await, first);
    assert_eq!(asked(place.path()), 0, "nothing is new");
    // A copy of the same bytes under another name is something else: a test.
    copy.commit(&files(&[
        ("tests/a.py", "get('/v1/orders')\n"),
        ("d.py", "/v1/orders\n"),
    ]));
    assert_eq!(found(&code, &id, &v1()).await.len(), 3);
    assert_eq!(asked(place.path()), 2 + 1, "what is new");
    let other = api("bills-v1", "bills.shop.example", "/v1/invoices");
    assert_eq!(found(&code, &id, &other).await, []);
    assert_eq!(asked(place.path()), 5, "other markers");
    let alone = GitCode::new(copy.registered().await.0);
    assert_eq!(
        found(&code, &id, &v1()).await,
        found(&alone, &id, &v1()).await
    );
}

#[tokio::test]
async fn a_cache_in_a_folder_outlives_the_process_and_a_damaged_one_is_not_believed() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("deep/cache");
    let copy = WorkingCopy::with(&files(&[("a.py", "get('/v1/orders')\n"), ("b.py", "x\n")]));
    let mut answers = Vec::new();
    for expected in [2 + 1, 1] {
        let cache = SearchCache::in_folder(&folder);
        let (code, id) = code(&copy, place.path(), cache).await;
        answers.push(found(&code, &id, &v1()).await);
        assert_eq!(asked(place.path()), expected);
    }
    assert_eq!(answers[0], answers[1]);
    let file = std::fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = std::fs::read(&file).unwrap();
    let lie = String::from_utf8(whole.clone())
        .unwrap()
        .replace("a.py", "z.py");
    for damaged in [&whole[..whole.len() / 2], b"", b"x\n{}", lie.as_bytes()] {
        std::fs::write(&file, damaged).unwrap();
        let cache = SearchCache::in_folder(&folder);
        let (code, id) = code(&copy, place.path(), cache).await;
        assert_eq!(found(&code, &id, &v1()).await, answers[0]);
        assert_eq!(asked(place.path()), 2 + 1, "it is searched again");
    }
}

#[tokio::test]
async fn a_folder_that_can_not_be_written_only_costs_time() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("file"), "").unwrap();
    let copy = WorkingCopy::with(&files(&[("a.py", "get('/v1/orders')\n")]));
    let cache = SearchCache::in_folder(place.path().join("file/below"));
    let (code, id) = code(&copy, place.path(), cache).await;
    assert_eq!(found(&code, &id, &v1()).await.len(), 1);
}
