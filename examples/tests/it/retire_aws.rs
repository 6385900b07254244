//! The retirement over AWS as a person runs it, against moto and SeaweedFS, and what it
//! says about files that are wrong.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::program::program;

/// Runs it to its end; gives its exit code and all that it said.
fn run(args: &[&str], file: &Path) -> (Option<i32>, String) {
    let output = Command::new(program("retire_aws"))
        .args(args)
        .arg(file)
        // Nothing of this machine's own may be used.
        .env("AWS_ACCESS_KEY_ID", "nobody")
        .env("AWS_SECRET_ACCESS_KEY", "nothing")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code(), said)
}

/// The claims below the last heading of that name.
fn claims(said: &str) -> Vec<&str> {
    let (_, after) = said.split_once("== What is true now").unwrap();
    let (part, _) = after.split_once("\n== ").unwrap();
    part.lines()
        .filter(|line| !line.trim().is_empty())
        .collect()
}

fn names_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.insert(path.display().to_string());
        if path.is_dir() {
            found.extend(names_below(&path));
        }
    }
    found
}

#[cfg(feature = "peers")]
mod peers {
    use super::{claims, names_below, run};

    #[test]
    fn it_retires_an_api_on_aws_and_a_second_run_repeats_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("shop");
        let (code, said) = run(&["--peers", "--dry-run"], &dir);
        assert_eq!(code, Some(0), "{said}");
        for part in [
            "IRREVERSIBLE",
            "api-keys goes on issuing credentials",
            "at access-keys",
            "execute-api.us-east-1.amazonaws.com/prod/",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!dir.join("retire-orders-v1").exists());
        let made = names_below(&dir);
        run(&["--peers", "--dry-run"], &dir);
        assert_eq!(names_below(&dir), made, "a look writes nothing");

        let (code, said) = run(&["--peers"], &dir);
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(claims(&said).len(), 19, "{said}");
        assert!(
            claims(&said).iter().all(|it| it.starts_with("  ok ")),
            "{said}"
        );
        assert!(!said.contains("voided"), "{said}");
        let state = dir.join("retire-orders-v1");
        let kept = |name: &str| std::fs::read(state.join(name)).unwrap();
        let (log, certificate) = (kept("events-and-watch.jsonl"), kept("certificate.json"));
        let letters = names_below(&state.join("outbox"));
        assert!(letters.len() > 4, "{letters:?}");

        let (code, again) = run(&["--peers"], &dir);
        assert_eq!(code, Some(0), "{again}");
        assert!(again.contains("nothing is repeated"), "{again}");
        assert_eq!(claims(&again), claims(&said));
        assert_eq!(kept("events-and-watch.jsonl"), log);
        assert_eq!(kept("certificate.json"), certificate);
        assert_eq!(names_below(&state.join("outbox")), letters);
    }

    #[test]
    fn an_administrator_stops_the_plan_until_a_person_looked() {
        let folder = tempfile::tempdir().unwrap();
        let (code, said) = run(&["--peers", "--grants"], folder.path());
        assert_eq!(code, Some(0), "{said}");
        for part in ["user/billing/inline/calls#", "user/reports/inline/calls#"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("user/web/"), "{said}");
        assert!(!said.contains("[grants]"), "it was looked at: {said}");

        let file = folder.path().join("retire.toml");
        let good = std::fs::read_to_string(&file).unwrap();
        let list = good.lines().find(|line| line.starts_with("accepted = "));
        let list = list.unwrap();
        std::fs::write(&file, good.replace(list, "accepted = []")).unwrap();
        let (code, said) = run(&["--peers", "--dry-run"], folder.path());
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("user/administrator/inline/everything#"),
            "{said}"
        );
        let (code, said) = run(&["--peers", "--grants"], folder.path());
        assert_eq!(code, Some(0), "{said}");
        let (_, told) = said.split_once("[grants]\n").unwrap();
        std::fs::write(&file, good.replace(list, told)).unwrap();
        let (code, said) = run(&["--peers", "--dry-run"], folder.path());
        assert_eq!(code, Some(0), "{said}");
    }

    #[test]
    fn what_is_wrong_with_account_or_bucket_is_said_before_anything_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let (code, said) = run(&["--peers", "--dry-run"], folder.path());
        assert_eq!(code, Some(0), "{said}");
        let file = folder.path().join("retire.toml");
        let good = std::fs::read_to_string(&file).unwrap();
        let line = |start: &str| {
            let found = good.lines().position(|line| line.starts_with(start));
            found.unwrap() + 1
        };
        let archive = good.replace("bucket = \"archives-", "bucket = \"nowhere-");
        let account = good.replacen("account = \"3", "account = \"4", 1);
        for (text, field, why) in [
            (archive, "bucket", "there is no bucket nowhere-"),
            (account, "account", "the credentials are of account 3"),
        ] {
            std::fs::write(&file, text).unwrap();
            let (code, said) = run(&["--peers"], folder.path());
            assert_eq!(code, Some(1), "{said}");
            let place = format!("{}:{}:", file.display(), line(&format!("{field} = ")));
            assert!(said.contains(&place) && said.contains(why), "{said}");
            assert!(!folder.path().join("retire-orders-v1").exists());
        }
    }
}

#[test]
fn every_part_says_which_policy_it_needs_without_asking_aws() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("retire_aws/retire.toml");
    let (code, said) = run(&["--policies"], &sample);
    assert_eq!(code, Some(0), "{said}");
    let policies: serde_json::Value = serde_json::from_str(&said).unwrap();
    let policies = policies.as_object().unwrap();
    assert!(policies.len() > 14, "{said}");
    for (part, policy) in policies {
        assert_eq!(policy["Version"], "2012-10-17", "{part}");
        let statements = policy["Statement"].as_array().unwrap();
        assert!(!statements.is_empty(), "{part}");
    }
    let last_used = policies["usage: last used keys"].to_string();
    assert!(
        last_used.contains("iam:GetAccessKeyLastUsed"),
        "{last_used}"
    );
    let disable = policies["secrets: disable"].to_string();
    assert!(
        disable.contains("secret:orders-v1/password-??????"),
        "{disable}"
    );
    let erase = policies["data shop-orders-v1: erase"].to_string();
    assert!(erase.contains("s3:DeleteObjectVersion"), "{erase}");
    assert!(!erase.contains("s3:BypassGovernanceRetention"), "{erase}");
}

#[test]
fn a_mistake_in_the_file_is_one_line_that_names_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("retire_aws");
    for name in ["retire.toml", "catalog.yaml", "policy.toml"] {
        std::fs::copy(source.join(name), folder.path().join(name)).unwrap();
    }
    let file = folder.path().join("retire.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    let mistakes = [
        ("reason = ", "raison = ", "unknown field `raison`"),
        (
            "api = \"orders-v1\"",
            "api = \"orders-v7\"",
            "no API orders-v7",
        ),
        (
            "notice = \"backend\"",
            "notice = \"pigeon\"",
            "unknown variant `pigeon`",
        ),
        (
            "path = \"/apis/orders-v1/\"",
            "path = \"apis\"",
            "begins and ends with a slash",
        ),
        (
            "account = \"123456789012\"",
            "account = \"me\"",
            "no AWS account",
        ),
        (
            "path = \"/apis/orders-v1/\"",
            "users = [\"a/b\"]",
            "is no name of a user",
        ),
        (
            "path = \"/apis/orders-v1/\"",
            "key_tags = \"yes\"",
            "key_tags: invalid type",
        ),
        (
            "path = \"/apis/orders-v1/\"",
            "tag = \"deprovision:api\"",
            "unknown field `tag`",
        ),
        (
            "names = [\"orders-v1/password\"]",
            "names = [\"orders v1\"]",
            "secrets.names: ",
        ),
        (
            "names = [\"orders-v1/password\"]",
            "names = \"orders-v1/password\"",
            "names: invalid type",
        ),
        (
            "functions = []",
            "functions = [\"*\"]",
            "grants.functions: ",
        ),
        (
            "last_used = true",
            "last_used = false",
            "usage.last_used: the catalog names iam-last-used",
        ),
        ("locked_days = 365", "locked_days = 0", "1 day to 100 years"),
        ("[archive]", "[archived]", "unknown field `archived`"),
    ];
    for (right, wrong, why) in mistakes {
        assert!(good.contains(right), "{right}");
        std::fs::write(&file, good.replace(right, wrong)).unwrap();
        let (code, said) = run(&["--policies"], &file);
        assert_eq!(code, Some(1), "{wrong}: {said}");
        assert_eq!(said.trim().lines().count(), 1, "{wrong}: {said}");
        let lines = good.lines().position(|line| line.starts_with(right));
        let place = format!("{}:{}:", file.display(), lines.unwrap() + 1);
        assert!(
            said.contains(&place) && said.contains(why),
            "{wrong}: {said}"
        );
    }
    std::fs::write(&file, &good).unwrap();
    // What the file says is looked for where the catalog says.
    let catalog = folder.path().join("catalog.yaml");
    let whole = std::fs::read_to_string(&catalog).unwrap();
    for (left_out, field, line) in [
        (
            "        - aws-iam:123456789012:global:access-keys\n",
            "keys.path",
            "path = ",
        ),
        (
            "        - aws-secretsmanager:123456789012:us-east-1:secrets\n",
            "secrets.names",
            "names = ",
        ),
        (", iam-last-used", "usage.last_used", "last_used = "),
    ] {
        assert!(whole.contains(left_out), "{left_out}");
        std::fs::write(&catalog, whole.replace(left_out, "")).unwrap();
        let (code, said) = run(&["--policies"], &file);
        assert_eq!(code, Some(1), "{field}: {said}");
        let lines = good.lines().position(|it| it.starts_with(line));
        let place = format!(
            "{}:{}: {field}: the catalog does not name",
            file.display(),
            lines.unwrap() + 1
        );
        assert!(said.contains(&place), "{field}: {said}");
    }
    std::fs::write(&catalog, &whole).unwrap();
    std::fs::write(folder.path().join("policy.toml"), "\nsoka = \"14d\"\n").unwrap();
    let (code, said) = run(&["--policies"], &file);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("policy.toml:2: "), "{said}");

    let (code, said) = run(&["--dry-run", "--grants"], &file);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("one of these at a time"), "{said}");
    let (code, said) = run(&["--dry-run"], &folder.path().join("nothing.toml"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("nothing.toml can not be read"), "{said}");
    let here: BTreeSet<String> = names_below(folder.path());
    assert_eq!(here.len(), 3, "nothing was written: {here:?}");
}

#[test]
fn without_the_servers_it_says_how_to_start_them() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(program("retire_aws"))
        .arg("--peers")
        .arg(folder.path().join("shop"))
        .env_remove("DEPROVISION_MOTO")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    assert!(said.contains("`cargo xtask serve` in front"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
