//! What can be wrong with how an adapter is put together.

/// An adapter can not be made like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum S3Error {
    /// No bucket has such a name.
    #[error("{0:?} is no name of a bucket: 3 to 63 lower-case letters, digits, . and -")]
    Bucket(String),
    /// No prefix of ours.
    #[error("{prefix:?} can not be a prefix: {why}")]
    Prefix {
        /// The prefix.
        prefix: String,
        /// Why not.
        why: &'static str,
    },
    /// The client talks to another region.
    #[error(
        "the client is of region {client}, and the scope is {scope}; make a client for that region"
    )]
    Region {
        /// The client's region.
        client: String,
        /// The region of the scope.
        scope: String,
    },
    /// Two places lie in one another: removing one could reach the other.
    #[error("{one} and {other} lie in one another; keep data, archives and scratch apart")]
    Nested {
        /// One place.
        one: String,
        /// The other.
        other: String,
    },
    /// An option out of its range.
    #[error("{option} can not be {value}: {why}")]
    Option {
        /// Which one.
        option: &'static str,
        /// Its value.
        value: u64,
        /// Why not.
        why: &'static str,
    },
    /// A compliance lock was not confirmed.
    #[error("a compliance lock can be removed by nobody, AWS included; to confirm, write {0:?}")]
    NotConfirmed(String),
    /// A source that no reference can name.
    #[error("{0:?} can not stand in a reference: use letters, digits and . _ -")]
    Source(String),
}
