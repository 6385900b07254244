//! The clients of AWS, all of one account and region.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use deprovision_core::provider::error_chain;
use deprovision_examples::Problem;

use crate::config::Config;

/// What the adapters are made from.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    pub(crate) apigateway: aws_sdk_apigateway::Client,
    pub(crate) apigatewayv2: aws_sdk_apigatewayv2::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) secretsmanager: aws_sdk_secretsmanager::Client,
    pub(crate) sts: aws_sdk_sts::Client,
}

impl Clients {
    /// With the credentials of the usual chain.
    pub(crate) async fn of_the_chain(region: &str) -> Self {
        let loader = aws_config::defaults(BehaviorVersion::latest());
        let config = loader.region(Region::new(region.to_owned())).load().await;
        Self::over(&config)
    }

    /// All over one configuration.
    pub(crate) fn over(config: &SdkConfig) -> Self {
        Self {
            apigateway: aws_sdk_apigateway::Client::new(config),
            apigatewayv2: aws_sdk_apigatewayv2::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            s3: aws_sdk_s3::Client::new(config),
            secretsmanager: aws_sdk_secretsmanager::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
        }
    }

    /// Refuses to begin in another account, or with buckets that are not there: a
    /// mistake is said in the first second, and not weeks later by the step that meets it.
    pub(crate) async fn check(&self, config: &Config) -> Result<(), Problem> {
        let caller = self
            .sts
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| {
                format!(
                    "AWS does not say who asks ({}); set up credentials first, as for the AWS CLI",
                    error_chain(&error)
                )
            })?;
        let account = caller.account().unwrap_or_default();
        if account != config.account {
            return Err(config
                .mistake(
                    "account",
                    &format!(
                        "{} is wanted, and the credentials are of account {account}; use others, or \
                         correct it",
                        config.account
                    ),
                )
                .into());
        }
        let Some(archive) = &config.archive else {
            return Ok(());
        };
        for (field, bucket) in [
            ("archive.bucket", &archive.bucket),
            ("archive.scratch", &archive.scratch),
        ] {
            let head = self.s3.head_bucket().bucket(bucket);
            if let Err(error) = head.send().await {
                let is_missing = error
                    .as_service_error()
                    .is_some_and(aws_sdk_s3::operation::head_bucket::HeadBucketError::is_not_found);
                let why = if is_missing {
                    format!("there is no bucket {bucket}; make it first")
                } else {
                    format!("bucket {bucket} can not be seen: {}", error_chain(&error))
                };
                return Err(config.mistake(field, &why).into());
            }
        }
        Ok(())
    }
}
