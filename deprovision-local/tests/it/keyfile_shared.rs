//! Several processes and one key file.

use std::time::Duration;

use deprovision_core::provider::{CredentialObserver, GrantObserver};
use deprovision_local::{KeyFile, NewKey};

use crate::child;
use crate::keyfile_fixture::{Shop, api};

#[tokio::test]
async fn two_processes_that_edit_the_file_at_once_lose_nothing() {
    let shop = Shop::new();
    let children = ["left", "right"].map(|who| child::start(&format!("issue {who}"), &shop.path));
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let (issuer, orders) = (shop.keys.issuer_id().unwrap(), api("orders-v1"));
    let keys = shop.keys.credentials(&issuer, &orders).await.unwrap();
    assert_eq!(keys.known_completely().unwrap().len(), 80);
    let grants = shop.keys.grants(&issuer, &orders).await.unwrap();
    assert_eq!(grants.known_completely().unwrap().naming.len(), 80);
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_or_the_new_file() {
    let shop = Shop::new();
    let orders = api("orders-v1");
    let secrets: Vec<_> = (0..20)
        .map(|i| {
            let key = NewKey::new(orders.clone(), "billing").label("number", i.to_string());
            shop.keys.issue(key).unwrap().1
        })
        .collect();
    shop.keys.grant("billing", &orders).unwrap();
    let mut files = std::collections::BTreeSet::new();
    let mut disabled_before = 0;
    for round in 0..20u64 {
        let mut child = child::start("toggle", &shop.path);
        // From before its first write to well into its work.
        std::thread::sleep(Duration::from_millis(20 + round * 3));
        child.kill().unwrap();
        child.wait().unwrap();
        let keys = KeyFile::open(&shop.path, "shop").unwrap();
        let disabled = secrets
            .iter()
            .filter(|secret| !keys.authorize(secret, &orders).is_allowed())
            .count();
        files.insert(shop.text());
        assert_eq!(
            shop.text().matches("\"sha256\"").count(),
            20,
            "no key is lost"
        );
        // Each process disables one key at a time, so a killed one leaves one more at most.
        assert!(
            disabled <= disabled_before + 1,
            "{disabled_before}, then {disabled}"
        );
        disabled_before = disabled;
        // The next one can go on: no lock was left, no temporary file is in the way.
        keys.grant(&format!("round-{round}"), &orders).unwrap();
    }
    assert!(
        files.len() > 5,
        "the kills must come in the middle of the work"
    );
}
