//! What API Gateway answers, as its documents say, from a deployed definition.
//!
//! Written from the developer guide: `apigateway-authorization-flow` (which of resource
//! policy, IAM, Lambda authorizer and Cognito decides first, and tables A and B),
//! `supported-gateway-response-types`, `api-gateway-gatewayResponse-definition` and
//! `apigateway-resource-policies-aws-condition-keys`. What it does not know makes it
//! panic.

use std::collections::BTreeMap;

use deprovision_core::conformance::Reply;
use deprovision_core::time::Timestamp;
use serde_json::Value;

/// What a deployment holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Definition {
    pub(crate) policy: Option<Value>,
    pub(crate) responses: BTreeMap<String, GatewayResponse>,
    pub(crate) methods: Vec<Method>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct GatewayResponse {
    pub(crate) status: Option<u16>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) templates: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Method {
    pub(crate) path: String,
    pub(crate) verb: String,
    pub(crate) authorization: String,
    pub(crate) needs_key: bool,
    /// The headers and the body that the mock integration answers with.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// A request from somewhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request<'a> {
    /// `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE`.
    pub(crate) stage_arn: &'a str,
    pub(crate) verb: &'a str,
    pub(crate) path: &'a str,
    pub(crate) api_key: Option<&'a str>,
    /// What an authorizer, Cognito or IAM thinks of the caller; `None` for a caller
    /// without a token or a signature.
    pub(crate) identity: Option<Decision>,
    pub(crate) source_ip: &'a str,
    pub(crate) accept: Option<&'a str>,
}

/// What a policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Allow,
    Deny,
    Neither,
}

impl Definition {
    pub(crate) fn answer(&self, request: &Request<'_>, keys: &[String], now: Timestamp) -> Reply {
        let refuse = |kind, status, message| self.refuse(kind, status, message, request.accept);
        let method = self
            .methods
            .iter()
            .find(|method| method.path == request.path && method.verb == request.verb);
        let Some(method) = method else {
            return refuse(
                "MISSING_AUTHENTICATION_TOKEN",
                403,
                "Missing Authentication Token",
            );
        };
        let resource = format!("{}/{}{}", request.stage_arn, request.verb, request.path);
        let policy = self
            .policy
            .as_ref()
            .map(|policy| evaluate(policy, &resource, request, now));
        let denied = || {
            refuse(
                "ACCESS_DENIED",
                403,
                "User is not authorized to access this resource",
            )
        };
        match method.authorization.as_str() {
            "NONE" => {
                if !matches!(policy, None | Some(Decision::Allow)) {
                    return denied();
                }
            }
            // "Before calling the Lambda authorizer, API Gateway first evaluates the
            // policy and checks for any explicit denials."
            "CUSTOM" => {
                if policy == Some(Decision::Deny) {
                    return denied();
                }
                let Some(identity) = request.identity else {
                    return refuse("UNAUTHORIZED", 401, "Unauthorized");
                };
                if table_a(identity, policy) != Decision::Allow {
                    return denied();
                }
            }
            // "After authenticating the user with the IAM service, …"
            "AWS_IAM" => {
                let Some(identity) = request.identity else {
                    return refuse(
                        "MISSING_AUTHENTICATION_TOKEN",
                        403,
                        "Missing Authentication Token",
                    );
                };
                if table_a(identity, policy) != Decision::Allow {
                    return denied();
                }
            }
            // "API Gateway first attempts to authenticate the caller through Amazon
            // Cognito. … an explicit allow is required."
            "COGNITO_USER_POOLS" => {
                if request.identity != Some(Decision::Allow) {
                    return refuse("UNAUTHORIZED", 401, "Unauthorized");
                }
                if !matches!(policy, None | Some(Decision::Allow)) {
                    return denied();
                }
            }
            other => panic!("the authorization {other} is not interpreted"),
        }
        if method.needs_key
            && !request
                .api_key
                .is_some_and(|key| keys.iter().any(|it| it == key))
        {
            return refuse("INVALID_API_KEY", 403, "Forbidden");
        }
        let mut headers = BTreeMap::from([("content-type".to_owned(), JSON.to_owned())]);
        headers.extend(method.headers.clone());
        Reply::new(200, headers, method.body.as_bytes())
    }

    fn refuse(&self, kind: &str, status: u16, message: &str, accept: Option<&str>) -> Reply {
        let fallback = if status < 500 {
            "DEFAULT_4XX"
        } else {
            "DEFAULT_5XX"
        };
        // "If the response type is unspecified, this response defaults to the DEFAULT_4XX
        // type" is said of every kind but UNAUTHORIZED.
        let falls_back = kind != "UNAUTHORIZED";
        let set = self.responses.get(kind);
        let set = set.or_else(|| self.responses.get(fallback).filter(|_| falls_back));
        let plain = GatewayResponse {
            templates: BTreeMap::from([(
                JSON.to_owned(),
                r#"{"message":$context.error.messageString}"#.to_owned(),
            )]),
            ..GatewayResponse::default()
        };
        let response = set.unwrap_or(&plain);
        let (media_type, template) = accept
            .and_then(|accept| response.templates.get_key_value(accept))
            .or_else(|| response.templates.get_key_value(JSON))
            .or_else(|| response.templates.iter().next())
            .map_or((JSON, ""), |(key, template)| (key, template));
        let quoted = Value::from(message).to_string();
        let body = template.replace("$context.error.messageString", &quoted);
        assert!(!body.contains('$'), "a variable is left in {body}");
        let mut headers = BTreeMap::from([("content-type".to_owned(), media_type.to_owned())]);
        for (name, value) in &response.parameters {
            let name = name
                .strip_prefix("gatewayresponse.header.")
                .expect("a header");
            headers.insert(name.to_ascii_lowercase(), constant(value));
        }
        Reply::new(response.status.unwrap_or(status), headers, body)
    }
}

const JSON: &str = "application/json";

/// A static value of a mapping.
pub(crate) fn constant(value: &str) -> String {
    let inside = value
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    let inside = inside.unwrap_or_else(|| panic!("{value} is no constant"));
    assert!(!inside.contains('\''), "{value} ends twice");
    inside.to_owned()
}

/// Table A: caller and API in the same account.
fn table_a(identity: Decision, policy: Option<Decision>) -> Decision {
    match (identity, policy.unwrap_or(Decision::Neither)) {
        (Decision::Deny, _) | (_, Decision::Deny) => Decision::Deny,
        (Decision::Allow, _) | (_, Decision::Allow) => Decision::Allow,
        (Decision::Neither, Decision::Neither) => Decision::Neither,
    }
}

/// What a resource policy says of a request.
fn evaluate(policy: &Value, resource: &str, request: &Request<'_>, now: Timestamp) -> Decision {
    let mut decision = Decision::Neither;
    let statements = policy["Statement"]
        .as_array()
        .expect("a list of statements");
    for statement in statements {
        let everybody = statement["Principal"] == "*" || statement["Principal"]["AWS"] == "*";
        assert!(everybody, "{} is not interpreted", statement["Principal"]);
        assert_eq!(statement["Action"], "execute-api:Invoke");
        let concerns = list(&statement["Resource"]).iter().any(|pattern| {
            let api = request
                .stage_arn
                .rsplit_once('/')
                .expect("an API and a stage")
                .0;
            let pattern = pattern.replace("execute-api:/", &format!("{api}/"));
            fits(&pattern, resource)
        });
        if !concerns || !conditions_hold(&statement["Condition"], request, now) {
            continue;
        }
        match statement["Effect"].as_str() {
            Some("Deny") => return Decision::Deny,
            Some("Allow") => decision = Decision::Allow,
            other => panic!("the effect {other:?} is not interpreted"),
        }
    }
    decision
}

fn list(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        other => panic!("{other} is no list of texts"),
    }
}

fn conditions_hold(conditions: &Value, request: &Request<'_>, now: Timestamp) -> bool {
    let Some(kinds) = conditions.as_object() else {
        return true;
    };
    kinds.iter().all(|(kind, keys)| {
        let keys = keys.as_object().expect("keys of a condition");
        keys.iter()
            .all(|(key, wanted)| match (kind.as_str(), key.as_str()) {
                ("DateLessThan", "aws:CurrentTime") => {
                    let until: Timestamp = wanted.as_str().unwrap().parse().expect("a date");
                    now < until
                }
                ("IpAddress", "aws:SourceIp") => list(wanted).contains(&request.source_ip),
                ("NotIpAddress", "aws:SourceIp") => !list(wanted).contains(&request.source_ip),
                other => panic!("the condition {other:?} is not interpreted"),
            })
    })
}

/// `*` stands for any characters.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|after| {
            (0..=after.len()).any(|skipped| after.get(skipped..).is_some_and(|it| fits(rest, it)))
        }),
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    const STAGE: &str = "arn:aws:execute-api:us-east-1:111111111111:abc/prod";

    fn api(authorization: &str, statements: Option<Value>) -> Definition {
        Definition {
            policy: statements.map(|it| json!({ "Version": "2012-10-17", "Statement": it })),
            methods: vec![Method {
                path: "/orders".into(),
                verb: "GET".into(),
                authorization: authorization.into(),
                needs_key: false,
                headers: BTreeMap::new(),
                body: "served".into(),
            }],
            ..Definition::default()
        }
    }

    fn from(source_ip: &str) -> Request<'_> {
        Request {
            stage_arn: STAGE,
            verb: "GET",
            path: "/orders",
            source_ip,
            ..Request::default()
        }
    }

    fn statement(effect: &str, condition: Value) -> Value {
        json!({
            "Effect": effect, "Principal": "*", "Action": "execute-api:Invoke",
            "Resource": "arn:aws:execute-api:us-east-1:111111111111:abc/*",
            "Condition": condition,
        })
    }

    fn status(api: &Definition, request: &Request<'_>) -> u16 {
        api.answer(request, &[], Timestamp::UNIX_EPOCH).status
    }

    #[test]
    fn a_policy_alone_has_to_allow() {
        // The example of "API Gateway resource policy only".
        let allow = statement(
            "Allow",
            json!({ "IpAddress": { "aws:SourceIp": ["192.0.2.1"] } }),
        );
        let api_1 = api("NONE", Some(json!([allow])));
        assert_eq!(status(&api_1, &from("192.0.2.1")), 200);
        assert_eq!(status(&api_1, &from("203.0.113.1")), 403);
        assert_eq!(status(&api("NONE", None), &from("203.0.113.1")), 200);
        let deny = statement(
            "Deny",
            json!({ "NotIpAddress": { "aws:SourceIp": ["192.0.2.1"] } }),
        );
        let only_denies = api("NONE", Some(json!([deny])));
        assert_eq!(
            status(&only_denies, &from("192.0.2.1")),
            403,
            "an implicit denial"
        );
    }

    #[test]
    fn table_a_is_as_documented() {
        use Decision::{Allow, Deny, Neither};
        for (identity, policy, result) in [
            (Allow, Allow, Allow),
            (Allow, Neither, Allow),
            (Allow, Deny, Deny),
            (Neither, Allow, Allow),
            (Neither, Neither, Neither),
            (Neither, Deny, Deny),
            (Deny, Allow, Deny),
            (Deny, Neither, Deny),
            (Deny, Deny, Deny),
        ] {
            assert_eq!(table_a(identity, Some(policy)), result);
        }
    }

    #[test]
    fn a_denial_comes_before_a_lambda_authorizer_and_after_iam_and_cognito() {
        let deny = json!([statement("Deny", Value::Null)]);
        let nobody = from("192.0.2.1");
        for (authorization, without, with) in [
            ("CUSTOM", 401, 403),
            ("AWS_IAM", 403, 403),
            ("COGNITO_USER_POOLS", 401, 401),
        ] {
            assert_eq!(status(&api(authorization, None), &nobody), without);
            assert_eq!(
                status(&api(authorization, Some(deny.clone())), &nobody),
                with
            );
        }
        let unsigned = api("AWS_IAM", Some(deny)).answer(&nobody, &[], Timestamp::UNIX_EPOCH);
        assert_eq!(
            unsigned.body,
            br#"{"message":"Missing Authentication Token"}"#
        );
    }

    #[test]
    fn a_gateway_response_changes_status_headers_and_body() {
        // The example of x-amazon-apigateway-gateway-responses, with a constant header.
        let mut api = api("NONE", None);
        api.methods[0].needs_key = true;
        let invalid = GatewayResponse {
            status: Some(456),
            parameters: BTreeMap::from([("gatewayresponse.header.api-key".into(), "'x'".into())]),
            templates: BTreeMap::from([(JSON.into(), r#"{"message": "Bad api-key" }"#.into())]),
        };
        api.responses.insert("INVALID_API_KEY".into(), invalid);
        let reply = api.answer(&from("192.0.2.1"), &[], Timestamp::UNIX_EPOCH);
        assert_eq!(
            (reply.status, reply.headers["api-key"][0].as_str()),
            (456, "x")
        );
        assert_eq!(reply.body, br#"{"message": "Bad api-key" }"#);
        api.responses.clear();
        let fallback = GatewayResponse {
            status: Some(411),
            templates: BTreeMap::from([(JSON.into(), "{}".into())]),
            ..GatewayResponse::default()
        };
        api.responses.insert("DEFAULT_4XX".into(), fallback);
        assert_eq!(status(&api, &from("192.0.2.1")), 411);
    }

    #[test]
    fn a_date_ends_a_denial() {
        let until = json!({ "DateLessThan": { "aws:CurrentTime": "2027-01-01T00:00:00Z" } });
        let deny = json!([statement("Deny", until), statement("Allow", Value::Null)]);
        let api = api("NONE", Some(deny));
        for (now, status) in [("2026-12-31T23:59:59Z", 403), ("2027-01-01T00:00:00Z", 200)] {
            let reply = api.answer(&from("192.0.2.1"), &[], now.parse().unwrap());
            assert_eq!(reply.status, status, "{now}");
        }
    }
}
