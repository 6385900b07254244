//! The calls that secrets take, and the policies that allow them.

use deprovision_core::id::ApiId;

use super::Secrets;
use crate::call::Call;
use crate::policy::NeededPolicy;

pub(super) const LIST: Call = Call::same(&["secretsmanager:ListSecrets"]);
pub(super) const DESCRIBE: Call = Call::same(&["secretsmanager:DescribeSecret"]);
pub(super) const GET_POLICY: Call = Call::same(&["secretsmanager:GetResourcePolicy"]);
pub(super) const PUT_POLICY: Call = Call::same(&["secretsmanager:PutResourcePolicy"]);
pub(super) const DELETE_POLICY: Call = Call::same(&["secretsmanager:DeleteResourcePolicy"]);
pub(super) const RESTORE: Call = Call::same(&["secretsmanager:RestoreSecret"]);
pub(super) const DELETE: Call = Call::same(&["secretsmanager:DeleteSecret"]);

/// The policies for each task. None of them allows to read a value.
impl Secrets {
    /// What it takes to find and read the secrets of an API.
    #[must_use]
    pub fn permissions_to_observe(&self, api: &ApiId) -> NeededPolicy {
        NeededPolicy::allowing([(vec![LIST], vec!["*".to_owned()])])
            .and(self.on_secrets(api, vec![DESCRIBE, GET_POLICY]))
    }

    /// What it takes to disable and restore secrets of an API.
    #[must_use]
    pub fn permissions_to_disable(&self, api: &ApiId) -> NeededPolicy {
        self.on_secrets(
            api,
            vec![DESCRIBE, GET_POLICY, PUT_POLICY, DELETE_POLICY, RESTORE],
        )
    }

    /// What it takes to delete secrets of an API: they are read first.
    #[must_use]
    pub fn permissions_to_delete(&self, api: &ApiId) -> NeededPolicy {
        self.permissions_to_observe(api)
            .and(self.on_secrets(api, vec![DELETE]))
    }

    fn on_secrets(&self, api: &ApiId, calls: Vec<Call>) -> NeededPolicy {
        let named = self.named.get(api).into_iter().flatten();
        let patterns: Vec<String> = match &self.tag {
            Some(_) => vec!["*".to_owned()],
            // Six characters that nobody knows end the ARN of a secret.
            None => named.map(|name| format!("{name}-??????")).collect(),
        };
        let arns = patterns
            .iter()
            .map(|name| self.scope.arn("secretsmanager", &format!("secret:{name}")))
            .collect();
        NeededPolicy::allowing([(calls, arns)])
    }
}
