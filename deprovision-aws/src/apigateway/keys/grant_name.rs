//! What a reference to a grant says: `plan/PLAN/RESTAPI:STAGE`.

use deprovision_core::provider::ProviderError;
use deprovision_core::resource::GrantId;

use super::ApiGatewayKeys;
use crate::error::invalid;

/// A stage of a REST API in a usage plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GrantName {
    pub(super) plan: String,
    pub(super) rest_api: String,
    pub(super) stage: String,
}

impl GrantName {
    pub(super) fn of(
        operation: &str,
        keys: &ApiGatewayKeys,
        id: &GrantId,
    ) -> Result<Self, ProviderError> {
        let name = keys.ours(operation, id.locator())?;
        Self::parse(name).ok_or_else(|| {
            invalid(
                operation,
                format!("{id} names no grant; write plan/PLAN/RESTAPI:STAGE as its name"),
            )
        })
    }

    fn parse(name: &str) -> Option<Self> {
        let (plan, rest) = name.strip_prefix("plan/")?.split_once('/')?;
        let (rest_api, stage) = rest.split_once(':')?;
        let word = |text: &str, more: &[u8]| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
        };
        (word(plan, b"") && word(rest_api, b"") && word(stage, b"_-")).then(|| Self {
            plan: plan.to_owned(),
            rest_api: rest_api.to_owned(),
            stage: stage.to_owned(),
        })
    }

    pub(super) fn id(&self, keys: &ApiGatewayKeys) -> Result<GrantId, ProviderError> {
        let name = format!("plan/{}/{}", self.plan, self.api_stage());
        keys.locator(&name).map(GrantId::new)
    }

    /// The stage as patches of a usage plan name it.
    pub(super) fn api_stage(&self) -> String {
        format!("{}:{}", self.rest_api, self.stage)
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_name_is_a_plan_an_api_and_a_stage_and_nothing_else() {
        let parsed = GrantName::parse("plan/p1/a1:prod_v1").unwrap();
        assert_eq!(parsed.api_stage(), "a1:prod_v1");
        for bad in [
            "p1/a1:prod",
            "plan/p1",
            "plan/p1/a1",
            "plan//a1:prod",
            "plan/p1/a1:",
            "plan/../a1:prod",
            "plan/p1/a1:prod/x",
        ] {
            assert_eq!(GrantName::parse(bad), None, "{bad}");
        }
    }
}
