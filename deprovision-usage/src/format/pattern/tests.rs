use std::borrow::Cow;

use proptest::prelude::*;

use super::{Pattern, PatternError};
use crate::format::Format;
use crate::line::{LinePart, LogLine, Request};

/// nginx.conf as nginx ships it.
const NGINX_MAIN: &str = r#"log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';"#;

/// Envoy, *Access logging*, *Default Format String*.
const ENVOY: &str = r#"[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%""#;

/// AWS, *Access logging for REST APIs*: CLF.
const API_GATEWAY: &str = r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId"#;

fn text(field: &Option<Cow<'_, [u8]>>) -> String {
    String::from_utf8_lossy(field.as_deref().unwrap_or_default()).into_owned()
}

fn call(line: &LogLine<'_>) -> String {
    match &line.request {
        Request::Call { method, target } => format!(
            "{} {}",
            String::from_utf8_lossy(method),
            String::from_utf8_lossy(target)
        ),
        Request::Other(_) => "other".to_owned(),
    }
}

#[test]
fn the_known_patterns_are_those_of_the_servers_documents() {
    let shown = |pattern: &Pattern| {
        let field = |field: &super::read::Field| {
            format!("{} {:?} {:?}", field.name, field.slot, field.end)
                + &String::from_utf8_lossy(field.finder.needle())
        };
        let fields: Vec<String> = pattern.fields.iter().map(field).collect();
        (pattern.begin.clone(), fields)
    };
    for (known, text) in [
        (Pattern::nginx_main(), NGINX_MAIN),
        (Pattern::envoy(), ENVOY),
        (Pattern::api_gateway(), API_GATEWAY),
    ] {
        assert_eq!(shown(&known), shown(&Pattern::compile(text).unwrap()));
    }
}

#[test]
fn nginx_main() {
    let line = br#"10.0.0.7 - - [10/Oct/2026:13:55:36 +0000] "GET /v1/orders?a=\x22b\x22 HTTP/1.1" 200 12 "https://a/" "Mozilla/5.0 \x5C" "203.0.113.9, 10.1.1.1""#;
    let line = Format::nginx_main().parse(line).unwrap();
    assert_eq!(call(&line), "GET /v1/orders?a=\"b\"");
    assert_eq!(line.client.as_ref(), b"10.0.0.7");
    assert_eq!((line.status, line.bytes), (Some(200), Some(12)));
    assert_eq!(text(&line.agent), "Mozilla/5.0 \\");
    assert_eq!(text(&line.referer), "https://a/");
    assert_eq!((&line.user, &line.field), (&None, &None));
}

#[test]
fn the_caller_can_be_any_variable() {
    let format = Format::nginx_main();
    let format = format.with_caller("$http_x_forwarded_for").unwrap();
    let line = br#"10.0.0.7 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 12 "-" "-" "203.0.113.9""#;
    assert_eq!(text(&format.parse(line).unwrap().field), "203.0.113.9");
    let format = Format::pattern("$time_iso8601 $request_method $request_uri $http_x_client");
    let format = format.unwrap().with_caller("http_x_client").unwrap();
    let line = format.parse(b"2026-10-10T13:55:36Z GET /a shop-7").unwrap();
    assert_eq!(
        (call(&line), text(&line.field)),
        ("GET /a".into(), "shop-7".into())
    );
    let error = format.with_caller("http_x_clint").unwrap_err().to_string();
    assert!(error.contains("$http_x_client"), "{error}");
}

#[test]
fn envoy() {
    // Envoy, "Access logging", example of the default format.
    let line = br#"[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80""#;
    let line = Format::envoy().parse(line).unwrap();
    assert_eq!(call(&line), "POST /api/v1/locations");
    assert_eq!(line.at.to_string(), "2016-04-15T20:17:00.31Z");
    assert_eq!(line.client.as_ref(), b"10.0.35.28");
    assert_eq!(text(&line.host), "locations");
    assert_eq!(text(&line.agent), "nsq2http");
    assert_eq!((line.status, line.bytes), (Some(204), Some(0)));
    // No request, no answer: a client that went away.
    let line = br#"[2016-04-15T20:17:00.310Z] "- - -" 0 DC 0 0 1 - "203.0.113.9,10.0.35.28" "-" "-" "-" "-""#;
    let line = Format::envoy().parse(line).unwrap();
    assert_eq!((call(&line), line.status), ("other".into(), None));
    assert_eq!(line.client.as_ref(), b"10.0.35.28");
    assert_eq!(line.host, None);
}

#[test]
fn envoys_own_notation_with_arguments_and_lengths() {
    let format = Format::pattern(
        "%START_TIME(%s.%3f)% %DOWNSTREAM_REMOTE_ADDRESS% %REQ(:METHOD)% %REQ(:PATH):200% 100%% %RESPONSE_CODE%",
    );
    let line = b"1791640536.250 [2001:db8::1]:443 GET /v1 100% 503";
    let format = format.unwrap();
    let line = format.parse(line).unwrap();
    assert_eq!(line.at.to_string(), "2026-10-10T13:55:36.25Z");
    assert_eq!(line.client.as_ref(), b"2001:db8::1");
    assert_eq!(line.status, Some(503));
}

#[test]
fn api_gateway_in_both_of_its_formats() {
    let format = Format::api_gateway();
    let clf = br#"127.0.0.1 AIDAEXAMPLE arn-like [10/Oct/2026:13:55:36 +0000] "GET /orders/{id} HTTP/1.1" 200 58 c6af9ac6-7b61-11e6-9a41-93e8deadbeef"#;
    let line = format.parse(clf).unwrap();
    assert_eq!(call(&line), "GET /orders/{id}");
    assert_eq!(
        (text(&line.subject), text(&line.user)),
        ("AIDAEXAMPLE".into(), "arn-like".into())
    );
    let json = br#"{"requestTime":"10/Oct/2026:13:55:36 +0000","httpMethod":"GET","resourcePath":"/orders/{id}","ip":"127.0.0.1"}"#;
    assert_eq!(call(&format.parse(json).unwrap()), "GET /orders/{id}");
}

#[test]
fn escapes_are_those_of_the_pattern() {
    let body = r#"{"t":"$msec","r":"$request","a":"$http_user_agent"}"#;
    let json = Format::pattern(&format!("escape=json {body}")).unwrap();
    let line = br#"{"t":"1791640536.250","r":"GET /a\"b\u00e4 HTTP/1.1","a":""}"#;
    let line = json.parse(line).unwrap();
    assert_eq!(call(&line), "GET /a\"bä");
    assert_eq!(line.agent, None);
    let none = Format::pattern(r#"escape=none [$time_iso8601] "$request" "$http_user_agent""#);
    let line = br#"[2026-10-10T13:55:36Z] "GET /a\x22 HTTP/1.1" "say "hi" \""#;
    let format = none.unwrap();
    let line = format.parse(line).unwrap();
    assert_eq!(
        (call(&line), text(&line.agent)),
        ("GET /a\\x22".into(), "say \"hi\" \\".into())
    );
}

#[test]
fn a_host_and_the_target_behind_it_are_told_apart() {
    let format = Format::pattern("$msec $request_method $scheme://$host$request_uri $status");
    let format = format.unwrap();
    let line = format
        .parse(b"1791640536.000 GET https://shop.example/v1?u=/x 200")
        .unwrap();
    assert_eq!(
        (call(&line), text(&line.host)),
        ("GET /v1?u=/x".into(), "shop.example".into())
    );
}

#[test]
fn a_user_can_not_pose_as_a_time() {
    let format = Format::pattern(r#"$remote_user [$time_local] "$request" $status"#).unwrap();
    let line = br#"a [b [10/Oct/2000] c [10/Oct/2026:13:55:36 +0000] "GET /v1 HTTP/1.1" 200"#;
    let line = format.parse(line).unwrap();
    assert_eq!(line.at.to_string(), "2026-10-10T13:55:36Z");
    assert_eq!(text(&line.user), "a [b [10/Oct/2000] c");
    // With two whole times nothing tells it from two lines in one.
    let line =
        br#"a [10/Oct/2000:00:00:00 +0000] c [10/Oct/2026:13:55:36 +0000] "GET /v1 HTTP/1.1" 200"#;
    let error = format.parse(line).unwrap_err();
    assert_eq!((error.part(), error.request()), (LinePart::Line, None));
    assert_eq!(error.at().unwrap().to_string(), "2026-10-10T13:55:36Z");
}

#[test]
fn a_broken_line_says_where_and_keeps_what_came_before() {
    let format = Format::nginx_main();
    let good = r#"10.0.0.7 - - [10/Oct/2026:13:55:36 +0000] "GET /v1?token=s3cret HTTP/1.1" 200 12 "-" "curl" "-""#;
    let to = |needle: &str| &good[..good.find(needle).unwrap()];
    assert!(format.parse(format!("{good}\r").as_bytes()).is_ok());
    for (line, part, time, request) in [
        ("", LinePart::Client, false, false),
        ("10.0.0.7 - -", LinePart::User, false, false),
        (to("HTTP"), LinePart::Request, true, false),
        (to("00 12"), LinePart::Status, true, false),
        (to("2 \"-\""), LinePart::Size, true, true),
        (to("-\" \"curl"), LinePart::Referer, true, true),
        (to("rl\""), LinePart::Agent, true, true),
        (&format!("{good} more"), LinePart::Line, true, true),
        (
            &good.replace(" 200 ", " 2000 "),
            LinePart::Status,
            true,
            false,
        ),
        (&good.replace(" 12 ", " 1x "), LinePart::Size, true, true),
        (
            &good.replace("/Oct/", "/Okt/"),
            LinePart::User,
            false,
            false,
        ),
    ] {
        let error = format.parse(line.as_bytes()).unwrap_err();
        assert_eq!(error.part(), part, "{line}");
        assert_eq!(error.at().is_some(), time, "{line}");
        assert_eq!(error.request().is_some(), request, "{line}");
        assert!(!format!("{error} {error:?} {:?}", error.request()).contains("s3cret"));
    }
}

#[test]
fn i_9_two_lines_in_one_do_not_tell_which_request_it_was() {
    let one =
        r#"10.0.0.7 - - [10/Oct/2026:13:55:36 +0000] "GET /v2 HTTP/1.1" 200 12 "-" "curl" "-""#;
    let two =
        r#"10.0.0.8 - - [10/Oct/2026:13:55:37 +0000] "GET /v1 HTTP/1.1" 200 12 "-" "curl" "-""#;
    for cut in 0..one.len() {
        for begin in 0..two.len() {
            let both = format!("{}{}", &one[..cut], &two[begin..]);
            let has_second = both.contains("GET /v1 HTTP/1.1\"");
            let request = match Format::nginx_main().parse(both.as_bytes()) {
                Err(error) => error.request().cloned(),
                Ok(line) => Some(line.request.into_owned()),
            };
            let is_other = request.is_some_and(|request| match request {
                Request::Call { target, .. } => !target.ends_with(b"/v1"),
                Request::Other(_) => true,
            });
            assert!(!(has_second && is_other), "{both}");
        }
    }
}

#[test]
fn what_is_no_pattern_says_what_to_do() {
    for (pattern, wanted) in [
        ("", "no time"),
        ("$time_local", "no request"),
        ("$time_local $request_uri", "no request"),
        ("$time_local $status$request", "$status and $request"),
        ("$time_local $", "byte 12"),
        ("${time_local $request", "byte 0"),
        ("%START_TIME", "byte 0"),
        ("%START_TIME% %REQ(:METHOD%", "byte 13"),
        ("log_format main", "behind its name"),
        ("log_format main escape=xml '$request';", "escape="),
        ("log_format main '$request", "does not close"),
        ("log_format main $request;", "not in quotes"),
    ] {
        let error = Format::pattern(pattern).unwrap_err().to_string();
        assert!(error.contains(wanted), "{pattern}: {error}");
    }
    let error = Pattern::compile("$a$time_local $request").unwrap_err();
    assert!(matches!(error, PatternError::Adjacent { .. }));
}

proptest! {
    #[test]
    fn no_text_makes_the_compiler_panic(text in any::<String>()) {
        let _ = Format::pattern(&text);
    }

    #[test]
    fn no_pattern_and_no_bytes_make_the_reader_panic(
        pieces in prop::collection::vec(prop_oneof![
            Just("$time_local"), Just("$request"), Just("$remote_user"), Just("\""), Just(" ["), Just("] "),
            Just("/"), Just("$request_uri"), Just("$request_method"), Just(" "), Just("$status"), Just("$$"), Just("%"),
            Just("%START_TIME%"), Just("(%"), Just("log_format a '"), Just("';"), Just("\\"),
        ], 0..12),
        bytes in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        if let Ok(format) = Format::pattern(&pieces.concat()) {
            let _ = format.parse(&bytes);
        }
        for format in [Format::nginx_main(), Format::envoy(), Format::api_gateway()] {
            let _ = format.parse(&bytes);
        }
    }

    #[test]
    fn the_combined_reader_and_the_pattern_see_the_same(
        user in "[a-z \\[\\]]{1,12}x", path in "[!-~]{0,20}", agent in "[ -~]{1,20}", status in 100u16..1000,
    ) {
        let escape = |text: &str| text.replace('\\', "\\x5C").replace('"', "\\x22");
        let line = format!(
            "10.0.0.7 - {user} [10/Oct/2026:13:55:36 +0000] \"GET /{} HTTP/1.1\" {status} 1 \"-\" \"{}\"",
            escape(&path), escape(&agent),
        );
        let pattern = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;
        let pattern = Format::pattern(pattern).unwrap();
        let combined = Format::combined();
        prop_assert_eq!(pattern.parse(line.as_bytes()), combined.parse(line.as_bytes()));
    }
}
