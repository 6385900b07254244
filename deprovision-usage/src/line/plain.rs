//! A line as far as it is counted.

/// A line of which no part had to be rewritten. Parts that it does not have are empty.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PlainLine<'a> {
    pub(crate) client: &'a [u8],
    pub(crate) user: &'a [u8],
    pub(crate) key: &'a [u8],
    pub(crate) subject: &'a [u8],
    pub(crate) field: &'a [u8],
    /// Seconds of Unix time.
    pub(crate) at: i64,
    pub(crate) host: &'a [u8],
    pub(crate) method: &'a [u8],
    pub(crate) target: &'a [u8],
    /// The target with all that follows it.
    pub(crate) text: &'a [u8],
    /// Zero for none.
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    pub(crate) agent: &'a [u8],
}
