//! The servers that stand in for AWS, as `cargo xtask test` gives them.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};

/// The region of everything.
pub(crate) const REGION: &str = "us-east-1";

/// The account of whoever comes to moto with a key that it did not issue, and of
/// everything in SeaweedFS and in the moto that enforces policies.
pub(crate) const ACCOUNT: &str = "123456789012";

/// What the servers were started with.
fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: `cargo xtask test` starts the servers and sets it")
    })
}

/// A client configuration for an endpoint and a key.
pub(crate) fn config(endpoint: &str, key: &str, secret: &str, token: Option<String>) -> SdkConfig {
    let credentials = Credentials::new(key, secret, token, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// moto, which lets everybody in, in an account that nobody else uses.
pub(crate) struct Account {
    /// Its 12 digits.
    pub(crate) id: String,
    /// Clients made from it act in the account.
    pub(crate) config: SdkConfig,
}

/// A new account of moto: empty, and apart from all others.
pub(crate) async fn account() -> Account {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = u64::from(std::process::id()) * 1000 + NEXT.fetch_add(1, Ordering::Relaxed);
    let id = format!("{:012}", 200_000_000_000 + number);
    let endpoint = given("DEPROVISION_MOTO");
    let anybody = config(&endpoint, "anybody", "anything", None);
    // moto takes the account from the role of the session.
    let session = aws_sdk_sts::Client::new(&anybody)
        .assume_role()
        .role_arn(format!("arn:aws:iam::{id}:role/tests"))
        .role_session_name("tests")
        .send()
        .await
        .expect("moto gives a session in every account");
    let keys = session.credentials().expect("a session has credentials");
    let token = Some(keys.session_token().to_owned());
    Account {
        config: config(
            &endpoint,
            keys.access_key_id(),
            keys.secret_access_key(),
            token,
        ),
        id,
    }
}

/// The same account at another address, such as that of a proxy.
pub(crate) fn at(config: &SdkConfig, endpoint: &str) -> SdkConfig {
    config.to_builder().endpoint_url(endpoint).build()
}

/// The CloudWatch of that account: moto does not speak its newest protocol, and has a
/// translator at an address of its own.
pub(crate) fn cloudwatch(account: &Account) -> aws_sdk_cloudwatch::Client {
    let config = aws_sdk_cloudwatch::config::Builder::from(&account.config)
        .endpoint_url(given("DEPROVISION_CLOUDWATCH"))
        .build();
    aws_sdk_cloudwatch::Client::from_conf(config)
}

/// The administrator of the moto that enforces IAM policies. Its account is shared:
/// whoever uses it gives everything a name of its own.
pub(crate) fn enforcing() -> SdkConfig {
    config(
        &given("DEPROVISION_MOTO_ENFORCING"),
        &given("DEPROVISION_MOTO_KEY"),
        &given("DEPROVISION_MOTO_SECRET"),
        None,
    )
}

/// The owner of SeaweedFS. It is shared: whoever uses it gives everything a name of
/// its own.
pub(crate) fn seaweedfs() -> SdkConfig {
    config(
        &given("DEPROVISION_SEAWEEDFS"),
        &given("DEPROVISION_SEAWEEDFS_KEY"),
        &given("DEPROVISION_SEAWEEDFS_SECRET"),
        None,
    )
}

/// The same server for another key.
pub(crate) fn with_key(of: &SdkConfig, key: &str, secret: &str) -> SdkConfig {
    config(of.endpoint_url().unwrap_or_default(), key, secret, None)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[tokio::test]
    async fn two_accounts_of_moto_do_not_see_each_other() {
        let (one, other) = (account().await, account().await);
        let [one, other] = [&one.config, &other.config].map(aws_sdk_iam::Client::new);
        one.create_user()
            .user_name("only-here")
            .send()
            .await
            .unwrap();
        assert_eq!(one.list_users().send().await.unwrap().users().len(), 1);
        assert!(other.list_users().send().await.unwrap().users().is_empty());
    }

    #[tokio::test]
    async fn the_enforcing_moto_refuses_strangers_and_seaweedfs_a_wrong_secret() {
        let enforcing = enforcing();
        let owner = aws_sdk_iam::Client::new(&enforcing);
        assert!(owner.list_users().send().await.is_ok());
        let stranger = with_key(&enforcing, "AKIASTRANGER00000000", "nothing");
        assert!(
            aws_sdk_iam::Client::new(&stranger)
                .list_users()
                .send()
                .await
                .is_err()
        );
        let seaweedfs = seaweedfs();
        assert!(
            aws_sdk_s3::Client::new(&seaweedfs)
                .list_buckets()
                .send()
                .await
                .is_ok()
        );
        let key = given("DEPROVISION_SEAWEEDFS_KEY");
        let wrong = with_key(&seaweedfs, &key, "wrong");
        assert!(
            aws_sdk_s3::Client::new(&wrong)
                .list_buckets()
                .send()
                .await
                .is_err()
        );
    }
}
