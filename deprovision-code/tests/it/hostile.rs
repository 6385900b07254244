//! Repositories that try to run something, and processes that are killed.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use deprovision_code::{GitCode, GitDocuments};
use deprovision_core::conformance::Permits;
use deprovision_core::id::ApiId;
use deprovision_core::observation::{Coverage, Observation};
use deprovision_core::provider::{
    ChangeObserver, ChangeProposer, CodeSearch, DocumentMark, DocumentUpdater, Outcome,
};

use crate::world::{WorkingCopy, files, removal, v1};

const BRANCH: &str = "deprovision/orders-v1/remove-references";

async fn propose(copy: &WorkingCopy) -> Outcome {
    let (repositories, id) = copy.registered().await;
    let permit = Permits::new().permit().await.unwrap();
    GitCode::new(repositories)
        .propose(&id, &removal(), &permit)
        .await
        .unwrap()
}

#[tokio::test]
async fn odd_file_names_are_found_and_edited_in_place() {
    let copy = WorkingCopy::empty();
    let names: [&[u8]; 9] = [
        b"-rf",
        b"--output=x",
        b"a\nb.py",
        b"\"quoted\".py",
        b" space ",
        b"tab\t.py",
        b"caf\xe9.py",
        b":(top)x",
        b"sub dir/\\back",
    ];
    for name in names {
        copy.write(name, b"get('/v1/orders')\n");
    }
    copy.commit(&files(&[]));
    let (repositories, id) = copy.registered().await;
    let seen = GitCode::new(repositories)
        .references(&id, &v1())
        .await
        .unwrap();
    let mut found: Vec<String> = seen
        .known_completely()
        .unwrap()
        .iter()
        .map(|reference| reference.file.clone())
        .collect();
    found.sort();
    let mut expected = [
        "-rf",
        "--output=x",
        "\"a\\nb.py\"",
        "\"\\\"quoted\\\".py\"",
        " space ",
        "\"tab\\t.py\"",
        "\"caf\\351.py\"",
        ":(top)x",
        "sub dir/\\back",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
    let outcome = propose(&copy).await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let proposed = copy.raw_files(BRANCH);
    assert_eq!(proposed.len(), names.len());
    assert!(
        proposed
            .values()
            .all(|bytes| bytes == b"get('/v2/orders')\n")
    );
}

#[tokio::test]
async fn links_are_not_followed_and_submodules_make_the_answer_partial() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("x"), "/v1/orders\n").unwrap();
    let copy = WorkingCopy::empty();
    std::os::unix::fs::symlink(outside.path().join("x"), copy.path().join("link")).unwrap();
    std::os::unix::fs::symlink(outside.path(), copy.path().join("dir")).unwrap();
    copy.commit(&files(&[("a", "x\n")]));
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    let seen = code.references(&id, &v1()).await.unwrap();
    assert_eq!(seen.known_completely().unwrap(), &[]);
    let commit = copy.git(&["rev-parse", "HEAD"]);
    copy.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{commit},module"),
    ]);
    copy.git(&["commit", "--quiet", "-m", "module"]);
    for coverage in [
        match code.references(&id, &v1()).await.unwrap() {
            Observation::Known { coverage, .. } => coverage,
            Observation::Unknown { why } => panic!("{why}"),
        },
        match code.change(&id, &removal()).await.unwrap() {
            Observation::Known { coverage, .. } => coverage,
            Observation::Unknown { why } => panic!("{why}"),
        },
    ] {
        let said = matches!(&coverage, Coverage::Partial { missing } if missing.contains("module"));
        assert!(said, "{coverage:?}");
    }
}

/// A program that leaves a trace when anybody runs it.
fn trap(directory: &Path, name: &str, trace: &Path) -> String {
    let path = directory.join(name);
    std::fs::create_dir_all(directory).unwrap();
    std::fs::write(
        &path,
        format!("#!/bin/sh\necho {name} >> '{}'\ncat\n", trace.display()),
    )
    .unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn nothing_that_a_repository_configures_is_run() {
    let copy = WorkingCopy::with(&files(&[
        ("a.py", "get('/v1/orders')\r\n"),
        ("a.md", "# A\n"),
    ]));
    let traps = tempfile::tempdir().unwrap();
    let trace = traps.path().join("trace");
    let hooks = copy.git_dir().join("hooks");
    for hook in [
        "pre-commit",
        "post-commit",
        "commit-msg",
        "prepare-commit-msg",
        "reference-transaction",
        "post-index-change",
        "post-checkout",
        "pre-auto-gc",
        "fsmonitor-watchman",
        "post-rewrite",
    ] {
        trap(&hooks, hook, &trace);
    }
    let program = trap(traps.path(), "program", &trace);
    std::fs::create_dir_all(copy.git_dir().join("info")).unwrap();
    let attributes =
        "* filter=evil diff=evil merge=evil text eol=lf working-tree-encoding=UTF-16\n";
    std::fs::write(copy.git_dir().join("info/attributes"), attributes).unwrap();
    let mut config = std::fs::read_to_string(copy.git_dir().join("config")).unwrap();
    config.push_str(&format!(
        "[core]\n fsmonitor = {program}\n pager = {program}\n editor = {program}\n sshCommand = {program}\n \
         askPass = {program}\n autocrlf = true\n splitIndex = true\n logAllRefUpdates = always\n\
         [filter \"evil\"]\n clean = {program}\n smudge = {program}\n process = {program}\n required = true\n\
         [diff]\n external = {program}\n[diff \"evil\"]\n textconv = {program}\n command = {program}\n\
         [merge \"evil\"]\n driver = {program}\n[gpg]\n program = {program}\n\
         [commit]\n gpgSign = true\n[credential]\n helper = {program}\n\
         [alias]\n ls-tree = !{program}\n update-ref = !{program}\n[trailer \"x\"]\n command = {program}\n\
         [pager]\n rev-list = {program}\n[gc]\n auto = 1\n[i18n]\n commitEncoding = ISO-8859-1\n"
    ));
    std::fs::write(copy.git_dir().join("config"), config).unwrap();
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories.clone());
    let permit = Permits::new().permit().await.unwrap();
    code.references(&id, &v1()).await.unwrap();
    code.propose(&id, &removal(), &permit).await.unwrap();
    code.change(&id, &removal()).await.unwrap();
    let patch = code.patch(&id, &removal()).await.unwrap();
    let patch = String::from_utf8(patch).unwrap();
    assert!(patch.contains("+get('/v2/orders')\r\n"), "{patch}");
    let documents = GitDocuments::new(repositories);
    let mark = DocumentMark::Deprecated {
        api: ApiId::parse("orders-v1").unwrap(),
        sunset: None,
        successor: None,
    };
    let page = "git:shop:local:orders/a.md".parse().unwrap();
    documents.mark(&page, &mark, &permit).await.unwrap();
    documents.unmark(&page, &mark, &permit).await.unwrap();
    assert_eq!(copy.files(BRANCH)["a.py"], b"get('/v2/orders')\r\n");
    code.withdraw(&id, &removal(), &permit).await.unwrap();
    let ran = std::fs::read_to_string(&trace).unwrap_or_default();
    assert_eq!(ran, "", "something of the repository was run");
    // The traps work: the user's own git falls into one.
    copy.try_git(&["update-ref", "refs/heads/theirs", "HEAD"]);
    let ran = std::fs::read_to_string(&trace).unwrap();
    assert!(ran.contains("reference-transaction"), "{ran}");
}

#[tokio::test]
async fn another_object_in_the_place_of_one_is_not_read() {
    let copy = WorkingCopy::with(&files(&[("a.py", "get('/v1/orders')\n")]));
    copy.write(b"clean", b"clean\n");
    let clean = copy.git(&["hash-object", "-w", "clean"]);
    let blob = copy.git(&["rev-parse", "HEAD:a.py"]);
    copy.git(&["replace", &blob, &clean]);
    let (repositories, id) = copy.registered().await;
    let seen = GitCode::new(repositories)
        .references(&id, &v1())
        .await
        .unwrap();
    assert_eq!(seen.known_completely().unwrap().len(), 1);
}

#[tokio::test]
async fn i_9_a_damaged_repository_is_an_error_and_not_clean() {
    let copy = WorkingCopy::with(&files(&[("a.py", "get('/v1/orders')\n")]));
    let blob = copy.git(&["rev-parse", "HEAD:a.py"]);
    let object = copy
        .git_dir()
        .join("objects")
        .join(&blob[..2])
        .join(&blob[2..]);
    std::fs::remove_file(object).unwrap();
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories);
    assert!(code.references(&id, &v1()).await.is_err());
    assert!(code.change(&id, &removal()).await.is_err());
}

#[tokio::test]
async fn a_git_that_hangs_is_stopped() {
    let copy = WorkingCopy::with(&files(&[("a.py", "get('/v1/orders')\n")]));
    let place = tempfile::tempdir().unwrap();
    let slow = place.path().join("git");
    let script = "#!/bin/sh\nfor a in \"$@\"; do [ \"$a\" = ls-tree ] && exec sleep 60; done\nexec git \"$@\"\n";
    std::fs::write(&slow, script).unwrap();
    std::fs::set_permissions(&slow, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut repositories = deprovision_code::GitRepositories::new()
        .with_program(&slow)
        .with_time_out(Duration::from_secs(2));
    let id: deprovision_core::resource::RepositoryId = "git:shop:local:orders".parse().unwrap();
    let head = deprovision_code::DefaultBranch::Head;
    repositories
        .register(id.clone(), copy.path(), head)
        .await
        .unwrap();
    let code = GitCode::new(std::sync::Arc::new(repositories));
    let error = code.references(&id, &v1()).await.unwrap_err();
    assert!(error.kind().is_retryable(), "{error}");
    assert!(
        std::error::Error::source(&error)
            .unwrap()
            .to_string()
            .contains("did not end")
    );
}

#[tokio::test]
async fn a_git_that_is_killed_at_any_command_leaves_the_old_state() {
    let copy = WorkingCopy::with(&files(&[("a.py", "get('/v1/orders')\n")]));
    let before = copy.user_state();
    let id: deprovision_core::resource::RepositoryId = "git:shop:local:orders".parse().unwrap();
    let place = tempfile::tempdir().unwrap();
    for command in [
        "rev-parse",
        "ls-tree",
        "cat-file",
        "read-tree",
        "hash-object",
        "update-index",
        "write-tree",
        "commit-tree",
        "update-ref",
    ] {
        let killed = place.path().join(command);
        let script = format!(
            "#!/bin/sh\nfor a in \"$@\"; do [ \"$a\" = {command} ] && [ -e \"$0.armed\" ] && kill -9 $$; done\nexec git \"$@\"\n"
        );
        std::fs::write(&killed, script).unwrap();
        std::fs::set_permissions(&killed, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut repositories = deprovision_code::GitRepositories::new().with_program(&killed);
        let main = deprovision_code::DefaultBranch::named("main");
        repositories
            .register(id.clone(), copy.path(), main)
            .await
            .unwrap();
        std::fs::write(place.path().join(format!("{command}.armed")), "").unwrap();
        let code = GitCode::new(std::sync::Arc::new(repositories));
        let permit = Permits::new().permit().await.unwrap();
        let outcome = code.propose(&id, &removal(), &permit).await;
        assert!(outcome.is_err(), "{command}: {outcome:?}");
        assert!(copy.our_branches().is_empty(), "{command}");
        assert_eq!(copy.user_state(), before, "{command}");
    }
}

/// Where the process that is to be killed finds its repository.
const VICTIM: &str = "DEPROVISION_TEST_VICTIM";

/// Not a test of its own: the process that the next test kills.
#[tokio::test]
async fn a_process_that_proposes_and_withdraws_for_ever() {
    let Some(path) = std::env::var_os(VICTIM) else {
        return;
    };
    let id: deprovision_core::resource::RepositoryId = "git:shop:local:orders".parse().unwrap();
    let mut repositories = deprovision_code::GitRepositories::new();
    let main = deprovision_code::DefaultBranch::named("main");
    repositories.register(id.clone(), path, main).await.unwrap();
    let code = GitCode::new(std::sync::Arc::new(repositories));
    let permits = Permits::new();
    loop {
        let permit = permits.permit().await.unwrap();
        // A killed git may leave a lock behind: then this fails, and changes nothing.
        let _ = code.propose(&id, &removal(), &permit).await;
        let _ = code.withdraw(&id, &removal(), &permit).await;
    }
}

#[tokio::test]
async fn a_process_that_is_killed_leaves_the_old_or_the_new_state() {
    let copy = WorkingCopy::with(&files(&[("a.py", "get('/v1/orders')\n"), ("b", "b\n")]));
    propose(&copy).await;
    let whole = copy.git(&["rev-parse", BRANCH]);
    let user = copy.user_state();
    let mut seen = (0, 0);
    let mut rounds = 0_u64;
    // At least so many, and until it was killed before and after the branch moved.
    while rounds < 12 || seen.0 == 0 || seen.1 == 0 {
        assert!(rounds < 80, "both states come up: {seen:?}");
        rounds += 1;
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args([
                "hostile::a_process_that_proposes_and_withdraws_for_ever",
                "--exact",
            ])
            .env(VICTIM, copy.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(90 + rounds * 37 % 210));
        victim.kill().unwrap();
        victim.wait().unwrap();
        // A git that it had started ends by itself.
        std::thread::sleep(Duration::from_millis(60));
        match copy.our_branches().get(BRANCH) {
            Some(commit) => {
                assert_eq!(commit, &whole, "the whole change");
                seen.0 += 1;
            }
            None => seen.1 += 1,
        }
        assert_eq!(copy.user_state(), user);
        assert!(copy.try_git(&["fsck", "--strict", "--no-dangling"]).0);
    }
    let lock = copy.git_dir().join(format!("refs/heads/{BRANCH}.lock"));
    let _ = std::fs::remove_file(lock);
    assert!(matches!(propose(&copy).await, Outcome::Done { .. }));
    assert_eq!(copy.git(&["rev-parse", BRANCH]), whole);
}
