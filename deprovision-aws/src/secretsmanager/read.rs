//! Reads of Secrets Manager, whole: all pages, of the right account.

use std::collections::BTreeSet;
use std::time::SystemTime;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::primitives::DateTime;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use deprovision_core::id::ApiId;
use deprovision_core::observation::PositiveControl;
use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::time::{Period, Timestamp};
use serde_json::Value;

use super::Secrets;
use super::calls::{DESCRIBE, GET_POLICY, LIST};
use super::deny::is_denied;
use crate::call::Call;
use crate::error::{Failed, read};

/// What a secret was seen to be.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) scheduled: bool,
    pub(super) replicated: bool,
    /// To the day, as Secrets Manager tells it.
    pub(super) last_used: Option<Timestamp>,
}

impl Secrets {
    /// The names of the secrets with the tag, from all pages, scheduled ones too.
    pub(super) async fn tagged(&self, api: &ApiId) -> Result<BTreeSet<String>, ProviderError> {
        let Some(tag) = &self.tag else {
            return Ok(BTreeSet::new());
        };
        let filter =
            |of: FilterNameStringType, value: &str| Filter::builder().key(of).values(value).build();
        let (mut names, mut token) = (BTreeSet::new(), None);
        loop {
            let page = self
                .client
                .list_secrets()
                .include_planned_deletion(true)
                .filters(filter(FilterNameStringType::TagKey, tag))
                .filters(filter(FilterNameStringType::TagValue, api.as_str()))
                .set_next_token(token.clone())
                .send()
                .await;
            let page = read(LIST, page)?;
            for secret in page.secret_list() {
                self.check_account(secret.arn())?;
                // The filters take beginnings for the whole, and any two tags for one.
                let ours = secret.tags().iter().any(|one| {
                    one.key() == Some(tag.as_str()) && one.value() == Some(api.as_str())
                });
                if ours {
                    names.insert(given(LIST, secret.name())?.to_owned());
                }
            }
            let next = page.next_token;
            if next.is_some() && next == token {
                return Err(incomplete(LIST));
            }
            token = next;
            if token.is_none() {
                return Ok(names);
            }
        }
    }

    /// One secret; `None` when Secrets Manager does not know it.
    pub(super) async fn look(&self, name: &str) -> Result<Option<Seen>, ProviderError> {
        let answer = self.client.describe_secret().secret_id(name).send().await;
        let secret = match answer.map_err(|error| Failed::of(DESCRIBE, &error)) {
            Ok(secret) => secret,
            Err(failed) if *failed.kind() == ErrorKind::NotFound => return Ok(None),
            Err(failed) => return Err(failed.of_read()),
        };
        self.check_account(secret.arn())?;
        // A name is also taken for the beginning of an ARN.
        if secret.name() != Some(name) {
            return Ok(None);
        }
        Ok(Some(seen(&secret)))
    }

    /// The resource policy of a secret, if it has one.
    pub(super) async fn policy(&self, name: &str) -> Result<Option<Value>, ProviderError> {
        let answer = self
            .client
            .get_resource_policy()
            .secret_id(name)
            .send()
            .await;
        let answer = read(GET_POLICY, answer)?;
        answer
            .resource_policy()
            .map(|text| serde_json::from_str(text).map_err(|_| incomplete(GET_POLICY)))
            .transpose()
    }

    /// Whether reads of a secret are refused.
    pub(super) async fn is_disabled(&self, name: &str, seen: &Seen) -> Result<bool, ProviderError> {
        // The policy of a scheduled secret is not told.
        Ok(seen.scheduled || is_denied(self.policy(name).await?.as_ref()))
    }

    /// Any secret that the same client still sees.
    pub(super) async fn control(&self) -> Result<Option<PositiveControl>, ProviderError> {
        let mut token = None;
        loop {
            let page = self
                .client
                .list_secrets()
                .include_planned_deletion(true)
                .max_results(1)
                .set_next_token(token.clone())
                .send()
                .await;
            let page = read(LIST, page)?;
            if let Some(secret) = page.secret_list().first() {
                self.check_account(secret.arn())?;
                let name = given(LIST, secret.name())?;
                return Ok(Some(PositiveControl::saw(format!("secret {name}"))));
            }
            let next = page.next_token;
            if next.is_none() || next == token {
                return Ok(None);
            }
            token = next;
        }
    }

    fn check_account(&self, arn: Option<&str>) -> Result<(), ProviderError> {
        let ours = self.scope.arn("secretsmanager", "secret:");
        if arn.is_some_and(|arn| arn.starts_with(&ours)) {
            return Ok(());
        }
        Err(ProviderError::new(
            ErrorKind::Invalid,
            "look at the account",
            format!(
                "the client sees another account or region than {}; check its credentials",
                self.scope
            ),
        ))
    }
}

fn seen(secret: &DescribeSecretOutput) -> Seen {
    let own = secret.arn().and_then(|arn| arn.split(':').nth(3));
    let elsewhere = secret
        .primary_region()
        .is_some_and(|region| Some(region) != own);
    Seen {
        scheduled: secret.deleted_date().is_some(),
        replicated: elsewhere || !secret.replication_status().is_empty(),
        last_used: secret.last_accessed_date().and_then(timestamp),
    }
}

fn timestamp(date: &DateTime) -> Option<Timestamp> {
    let date = SystemTime::try_from(*date).ok()?;
    let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Period::seconds(since.as_secs()).after(Timestamp::UNIX_EPOCH))
}

fn given<T>(call: Call, value: Option<T>) -> Result<T, ProviderError> {
    value.ok_or_else(|| incomplete(call))
}

fn incomplete(call: Call) -> ProviderError {
    ProviderError::new(
        ErrorKind::Transient,
        call.operation,
        "the answer lacks what it always has; check that the endpoint is AWS's",
    )
}
