//! Who a line's caller is.

/// By which of its fields a line's caller is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CallerBy {
    /// The user's name, else the key's id, else the subject, else the client's address.
    #[default]
    Name,
    /// The client's address.
    Client,
    /// The API key's id.
    Key,
    /// The client's program.
    Agent,
    /// Whom the client acts for, a JWT's subject for example.
    Subject,
    /// The field that the format was told of.
    Field,
}
