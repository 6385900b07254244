//! The last use of keys, as moto notes it. The suite of core asks about the past, and
//! moto notes the present: a proxy moves the times of its answers.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_iam::Client;
use deprovision_aws::{IamAccessKeys, LastUsedKeys, Scope};
use deprovision_core::catalog::Api;
use deprovision_core::conformance::{Memory, Records, UsageFixture, usage};
use deprovision_core::id::{ApiId, CallerId};
use deprovision_core::observation::Observation;
use deprovision_core::provider::UsageSource;
use deprovision_core::time::{Clock, ManualClock, Period, SystemClock, Timestamp, Window};

use super::current::Current;
use crate::proxy::{After, Answer, Lie, Proxy, Request};
use crate::world::{REGION, account, at, with_key};

/// Tells another time of the last use, where moto tells one at all.
#[derive(Default)]
struct Moved {
    by_key: BTreeMap<String, Timestamp>,
}

impl Lie for Moved {
    fn after(&self, request: &Request, answer: &mut Answer) -> After {
        const BEGIN: &str = "<LastUsedDate>";
        let form = String::from_utf8_lossy(&request.body);
        let key = form
            .split('&')
            .find_map(|pair| pair.strip_prefix("AccessKeyId="));
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        if let (Some(at), Some((before, rest))) = (
            key.and_then(|key| self.by_key.get(key)),
            body.split_once(BEGIN),
        ) {
            let (_now, after) = rest.split_once('<').unwrap();
            answer.body = format!("{before}{BEGIN}{at}<{after}").into_bytes();
        }
        After::Pass
    }
}

/// A user with a key; the key's id and secret.
async fn user_with_key(client: &Client, name: &str, path: &str) -> (String, String) {
    let user = client.create_user().user_name(name).path(path);
    user.send().await.unwrap();
    let key = client.create_access_key().user_name(name).send().await;
    let key = key.unwrap();
    let key = key.access_key().unwrap();
    (
        key.access_key_id().to_owned(),
        key.secret_access_key().to_owned(),
    )
}

async fn call_with(config: &SdkConfig, (key, secret): &(String, String)) {
    let caller = with_key(config, key, secret);
    Client::new(&caller).list_users().send().await.unwrap();
}

struct Fixture {
    api: Api,
    current: Current<LastUsedKeys>,
    /// The key of each caller.
    keys: Mutex<BTreeMap<CallerId, CallerId>>,
}

fn source(client: &Client, clock: &Arc<ManualClock>, api: &Api, keys: &[String]) -> LastUsedKeys {
    LastUsedKeys::new(client, "keys", clock.clone()).with_api(api.id.clone(), keys)
}

impl Fixture {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::starting_at(
            Timestamp::from_second(Timestamp::now().as_second()).unwrap(),
        ));
        let api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
        let client = Client::new(&account().await.config);
        let source = source(&client, &clock, &api, &[]);
        Self {
            api,
            current: Current::new(clock, source),
            keys: Mutex::default(),
        }
    }
}

#[async_trait]
impl UsageFixture for Fixture {
    fn source(&self) -> &dyn UsageSource {
        &self.current
    }

    fn api(&self) -> &Api {
        &self.api
    }

    fn now(&self) -> Timestamp {
        self.current.clock.now()
    }

    fn resolution(&self) -> Period {
        Period::ZERO
    }

    fn tells_callers(&self) -> bool {
        true
    }

    fn memory(&self) -> Memory {
        Memory::NewestCalls
    }

    fn told_as(&self, caller: &CallerId) -> CallerId {
        self.keys.lock().unwrap()[caller].clone()
    }

    /// A key for each caller, and one that nobody ever used.
    async fn record(&self, records: Records) -> Result<(), Box<dyn Error + Send + Sync>> {
        let account = account().await;
        let client = Client::new(&account.config);
        let (silent, _) = user_with_key(&client, "silent", "/").await;
        let (mut ours, mut moved, mut told) = (vec![silent], Moved::default(), BTreeMap::new());
        let mut newest = BTreeMap::new();
        for call in &records.calls {
            let last = newest.entry((call.ours, &call.caller)).or_insert(call.at);
            *last = call.at.max(*last);
        }
        for ((is_ours, caller), at) in newest {
            let key = user_with_key(&client, caller.as_str(), "/").await;
            call_with(&account.config, &key).await;
            moved.by_key.insert(key.0.clone(), at);
            if is_ours {
                told.insert(caller.clone(), CallerId::parse(key.0.as_str())?);
                ours.push(key.0);
            }
        }
        for caller in &records.lost {
            let (key, _) = user_with_key(&client, caller.as_str(), "/").await;
            let delete = client.delete_access_key().user_name(caller.as_str());
            delete.access_key_id(&key).send().await?;
            ours.push(key);
        }
        let proxy = Proxy::start(account.config.endpoint_url().unwrap(), moved).await;
        let client = Client::new(&at(&account.config, &proxy.endpoint));
        *self.keys.lock().unwrap() = told;
        self.current
            .replace(source(&client, &self.current.clock, &self.api, &ours));
        Ok(())
    }
}

#[tokio::test]
async fn last_uses_keep_the_promises_of_a_usage_source_that_knows_newest_calls() {
    let fixture = Fixture::new().await;
    assert_eq!(usage(&fixture).await.unwrap(), 13);
}

#[tokio::test]
async fn keys_that_are_enumerated_count_while_they_are_there_and_new_ones_too() {
    let account = account().await;
    let client = Client::new(&account.config);
    let api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
    let old = user_with_key(&client, "old", "/apis/orders/").await;
    let other = user_with_key(&client, "other", "/apis/invoices/").await;
    let scope = Scope::new(&account.id, REGION).unwrap();
    let keys = IamAccessKeys::new(&client, scope.clone());
    let keys = keys.path(&api.id, "/apis/orders/").unwrap();
    let clock = Arc::new(SystemClock::new());
    let source = LastUsedKeys::new(&client, "keys", clock).with_keys(keys);
    let calls = async || {
        // A use in this second is after a window that ends in it.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        let window = Window::ending_at(Timestamp::now(), Period::days(30));
        let seen = source.usage(&api, window).await.unwrap();
        let doubt = seen.doubt().is_some();
        let Observation::Known { value, .. } = seen else {
            panic!("{seen:?}");
        };
        (value.requests, doubt)
    };
    call_with(&account.config, &other).await;
    assert_eq!(calls().await, (0, false), "another API's key was used");
    let new = user_with_key(&client, "new", "/apis/orders/").await;
    for key in [&old, &new] {
        call_with(&account.config, key).await;
    }
    assert_eq!(calls().await, (2, true), "a key that was made later counts");
    for (user, (key, _)) in [("old", &old), ("new", &new)] {
        let delete = client.delete_access_key().user_name(user);
        delete.access_key_id(key).send().await.unwrap();
    }
    assert_eq!(calls().await, (0, false), "nobody could call any more");

    let needed = source.permissions(&scope, &api.id).to_string();
    for action in [
        "iam:GetAccessKeyLastUsed",
        "iam:ListAccessKeys",
        "iam:ListUsers",
    ] {
        assert!(needed.contains(action), "{needed}");
    }
}

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
