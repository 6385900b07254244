//! The calls that this crate makes, each with what it takes to be allowed to.

/// One operation of AWS and the IAM actions without which it is refused.
///
/// Every request goes out under one of these, and the policies that a step needs are
/// put together from them: there is no second list that could be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    /// The operation as AWS's documents write it: `iam:ListUsers`.
    pub(crate) operation: &'static str,
    /// The actions that it needs. They are not always named like the operation.
    pub(crate) actions: &'static [&'static str],
}

impl Call {
    /// An operation whose one action has its name.
    pub(crate) const fn same(operation: &'static [&'static str; 1]) -> Self {
        Self {
            operation: operation[0],
            actions: operation,
        }
    }

    /// An operation with other actions than its name.
    pub(crate) const fn of(operation: &'static str, actions: &'static [&'static str]) -> Self {
        Self { operation, actions }
    }
}
