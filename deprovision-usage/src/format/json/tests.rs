use std::borrow::Cow;

use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::scan::{Fault, Scanner};
use super::text::{special, unescape};
use super::tree::{Growing, Tree};
use super::{JsonField, JsonFields, JsonFieldsError};
use crate::format::Format;
use crate::format::draft::{Draft, Slot};
use crate::line::{LinePart, LogLine, Request};

fn usual<'a>(line: &'a str) -> LogLine<'a> {
    let format = Format::json_lines(JsonFields::usual());
    // What the line gives borrows from it, not from the format.
    format.parse(line.as_bytes()).unwrap()
}

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
fn caddy() {
    // Caddy, "How Logging Works": an access log entry, on one line.
    let line = usual(
        r#"{"level":"info","ts":1646861401.5241024,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"127.0.0.1","remote_port":"41342","client_ip":"127.0.0.1","proto":"HTTP/2.0","method":"GET","host":"localhost","uri":"/v1/orders?a=1","headers":{"User-Agent":["curl/7.82.0"],"Accept":["*/*"],"Referer":[]},"tls":{"resumed":false,"version":772}},"bytes_read":0,"user_id":"","duration":0.000929675,"size":10900,"status":200,"resp_headers":{"Server":["Caddy"]}}"#,
    );
    assert_eq!(call(&line), "GET /v1/orders?a=1");
    assert_eq!(line.at.to_string(), "2022-03-09T21:30:01.5241024Z");
    assert_eq!(line.client.as_ref(), b"127.0.0.1");
    assert_eq!(text(&line.host), "localhost");
    assert_eq!((line.status, line.bytes), (Some(200), Some(10900)));
    assert_eq!(text(&line.agent), "curl/7.82.0");
    assert_eq!((line.user, line.referer), (None, None));
}

#[test]
fn traefik() {
    // Traefik, "Logs and Access Logs": the fields of format json.
    let line = usual(
        r#"{"ClientAddr":"10.0.0.7:54321","ClientHost":"10.0.0.7","ClientUsername":"-","DownstreamContentSize":13,"DownstreamStatus":410,"Duration":1200000,"RequestAddr":"shop.example","RequestHost":"shop.example","RequestMethod":"PATCH","RequestPath":"/v1/orders/7","RequestProtocol":"HTTP/1.1","StartUTC":"2026-10-10T13:55:36.1Z","level":"info","request_User-Agent":"okhttp/4","time":"2026-10-10T13:55:37Z"}"#,
    );
    assert_eq!(call(&line), "PATCH /v1/orders/7");
    assert_eq!(line.at.to_string(), "2026-10-10T13:55:37Z");
    assert_eq!(line.client.as_ref(), b"10.0.0.7");
    assert_eq!(text(&line.host), "shop.example");
    assert_eq!((line.status, line.bytes), (Some(410), Some(13)));
    assert_eq!(text(&line.agent), "okhttp/4");
    assert_eq!(line.user, None);
}

#[test]
fn istio_and_envoy() {
    // Istio, "Envoy Access Logs": an entry with accessLogEncoding JSON.
    let line = usual(
        r#"{"authority":"httpbin:8000","bytes_received":0,"bytes_sent":135,"downstream_local_address":"10.102.135.20:8000","downstream_remote_address":"10.244.0.5:43160","duration":5,"method":"GET","path":"/status/418","protocol":"HTTP/1.1","request_id":"84961386","response_code":418,"response_flags":"-","start_time":"2020-11-25T21:26:18.409Z","upstream_host":"10.44.1.27:80","user_agent":"curl/7.73.0-DEV","x_forwarded_for":null}"#,
    );
    assert_eq!(call(&line), "GET /status/418");
    assert_eq!(line.client.as_ref(), b"10.244.0.5");
    assert_eq!(text(&line.host), "httpbin:8000");
    assert_eq!((line.status, line.bytes), (Some(418), Some(135)));
}

#[test]
fn nginx_and_api_gateway() {
    let line = usual(
        r#"{"time_local":"10/Oct/2026:13:55:36 +0000","remote_addr":"::1","remote_user":"o\"neil","request":"GET /v1/\u00e4 HTTP/1.1","status":"404","body_bytes_sent":"0","request_time":"0.003","http_referrer":"","http_user_agent":"curl/8"}"#,
    );
    assert_eq!(call(&line), "GET /v1/ä");
    assert_eq!(text(&line.user), "o\"neil");
    assert_eq!(line.status, Some(404));
    // AWS, "Access logging for REST APIs": the JSON example, with values.
    let line = usual(
        r#"{ "requestId":"c6af9ac6", "ip": "127.0.0.1", "caller":"-", "user":"-", "requestTime":"10/Oct/2026:13:55:36 +0000", "httpMethod":"GET", "resourcePath":"/orders/{id}", "status":"304", "protocol":"HTTP/1.1", "responseLength":"0" }"#,
    );
    assert_eq!(call(&line), "GET /orders/{id}");
    assert_eq!((line.user, line.subject), (None, None));
    // "Configure logging for HTTP APIs": the example names no path.
    let line = usual(
        r#"{"requestId":"e","ip":"127.0.0.1","requestTime":"10/Oct/2026:13:55:36 +0000","httpMethod":"GET","routeKey":"GET /orders/{id}","status":"200","protocol":"HTTP/1.1","responseLength":"58"}"#,
    );
    assert_eq!(call(&line), "GET /orders/{id}");
}

#[test]
fn the_table_of_usual_names_is_the_one_that_is_used() {
    let documented: Vec<String> = include_str!("fields.rs")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("/// | "))
        .filter(|row| row.contains('`'))
        .map(|row| {
            let (part, names) = row.split_once(" | ").unwrap();
            let names = names.trim_end_matches(" |").replace("`, `", "|");
            format!("{part}={}", names.trim_matches('`'))
        })
        .collect();
    assert_eq!(documented.join(","), JsonFields::usual().to_string());
}

#[test]
fn the_first_of_several_names_is_taken_whatever_their_order_in_the_line() {
    for line in [
        r#"{"time":1791640536,"method":"GET","path":"/x","request_uri":"/y","uri":"-"}"#,
        r#"{"uri":null,"request_uri":"/y","path":"/x","method":"GET","time":1791640536}"#,
        r#"{"http.request.method":"GET","url":{"path":"/y"},"@timestamp":"2026-10-10T13:55:36Z"}"#,
    ] {
        assert_eq!(call(&usual(line)), "GET /y", "{line}");
    }
}

#[test]
fn a_whole_url_gives_its_host_and_not_its_password() {
    let line = usual(
        r#"{"time":1791640536,"method":"GET","url":"https://me:s3cret@shop.example:8443/v1?a","authority":"other"}"#,
    );
    assert_eq!(call(&line), "GET /v1?a");
    assert_eq!(text(&line.host), "shop.example:8443");
}

#[test]
fn fields_can_be_named() {
    let fields = JsonFields::parse("time=t.at, path=req.uri,caller=http\\.sub").unwrap();
    let line = br#"{"t":{"at":1791640536000},"req":{"uri":"/a"},"method":"GET","http.sub":7,"path":"/no"}"#;
    let format = Format::json_lines(fields);
    let line = format.parse(line).unwrap();
    assert_eq!(call(&line), "GET /a");
    assert_eq!(text(&line.field), "7");
    let also_user = Format::json_lines(JsonFields::usual().with(JsonField::Caller, "user"));
    let line = also_user
        .parse(br#"{"time":1791640536,"method":"GET","path":"/a","user":"u"}"#)
        .unwrap();
    assert_eq!(
        (text(&line.field), text(&line.user)),
        ("u".into(), "u".into())
    );
    assert_eq!(
        JsonFields::parse("tme=x"),
        Err(JsonFieldsError::Unknown {
            name: "tme".into(),
            meant: Some("time".into())
        })
    );
    for text in ["time", "time=", "time=ts,path"] {
        let error = JsonFields::parse(text).unwrap_err();
        assert!(matches!(error, JsonFieldsError::NoPath { .. }), "{text}");
    }
}

#[test]
fn a_broken_line_says_where_and_keeps_what_is_certain() {
    let format = Format::json_lines(JsonFields::usual());
    for (line, part, time, request) in [
        ("", LinePart::Line, false, false),
        ("[]", LinePart::Line, false, false),
        ("{}", LinePart::Time, false, false),
        (
            r#"{"time":"now","method":"GET","path":"/"}"#,
            LinePart::Time,
            false,
            true,
        ),
        (r#"{"time":1791640536}"#, LinePart::Request, true, false),
        (
            r#"{"time":1791640536,"path":"/"}"#,
            LinePart::Request,
            true,
            false,
        ),
        (
            r#"{"time":1791640536,"method":"GET"}"#,
            LinePart::Request,
            true,
            false,
        ),
        (
            r#"{"time":1791640536,"method":"GET","path":"/","status":"ok"}"#,
            LinePart::Status,
            true,
            true,
        ),
        (
            r#"{"time":1791640536,"method":"GET","path":"/","size":-1}"#,
            LinePart::Size,
            true,
            true,
        ),
        // Cut: without any nested value no second record can hide.
        (
            r#"{"time":1791640536,"method":"GET","path":"/","a":"b"#,
            LinePart::Line,
            true,
            true,
        ),
        (
            r#"{"time":1791640536,"method":"GET","path":"/","a":{"b"#,
            LinePart::Line,
            true,
            false,
        ),
        (
            r#"{"time":1791640536,"method":"GET","path":"/"} x"#,
            LinePart::Line,
            true,
            false,
        ),
        (
            r#"{"time":1791640536,"method":"GET","path":"\ud800"}"#,
            LinePart::Request,
            true,
            false,
        ),
    ] {
        let error = format.parse(line.as_bytes()).unwrap_err();
        assert_eq!(error.part(), part, "{line}");
        assert_eq!(error.at().is_some(), time, "{line}");
        assert_eq!(error.request().is_some(), request, "{line}");
    }
}

#[test]
fn i_9_two_lines_in_one_do_not_tell_which_request_it_was() {
    let format = Format::json_lines(JsonFields::usual());
    let one = r#"{"time":1791640536,"method":"GET","path":"/v2","status":200,"agent":"curl"}"#;
    let two = r#"{"time":1791640537,"method":"GET","path":"/v1","status":200,"agent":"curl"}"#;
    for cut in 1..one.len() {
        for begin in 0..two.len() - 1 {
            let both = format!("{}{}", &one[..cut], &two[begin..]);
            let request = match format.parse(both.as_bytes()) {
                Err(error) => error.request().map(|request| format!("{request:?}")),
                Ok(line) => Some(format!("{:?}", line.request)),
            };
            let is_first = request.is_some_and(|request| request.contains("/v2"));
            let has_second = both.contains(r#""path":"/v1""#);
            assert!(!is_first || !has_second, "{both}");
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Eighths: the standard parser reads longer fractions as a neighbour.
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]|.{0,9}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[a-c]|.{0,9}", value(), 0..6)
        .prop_map(|map| map.into_iter().collect())
}

/// `a` and `b.c`.
fn tree() -> Tree {
    let mut tree = Growing::default();
    tree.add(&[b"a".to_vec()], Slot::User, 0);
    tree.add(&[b"b".to_vec(), b"c".to_vec()], Slot::Agent, 0);
    tree.grown()
}

/// Whether a part is what the standard parser sees.
fn is_same(part: Option<&[u8]>, value: Option<&Value>) -> bool {
    let text = match value {
        None | Some(Value::Null | Value::Object(_)) => return part.is_none(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(truth)) => truth.to_string(),
        Some(Value::Number(number)) => {
            // As it is written, and not as the standard parser would write it.
            let part = part.and_then(|part| std::str::from_utf8(part).ok()?.parse().ok());
            let (Some(part), Some(number)) = (part, number.as_f64()) else {
                return false;
            };
            let part: f64 = part;
            return (part - number).abs() <= number.abs() * 1e-12;
        }
        Some(Value::Array(list)) => {
            return match list.first() {
                Some(Value::Array(_)) => part.is_none(),
                first => is_same(part, first),
            };
        }
    };
    let text = (text != "-" && !text.is_empty()).then_some(text);
    part == text.as_deref().map(str::as_bytes)
}

fn agrees(text: &[u8]) {
    let mut draft = Draft::default();
    let ours = Scanner::read(text, &tree(), &mut draft);
    let valid = serde_json::from_slice::<IgnoredAny>(text).is_ok();
    let object: Result<Map<String, Value>, _> = serde_json::from_slice(text);
    match (ours, object) {
        (Ok(()), Ok(object)) => {
            let nested = object.get("b").and_then(|b| match b {
                Value::Object(below) => below.get("c"),
                _ => None,
            });
            let dotted = object.get("b.c");
            let agent = draft.take(Slot::Agent);
            let agent = agent.as_deref();
            assert!(is_same(agent, nested) || is_same(agent, dotted));
            assert!(is_same(draft.take(Slot::User).as_deref(), object.get("a")));
        }
        // A number beyond all range, half of a surrogate pair where nobody looks.
        (Ok(()), Err(error)) => assert!(valid, "{error}"),
        (Err(Fault::Twice(_) | Fault::Escape(_)), _) => {}
        (Err(Fault::Syntax | Fault::Cut { .. }), object) => {
            let other = valid && object.is_err();
            assert!(!valid || other, "{}", text.escape_ascii());
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Format::json_lines(JsonFields::usual()).parse(&bytes);
        let _ = unescape(&bytes);
    }

    #[test]
    fn it_sees_what_the_standard_parser_sees(object in object(), pretty in any::<bool>()) {
        let text = if pretty {
            serde_json::to_string_pretty(&object)
        } else {
            serde_json::to_string(&object)
        };
        agrees(text.unwrap().as_bytes());
    }

    #[test]
    fn what_is_no_json_for_the_standard_parser_is_none_here(
        object in object(), at in any::<prop::sample::Index>(), with in "[\\[\\]{}\",:\\\\ue0-9. tfn]|", cut in any::<bool>(),
    ) {
        let text = serde_json::to_string(&object).unwrap();
        let at = at.index(text.len());
        let (before, after) = text.as_bytes().split_at(at);
        let after = if cut { &after[..0] } else { &after[1..] };
        let damaged = [before, with.as_bytes(), after].concat();
        if std::str::from_utf8(&damaged).is_ok() {
            agrees(&damaged);
        }
    }

    #[test]
    fn escapes_are_undone_as_by_the_standard_parser(text in "(\\\\[\"\\\\/bfnrtu]|[0-9a-fD8c]{1,4}|\u{e4}){0,8}") {
        let standard: Result<String, _> = serde_json::from_str(&format!("\"{text}\""));
        if !text.contains('"') || text.contains("\\\"") {
            prop_assert_eq!(unescape(text.as_bytes()), standard.ok().map(String::into_bytes));
        }
    }

    #[test]
    fn special_bytes_are_found_as_one_by_one(bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x1fu8..0x24, Just(b'a')], 0..40)) {
        let one_by_one = bytes.iter().position(|b| matches!(b, b'"' | b'\\' | ..0x20));
        prop_assert_eq!(special(&bytes), one_by_one);
    }
}
