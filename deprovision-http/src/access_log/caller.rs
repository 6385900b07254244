//! Who calls, as the service knows it.

use deprovision_core::id::CallerId;

/// The caller of a request, by a name that is no secret: an API key's id, never
/// the key. The service puts it into the extensions of its answer (or a layer
/// outside of the log into those of the request), and the access log shows it.
///
/// ```
/// use deprovision_core::id::CallerId;
/// use deprovision_http::Caller;
/// let mut response = http::Response::new(());
/// response.extensions_mut().insert(Caller::new(CallerId::parse("key-42")?));
/// # Ok::<(), deprovision_core::id::ParseIdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    id: CallerId,
}

impl Caller {
    /// The caller with this id.
    #[must_use]
    pub fn new(id: CallerId) -> Self {
        Self { id }
    }

    /// The caller's id.
    #[must_use]
    pub fn id(&self) -> &CallerId {
        &self.id
    }
}
