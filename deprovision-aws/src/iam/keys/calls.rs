//! The calls that access keys take, and the policies that allow them.

use deprovision_core::id::ApiId;

use super::IamAccessKeys;
use crate::call::Call;
use crate::policy::NeededPolicy;

pub(super) const LIST_USERS: Call = Call::same(&["iam:ListUsers"]);
pub(super) const DETAILS: Call = Call::same(&["iam:GetAccountAuthorizationDetails"]);
pub(super) const GET_USER: Call = Call::same(&["iam:GetUser"]);
pub(super) const LIST_KEYS: Call = Call::same(&["iam:ListAccessKeys"]);
pub(super) const LAST_USED: Call = Call::same(&["iam:GetAccessKeyLastUsed"]);
pub(super) const UPDATE_KEY: Call = Call::same(&["iam:UpdateAccessKey"]);
pub(super) const DELETE_KEY: Call = Call::same(&["iam:DeleteAccessKey"]);
pub(super) const GET_POLICY: Call = Call::same(&["iam:GetUserPolicy"]);
pub(super) const PUT_POLICY: Call = Call::same(&["iam:PutUserPolicy"]);
pub(super) const DELETE_POLICY: Call = Call::same(&["iam:DeleteUserPolicy"]);

/// The policies for each task. IAM can not limit a call to one key: the narrowest that
/// it knows is the user.
impl IamAccessKeys {
    /// What it takes to find and read the keys of an API and its issuance.
    #[must_use]
    pub fn permissions_to_observe(&self, api: &ApiId) -> NeededPolicy {
        let mut everywhere = vec![LIST_USERS];
        if self.bindings.reads_tags() {
            everywhere.push(DETAILS);
        }
        NeededPolicy::allowing([(everywhere, vec!["*".to_owned()])])
            .and(self.on_users(api, vec![GET_USER, LIST_KEYS, LAST_USED, GET_POLICY]))
    }

    /// What it takes to disable and restore keys of an API, by their names.
    #[must_use]
    pub fn permissions_to_disable(&self, api: &ApiId) -> NeededPolicy {
        self.on_users(api, vec![UPDATE_KEY])
    }

    /// What it takes to delete keys of an API: they are read first.
    #[must_use]
    pub fn permissions_to_delete(&self, api: &ApiId) -> NeededPolicy {
        NeededPolicy::allowing([(vec![LIST_USERS], vec!["*".to_owned()])])
            .and(self.on_users(api, vec![GET_USER, LIST_KEYS, DELETE_KEY]))
    }

    /// What it takes to freeze and unfreeze the issuance of keys for an API, beside
    /// finding its users. Whoever may put a policy on a user may give that user
    /// anything: give this permission for the step alone.
    #[must_use]
    pub fn permissions_to_freeze(&self, api: &ApiId) -> NeededPolicy {
        let everywhere = if self.bindings.reads_tags() {
            DETAILS
        } else {
            LIST_USERS
        };
        NeededPolicy::allowing([(vec![everywhere], vec!["*".to_owned()])])
            .and(self.on_users(api, vec![PUT_POLICY, DELETE_POLICY]))
    }

    fn on_users(&self, api: &ApiId, calls: Vec<Call>) -> NeededPolicy {
        let users = self.bindings.user_patterns(api);
        let arns = users
            .iter()
            .map(|user| self.scope.global_arn("iam", &format!("user{user}")))
            .collect();
        NeededPolicy::allowing([(calls, arns)])
    }
}
