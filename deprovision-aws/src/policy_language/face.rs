//! What statements are compared with.

use crate::policy_language::Pattern;
use crate::policy_language::statement::Selection;

/// Resources of an API, as policies can name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Face {
    /// The service part of its ARNs.
    service: String,
    /// What belongs to the API.
    exact: Pattern,
    /// What a resource of a statement may match and still name this API alone.
    naming: Pattern,
}

impl Face {
    /// A face whose resources are named by no wider patterns than its own.
    pub(crate) fn new(service: &str, exact: &str) -> Self {
        Self::named_by(service, exact, exact)
    }

    /// A face that wider patterns name too, as `arn:aws:execute-api:*:*:abc123/*` does:
    /// the id belongs to nobody else.
    pub(crate) fn named_by(service: &str, exact: &str, naming: &str) -> Self {
        Self {
            service: service.to_owned(),
            exact: Pattern::new(exact),
            naming: Pattern::new(naming),
        }
    }

    /// Something that holds the API among others, and so never names it alone.
    pub(crate) fn only_covered(service: &str, exact: &str) -> Self {
        Self::named_by(service, exact, "")
    }

    /// Whether a resource of a statement is this face or a part of it, and nothing else.
    pub(crate) fn is_named_by(&self, resource: &Pattern) -> bool {
        resource.lies_within(&self.naming) && resource.overlaps(&self.exact)
    }

    /// Whether a resource of a statement may be a part of this face.
    pub(crate) fn is_touched_by(&self, resource: &Pattern) -> bool {
        resource.overlaps(&self.exact)
    }

    /// Whether all of it is matched.
    pub(crate) fn lies_within(&self, resource: &Pattern) -> bool {
        self.exact.lies_within(resource)
    }

    /// Whether actions may do anything to it. Of services whose actions do not bear the
    /// service's name for sure, every action may.
    pub(crate) fn is_concern_of(&self, actions: &Selection) -> bool {
        match self.service.as_str() {
            "execute-api" | "apigateway" | "s3" | "lambda" | "secretsmanager" => {
                actions.concerns(&self.service)
            }
            _ => true,
        }
    }
}
