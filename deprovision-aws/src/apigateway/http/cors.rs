//! CORS of an HTTP API, and how it is kept while the API is closed.

use aws_sdk_apigatewayv2::types::Cors as Theirs;
use deprovision_core::provider::ProviderError;
use serde::{Deserialize, Serialize};

use super::seen::Aside;
use crate::apigateway::mark::{Mark, describe};

/// What lets API Gateway answer preflight requests by itself, whatever the routes lead to
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Cors {
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    methods: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    origins: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exposed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<i32>,
}

impl Cors {
    pub(super) fn of(given: &Theirs) -> Self {
        Self {
            credentials: given.allow_credentials(),
            headers: given.allow_headers().to_vec(),
            methods: given.allow_methods().to_vec(),
            origins: given.allow_origins().to_vec(),
            exposed: given.expose_headers().to_vec(),
            max_age: given.max_age(),
        }
    }

    pub(super) fn to_sdk(&self) -> Theirs {
        let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        Theirs::builder()
            .set_allow_credentials(self.credentials)
            .set_allow_headers(some(&self.headers))
            .set_allow_methods(some(&self.methods))
            .set_allow_origins(some(&self.origins))
            .set_expose_headers(some(&self.exposed))
            .set_max_age(self.max_age)
            .build()
    }

    /// The description that keeps it.
    ///
    /// # Errors
    /// When it would be too long to be kept.
    pub(super) fn write(&self, operation: &str) -> Result<String, ProviderError> {
        let kept = KeptCors { cors: self.clone() };
        let remedy = "write it down and remove it from the API, then close it";
        describe(operation, &kept, "the CORS configuration", remedy)
    }
}

/// What the description of an integration of ours says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Kept {
    /// What the routes had that lead to it.
    Routes(Mark<Aside>),
    /// What the API had; no route leads to it.
    Cors(KeptCors),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptCors {
    pub(super) cors: Cors,
}

#[cfg(test)]
pub(super) mod unit {
    use super::*;
    use crate::apigateway::mark::Whose;
    use proptest::prelude::*;

    pub(in crate::apigateway::http) fn cors(origin: &str) -> Cors {
        Cors {
            origins: vec![origin.to_owned()],
            ..Cors::default()
        }
    }

    #[test]
    fn a_configuration_that_can_not_be_kept_is_refused_and_says_what_to_do() {
        let error = cors(&"x".repeat(1024)).write("set").unwrap_err();
        assert!(error.to_string().contains("remove it"), "{error}");
    }

    proptest! {
        #[test]
        fn what_is_kept_is_put_back(
            credentials: Option<bool>,
            max_age: Option<i32>,
            lists in prop::collection::vec(prop::collection::vec("[ -~]{0,20}", 0..3), 4),
        ) {
            let [headers, methods, origins, exposed] = <[_; 4]>::try_from(lists).unwrap();
            let cors = Cors { credentials, headers, methods, origins, exposed, max_age };
            let text = cors.write("set").unwrap();
            prop_assert_eq!(
                Whose::<Kept>::of(Some(&text)),
                Whose::Ours(Kept::Cors(KeptCors { cors: cors.clone() }))
            );
            prop_assert_eq!(Cors::of(&cors.to_sdk()), cors);
        }
    }
}
