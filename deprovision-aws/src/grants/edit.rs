//! Removing grants and putting them back.
//!
//! IAM has no conditional writes: a policy is read right before it is written and right
//! after, and what somebody else did in between is said to be unknown.

use async_trait::async_trait;
use deprovision_core::provider::{Outcome, PermissionAuditor, ProviderError, WritePermit};
use deprovision_core::resource::GrantId;
use serde_json::Value;

use crate::error::invalid;
use crate::grants::adapter::IamGrants;
use crate::grants::document::{GrantDocument, edit};
use crate::grants::home::Read;
use crate::grants::target::Target;
use crate::grants::writing::{Steps, Stop};
use crate::policy_language::{Document, StatementKey};

#[async_trait]
impl PermissionAuditor for IamGrants {
    async fn remove(&self, id: &GrantId, permit: &WritePermit) -> Result<Outcome, ProviderError> {
        let operation = "remove a grant";
        let (target, key) = Target::of_grant(operation, &self.scope, id.locator())?;
        let work = self.take_out(operation, &target, &key);
        within(permit, work, || format!("{id} was being removed")).await
    }

    async fn put_back(
        &self,
        id: &GrantId,
        document: &Value,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let operation = "put a grant back";
        let (target, key) = Target::of_grant(operation, &self.scope, id.locator())?;
        let (kept, before) = GrantDocument::read(operation, &target, &key, document)?;
        let work = self.bring_back(operation, &target, &key, &kept, &before);
        within(permit, work, || format!("{id} was being put back")).await
    }
}

/// Gives up when the permit's time is over: what was sent by then may have happened.
async fn within(
    permit: &WritePermit,
    work: impl Future<Output = Result<String, Stop>>,
    doing: impl Fn() -> String,
) -> Result<Outcome, ProviderError> {
    let limit = permit.call_timeout().to_duration();
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(receipt)) => Ok(Outcome::done(receipt)),
        Ok(Err(stop)) => stop.outcome(),
        Err(_) => Ok(Outcome::unknown(format!(
            "{} when the time was over",
            doing()
        ))),
    }
}

impl IamGrants {
    async fn take_out(
        &self,
        operation: &str,
        target: &Target,
        key: &StatementKey,
    ) -> Result<String, Stop> {
        let Some(before) = self.current(operation, target).await? else {
            return Ok(format!("the {target} was not there"));
        };
        let Some(edit) = edit(target, &before, key) else {
            return Ok(format!("the statement was not in the {target}"));
        };
        let mut steps = Steps::default();
        self.write(target, edit.after.as_ref(), &mut steps).await?;
        let done = match &edit.after {
            Some(after) => {
                let statements = after.get("Statement").and_then(Value::as_array);
                let count = statements.map_or(1, Vec::len);
                format!(
                    "{} taken out of the {target}; {count} statements remain",
                    counted(edit.removed.len())
                )
            }
            None => format!("the {target} held nothing else and is gone"),
        };
        self.verify(operation, target, edit.after.as_ref(), done)
            .await
    }

    async fn bring_back(
        &self,
        operation: &str,
        target: &Target,
        key: &StatementKey,
        kept: &GrantDocument,
        before: &Document,
    ) -> Result<String, Stop> {
        let current = self.current(operation, target).await?;
        let back = match &current {
            Some(current) if holds_all(current, before, key) => {
                // An earlier attempt may have stopped before it was attached everywhere.
                return self.attach_again(target, kept, &mut Steps::default()).await;
            }
            Some(current) if Some(current.value()) == kept.after.as_ref() => before.value().clone(),
            Some(current) => current.with(&kept.removes),
            None if kept.after.is_none() => before.value().clone(),
            None => before.of_only(&kept.removes),
        };
        let mut steps = Steps::default();
        match (target, &kept.managed, &current) {
            (Target::Managed(path), Some(was), None) => {
                self.managed.create(path, &back, was, &mut steps).await?;
                self.attach_again(target, kept, &mut steps).await?;
            }
            (Target::Managed(path), Some(was), Some(_)) => {
                let again = self
                    .managed
                    .back_to(path, &was.version, &back, &mut steps)
                    .await?;
                if !again {
                    self.write(target, Some(&back), &mut steps).await?;
                }
            }
            (Target::Managed(_), None, _) => {
                let why = "the document does not say whom the policy was attached to";
                return Err(Stop::Failed(invalid(operation, why)));
            }
            _ => self.write(target, Some(&back), &mut steps).await?,
        }
        self.verify(
            operation,
            target,
            Some(&back),
            format!("the statement is back in the {target}"),
        )
        .await
    }

    async fn attach_again(
        &self,
        target: &Target,
        kept: &GrantDocument,
        steps: &mut Steps,
    ) -> Result<String, Stop> {
        let there = format!("the statement is in the {target}");
        let (Target::Managed(path), Some(was), None) = (target, &kept.managed, &kept.after) else {
            return Ok(there);
        };
        let missing = self.managed.attach(path, was, steps).await?;
        if missing.is_empty() {
            return Ok(there);
        }
        Err(Stop::NotDone(format!(
            "the {target} is back, but {} no longer exist to be given it",
            missing.join(", ")
        )))
    }

    /// The policy now; none when it is certainly not there.
    async fn current(&self, operation: &str, target: &Target) -> Result<Option<Document>, Stop> {
        match self.read(target).await.map_err(Stop::Failed)? {
            (Read::There(standing), _) => {
                Document::parse(&standing.text).map(Some).map_err(|why| {
                    let why =
                        format!("the {target} can not be understood ({why}); edit it by hand");
                    Stop::Failed(invalid(operation, why))
                })
            }
            (Read::Gone(_), _) => Ok(None),
            (Read::Blind(why), _) => Err(Stop::NotDone(why)),
        }
    }

    /// Reads a policy again after it was written.
    async fn verify(
        &self,
        operation: &str,
        target: &Target,
        expected: Option<&Value>,
        done: String,
    ) -> Result<String, Stop> {
        let done = done + target.takes_effect();
        match self.current(operation, target).await {
            Ok(now) if says(now.as_ref(), expected) => Ok(done),
            Ok(_) => Err(Stop::Unsure(format!(
                "{done}; but read again, the {target} is another one: it is not to be seen yet, or \
                 somebody else changed it at the same time"
            ))),
            Err(_) => Err(Stop::Unsure(format!(
                "{done}; but it could not be read again"
            ))),
        }
    }
}

/// Whether a policy is the expected one. The order of statements says nothing, and Lambda
/// keeps its own.
fn says(now: Option<&Document>, expected: Option<&Value>) -> bool {
    match (now, expected) {
        (None, None) => true,
        (Some(now), Some(expected)) => {
            let expected = Document::of(expected.clone());
            expected.is_ok_and(|expected| now.says_the_same(&expected))
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// Whether all that the grant was is in the policy.
fn holds_all(current: &Document, before: &Document, key: &StatementKey) -> bool {
    let parts = |document: &Document| {
        let parts = document
            .statements()
            .iter()
            .filter_map(|statement| key.part_of(statement));
        parts.flatten().collect::<std::collections::BTreeSet<_>>()
    };
    let there = current
        .statements()
        .iter()
        .any(|statement| key.part_of(statement).is_some());
    there && parts(before).is_subset(&parts(current))
}

fn counted(statements: usize) -> String {
    if statements == 1 {
        "1 statement".to_owned()
    } else {
        format!("{statements} statements")
    }
}
