//! What callers may be told, as core checks it.

pub use deprovision_core::provider::InvalidNotice;
pub(crate) use deprovision_core::provider::url_trouble;

#[cfg(test)]
mod tests {
    use super::*;
    use http::uri::Uri;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_passes_is_a_header_value_and_can_be_called(
            url in ".{0,40}|https://[ -~]{0,40}",
        ) {
            if url_trouble(&url).is_none() {
                prop_assert!(http::HeaderValue::from_str(&url).is_ok());
                let parsed: Uri = url.parse().unwrap();
                prop_assert!(parsed.authority().is_some_and(|it| !it.host().is_empty()));
            }
        }
    }
}
