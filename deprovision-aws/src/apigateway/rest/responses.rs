//! The gateway responses of a REST API: what it answers by itself, without a backend.
//! They hold for the whole API, and that is one reason why it closes as a whole.
//!
//! This file is long by its tests: what a response of ours keeps is private to it.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::GatewayResponse;
use deprovision_core::provider::{GoneNotice, PathState, ProviderError, SunsetNotice};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::apigateway::problem;

/// The template in which what was there before is kept. Everybody who calls may read a
/// gateway response, so nothing is shown here that was not shown before.
const KEPT: &str = "application/vnd.deprovision.before+json";
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
/// What API Gateway answers where nobody says otherwise.
const PLAIN: &str = r#"{"message":$context.error.messageString}"#;

/// What a denied caller gets, and every kind of refusal that a caller of a closed API
/// may still meet: `DEFAULT_4XX` stands for all kinds that have no response of their
/// own, but AWS does not say so of `UNAUTHORIZED`
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>).
const CLOSED: [&str; 3] = ["ACCESS_DENIED", "DEFAULT_4XX", "UNAUTHORIZED"];
/// Where a notice is told.
const TOLD: [&str; 3] = ["DEFAULT_4XX", "DEFAULT_5XX", "UNAUTHORIZED"];
/// The kinds that are failures of the server.
const FAILURES: [&str; 6] = [
    "DEFAULT_5XX",
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
];

/// The gateway responses that somebody set, by their type.
pub(super) type Responses = BTreeMap<String, Response>;

/// One gateway response.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    pub(super) status: Option<String>,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) templates: BTreeMap<String, String>,
}

/// What a response of ours keeps.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    before: Option<Response>,
    /// The headers of a notice on the integration responses are ours as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    answers: bool,
}

impl Response {
    /// Reads what AWS gives.
    pub(super) fn read(given: &GatewayResponse) -> Self {
        let map = |map: Option<&std::collections::HashMap<String, String>>| {
            let pairs = map.into_iter().flatten();
            pairs.map(|(k, v)| (k.clone(), v.clone())).collect()
        };
        Self {
            status: given.status_code().map(str::to_owned),
            parameters: map(given.response_parameters()),
            templates: map(given.response_templates()),
        }
    }

    /// What was there before ours; `None` when it is not ours.
    fn before(&self) -> Option<Option<Self>> {
        let kept = self.templates.get(KEPT)?;
        // Ours with a text that can not be read: there is nothing to put back.
        Some(serde_json::from_str::<Kept>(kept).map_or(None, |kept| kept.before))
    }

    fn is_ours(&self) -> bool {
        self.templates.contains_key(KEPT)
    }

    fn keeping(mut self, before: Option<Self>, answers: bool) -> Self {
        // An option of strings and maps of strings: this can not fail.
        let kept = serde_json::to_value(Kept { before, answers }).unwrap_or(Value::Null);
        self.templates
            .insert(KEPT.to_owned(), problem::template(&kept));
        self
    }
}

/// Whether a notice or a closing of ours is among them.
pub(super) fn has_ours(current: &Responses) -> bool {
    current.values().any(Response::is_ours)
}

/// Whether a notice of ours is on the integration responses, so that its headers there
/// are ours.
pub(super) fn answers_tell(current: &Responses) -> bool {
    let kept = current.values().filter_map(|it| it.templates.get(KEPT));
    let mut kept = kept.filter_map(|kept| serde_json::from_str::<Kept>(kept).ok());
    kept.any(|kept| kept.answers)
}

/// What there would be without us.
pub(super) fn of_others(current: &Responses) -> Responses {
    current
        .iter()
        .filter_map(|(kind, response)| {
            let theirs = match response.before() {
                Some(before) => before?,
                None => response.clone(),
            };
            Some((kind.clone(), theirs))
        })
        .collect()
}

/// The responses of an API that is set so. `answers` says that its notice is put on the
/// integration responses as well.
pub(super) fn wanted(
    operation: &str,
    others: &Responses,
    state: &PathState,
    answers: bool,
) -> Result<Responses, ProviderError> {
    let mut wanted = others.clone();
    match state {
        PathState::Open { notice: None } => {}
        PathState::Open {
            notice: Some(notice),
        } => tell(operation, others, notice, answers, &mut wanted)?,
        PathState::BrownOut { until, notice } => {
            if let Some(notice) = notice {
                tell(operation, others, notice, answers, &mut wanted)?;
            }
            let links = notice.as_ref().map(SunsetNotice::links).unwrap_or_default();
            let mut headers = link_header(operation, &links)?;
            if let Some(notice) = notice {
                headers.extend(dates(operation, notice)?);
            }
            let document = problem::brown_out(*until, notice.as_ref());
            put_gone(others, &["ACCESS_DENIED"], &document, &headers, &mut wanted);
        }
        PathState::Closed { notice } => close(operation, others, notice, &mut wanted)?,
    }
    Ok(wanted)
}

fn close(
    operation: &str,
    others: &Responses,
    notice: &GoneNotice,
    wanted: &mut Responses,
) -> Result<(), ProviderError> {
    let headers = link_header(operation, &notice.links())?;
    let kinds: Vec<&str> = others
        .keys()
        .map(String::as_str)
        .filter(|kind| !FAILURES.contains(kind))
        .chain(CLOSED)
        .collect();
    put_gone(others, &kinds, &problem::gone(notice), &headers, wanted);
    Ok(())
}

fn put_gone(
    others: &Responses,
    kinds: &[&str],
    document: &Value,
    headers: &BTreeMap<String, String>,
    wanted: &mut Responses,
) {
    for kind in kinds {
        let before = others.get(*kind).cloned();
        let mut parameters = headers.clone();
        parameters.insert(header("Content-Type"), format!("'{PROBLEM}'"));
        parameters.insert(header("Cache-Control"), "'no-store'".to_owned());
        // Browsers read no answer without these.
        let cors = before.iter().flat_map(|before| &before.parameters);
        for (name, value) in cors.filter(|(name, _)| is_of_cors(name)) {
            parameters.insert(name.clone(), value.clone());
        }
        // API Gateway picks a template by what the caller accepts: both are the same.
        let body = problem::template(document);
        let templates =
            BTreeMap::from([(JSON.to_owned(), body.clone()), (PROBLEM.to_owned(), body)]);
        let gone = Response {
            status: Some("410".to_owned()),
            parameters,
            templates,
        };
        wanted.insert((*kind).to_owned(), gone.keeping(before, false));
    }
}

/// Puts the notice on everything that the gateway answers by itself.
fn tell(
    operation: &str,
    others: &Responses,
    notice: &SunsetNotice,
    answers: bool,
    wanted: &mut Responses,
) -> Result<(), ProviderError> {
    let headers = notice_headers(operation, notice)?;
    let kinds = others.keys().map(String::as_str).chain(TOLD);
    for kind in kinds {
        let before = others.get(kind).cloned();
        let mut told = before.clone().unwrap_or_else(|| Response {
            status: (kind == "UNAUTHORIZED").then(|| "401".to_owned()),
            parameters: BTreeMap::new(),
            templates: BTreeMap::from([(JSON.to_owned(), PLAIN.to_owned())]),
        });
        for (name, value) in &headers {
            let own = told.parameters.get(name).cloned();
            let value = match own.as_deref().and_then(inside_of_constant) {
                // Links are a list; a date of theirs gives way.
                Some(own) if *name == header("Link") => {
                    let ours = inside_of_constant(value).unwrap_or_default();
                    format!("'{own}, {ours}'")
                }
                Some(_) | None => value.clone(),
            };
            told.parameters.insert(name.clone(), value);
        }
        wanted.insert(kind.to_owned(), told.keeping(before, answers));
    }
    Ok(())
}

/// The notice as headers of gateway responses.
fn notice_headers(
    operation: &str,
    notice: &SunsetNotice,
) -> Result<BTreeMap<String, String>, ProviderError> {
    let mut headers = dates(operation, notice)?;
    headers.extend(link_header(operation, &notice.links())?);
    Ok(headers)
}

fn dates(
    operation: &str,
    notice: &SunsetNotice,
) -> Result<BTreeMap<String, String>, ProviderError> {
    let since = problem::constant(operation, &notice.deprecation_header())?;
    let mut headers = BTreeMap::from([(header("Deprecation"), since)]);
    if let Some(end) = notice.sunset_header() {
        headers.insert(header("Sunset"), problem::constant(operation, &end)?);
    }
    Ok(headers)
}

fn link_header(
    operation: &str,
    links: &[String],
) -> Result<BTreeMap<String, String>, ProviderError> {
    if links.is_empty() {
        return Ok(BTreeMap::new());
    }
    let links = problem::constant(operation, &links.join(", "))?;
    Ok(BTreeMap::from([(header("Link"), links)]))
}

fn header(name: &str) -> String {
    format!("gatewayresponse.header.{name}")
}

fn inside_of_constant(value: &str) -> Option<&str> {
    value.strip_prefix('\'')?.strip_suffix('\'')
}

fn is_of_cors(parameter: &str) -> bool {
    let prefix = "gatewayresponse.header.access-control-";
    parameter.to_ascii_lowercase().starts_with(prefix)
}

#[cfg(test)]
mod unit {
    use super::*;
    use deprovision_core::time::Timestamp;
    use proptest::prelude::*;

    fn theirs() -> Responses {
        let response = |status: &str, parameter: (&str, &str), body: &str| Response {
            status: Some(status.to_owned()),
            parameters: BTreeMap::from([(parameter.0.to_owned(), parameter.1.to_owned())]),
            templates: BTreeMap::from([(JSON.to_owned(), body.to_owned())]),
        };
        Responses::from([
            (
                "ACCESS_DENIED".to_owned(),
                response(
                    "403",
                    ("gatewayresponse.header.Access-Control-Allow-Origin", "'*'"),
                    "{\"message\":\"$context.error.message\"}",
                ),
            ),
            (
                "THROTTLED".to_owned(),
                response(
                    "429",
                    ("gatewayresponse.header.Link", "'</slow>; rel=\"help\"'"),
                    "{}",
                ),
            ),
            (
                "INTEGRATION_TIMEOUT".to_owned(),
                response("504", ("a", "b"), "{}"),
            ),
        ])
    }

    fn notice() -> SunsetNotice {
        let mut notice = SunsetNotice::new(Timestamp::from_second(1_688_169_599).unwrap());
        notice.successor = Some("https://api.example.com/v2".into());
        notice
    }

    fn states() -> [PathState; 3] {
        let until = Timestamp::from_second(2_000_000_000).unwrap();
        [
            PathState::Open {
                notice: Some(notice()),
            },
            PathState::BrownOut {
                until,
                notice: Some(notice()),
            },
            PathState::Closed {
                notice: GoneNotice::new("Orders"),
            },
        ]
    }

    #[test]
    fn what_was_there_before_comes_back_from_every_state() {
        for state in states() {
            let set = wanted("set", &theirs(), &state, true).unwrap();
            assert!(has_ours(&set));
            assert_eq!(of_others(&set), theirs(), "{state:?}");
            for next in states() {
                // Set twice over: what is kept is theirs, not ours.
                let set = wanted("set", &of_others(&set), &next, true).unwrap();
                assert_eq!(of_others(&set), theirs());
            }
        }
        assert_eq!(
            of_others(&wanted("set", &Responses::new(), &states()[2], true).unwrap()),
            Responses::new()
        );
    }

    #[test]
    fn a_closed_api_answers_410_to_every_kind_of_refusal() {
        let set = wanted("set", &theirs(), &states()[2], true).unwrap();
        for kind in ["ACCESS_DENIED", "DEFAULT_4XX", "UNAUTHORIZED", "THROTTLED"] {
            let response = &set[kind];
            assert_eq!(response.status.as_deref(), Some("410"), "{kind}");
            let body: Value = serde_json::from_str(&response.templates[JSON]).unwrap();
            assert_eq!(body["status"], 410);
            assert_eq!(response.templates[PROBLEM], response.templates[JSON]);
        }
        assert_eq!(set["INTEGRATION_TIMEOUT"], theirs()["INTEGRATION_TIMEOUT"]);
        let cors = "gatewayresponse.header.Access-Control-Allow-Origin";
        assert_eq!(set["ACCESS_DENIED"].parameters[cors], "'*'");
    }

    #[test]
    fn a_brown_out_changes_what_the_denied_get_and_nothing_else() {
        let PathState::BrownOut { until, .. } = states()[1] else {
            panic!("the second state is a brown-out")
        };
        let state = PathState::BrownOut {
            until,
            notice: None,
        };
        let set = wanted("set", &theirs(), &state, true).unwrap();
        let changed: Vec<&String> = set
            .iter()
            .filter(|(kind, response)| theirs().get(*kind) != Some(response))
            .map(|(kind, _)| kind)
            .collect();
        assert_eq!(changed, ["ACCESS_DENIED"]);
    }

    #[test]
    fn a_notice_keeps_status_body_and_links_of_theirs() {
        let set = wanted("set", &theirs(), &states()[0], true).unwrap();
        let slow = &set["THROTTLED"];
        assert_eq!(slow.status.as_deref(), Some("429"));
        assert_eq!(slow.templates[JSON], "{}");
        assert_eq!(
            slow.parameters["gatewayresponse.header.Link"],
            "'</slow>; rel=\"help\", <https://api.example.com/v2>; rel=\"successor-version\"'"
        );
        assert_eq!(
            set["DEFAULT_4XX"].status, None,
            "each kind keeps its own status"
        );
        assert_eq!(set["DEFAULT_5XX"].templates[JSON], PLAIN);
    }

    #[test]
    fn a_url_that_could_end_a_constant_is_refused() {
        let mut notice = GoneNotice::new("Orders");
        notice.successor = Some("https://api.example.com/'/v2".into());
        let state = PathState::Closed { notice };
        assert!(wanted("set", &theirs(), &state, true).is_err());
    }

    proptest! {
        #[test]
        fn any_response_of_theirs_is_kept(
            status in proptest::option::of("[45][0-9]{2}"),
            body in ".{0,40}",
            value in ".{0,20}",
            kind in "(ACCESS_DENIED|DEFAULT_4XX|THROTTLED|SOMETHING_NEW|INTEGRATION_FAILURE)",
        ) {
            let response = Response {
                status,
                parameters: BTreeMap::from([("gatewayresponse.header.X".to_owned(), value)]),
                templates: BTreeMap::from([(JSON.to_owned(), body)]),
            };
            let theirs = Responses::from([(kind, response)]);
            for state in states() {
                let set = wanted("set", &theirs, &state, true).unwrap();
                prop_assert_eq!(of_others(&set), theirs.clone());
            }
        }
    }
}
