//! Reading grants.

use async_trait::async_trait;
use deprovision_core::id::ApiId;
use deprovision_core::observation::{Observation, PositiveControl};
use deprovision_core::provider::{GrantObserver, GrantState, GrantsFound, ProviderError};
use deprovision_core::resource::{GrantId, IssuerId};
use deprovision_core::time::Timestamp;

use crate::error::invalid;
use crate::grants::adapter::IamGrants;
use crate::grants::document::{GrantDocument, edit};
use crate::grants::home::Read;
use crate::grants::target::Target;
use crate::iam::check_issuer;
use crate::policy_language::Document;

#[async_trait]
impl GrantObserver for IamGrants {
    async fn grants(
        &self,
        issuer: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<GrantsFound>, ProviderError> {
        check_issuer("list grants", &self.scope, issuer)?;
        Ok(match self.survey(api).await? {
            Observation::Unknown { why } => Observation::Unknown { why },
            Observation::Known { value, as_of, .. } => value.found(as_of),
        })
    }

    async fn grant(&self, id: &GrantId) -> Result<Observation<GrantState>, ProviderError> {
        let operation = "look at a grant";
        let (target, key) = Target::of_grant(operation, &self.scope, id.locator())?;
        let as_of = Timestamp::now();
        let (read, managed) = self.read(&target).await?;
        let standing = match read {
            Read::There(standing) => standing,
            Read::Gone(control) => {
                return Ok(Observation::complete(GrantState::Absent { control }, as_of));
            }
            Read::Blind(why) => return Ok(Observation::unknown(why)),
        };
        let before = match Document::parse(&standing.text) {
            Ok(document) => document,
            Err(why) => {
                return Ok(Observation::unknown(format!(
                    "the {target} can not be understood: {why}"
                )));
            }
        };
        let Some(edit) = edit(&target, &before, &key) else {
            let others = before.statements().len();
            let control = PositiveControl::saw(format!("the {target} with {others} statements"));
            return Ok(Observation::complete(GrantState::Absent { control }, as_of));
        };
        let document = GrantDocument::new(&target, &standing.principal, &before, edit, managed);
        let document = serde_json::to_value(document).map_err(|error| {
            invalid(operation, "a policy can not be written as JSON").with_source(error)
        })?;
        let principal = standing.principal;
        Ok(Observation::complete(
            GrantState::Present {
                principal,
                document,
            },
            as_of,
        ))
    }
}
