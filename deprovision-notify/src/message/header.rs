//! Header fields that the mail library does not have.

use std::error::Error;

use lettre::message::header::{Header, HeaderName, HeaderValue};

macro_rules! header {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub(super) struct $name(pub(super) String);

        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($field)
            }

            fn parse(text: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
                Ok(Self(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

header! {
    /// `auto-generated` (RFC 3834): no out-of-office reply, please.
    AutoSubmitted, "Auto-Submitted"
}
header! {
    /// RFC 2369.
    ListUnsubscribe, "List-Unsubscribe"
}
header! {
    /// RFC 8058.
    ListUnsubscribePost, "List-Unsubscribe-Post"
}
