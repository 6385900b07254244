//! The servers that stand in for AWS.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use deprovision_examples::Problem;

use crate::clients::Clients;

/// The region of everything in them.
pub(crate) const REGION: &str = "us-east-1";

/// Where they are, as `cargo xtask serve` says.
#[derive(Debug)]
pub(crate) struct Servers {
    moto: String,
    cloudwatch: String,
    seaweedfs: String,
    /// The key and the secret of SeaweedFS's owner.
    owner: (String, String),
}

impl Servers {
    /// Those that this process was started beside.
    pub(crate) fn given() -> Result<Self, Problem> {
        let given = |name: &str| {
            std::env::var(name).map_err(|_| {
                format!(
                    "{name} is not set: put `cargo xtask serve` in front of the whole command, \
                     which starts moto and SeaweedFS and says where they are"
                )
            })
        };
        Ok(Self {
            moto: given("DEPROVISION_MOTO")?,
            cloudwatch: given("DEPROVISION_CLOUDWATCH")?,
            seaweedfs: given("DEPROVISION_SEAWEEDFS")?,
            owner: (
                given("DEPROVISION_SEAWEEDFS_KEY")?,
                given("DEPROVISION_SEAWEEDFS_SECRET")?,
            ),
        })
    }

    /// Clients that act in an account of moto, and as the owner of SeaweedFS.
    pub(crate) async fn clients(&self, account: &str) -> Result<Clients, Problem> {
        let anybody = config(&self.moto, "anybody", "anything", None);
        // moto takes the account from the role of the session, and makes it.
        let session = aws_sdk_sts::Client::new(&anybody)
            .assume_role()
            .role_arn(format!("arn:aws:iam::{account}:role/retire-aws"))
            .role_session_name("retire-aws")
            .send()
            .await?;
        let keys = session.credentials().ok_or("moto gave no session")?;
        let session = config(
            &self.moto,
            keys.access_key_id(),
            keys.secret_access_key(),
            Some(keys.session_token().to_owned()),
        );
        let cloudwatch = aws_sdk_cloudwatch::config::Builder::from(&session)
            // moto does not speak its newest protocol, and has a translator.
            .endpoint_url(&self.cloudwatch);
        let (key, secret) = &self.owner;
        let seaweedfs = config(&self.seaweedfs, key, secret, None);
        // It has no DNS for the names of buckets.
        let s3 = aws_sdk_s3::config::Builder::from(&seaweedfs).force_path_style(true);
        Ok(Clients {
            cloudwatch: aws_sdk_cloudwatch::Client::from_conf(cloudwatch.build()),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            ..Clients::over(&session)
        })
    }
}

fn config(endpoint: &str, key: &str, secret: &str, token: Option<String>) -> SdkConfig {
    let credentials = Credentials::new(key, secret, token, None, "retire_aws");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}
