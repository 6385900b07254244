//! Every rule on a repository with a real build, which has to pass afterwards.

use std::sync::Arc;

use deprovision_code::{
    GitCode, HookEdit, HookFile, Judge, RemovalHook, RemovalPreview, RemovalRule, RemovalSettings,
    Verdict,
};
use deprovision_core::catalog::{Face, FaceKind};
use deprovision_core::conformance::{Files, Permits};
use deprovision_core::provider::{ChangeProposer, Outcome, Removal};

use crate::world::{WorkingCopy, files, removal};

const BRANCH: &str = "deprovision/orders-v1/remove-references";

/// The tests of the repository, as its people would run them.
fn cargo_test() -> Judge {
    cargo(["test", "--offline", "--quiet"])
}

/// Cargo where it is installed here.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Judge {
    let home = std::path::PathBuf::from(std::env::var_os("HOME").unwrap());
    let place = |name: &str, folder: &str| {
        std::env::var_os(name).unwrap_or_else(|| home.join(folder).into_os_string())
    };
    Judge::new("cargo")
        .arguments(arguments)
        .passing("RUSTUP_TOOLCHAIN")
        .setting("CARGO_HOME", place("CARGO_HOME", ".cargo"))
        .setting("RUSTUP_HOME", place("RUSTUP_HOME", ".rustup"))
        .setting("CARGO_INCREMENTAL", "0")
}

/// A small program that calls the API in every way that a rule knows.
fn shop() -> Files {
    files(&[
        (
            "Cargo.toml",
            "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[features]\nlegacy = []\n\n\
             [dependencies]\n# how we talk to them\norders-client = { path = \"clients/orders\" }\n\
             money = { path = \"clients/money\" } # stays\n",
        ),
        (
            "clients/orders/Cargo.toml",
            "[package]\nname = \"orders-client\"\nversion = \"0.1.0\"\n",
        ),
        ("clients/orders/src/lib.rs", "pub fn nothing() {}\n"),
        (
            "clients/money/Cargo.toml",
            "[package]\nname = \"money\"\nversion = \"0.1.0\"\n",
        ),
        ("clients/money/src/lib.rs", "pub fn cents() -> u32 { 1 }\n"),
        (
            "src/lib.rs",
            "//! Calls v1.shop.example.\n\n\
             pub const BASE: &str = \"https://v1.shop.example/v1/orders\";\n\n\
             pub fn path() -> String {\n    join(\n        \"legacyOrders\",\n    )\n}\n\n\
             fn join(part: &str) -> String {\n    format!(\"{BASE}/{part}\")\n}\n\n\
             #[cfg(feature = \"legacy\")]\npub fn old() {\n    let answer = call(\"legacyOrders\");\n    drop(answer);\n}\n\n\
             #[cfg(feature = \"legacy\")]\nfn call(_: &str) {}\n\n\
             pub fn cents() -> u32 {\n    money::cents()\n}\n\n\
             pub fn agent() -> &'static str {\n    \"shop/legacyAgent\"\n}\n\n\
             #[cfg(test)]\nconst AGENT: &str = \"newAgent\";\n\n#[test]\nfn the_base_is_whole() {\n    assert!(BASE.ends_with(\"/orders\"));\n    assert_eq!(agent(), [\"shop/\", AGENT].concat());\n}\n",
        ),
        (".env", "A=1\nORDERS_V1_URL=https://v1.shop.example\n"),
        (
            "deploy/compose.yaml",
            "services:\n  shop:\n    environment:\n      A: 1\n      ORDERS_V1_URL: \"${X}\" # theirs\n",
        ),
        ("config.toml", "[shop]\nA = 1\nORDERS_V1_URL = \"x\"\n"),
        (
            "config.json",
            "{\n  \"A\": 1,\n  \"ORDERS_V1_URL\": \"x\"\n}\n",
        ),
        (
            "deploy/nginx.conf",
            "server {\n  listen 80;\n  proxy_pass http://orders-internal.shop.example;\n}\n",
        ),
    ])
}

fn of_the_shop() -> Removal {
    let mut removal = removal();
    for marker in [
        "legacyOrders",
        "legacyAgent",
        "orders-client",
        "ORDERS_V1_URL",
        "orders-internal.shop.example",
    ] {
        removal.api.markers.push(marker.into());
    }
    removal
}

fn all_rules() -> RemovalSettings {
    RemovalSettings::new()
        .with_rules([
            RemovalRule::DeleteLine {
                files: "deploy/*.conf".into(),
                line: r"\s*proxy_pass .*;".into(),
            },
            RemovalRule::RewriteLine {
                files: "src/**/*.rs".into(),
                find: "shop/legacy(Agent)".into(),
                with: "shop/new$1".into(),
            },
            RemovalRule::MarkCalls,
            RemovalRule::FailCalls,
        ])
        .unwrap()
}

async fn preview(
    copy: &WorkingCopy,
    settings: RemovalSettings,
    removal: &Removal,
) -> RemovalPreview {
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories).removing(settings);
    code.preview(&id, removal).await.unwrap()
}

async fn propose(copy: &WorkingCopy, settings: RemovalSettings, removal: &Removal) -> Outcome {
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories).removing(settings);
    let permit = Permits::new().permit().await.unwrap();
    code.propose(&id, removal, &permit).await.unwrap()
}

fn text(files: &Files, name: &str) -> String {
    String::from_utf8(files[name].clone()).unwrap()
}

#[tokio::test]
async fn every_rule_is_applied_to_a_repository_whose_tests_still_pass() {
    let copy = WorkingCopy::with(&shop());
    let settings = all_rules().judged_by(cargo_test());
    let outcome = propose(&copy, settings, &of_the_shop()).await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let after = copy.files(BRANCH);
    assert_eq!(text(&after, ".env"), "A=1\n");
    assert_eq!(
        text(&after, "deploy/compose.yaml"),
        "services:\n  shop:\n    environment:\n      A: 1\n"
    );
    assert_eq!(text(&after, "config.toml"), "[shop]\nA = 1\n");
    assert_eq!(text(&after, "config.json"), "{\n  \"A\": 1\n}\n");
    assert_eq!(
        text(&after, "deploy/nginx.conf"),
        "server {\n  listen 80;\n}\n"
    );
    let manifest = text(&after, "Cargo.toml");
    assert!(
        manifest.ends_with(
            "[dependencies]\n# how we talk to them\nmoney = { path = \"clients/money\" } # stays\n"
        ),
        "{manifest}"
    );
    let lib = text(&after, "src/lib.rs");
    for part in [
        "//! Calls v2.shop.example.\n",
        "\"https://v2.shop.example/v2/orders\";\n",
        "    join(\n        // deprovision:begin orders-v1: use orders-v2 instead\n        \"legacyOrders\",\n        // deprovision:end orders-v1\n    )\n",
        "pub fn old() {\n    compile_error!(\"orders-v1 is retired; use orders-v2 instead\");\n    drop(answer);\n}\n",
        "    \"shop/newAgent\"\n",
    ] {
        assert!(lib.contains(part), "{part} in {lib}");
    }
    let message = copy.git(&["log", "-1", "--format=%B", BRANCH]);
    assert!(
        message.contains("`cargo test --offline --quiet` accepted the change"),
        "{message}"
    );
    // What is left stands where the message says it does.
    let left: Vec<&str> = message
        .lines()
        .filter(|line| line.starts_with("- src/lib.rs"))
        .collect();
    let [left] = left.as_slice() else {
        panic!("{message}");
    };
    let line: usize = left.split(':').nth(1).unwrap().parse().unwrap();
    assert!(
        lib.lines().nth(line - 1).unwrap().contains("legacyOrders"),
        "{left}"
    );
}

#[tokio::test]
async fn a_call_that_was_made_to_fail_stops_the_build_that_has_it() {
    let copy = WorkingCopy::with(&shop());
    let refusing = cargo_test().arguments(["--features", "legacy"]);
    // Before the change, the build passes with the old agent's name in its test.
    let mut repository = shop();
    let lib = text(&repository, "src/lib.rs").replace("newAgent", "legacyAgent");
    repository.insert("src/lib.rs".into(), lib.into_bytes());
    copy.commit(&repository);
    let settings = RemovalSettings::new()
        .with_rules([RemovalRule::FailCalls])
        .unwrap()
        .judged_by(refusing);
    let seen = preview(&copy, settings, &of_the_shop()).await;
    let Some(Verdict::Refused { why }) = &seen.verdict else {
        panic!("{:?}", seen.verdict);
    };
    assert!(
        why.contains("error: orders-v1 is retired; use orders-v2 instead"),
        "{why}"
    );
}

#[tokio::test]
async fn a_change_that_breaks_the_build_of_a_repository_is_not_proposed() {
    let copy = WorkingCopy::with(&shop());
    let settings = RemovalSettings::new()
        .with_rules([RemovalRule::RewriteLine {
            files: "src/**/*.rs".into(),
            find: "\"shop/legacyAgent\"".into(),
            with: "no_such_agent()".into(),
        }])
        .unwrap()
        .judged_by(cargo_test());
    let mut repository = shop();
    let lib = text(&repository, "src/lib.rs").replace("newAgent", "legacyAgent");
    repository.insert("src/lib.rs".into(), lib.into_bytes());
    copy.commit(&repository);
    let seen = preview(&copy, settings, &of_the_shop()).await;
    let Some(Verdict::Refused { why }) = &seen.verdict else {
        panic!("{:?}", seen.verdict);
    };
    assert!(why.contains("no_such_agent"), "{why}");
    assert!(copy.our_branches().is_empty());
}

#[tokio::test]
async fn a_dependency_that_code_still_uses_stays_and_says_where() {
    let mut repository = shop();
    repository.insert(
        "src/uses.rs".into(),
        b"use orders_client::nothing;\n".to_vec(),
    );
    let copy = WorkingCopy::with(&repository);
    let seen = preview(&copy, RemovalSettings::new(), &of_the_shop()).await;
    let said = "Cargo.toml:11: marker orders-client: no rule covers it: it is needed as long as src/uses.rs:1 is there";
    assert!(
        seen.left.iter().any(|left| left.starts_with(said)),
        "{:#?}",
        seen.left
    );
    assert!(!seen.files.contains(&"Cargo.toml".to_owned()));
    // An import that goes with the same change does not keep it.
    let settings = RemovalSettings::new()
        .with_rules([RemovalRule::DeleteLine {
            files: "src/uses.rs".into(),
            line: "use .*".into(),
        }])
        .unwrap();
    let mut removal = of_the_shop();
    removal.api.markers.push("orders_client".into());
    let seen = preview(&copy, settings, &removal).await;
    assert!(
        seen.files.contains(&"Cargo.toml".to_owned()),
        "{:#?}",
        seen.left
    );
}

#[tokio::test]
async fn a_package_of_python_goes_only_when_its_imports_are_named() {
    let copy = WorkingCopy::with(&files(&[
        ("requirements.txt", "flask==3\norders-client==1\n"),
        ("app.py", "import shop.orders\n"),
        ("other.py", "import flask\n"),
    ]));
    let with = |imports: &[&str]| {
        RemovalSettings::new()
            .with_rules([RemovalRule::DropDependency {
                package: "orders-client".into(),
                imports: imports.iter().map(|text| (*text).to_owned()).collect(),
            }])
            .unwrap()
    };
    for (settings, said) in [
        (
            RemovalSettings::new(),
            "say in a rule what code imports it as",
        ),
        (with(&["shop.orders"]), "as long as app.py:1 is there"),
        (with(&["x.y"]), "too general"),
    ] {
        let seen = preview(&copy, settings, &of_the_shop()).await;
        assert!(
            seen.left.iter().any(|left| left.contains(said)),
            "{said} in {:#?}",
            seen.left
        );
        assert!(seen.patch.is_empty(), "{seen:#?}");
    }
    let seen = preview(&copy, with(&["shop.bills"]), &of_the_shop()).await;
    let patch = String::from_utf8(seen.patch).unwrap();
    assert!(patch.contains("-orders-client==1"), "{:#?}", seen.left);
}

#[derive(Debug)]
struct Whole;

impl RemovalHook for Whole {
    fn name(&self) -> &str {
        "whole/1"
    }

    fn edit(&self, file: &HookFile<'_>) -> HookEdit {
        assert_eq!(file.removal.api.id.as_str(), "orders-v1");
        assert!(!file.references.is_empty());
        match file.path {
            "gone.py" => HookEdit::Bytes(b"import os\nget('/v1/orders')\n".to_vec()),
            "hands.py" => HookEdit::Leave("ask the team".to_owned()),
            "vendor/a.py" => panic!("a hook does not see copied files"),
            _ => HookEdit::Nothing,
        }
    }
}

#[tokio::test]
async fn a_hook_edits_before_the_rules_and_can_leave_a_file_to_people() {
    let all = files(&[
        ("gone.py", "x = legacyOrders()\nget('/v1/orders')\n"),
        ("hands.py", "get('/v1/orders')\n"),
        ("rest.py", "get('/v1/orders')\n"),
        ("vendor/a.py", "get('/v1/orders')\n"),
    ]);
    let copy = WorkingCopy::with(&all);
    let settings = RemovalSettings::new().with_hook(Arc::new(Whole));
    let outcome = propose(&copy, settings, &of_the_shop()).await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let mut expected = all.clone();
    expected.insert("gone.py".into(), b"import os\nget('/v2/orders')\n".to_vec());
    expected.insert("rest.py".into(), b"get('/v2/orders')\n".to_vec());
    assert_eq!(copy.files(BRANCH), expected);
    let message = copy.git(&["log", "-1", "--format=%B", BRANCH]);
    assert!(
        message.contains("hands.py:1: route /v1/orders: whole/1: ask the team"),
        "{message}"
    );
}

#[tokio::test]
async fn other_rules_make_a_proposal_out_of_date() {
    let copy = WorkingCopy::with(&files(&[(
        "a.rs",
        "call(\"/v1/orders\", \"legacyOrders\");\n",
    )]));
    let plain = propose(&copy, RemovalSettings::new(), &of_the_shop()).await;
    assert!(matches!(plain, Outcome::Done { .. }), "{plain:?}");
    let first = copy.our_branches();
    let marking = || {
        RemovalSettings::new()
            .with_rules([RemovalRule::MarkCalls])
            .unwrap()
    };
    for _ in 0..2 {
        let marked = propose(&copy, marking(), &of_the_shop()).await;
        assert!(matches!(marked, Outcome::Done { .. }), "{marked:?}");
        assert_ne!(copy.our_branches(), first);
        assert_eq!(
            text(&copy.files(BRANCH), "a.rs"),
            "// deprovision:begin orders-v1: use orders-v2 instead\ncall(\"/v1/orders\", \"legacyOrders\");\n// deprovision:end orders-v1\n"
        );
    }
    // What is marked already is not marked again.
    copy.merge(BRANCH);
    let seen = preview(&copy, marking(), &of_the_shop()).await;
    assert!(seen.patch.is_empty(), "{seen:#?}");
}

#[tokio::test]
async fn a_line_that_can_not_be_marked_or_deleted_whole_stays() {
    let all = files(&[
        ("a.py", "x = '''\nlegacyOrders\n'''\n"),
        ("b.js", "f(`\n  legacyOrders\n`)\n"),
        ("c.jsx", "<p>\n  legacyOrders\n</p>\n"),
        ("d.c", "#define X \\\n  legacyOrders()\n"),
        ("e.conf", "block {\n  legacyOrders {\n  }\n}\n"),
        ("f.sh", "run a \\\n  legacyOrders \\\n  b\n"),
    ]);
    let copy = WorkingCopy::with(&all);
    let settings = RemovalSettings::new()
        .with_rules([
            RemovalRule::DeleteLine {
                files: "*.{conf,sh}".into(),
                line: ".*".into(),
            },
            RemovalRule::DeleteLine {
                files: "*.conf".into(),
                line: ".*".into(),
            },
            RemovalRule::DeleteLine {
                files: "*.sh".into(),
                line: ".*".into(),
            },
            RemovalRule::MarkCalls,
            RemovalRule::FailCalls,
        ])
        .unwrap();
    let seen = preview(&copy, settings, &of_the_shop()).await;
    assert!(seen.patch.is_empty(), "{seen:#?}");
    assert_eq!(seen.left.len(), 6, "{:#?}", seen.left);
}

#[tokio::test]
async fn what_a_program_wrote_is_not_edited_and_holds_the_setting_that_it_reads() {
    let with = |name: &str, text: &str| {
        WorkingCopy::with(&files(&[
            (".env", "A=1\nORDERS_V1_URL=x\n"),
            ("Cargo.lock", "[[package]]\nname = \"orders-client\"\n"),
            (name, text),
        ]))
    };
    let reads = "// Code generated by a tool. DO NOT EDIT.\nlet url = var(\"ORDERS_V1_URL\");\n";
    let copy = with("src/client.rs", reads);
    let seen = preview(&copy, RemovalSettings::new(), &of_the_shop()).await;
    assert!(seen.patch.is_empty(), "{seen:#?}");
    let left = seen.left.join("\n");
    for part in [
        ".env:2: marker ORDERS_V1_URL: no rule covers it: it is needed as long as src/client.rs:2",
        "Cargo.lock:2: marker orders-client: a lock file: write it again with cargo",
    ] {
        assert!(left.contains(part), "{part} in {left}");
    }
    for (name, text) in [
        ("vendor/client.rs", reads),
        ("src/client.rs", "/*\nset ORDERS_V1_URL\n*/\nfn f() {}\n"),
    ] {
        let copy = with(name, text);
        let seen = preview(&copy, RemovalSettings::new(), &of_the_shop()).await;
        assert_eq!(seen.files, [".env"], "{name}: {:#?}", seen.left);
    }
}

#[tokio::test]
async fn generated_code_that_imports_a_package_holds_it() {
    let of = |name: &str, text: &str| {
        WorkingCopy::with(&files(&[
            ("Cargo.toml", "[dependencies]\norders-client = \"1\"\n"),
            (name, text),
        ]))
    };
    let imports = "// @generated\nuse orders_client::Client;\n";
    let copy = of("src/gen/client.rs", imports);
    let seen = preview(&copy, RemovalSettings::new(), &of_the_shop()).await;
    assert!(seen.patch.is_empty(), "{:#?}", seen.left);
    let copy = of("vendor/other/client.rs", imports);
    let seen = preview(&copy, RemovalSettings::new(), &of_the_shop()).await;
    assert_eq!(seen.files, ["Cargo.toml"], "{:#?}", seen.left);
}

#[tokio::test]
async fn a_client_library_of_the_catalog_is_dropped_like_a_given_package() {
    let mut removal = removal();
    let sdk = Face::new(FaceKind::Sdk, "orders-client");
    removal.api.faces.push(sdk);
    let copy = WorkingCopy::with(&files(&[(
        "package.json",
        "{\n  \"dependencies\": {\n    \"a\": \"1\",\n    \"orders-client\": \"1\"\n  }\n}\n",
    )]));
    let outcome = propose(&copy, RemovalSettings::new(), &removal).await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    assert_eq!(
        text(&copy.files(BRANCH), "package.json"),
        "{\n  \"dependencies\": {\n    \"a\": \"1\"\n  }\n}\n"
    );
}

#[tokio::test]
async fn a_repository_with_a_submodule_is_judged() {
    let copy = WorkingCopy::with(&files(&[("a.py", "get('/v1/orders')\n")]));
    let module = "160000,1111111111111111111111111111111111111111,module";
    copy.git(&["update-index", "--add", "--cacheinfo", module]);
    copy.git(&["commit", "--quiet", "-m", "module"]);
    let settings = RemovalSettings::new().judged_by(Judge::new("true"));
    let seen = preview(&copy, settings, &of_the_shop()).await;
    assert_eq!(seen.verdict, Some(Verdict::Accepted));
}
