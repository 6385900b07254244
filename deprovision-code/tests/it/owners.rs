//! Whom to ask about a reference.

use deprovision_code::{GitCode, TreeOwners, TreeSearch};
use deprovision_core::catalog::Catalog;
use deprovision_core::provider::{CodeOwner, CodeSearch, Reference};

use crate::world::{WorkingCopy, files, v1};

fn copy() -> WorkingCopy {
    let copy = WorkingCopy::with(&files(&[
        (".github/CODEOWNERS", "/web/ @web-team\n"),
        ("web/a.js", "f('/v1/orders')\n"),
        ("b.py", "x\n"),
        ("c d.py", "/v1/orders\n"),
    ]));
    copy.write(b"b.py", b"get('/v1/orders')\n");
    copy.git(&["add", "--all"]);
    copy.git(&[
        "commit",
        "--quiet",
        "-m",
        "x",
        "--author=Ada <ada@example.com>",
    ]);
    copy.commit(&files(&[("z", "later\n")]));
    copy
}

fn owners(references: &[Reference]) -> Vec<(&str, Option<CodeOwner>)> {
    let owner = |r: &'_ Reference| r.owner.clone();
    references
        .iter()
        .map(|r| (r.file.as_str(), owner(r)))
        .collect()
}

fn expected() -> Vec<(&'static str, Option<CodeOwner>)> {
    let author = |who: &str| Some(CodeOwner::LastAuthor(who.to_owned()));
    vec![
        ("b.py", author("Ada <ada@example.com>")),
        ("c d.py", author("user <user@example.com>")),
        (
            "web/a.js",
            Some(CodeOwner::Named(vec!["@web-team".to_owned()])),
        ),
    ]
}

#[tokio::test]
async fn who_is_named_is_the_owner_else_who_changed_the_file_last() {
    let copy = copy();
    let (repositories, id) = copy.registered().await;
    let seen = GitCode::new(repositories)
        .references(&id, &v1())
        .await
        .unwrap();
    assert_eq!(owners(seen.known_completely().unwrap()), expected());
}

#[tokio::test]
async fn a_tree_on_disk_has_the_same_owners_or_as_many_as_are_wanted() {
    let copy = copy();
    let search = TreeSearch::of(&Catalog::new([v1()])).unwrap();
    let found = search.search(copy.path()).await.unwrap();
    assert_eq!(owners(&found.references), expected());
    let named = search.clone().owners(TreeOwners::CodeOwners);
    let found = named.search(copy.path()).await.unwrap();
    let some = found.references.iter().filter(|r| r.owner.is_some());
    assert_eq!(some.count(), 1);
    let nobody = search.owners(TreeOwners::Nobody).search(copy.path()).await;
    assert!(nobody.unwrap().references.iter().all(|r| r.owner.is_none()));
}

#[tokio::test]
async fn a_file_that_nobody_has_committed_has_no_owner() {
    let copy = WorkingCopy::empty();
    copy.write(b"a.py", b"/v1/orders\n");
    let search = TreeSearch::of(&Catalog::new([v1()])).unwrap();
    let found = search.search(copy.path()).await.unwrap();
    assert_eq!(owners(&found.references), [("a.py", None)]);
    assert_eq!(found.missing, Vec::<String>::new());
}
