//! Keys and grants in a file.

use deprovision_core::conformance::{self, Permits, done};
use deprovision_core::digest::Digest;
use deprovision_core::provider::{
    CredentialObserver, CredentialRevoker, CredentialState, ErrorKind,
};
use deprovision_core::secret::Secret;
use deprovision_local::{Authorization, KeyFile, KeyFileError, NewKey};

use crate::keyfile_fixture::{Grants, Shop, api};

#[tokio::test]
async fn the_key_file_keeps_the_promises_of_credentials() {
    assert_eq!(conformance::credential(&Shop::new()).await.unwrap(), 16);
}

#[tokio::test]
async fn the_key_file_keeps_the_promises_of_grants() {
    assert_eq!(conformance::grant(&Grants(Shop::new())).await.unwrap(), 6);
}

#[tokio::test]
async fn i_3_a_disabled_key_is_refused_at_once_and_a_restored_one_works_unchanged() {
    let shop = Shop::new();
    let orders = api("orders-v1");
    let (id, secret) = shop
        .keys
        .issue(NewKey::new(orders.clone(), "billing").id("ak_billing"))
        .unwrap();
    shop.keys.grant("billing", &orders).unwrap();
    let permits = Permits::new();
    let before = shop.text();
    for _ in 0..20 {
        assert!(shop.service.authorize(&secret, &orders).is_allowed());
        let permit = permits.permit().await.unwrap();
        done(shop.keys.disable(&id, &permit).await.unwrap()).unwrap();
        assert_eq!(
            shop.service.authorize(&secret, &orders),
            Authorization::Disabled { key: id.clone() }
        );
        done(shop.keys.restore(&id, &permit).await.unwrap()).unwrap();
    }
    assert!(shop.service.authorize(&secret, &orders).is_allowed());
    assert_eq!(shop.text(), before);
}

#[tokio::test]
async fn i_20_the_file_and_every_debug_and_error_hold_no_secret() {
    let shop = Shop::new();
    let orders = api("orders-v1");
    let (_, secret) = shop
        .keys
        .issue(NewKey::new(orders.clone(), "billing"))
        .unwrap();
    let random = secret.expose().split_once('.').unwrap().1;
    assert_eq!(random.len(), 64);
    shop.keys.grant("billing", &orders).unwrap();
    assert!(!shop.text().contains(random));
    let answer = shop.service.authorize(&secret, &orders);
    assert!(answer.is_allowed());
    for text in [
        format!("{answer:?}"),
        format!("{:?}", shop.keys),
        format!("{:?}", shop.service),
        format!("{secret:?}"),
    ] {
        assert!(!text.contains(random), "{text}");
    }
    // Somebody pastes the secret into the file: the error does not repeat it.
    let pasted = shop
        .text()
        .replace("\"billing\"", &format!("\"{}!\"", secret.expose()));
    std::fs::write(&shop.path, pasted).unwrap();
    let error = KeyFile::open(&shop.path, "shop").unwrap_err();
    let mut texts = format!("{error} {error:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        texts += &format!("{cause} {cause:?}");
        source = cause.source();
    }
    texts += &format!("{:?}", shop.service.authorize(&secret, &orders));
    let listed = shop
        .keys
        .credentials(&shop.keys.issuer_id().unwrap(), &orders)
        .await;
    texts += &format!("{:?}", listed.unwrap_err());
    assert!(!texts.contains(random), "{texts}");
}

#[test]
fn every_reason_to_refuse_has_its_own_answer() {
    let shop = Shop::new();
    let (orders, other) = (api("orders-v1"), api("orders-v2"));
    let (key, secret) = shop
        .keys
        .issue(NewKey::new(orders.clone(), "billing"))
        .unwrap();
    assert_eq!(
        shop.service.authorize(&secret, &orders),
        Authorization::NotGranted {
            key: key.clone(),
            principal: "billing".to_owned()
        }
    );
    shop.keys.grant("billing", &orders).unwrap();
    shop.keys.grant("billing", &other).unwrap();
    assert_eq!(
        shop.service.authorize(&secret, &other),
        Authorization::OtherApi {
            key: key.clone(),
            api: orders.clone()
        },
        "a key is for one API, whatever its principal may call"
    );
    for wrong in [
        "",
        ".",
        &secret.expose()[1..],
        &format!("{}0", secret.expose()),
        "ak_x.y",
    ] {
        assert_eq!(
            shop.service.authorize(&Secret::new(wrong), &orders),
            Authorization::Unknown
        );
    }
    assert_eq!(
        shop.service.authorize(&secret, &orders),
        Authorization::Allowed {
            key,
            principal: "billing".to_owned()
        }
    );
    std::fs::remove_file(&shop.path).unwrap();
    assert!(matches!(
        shop.service.authorize(&secret, &orders),
        Authorization::Unavailable { .. }
    ));
}

#[test]
fn an_adopted_key_works_and_belongs_to_one_id() {
    let shop = Shop::new();
    let orders = api("orders-v1");
    let secret = Secret::new("from-the-old-gateway-9f8a7b6c5d4e3f2a1b0c");
    let key = || NewKey::new(orders.clone(), "billing");
    shop.keys
        .adopt(key().id("ak_old"), secret.sha256())
        .unwrap();
    shop.keys.grant("billing", &orders).unwrap();
    assert!(shop.service.authorize(&secret, &orders).is_allowed());
    assert!(matches!(
        shop.keys.adopt(key().id("ak_twin"), secret.sha256()),
        Err(KeyFileError::SameSecret)
    ));
    assert!(matches!(
        shop.keys.adopt(key().id("ak_old"), Digest::of_bytes(b"x")),
        Err(KeyFileError::Taken(_))
    ));
}

#[tokio::test]
async fn the_id_of_a_deleted_key_is_never_given_out_again() {
    let shop = Shop::new();
    let orders = api("orders-v1");
    let new = || {
        NewKey::new(orders.clone(), "billing")
            .id("ak_billing")
            .label("team", "money")
    };
    let (id, _) = shop.keys.issue(new()).unwrap();
    let permits = Permits::new();
    let permit = permits.permit().await.unwrap();
    done(shop.keys.disable(&id, &permit).await.unwrap()).unwrap();
    let warrant = permits.warrant(&orders, [id.clone().into()]).await.unwrap();
    done(shop.keys.delete(&id, &warrant).await.unwrap()).unwrap();
    assert!(matches!(
        shop.keys.issue(new()),
        Err(KeyFileError::Taken(_))
    ));
    let seen = shop.keys.credential(&id).await.unwrap();
    let state = seen.known_completely().unwrap();
    assert!(
        matches!(state, CredentialState::Absent { control } if control.to_string().contains("header"))
    );
}

#[tokio::test]
async fn a_garbled_or_foreign_file_is_an_error_with_its_line_and_left_untouched() {
    let shop = Shop::new();
    let orders = api("orders-v1");
    let (id, secret) = shop
        .keys
        .issue(NewKey::new(orders.clone(), "billing"))
        .unwrap();
    let good = shop.text();
    let garbled = [
        (String::new(), "line 1"),
        ("{\"name\": \"left-pad\"}\n".to_owned(), "line 1"),
        (
            good.replace("\"state\": \"active\"", "\"state\": \"sleeping\""),
            "line 1",
        ),
        (good[..good.len() / 2].to_owned(), "line "),
        (
            good.replace("\"account\": \"shop\"", "\"account\": \"another\""),
            "line 3",
        ),
        (
            good.replace("\"deprovision_keys\": 1", "\"deprovision_keys\": 2"),
            "line 2",
        ),
        (good.replace("{\n", "{\n  \"extra\": 1,\n"), "line 2"),
    ];
    let permits = Permits::new();
    for (text, place) in garbled {
        std::fs::write(&shop.path, &text).unwrap();
        let error = KeyFile::open(&shop.path, "shop").unwrap_err();
        assert!(matches!(error, KeyFileError::Garbled { .. }), "{error:?}");
        assert!(error.to_string().contains(place), "{error}, not {place}");
        let permit = permits.permit().await.unwrap();
        let refused = shop.keys.disable(&id, &permit).await.unwrap_err();
        assert_eq!(*refused.kind(), ErrorKind::Invalid);
        assert!(shop.keys.issue(NewKey::new(orders.clone(), "x")).is_err());
        assert!(!shop.service.authorize(&secret, &orders).is_allowed());
        assert_eq!(shop.text(), text, "left untouched");
    }
}

#[test]
fn a_link_or_a_second_file_is_refused() {
    let shop = Shop::new();
    assert!(KeyFile::create(&shop.path, "shop").is_err());
    assert!(KeyFile::open(&shop.path, "another").is_err());
    assert!(KeyFile::open(&shop.path, "a b").is_err());
    let link = shop.path.with_file_name("link.json");
    std::os::unix::fs::symlink(&shop.path, &link).unwrap();
    assert!(KeyFile::open(&link, "shop").is_err());
}

#[test]
fn the_file_stays_with_its_mode_and_is_not_rewritten_without_a_change() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let shop = Shop::new();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&shop.path), 0o600);
    let readable = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(&shop.path, readable).unwrap();
    shop.keys.grant("billing", &api("orders-v1")).unwrap();
    assert_eq!(
        mode(&shop.path),
        0o640,
        "a service that reads it by its group still can"
    );
    let before = std::fs::metadata(&shop.path).unwrap();
    shop.keys.grant("billing", &api("orders-v1")).unwrap();
    let after = std::fs::metadata(&shop.path).unwrap();
    assert_eq!(
        (before.ino(), before.ctime_nsec()),
        (after.ino(), after.ctime_nsec())
    );
}

#[test]
fn a_change_within_one_tick_of_the_clock_is_seen_too() {
    let shop = Shop::new();
    let orders = api("orders-v1");
    let [first, second] = ["ak_a", "ak_b"].map(|id| {
        let key = NewKey::new(orders.clone(), "billing").id(id);
        shop.keys.issue(key).unwrap().1
    });
    shop.keys.grant("billing", &orders).unwrap();
    // Two files of the same length, written over one another in place by somebody
    // else: the same inode, and often the same times.
    let both = shop.text();
    let (head, tail) = both.split_once("\"ak_b\"").unwrap();
    let disable = |text: &str| text.replace("\"active\"", "\"disabled\"");
    let only_first = format!("{head}\"ak_b\"{}", disable(tail));
    let only_second = format!("{}\"ak_b\"{tail}", disable(head));
    assert_eq!(only_first.len(), only_second.len());
    for round in 0..300 {
        let text = if round % 2 == 0 {
            &only_first
        } else {
            &only_second
        };
        std::fs::write(&shop.path, text).unwrap();
        let allowed =
            [&first, &second].map(|key| shop.service.authorize(key, &orders).is_allowed());
        assert_eq!(allowed, [round % 2 == 0, round % 2 == 1], "round {round}");
    }
}
