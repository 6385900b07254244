//! How much a mark says.

/// How much a mark says in documents that can say more than that something is deprecated.
///
/// ```
/// use deprovision_code::MarkSettings;
/// let settings = MarkSettings::new().with_descriptions().with_headers();
/// # let _ = settings;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MarkSettings {
    pub(crate) descriptions: bool,
    pub(crate) headers: bool,
}

impl MarkSettings {
    /// The flags, dates and successors alone: no line of the document changes its
    /// meaning for people who read only its text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The description of each marked operation of an OpenAPI file begins with a
    /// sentence that says it; an operation without a description gets one.
    #[must_use]
    pub fn with_descriptions(mut self) -> Self {
        self.descriptions = true;
        self
    }

    /// Each response of a marked operation of an OpenAPI file names the header
    /// `Deprecation` (RFC 9745), and `Sunset` (RFC 8594) when the mark has a date: for
    /// APIs whose access path sends them.
    #[must_use]
    pub fn with_headers(mut self) -> Self {
        self.headers = true;
        self
    }
}
