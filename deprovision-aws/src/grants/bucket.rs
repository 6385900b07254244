//! The policies of buckets.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use deprovision_core::observation::PositiveControl;
use deprovision_core::provider::ProviderError;
use serde_json::Value;

use crate::call::Call;
use crate::error::read;
use crate::grants::home::{PolicyHome, Read, Standing, Task};
use crate::grants::writing::{Steps, Stop, is_absent};
use crate::policy::NeededPolicy;
use crate::scope::Scope;

const GET: Call = Call::same(&["s3:GetBucketPolicy"]);
const PUT: Call = Call::same(&["s3:PutBucketPolicy"]);
const DELETE: Call = Call::same(&["s3:DeleteBucketPolicy"]);
const LIST: Call = Call::of("s3:ListBuckets", &["s3:ListAllMyBuckets"]);

#[derive(Debug)]
pub(crate) struct Buckets {
    client: Client,
    scope: Scope,
}

impl Buckets {
    pub(crate) fn new(client: &Client, scope: Scope) -> Self {
        let config = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            scope,
        }
    }
}

#[async_trait]
impl PolicyHome for Buckets {
    async fn read(&self, name: &str) -> Result<Read, ProviderError> {
        let owner = self.scope.account();
        let answer = self.client.get_bucket_policy().bucket(name);
        let answer = answer.expected_bucket_owner(owner).send().await;
        // The code tells a bucket without a policy from no bucket; the kind does not.
        let code = answer.as_ref().err().and_then(ProvideErrorMetadata::code);
        if code == Some("NoSuchBucketPolicy") {
            return Ok(Read::Gone(PositiveControl::saw(format!("bucket {name}"))));
        }
        match read(GET, answer) {
            Ok(answer) => {
                let Some(text) = answer.policy else {
                    return Ok(Read::Blind(format!(
                        "bucket {name} answered without its policy"
                    )));
                };
                return Ok(Read::There(Standing {
                    text,
                    principal: format!("whom the policy of bucket {name} lets in"),
                }));
            }
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
        let list = read(LIST, self.client.list_buckets().send().await)?;
        Ok(
            match list.buckets().iter().find_map(|bucket| bucket.name()) {
                Some(sibling) => Read::Gone(PositiveControl::saw(format!("bucket {sibling}"))),
                None => Read::Blind(format!("neither bucket {name} nor any other was seen")),
            },
        )
    }

    async fn write(
        &self,
        name: &str,
        policy: Option<&Value>,
        steps: &mut Steps,
    ) -> Result<(), Stop> {
        let owner = self.scope.account();
        match policy {
            Some(policy) => {
                let put = self
                    .client
                    .put_bucket_policy()
                    .bucket(name)
                    .expected_bucket_owner(owner);
                steps
                    .note(PUT, put.policy(policy.to_string()).send().await)
                    .map(drop)
            }
            None => {
                let delete = self.client.delete_bucket_policy().bucket(name);
                steps
                    .note(DELETE, delete.expected_bucket_owner(owner).send().await)
                    .map(drop)
            }
        }
    }

    fn needs(&self, task: Task, name: &str) -> NeededPolicy {
        let arn = format!("arn:{}:s3:::{name}", self.scope.partition());
        let calls = match task {
            Task::Observe => vec![GET],
            Task::Write => vec![PUT, DELETE],
        };
        let needed = NeededPolicy::allowing([(calls, vec![arn])]);
        match task {
            Task::Observe => needed.and(NeededPolicy::allowing([(vec![LIST], vec!["*"])])),
            Task::Write => needed,
        }
    }
}
