//! What the owner of an API decides about it.

/// Who puts the headers of a notice on the answers of the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum NoticeBy {
    /// API Gateway, in the integration responses. It can not where an integration is a
    /// proxy (most are): then the notice is refused as `Unsupported`.
    #[default]
    Gateway,
    /// The backend, as the owner vouches: the layer of `deprovision-http` does it. API
    /// Gateway puts the headers only on what it answers by itself.
    Backend,
}

/// What happens to changes of an API that were made but never deployed, when a state
/// is set that serves and has to be deployed: a notice, or a brown-out once it is over.
/// Closing and reopening deploy nothing that serves, and are not touched by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Undeployed {
    /// The state is refused as soon as something can be seen that was not deployed: a
    /// stage that is not on the newest deployment, or another set of methods,
    /// authorization types or key requirements. AWS shows no more of a deployment, so a
    /// change of an integration, a model or an authorizer is **not** seen.
    #[default]
    Refuse,
    /// It is deployed with the state: the owner vouches for what the definition holds.
    DangerouslyDeploy,
}
