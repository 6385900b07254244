//! The calls to IAM.

use crate::call::Call;

pub(crate) const DETAILS: Call = Call::same(&["iam:GetAccountAuthorizationDetails"]);
pub(crate) const LIST_USERS: Call = Call::same(&["iam:ListUsers"]);
pub(crate) const LIST_ROLES: Call = Call::same(&["iam:ListRoles"]);

pub(crate) const GET_POLICY: Call = Call::same(&["iam:GetPolicy"]);
pub(crate) const GET_VERSION: Call = Call::same(&["iam:GetPolicyVersion"]);
pub(crate) const LIST_VERSIONS: Call = Call::same(&["iam:ListPolicyVersions"]);
pub(crate) const LIST_ENTITIES: Call = Call::same(&["iam:ListEntitiesForPolicy"]);
pub(crate) const CREATE_POLICY: Call =
    Call::of("iam:CreatePolicy", &["iam:CreatePolicy", "iam:TagPolicy"]);
pub(crate) const DELETE_POLICY: Call = Call::same(&["iam:DeletePolicy"]);
pub(crate) const CREATE_VERSION: Call = Call::same(&["iam:CreatePolicyVersion"]);
pub(crate) const DELETE_VERSION: Call = Call::same(&["iam:DeletePolicyVersion"]);
pub(crate) const SET_DEFAULT: Call = Call::same(&["iam:SetDefaultPolicyVersion"]);

pub(crate) const GET_ROLE: Call = Call::same(&["iam:GetRole"]);
pub(crate) const UPDATE_TRUST: Call = Call::same(&["iam:UpdateAssumeRolePolicy"]);

pub(crate) const GENERATE_ACCESSED: Call = Call::same(&["iam:GenerateServiceLastAccessedDetails"]);
pub(crate) const GET_ACCESSED: Call = Call::same(&["iam:GetServiceLastAccessedDetails"]);

/// The calls of inline and attached policies, one set for each kind of holder.
pub(crate) struct HolderCalls {
    pub(crate) get: Call,
    pub(crate) put: Call,
    pub(crate) delete: Call,
    pub(crate) attach: Call,
    pub(crate) detach: Call,
}

pub(crate) const USER: HolderCalls = HolderCalls {
    get: Call::same(&["iam:GetUserPolicy"]),
    put: Call::same(&["iam:PutUserPolicy"]),
    delete: Call::same(&["iam:DeleteUserPolicy"]),
    attach: Call::same(&["iam:AttachUserPolicy"]),
    detach: Call::same(&["iam:DetachUserPolicy"]),
};
pub(crate) const GROUP: HolderCalls = HolderCalls {
    get: Call::same(&["iam:GetGroupPolicy"]),
    put: Call::same(&["iam:PutGroupPolicy"]),
    delete: Call::same(&["iam:DeleteGroupPolicy"]),
    attach: Call::same(&["iam:AttachGroupPolicy"]),
    detach: Call::same(&["iam:DetachGroupPolicy"]),
};
pub(crate) const ROLE: HolderCalls = HolderCalls {
    get: Call::same(&["iam:GetRolePolicy"]),
    put: Call::same(&["iam:PutRolePolicy"]),
    delete: Call::same(&["iam:DeleteRolePolicy"]),
    attach: Call::same(&["iam:AttachRolePolicy"]),
    detach: Call::same(&["iam:DetachRolePolicy"]),
};
