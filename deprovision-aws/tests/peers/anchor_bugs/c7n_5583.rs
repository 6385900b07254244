//! Cloud Custodian #5583 (and #842, #6732): of a user with two keys one matched, and
//! the action disabled and deleted both, for it worked on the user.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::StatusType;
use deprovision_aws::{IamAccessKeys, Scope};
use deprovision_core::conformance::{Permits, done, known};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{CredentialObserver as _, CredentialRevoker as _};

use crate::world;

#[tokio::test]
async fn of_a_user_with_two_keys_the_one_that_matches_is_retired_and_the_other_works_on() {
    let account = world::account().await;
    let client = Client::new(&account.config);
    // As in Cloud Custodian's own recorded case: one user, two active keys.
    let user = "ci-orders";
    client.create_user().user_name(user).send().await.unwrap();
    let mut made = Vec::new();
    for _ in 0..2 {
        let answer = client.create_access_key().user_name(user).send().await;
        let key = answer
            .unwrap()
            .access_key()
            .unwrap()
            .access_key_id()
            .to_owned();
        made.push(key);
    }
    let [old, production] = made.as_slice() else {
        unreachable!("two were made")
    };
    let orders = ApiId::parse("orders-v1").unwrap();
    let tag = aws_sdk_iam::types::Tag::builder()
        .key(old)
        .value("orders-v1");
    let tag = tag.build().unwrap();
    client
        .tag_user()
        .user_name(user)
        .tags(tag)
        .send()
        .await
        .unwrap();
    let scope = Scope::new(&account.id, world::REGION).unwrap();
    let keys = IamAccessKeys::new(&client, scope).key_tags();

    let issuer = keys.issuer_id().unwrap();
    let matched = known(keys.credentials(&issuer, &orders).await.unwrap()).unwrap();
    assert_eq!(matched, [keys.key_id(user, old).unwrap()]);

    let states = async || {
        let listed = client.list_access_keys().user_name(user).send().await;
        let listed = listed.unwrap();
        let keys = listed.access_key_metadata().iter();
        keys.map(|key| {
            let id = key.access_key_id().unwrap().to_owned();
            (id, key.status().unwrap().clone())
        })
        .collect::<std::collections::BTreeMap<_, _>>()
    };
    let permits = Permits::new();
    let permit = permits.permit().await.unwrap();
    for outcome in keys.disable_each(&matched, &permit).await.into_values() {
        done(outcome.unwrap()).unwrap();
    }
    assert_eq!(states().await[old], StatusType::Inactive);
    assert_eq!(states().await[production], StatusType::Active);
    for id in &matched {
        let warrant = permits.warrant(&orders, [id.clone().into()]).await.unwrap();
        done(keys.delete(id, &warrant).await.unwrap()).unwrap();
    }
    assert!(!states().await.contains_key(old));
    assert_eq!(states().await[production], StatusType::Active);
}
