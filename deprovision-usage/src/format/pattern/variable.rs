//! What the variables of the servers mean.

use crate::format::draft::Slot;

/// The part of a record that a variable is, with its rank among the variables that
/// are the same part: the lowest that a pattern has is taken. `None` for those that
/// nobody needs.
///
/// Sources: nginx, `ngx_http_core_module` and `ngx_http_log_module`; Envoy, *Access
/// logging*, command operators; AWS, *Variables for access logging for API Gateway*.
pub(super) fn slot(name: &str) -> Option<(Slot, u8)> {
    let operator = name
        .strip_prefix('%')
        .map(|name| name.trim_end_matches('%'));
    match operator {
        Some(operator) => envoy(operator),
        None => match name.strip_prefix("$context.") {
            Some(name) => api_gateway(name),
            None => nginx(name.trim_start_matches('$')),
        },
    }
}

fn nginx(name: &str) -> Option<(Slot, u8)> {
    Some(match name {
        "time_iso8601" => (Slot::Time, 0),
        "time_local" => (Slot::Time, 1),
        "msec" => (Slot::Time, 2),
        "request" => (Slot::Request, 0),
        "request_method" => (Slot::Method, 0),
        "request_uri" => (Slot::Target, 0),
        // What is left of the target after rewriting.
        "uri" => (Slot::Target, 1),
        "document_uri" => (Slot::Target, 2),
        "http_host" => (Slot::Host, 0),
        "host" => (Slot::Host, 1),
        "server_name" => (Slot::Host, 2),
        "status" => (Slot::Status, 0),
        "body_bytes_sent" => (Slot::Bytes, 0),
        "bytes_sent" => (Slot::Bytes, 1),
        "remote_addr" => (Slot::Client, 0),
        "http_x_forwarded_for" => (Slot::Forwarded, 0),
        "proxy_add_x_forwarded_for" => (Slot::Forwarded, 1),
        "remote_user" => (Slot::User, 0),
        "http_referer" => (Slot::Referer, 0),
        "http_user_agent" => (Slot::Agent, 0),
        _ => return None,
    })
}

fn envoy(operator: &str) -> Option<(Slot, u8)> {
    let (name, argument) = match operator.split_once('(') {
        Some((name, rest)) => (name, rest.rsplit_once(')').map_or(rest, |(rest, _)| rest)),
        None => (operator, ""),
    };
    let argument = argument.to_ascii_uppercase();
    Some(match (name, argument.as_str()) {
        ("START_TIME", _) => (Slot::Time, 0),
        ("REQ", ":METHOD") => (Slot::Method, 0),
        ("REQ", "X-ENVOY-ORIGINAL-PATH?:PATH") => (Slot::Target, 0),
        ("REQ", ":PATH") => (Slot::Target, 1),
        ("PATH", _) => (Slot::Target, 2),
        ("REQ", ":AUTHORITY") => (Slot::Host, 0),
        ("RESPONSE_CODE", "") => (Slot::Status, 0),
        ("BYTES_SENT", "") => (Slot::Bytes, 0),
        ("DOWNSTREAM_REMOTE_ADDRESS" | "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", _) => {
            (Slot::Client, 0)
        }
        (
            "DOWNSTREAM_DIRECT_REMOTE_ADDRESS" | "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
            _,
        ) => (Slot::Client, 1),
        ("REQ", "X-FORWARDED-FOR") => (Slot::Forwarded, 0),
        ("DOWNSTREAM_PEER_SUBJECT", _) => (Slot::Subject, 0),
        ("REQ", "REFERER") => (Slot::Referer, 0),
        ("REQ", "USER-AGENT") => (Slot::Agent, 0),
        _ => return None,
    })
}

fn api_gateway(name: &str) -> Option<(Slot, u8)> {
    Some(match name {
        "requestTime" => (Slot::Time, 0),
        "requestTimeEpoch" => (Slot::Time, 1),
        "httpMethod" => (Slot::Method, 0),
        "path" => (Slot::Target, 0),
        // The route's template: what was asked for is not known better.
        "resourcePath" => (Slot::Target, 1),
        "routeKey" => (Slot::Route, 0),
        "domainName" => (Slot::Host, 0),
        "status" => (Slot::Status, 0),
        "responseLength" => (Slot::Bytes, 0),
        "identity.sourceIp" => (Slot::Client, 0),
        "identity.user" => (Slot::User, 0),
        "identity.apiKeyId" => (Slot::Key, 0),
        "authorizer.claims.sub" => (Slot::Subject, 0),
        "authorizer.principalId" => (Slot::Subject, 1),
        "identity.userArn" => (Slot::Subject, 2),
        "identity.caller" => (Slot::Subject, 3),
        "identity.userAgent" => (Slot::Agent, 0),
        _ => return None,
    })
}

/// Whether the variable is the protocol, which ends a request line.
pub(super) fn is_protocol(name: &str) -> bool {
    matches!(
        name,
        "%PROTOCOL%" | "$context.protocol" | "$server_protocol"
    )
}
