//! What the methods of a REST API say of themselves: who may call, and which headers
//! they put on the answers of a backend.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::{IntegrationType, Method, Resource};
use deprovision_core::provider::{ErrorKind, ProviderError, SunsetNotice};

use crate::apigateway::problem;

/// The headers of a notice.
const HEADERS: [&str; 3] = ["Deprecation", "Link", "Sunset"];

/// One method of the definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MethodSeen {
    pub(super) resource: String,
    pub(super) path: String,
    pub(super) method: String,
    pub(super) authorization: String,
    pub(super) needs_key: bool,
    /// A proxy integration hands out what the backend answers as it is.
    pub(super) is_proxy: bool,
    pub(super) answers: Vec<Answer>,
}

/// One status that a method answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: String,
    /// The headers that the method declares, by lower-case name.
    declared: BTreeSet<String>,
    /// The headers that the integration fills, by lower-case name.
    filled: BTreeMap<String, String>,
}

/// A change of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AnswerChange {
    pub(super) resource: String,
    pub(super) method: String,
    pub(super) status: String,
    /// The headers and what fills them; `None` takes one away.
    pub(super) headers: BTreeMap<&'static str, Option<String>>,
}

impl MethodSeen {
    /// The methods of a resource.
    pub(super) fn all(resource: &Resource) -> Vec<Self> {
        let methods = resource.resource_methods().into_iter().flatten();
        methods
            .map(|(verb, method)| Self::of(resource, verb, method))
            .collect()
    }

    fn of(resource: &Resource, verb: &str, method: &Method) -> Self {
        let integration = method.method_integration();
        let kind = integration.and_then(|integration| integration.r#type());
        let filled = integration
            .and_then(|integration| integration.integration_responses())
            .into_iter()
            .flatten()
            .map(|(status, response)| Answer {
                status: status.clone(),
                declared: method
                    .method_responses()
                    .and_then(|responses| responses.get(status))
                    .and_then(|response| response.response_parameters())
                    .into_iter()
                    .flatten()
                    .filter_map(|(name, _)| header_of(name))
                    .collect(),
                filled: response
                    .response_parameters()
                    .into_iter()
                    .flatten()
                    .filter_map(|(name, value)| Some((header_of(name)?, value.clone())))
                    .collect(),
            });
        let mut answers: Vec<Answer> = filled.collect();
        answers.sort_by(|one, other| one.status.cmp(&other.status));
        Self {
            resource: resource.id().unwrap_or_default().to_owned(),
            path: resource.path().unwrap_or_default().to_owned(),
            method: verb.to_owned(),
            authorization: method.authorization_type().unwrap_or("NONE").to_owned(),
            needs_key: method.api_key_required().unwrap_or(false),
            is_proxy: matches!(
                kind,
                Some(IntegrationType::AwsProxy | IntegrationType::HttpProxy)
            ),
            answers,
        }
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// `method.response.header.X-Name` as `x-name`.
fn header_of(parameter: &str) -> Option<String> {
    let name = parameter.strip_prefix("method.response.header.")?;
    Some(name.to_ascii_lowercase())
}

/// Why API Gateway can not put a notice on every answer. `told` says that a notice of
/// ours is on them already.
pub(super) fn untellable(methods: &[MethodSeen], told: bool) -> Option<String> {
    if let Some(proxy) = methods.iter().find(|method| method.is_proxy) {
        return Some(format!(
            "{} hands out its backend's answers as they are, and API Gateway can put no \
             header on them; let the backend send Deprecation, Sunset and Link (the layer \
             of deprovision-http does) and say so with NoticeBy::Backend",
            proxy.name()
        ));
    }
    let (method, answer) = answers(methods).find(|(_, answer)| !told && answer.has_headers())?;
    Some(format!(
        "{} answers {} with a Deprecation, Sunset or Link of its own; put the \
         notice there, and say so with NoticeBy::Backend",
        method.name(),
        answer.status
    ))
}

/// The changes that put a notice on every answer, or take it away. `told` says that a
/// notice of ours is on them already, so that the three headers are ours.
pub(super) fn telling(
    operation: &str,
    methods: &[MethodSeen],
    notice: Option<&SunsetNotice>,
    told: bool,
) -> Result<Vec<AnswerChange>, ProviderError> {
    let mut changes = Vec::new();
    let Some(notice) = notice else {
        if told {
            for (method, answer) in answers(methods) {
                changes.extend(answer.change(method, |_| None));
            }
        }
        return Ok(changes);
    };
    if let Some(why) = untellable(methods, told) {
        return Err(ProviderError::new(ErrorKind::Unsupported, operation, why));
    }
    let since = problem::constant(operation, &notice.deprecation_header())?;
    let sunset = notice.sunset_header();
    let sunset = sunset.map(|end| problem::constant(operation, &end));
    let sunset = sunset.transpose()?;
    let links = notice.links();
    let links = (!links.is_empty()).then(|| problem::constant(operation, &links.join(", ")));
    let links = links.transpose()?;
    let value = |header: &str| match header {
        "Deprecation" => Some(since.clone()),
        "Sunset" => sunset.clone(),
        _link => links.clone(),
    };
    for (method, answer) in answers(methods) {
        changes.extend(answer.change(method, value));
    }
    Ok(changes)
}

fn answers(methods: &[MethodSeen]) -> impl Iterator<Item = (&MethodSeen, &Answer)> {
    let answers = |method| -> Vec<(&MethodSeen, &Answer)> {
        let method: &MethodSeen = method;
        method
            .answers
            .iter()
            .map(|answer| (method, answer))
            .collect()
    };
    methods.iter().flat_map(answers)
}

impl Answer {
    fn has_headers(&self) -> bool {
        HEADERS.iter().any(|header| {
            let header = header.to_ascii_lowercase();
            self.declared.contains(&header) || self.filled.contains_key(&header)
        })
    }

    fn change(
        &self,
        method: &MethodSeen,
        wanted: impl Fn(&str) -> Option<String>,
    ) -> Option<AnswerChange> {
        let headers: BTreeMap<_, _> = HEADERS
            .iter()
            .filter_map(|header| {
                let now = self.filled.get(&header.to_ascii_lowercase());
                let wanted = wanted(header);
                (now != wanted.as_ref()).then_some((*header, wanted))
            })
            .collect();
        (!headers.is_empty()).then(|| AnswerChange {
            resource: method.resource.clone(),
            method: method.method.clone(),
            status: self.status.clone(),
            headers,
        })
    }

    /// Whether the method declares a header already.
    pub(super) fn declares(&self, header: &str) -> bool {
        self.declared.contains(&header.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use aws_sdk_apigateway::types::{Integration, IntegrationResponse, MethodResponse};
    use deprovision_core::time::Timestamp;

    fn resource(kind: IntegrationType, filled: &[(&str, &str)]) -> Resource {
        let mut declared = MethodResponse::builder().status_code("200");
        let mut response = IntegrationResponse::builder().status_code("200");
        for (name, value) in filled {
            let name = format!("method.response.header.{name}");
            declared = declared.response_parameters(&name, false);
            response = response.response_parameters(name, *value);
        }
        let integration = Integration::builder()
            .r#type(kind)
            .integration_responses("200", response.build())
            .build();
        let method = Method::builder()
            .authorization_type("NONE")
            .method_responses("200", declared.build())
            .method_integration(integration)
            .build();
        Resource::builder()
            .id("r1")
            .path("/orders")
            .resource_methods("GET", method)
            .build()
    }

    fn notice() -> SunsetNotice {
        SunsetNotice::new(Timestamp::from_second(1_688_169_599).unwrap())
    }

    #[test]
    fn a_notice_is_put_on_once_and_taken_away_again() {
        let plain = MethodSeen::all(&resource(IntegrationType::Mock, &[("X-Own", "'1'")]));
        let changes = telling("set", &plain, Some(&notice()), false).unwrap();
        let since = Some("'@1688169599'".to_owned());
        assert_eq!(changes[0].headers, BTreeMap::from([("Deprecation", since)]));
        assert_eq!(telling("set", &plain, None, false).unwrap(), []);
        let told = [("X-Own", "'1'"), ("Deprecation", "'@1688169599'")];
        let told = MethodSeen::all(&resource(IntegrationType::Mock, &told));
        assert_eq!(telling("set", &told, Some(&notice()), true).unwrap(), []);
        let changes = telling("set", &told, None, true).unwrap();
        assert_eq!(changes[0].headers, BTreeMap::from([("Deprecation", None)]));
    }

    #[test]
    fn a_proxy_and_a_header_of_their_own_are_left_alone() {
        for kind in [IntegrationType::AwsProxy, IntegrationType::HttpProxy] {
            let proxy = MethodSeen::all(&resource(kind, &[]));
            let error = telling("set", &proxy, Some(&notice()), false).unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains("GET /orders"), "{error}");
        }
        let own = MethodSeen::all(&resource(IntegrationType::Http, &[("link", "'<a>'")]));
        let error = telling("set", &own, Some(&notice()), false).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unsupported);
        assert_eq!(telling("set", &own, None, false).unwrap(), []);
    }
}
