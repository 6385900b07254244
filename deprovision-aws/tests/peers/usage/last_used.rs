//! The last use of keys, as moto notes it.

use std::sync::Arc;

use aws_sdk_iam::Client;
use deprovision_aws::LastUsedKeys;
use deprovision_core::catalog::Api;
use deprovision_core::id::ApiId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::UsageSource;
use deprovision_core::time::{Period, SystemClock, Timestamp, Window};

use crate::world::{account, with_key};

#[tokio::test]
async fn a_key_that_was_used_is_in_use_one_that_never_was_is_quiet_and_a_lost_one_is_no_answer() {
    let account = account().await;
    let client = Client::new(&account.config);
    client.create_user().user_name("ci").send().await.unwrap();
    let mut keys = Vec::new();
    for _ in 0..2 {
        let key = client
            .create_access_key()
            .user_name("ci")
            .send()
            .await
            .unwrap();
        let key = key.access_key().unwrap();
        keys.push((
            key.access_key_id().to_owned(),
            key.secret_access_key().to_owned(),
        ));
    }
    let api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
    let over = |names: &[&str]| {
        LastUsedKeys::new(&client, "keys", Arc::new(SystemClock::new()))
            .with_api(api.id.clone(), names.iter().copied())
    };
    let window = |from| Window::new(from, Timestamp::now());
    let month = Period::days(30).before(Timestamp::now());
    let (used, unused) = (keys[0].0.as_str(), keys[1].0.as_str());

    let quiet = over(&[used, unused])
        .usage(&api, window(month))
        .await
        .unwrap();
    let quiet = quiet.known_completely().expect("nobody used a key");
    assert_eq!((quiet.requests, quiet.last_seen), (0, None));

    let caller = with_key(&account.config, used, &keys[0].1);
    Client::new(&caller).list_users().send().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let source = over(&[used, unused]);
    let seen = source.usage(&api, window(month)).await.unwrap();
    assert!(seen.doubt().is_some(), "how often is not known: {seen:?}");
    let Observation::Known { value, .. } = seen else {
        panic!("the use is known");
    };
    assert_eq!(value.requests, 1);
    assert_eq!(value.callers[0].caller.as_str(), used);

    let before = Window::new(month, Period::days(1).after(month));
    let after_it = source.usage(&api, before).await.unwrap();
    assert!(
        after_it.doubt().unwrap().contains("after the window"),
        "{after_it:?}"
    );

    let lost = over(&[unused, "AKIAGONE000000000000"]);
    let lost = lost.usage(&api, window(month)).await;
    assert!(lost.is_err() || lost.unwrap().doubt().is_some());
}
