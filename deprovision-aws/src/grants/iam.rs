//! The client of IAM, and the check that it talks to the account that it should.

use aws_sdk_iam::Client;
use aws_sdk_iam::config::retry::RetryConfig;
use deprovision_core::observation::PositiveControl;
use deprovision_core::provider::{ErrorKind, ProviderError};
use tokio::sync::OnceCell;

use crate::error::read;
use crate::grants::iam_calls::{LIST_ROLES, LIST_USERS};
use crate::grants::target::wrong_account;
use crate::scope::Scope;

/// IAM of one account.
#[derive(Debug)]
pub(crate) struct Iam {
    pub(crate) client: Client,
    pub(crate) scope: Scope,
    /// Something of the account that was seen once.
    checked: OnceCell<String>,
}

impl Iam {
    pub(crate) fn new(client: &Client, scope: Scope) -> Self {
        let config = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            scope,
            checked: OnceCell::new(),
        }
    }

    /// An error when the client talks to another account. Asks once.
    pub(crate) async fn check_account(&self) -> Result<(), ProviderError> {
        let look = || async {
            self.look().await?.ok_or_else(|| {
                ProviderError::new(
                    ErrorKind::NotFound,
                    "check the account",
                    "neither a user nor a role was seen, not even the one that asks",
                )
            })
        };
        self.checked.get_or_try_init(look).await.map(drop)
    }

    /// Something of the account that the client still sees.
    pub(crate) async fn control(&self) -> Result<Option<PositiveControl>, ProviderError> {
        Ok(self.look().await?.map(PositiveControl::saw))
    }

    /// A user or else a role: every account that somebody can talk to has one.
    async fn look(&self) -> Result<Option<String>, ProviderError> {
        let users = read(
            LIST_USERS,
            self.client.list_users().max_items(1).send().await,
        )?;
        if let Some(user) = users.users().first() {
            self.check_arn(user.arn())?;
            return Ok(Some(format!("user {}", user.user_name())));
        }
        let roles = read(
            LIST_ROLES,
            self.client.list_roles().max_items(1).send().await,
        )?;
        let Some(role) = roles.roles().first() else {
            return Ok(None);
        };
        self.check_arn(role.arn())?;
        Ok(Some(format!("role {}", role.role_name())))
    }

    /// An error when an ARN is not of the account.
    pub(crate) fn check_arn(&self, arn: &str) -> Result<(), ProviderError> {
        if arn.starts_with(&self.scope.global_arn("iam", "")) {
            Ok(())
        } else {
            Err(wrong_account(&self.scope, arn))
        }
    }
}
