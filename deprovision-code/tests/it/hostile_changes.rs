//! Changes to a repository that holds everything that trips tools up.

use std::fs::File;
use std::os::unix::fs::symlink;

use deprovision_code::{GitCode, GitDocuments, Judge, RemovalSettings, Verdict};
use deprovision_core::conformance::Permits;
use deprovision_core::id::ApiId;
use deprovision_core::observation::{Coverage, Observation};
use deprovision_core::provider::{
    ChangeProposer, CodeSearch, DocumentMark, DocumentUpdater, ErrorKind, Outcome,
};

use crate::world::{WorkingCopy, files, removal, v1};

const BRANCH: &str = "deprovision/orders-v1/remove-references";
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 12345\n";
const GIB: u64 = 1024 * 1024 * 1024;

/// A repository with a link to `/`, a large sparse file, odd names and encodings, a
/// submodule, pointers of Git LFS and CRLF.
fn hostile(committed: u64) -> WorkingCopy {
    let copy = WorkingCopy::empty();
    symlink("/", copy.path().join("root")).unwrap();
    symlink("/etc/passwd", copy.path().join("link.md")).unwrap();
    File::create(copy.path().join("large.md"))
        .unwrap()
        .set_len(committed)
        .unwrap();
    copy.write(b"new\nline.py", b"get('/v1/orders')\n");
    copy.write(b"caf\xe9.py", b"get('/v1/orders')\n");
    copy.write(
        b"latin.py",
        b"caf\xe9 = get('/v1/orders') # \xff\r\n\xfe\r\n",
    );
    copy.write(
        b"crlf.ini",
        b"[a]\r\nurl = https://v1.shop.example/\r\nb = 1",
    );
    copy.write(b"latin.md", b"# caf\xe9\n");
    copy.write(b"pointer.md", POINTER.as_bytes());
    copy.write(b"pointer.yaml", POINTER.as_bytes());
    copy.write(b"crlf.md", b"# A\r\n\r\nb\r\n");
    copy.write(
        b".gitattributes",
        b"*.md filter=lfs diff=lfs merge=lfs -text\n",
    );
    copy.commit(&files(&[]));
    let commit = copy.git(&["rev-parse", "HEAD"]);
    let module = format!("160000,{commit},module.md");
    copy.git(&["update-index", "--add", "--cacheinfo", &module]);
    copy.git(&["commit", "--quiet", "-m", "module"]);
    // Only in the working tree: nothing reads it.
    File::create(copy.path().join("untracked"))
        .unwrap()
        .set_len(2 * GIB)
        .unwrap();
    copy
}

async fn check(copy: &WorkingCopy) {
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories.clone());
    let seen = code.references(&id, &v1()).await.unwrap();
    let Observation::Known {
        value,
        coverage: Coverage::Partial { missing },
        ..
    } = &seen
    else {
        panic!("{seen:?}");
    };
    assert!(
        missing.contains("module.md") && missing.contains("large.md"),
        "{missing}"
    );
    assert_eq!(value.len(), 4, "{value:?}");
    let out = tempfile::tempdir().unwrap();
    let script = "set -e; ls -A > $OUT/ls; cat pointer.md > $OUT/pointer; wc -c < large.md > $OUT/size; \
                  test ! -e root; test ! -e link.md; test -d module.md; grep -q /v2/orders caf*.py";
    let judge = Judge::new("sh")
        .arguments(["-c", script])
        .setting("OUT", out.path());
    let code = code.removing(RemovalSettings::new().judged_by(judge));
    let preview = code.preview(&id, &removal()).await.unwrap();
    assert_eq!(preview.verdict, Some(Verdict::Accepted));
    assert_eq!(preview.left, Vec::<String>::new());
    let read = |name: &str| std::fs::read_to_string(out.path().join(name)).unwrap();
    assert_eq!(read("pointer"), POINTER);
    assert_eq!(
        read("size").trim(),
        copy.path()
            .join("large.md")
            .metadata()
            .unwrap()
            .len()
            .to_string()
    );
    let listed = std::fs::read(out.path().join("ls")).unwrap();
    assert!(!String::from_utf8_lossy(&listed).contains("untracked"));

    let before = copy.git(&["status", "--porcelain=v2"]);
    let permit = Permits::new().permit().await.unwrap();
    let outcome = code.propose(&id, &removal(), &permit).await.unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    assert_eq!(copy.git(&["status", "--porcelain=v2"]), before);
    let changed = copy.git(&["diff", "--numstat", "-z", "main", BRANCH]);
    assert_eq!(changed.matches("1\t1\t").count(), 4, "{changed:?}");
    let show = |name: &str| {
        copy.try_git(&["cat-file", "blob", &format!("{BRANCH}:{name}")])
            .1
    };
    assert_eq!(
        show("latin.py"),
        b"caf\xe9 = get('/v2/orders') # \xff\r\n\xfe\r\n"
    );
    assert_eq!(
        show("crlf.ini"),
        b"[a]\r\nurl = https://v2.shop.example/\r\nb = 1"
    );
    assert_eq!(show("new\nline.py"), b"get('/v2/orders')\n");

    let documents = GitDocuments::new(repositories);
    let mark = DocumentMark::Deprecated {
        api: ApiId::parse("orders-v1").unwrap(),
        sunset: None,
        successor: None,
    };
    for (path, said) in [
        ("link.md", Err(ErrorKind::Invalid)),
        ("module.md", Err(ErrorKind::Invalid)),
        ("root", Err(ErrorKind::Invalid)),
        ("root/etc/hostname", Err(ErrorKind::NotFound)),
        ("large.md", Err(ErrorKind::Invalid)),
        ("latin.md", Ok("not UTF-8 after byte 5")),
        ("pointer.md", Ok("pointer of Git LFS")),
        ("pointer.yaml", Ok("pointer of Git LFS")),
        ("crlf.ini", Ok("does not end with")),
    ] {
        let id = format!("git:shop:local:orders/{path}").parse().unwrap();
        match (documents.mark(&id, &mark, &permit).await, said) {
            (Err(error), Err(kind)) => assert_eq!(error.kind(), &kind, "{path}: {error}"),
            (Ok(Outcome::NotDone { why }), Ok(part)) => assert!(why.contains(part), "{why}"),
            (other, _) => panic!("{path}: {other:?}"),
        }
    }
    let id = "git:shop:local:orders/crlf.md".parse().unwrap();
    let outcome = documents.mark(&id, &mark, &permit).await.unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let show = "deprovision/orders-v1/documents-deprecated:crlf.md";
    let marked = copy.try_git(&["cat-file", "blob", show]).1;
    assert!(marked.starts_with(b"# A\r\n\r\n<!-- deprovision:begin orders-v1 -->\r\n"));
    assert!(marked.ends_with(b"\r\n\r\nb\r\n"));
}

#[tokio::test]
async fn a_hostile_repository_is_changed_correctly_or_reported() {
    check(&hostile(65 * 1024 * 1024)).await;
}

#[tokio::test]
#[ignore = "commits a file of 2 GiB, which takes git a minute"]
async fn a_hostile_repository_with_two_gibibytes_is_changed_correctly_or_reported() {
    check(&hostile(2 * GIB)).await;
}

/// Trees that git itself would not make.
#[tokio::test]
async fn a_path_that_leaves_the_repository_is_written_nowhere() {
    let copy = WorkingCopy::with(&files(&[("a.py", "get('/v1/orders')\n")]));
    let blob = copy.git(&["rev-parse", "HEAD:a.py"]);
    for (outer, name) in [("..", "escaped"), (".git", "config"), (".", "x")] {
        let inner = mktree(&copy, &[("100644 blob", &blob, name)]);
        let tree = mktree(
            &copy,
            &[
                ("040000 tree", &inner, outer),
                ("100644 blob", &blob, "a.py"),
            ],
        );
        let commit = copy.git(&["commit-tree", &tree, "-m", "x"]);
        copy.git(&["update-ref", "refs/heads/main", &commit]);
        let (repositories, id) = copy.registered().await;
        let judge = Judge::new("true");
        let code = GitCode::new(repositories).removing(RemovalSettings::new().judged_by(judge));
        // Refused by us, or by git before us.
        let preview = code.preview(&id, &removal()).await;
        let verdict = preview.map(|preview| preview.verdict);
        assert!(
            !matches!(&verdict, Ok(Some(Verdict::Accepted))),
            "{outer}: {verdict:?}"
        );
        assert!(copy.our_branches().is_empty());
    }
}

/// A tree with any names.
fn mktree(copy: &WorkingCopy, entries: &[(&str, &str, &str)]) -> String {
    let mut bytes = Vec::new();
    let mut sorted = entries.to_vec();
    sorted.sort_by_key(|entry| entry.2.to_owned());
    for (mode, oid, name) in sorted {
        let mode = mode.split(' ').next().unwrap().trim_start_matches('0');
        bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        for pair in oid.as_bytes().chunks(2) {
            let pair = std::str::from_utf8(pair).unwrap();
            bytes.push(u8::from_str_radix(pair, 16).unwrap());
        }
    }
    copy.write(b".git/tree", &bytes);
    copy.git(&[
        "hash-object",
        "-t",
        "tree",
        "-w",
        "--literally",
        ".git/tree",
    ])
}
