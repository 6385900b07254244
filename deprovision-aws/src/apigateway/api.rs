//! Which API a reference means.

use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::resource::AccessPathId;

use crate::error::invalid;
use crate::scope::Scope;

/// The provider of the references to access paths.
pub(crate) const PROVIDER: &str = "aws-apigateway";

/// An API of API Gateway, by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Api {
    /// A REST API.
    Rest(String),
    /// An HTTP API.
    Http(String),
}

impl Api {
    /// The API that a reference of this scope means.
    pub(crate) fn of(
        scope: &Scope,
        operation: &str,
        id: &AccessPathId,
    ) -> Result<Self, ProviderError> {
        let name = scope.ours(operation, PROVIDER, id.locator())?;
        let mut parts = name.split('/');
        let (kind, api) = (parts.next(), parts.next());
        if let (Some("rest" | "http"), Some(_), Some(stage)) = (kind, api, parts.next()) {
            return Err(ProviderError::new(
                ErrorKind::Unsupported,
                operation,
                format!(
                    "{id} is the one stage {stage:?}; an API closes with all its stages, \
                     so leave the stage out of the reference"
                ),
            ));
        }
        let api = api.filter(|api| is_id(api)).map(str::to_owned);
        match (kind, api) {
            (Some("rest"), Some(api)) => Ok(Self::Rest(api)),
            (Some("http"), Some(api)) => Ok(Self::Http(api)),
            (Some(_) | None, _) => Err(invalid(
                operation,
                format!(
                    "{id} names no API; write {PROVIDER}:ACCOUNT:REGION:rest/APIID or http/APIID"
                ),
            )),
        }
    }
}

/// Ids go into URLs and ARNs; AWS makes them of lower-case letters and digits.
fn is_id(api: &str) -> bool {
    (1..=64).contains(&api.len())
        && api
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    fn of(name: &str) -> Result<Api, ErrorKind> {
        let scope = Scope::new("123456789012", "eu-central-1").unwrap();
        let id = format!("{PROVIDER}:123456789012:eu-central-1:{name}")
            .parse()
            .unwrap();
        Api::of(&scope, "look", &id).map_err(|error| error.kind().clone())
    }

    #[test]
    fn a_reference_names_a_kind_and_an_id() {
        assert_eq!(of("rest/a1b2c3"), Ok(Api::Rest("a1b2c3".into())));
        assert_eq!(of("http/a1b2c3"), Ok(Api::Http("a1b2c3".into())));
        for bad in [
            "a1b2c3",
            "rest",
            "rest/",
            "ws/a1b2c3",
            "rest/A1",
            "rest/a*",
            "REST/a",
        ] {
            assert_eq!(of(bad), Err(ErrorKind::Invalid), "{bad}");
        }
    }

    #[test]
    fn i_18_a_stage_is_no_path_of_its_own() {
        assert_eq!(of("rest/a1b2c3/prod"), Err(ErrorKind::Unsupported));
        assert_eq!(of("http/a1b2c3/$default"), Err(ErrorKind::Unsupported));
    }

    proptest! {
        #[test]
        fn whatever_is_taken_can_stand_in_a_url_and_an_arn(name in "(rest|http)/[ -~]{0,20}") {
            if let Ok(Api::Rest(id) | Api::Http(id)) = of(&name) {
                prop_assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            }
        }
    }
}
