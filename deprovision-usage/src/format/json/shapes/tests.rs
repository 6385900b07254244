use proptest::prelude::*;

use super::*;
use crate::format::{JsonField, JsonFields};
use crate::line::{LogLine, Request};

/// A reader that knows the shapes of these lines.
fn knows(format: &Format, lines: &[&[u8]]) -> Shapes {
    let mut shapes = Shapes::default();
    assert!(shapes.begin(format));
    for line in lines {
        agrees(&mut shapes, format, line);
    }
    shapes
}

/// Whether a line is read, which must then be as the general reader reads it.
#[track_caller]
fn agrees(shapes: &mut Shapes, format: &Format, line: &[u8]) -> bool {
    let mut cut = PathCut::default();
    let Some(plain) = shapes.read(line, &mut cut) else {
        return false;
    };
    let whole = format.parse(line).unwrap();
    let LogLine {
        client,
        user,
        key,
        subject,
        field,
        at,
        host,
        request: Request::Call { method, target },
        status,
        bytes,
        referer: _,
        agent,
    } = &whole
    else {
        panic!("no request: {whole:?}");
    };
    let pairs = [
        (plain.client, client.as_ref()),
        (plain.user, user.as_deref().unwrap_or_default()),
        (plain.key, key.as_deref().unwrap_or_default()),
        (plain.subject, subject.as_deref().unwrap_or_default()),
        (plain.field, field.as_deref().unwrap_or_default()),
        (plain.host, host.as_deref().unwrap_or_default()),
        (plain.method, method.as_ref()),
        (plain.target, target.as_ref()),
        (plain.agent, agent.as_deref().unwrap_or_default()),
    ];
    for (plain, whole) in pairs {
        assert_eq!(
            plain.escape_ascii().to_string(),
            whole.escape_ascii().to_string()
        );
    }
    assert_eq!(plain.at, at.as_second());
    assert_eq!(plain.status, status.unwrap_or(0));
    assert_eq!(plain.bytes, bytes.unwrap_or(0));
    assert!(plain.text.starts_with(plain.target));
    // The path is cut as it is when nothing follows it.
    let mut alone = PathCut::default();
    let is_whole = alone.cut(plain.target) == plain.target.len();
    assert_eq!(cut.plain, alone.plain && is_whole);
    if cut.plain {
        assert_eq!((&cut.bounds, cut.upper), (&alone.bounds, alone.upper));
    }
    true
}

fn usual() -> Format {
    Format::json_lines(JsonFields::usual().with(JsonField::Caller, "claims.client_id"))
}

const NGINX: &str = r#"{"time_iso8601":"2026-10-10T13:55:36+00:00","remote_addr":"10.0.0.7","remote_user":"ann","request_method":"GET","request_uri":"/v1/orders/7","status":200,"body_bytes_sent":12,"http_user_agent":"curl/8"}"#;

const LINES: [&str; 7] = [
    NGINX,
    // The whole request line, and numbers as texts.
    r#"{"time_local":"10/Oct/2026:13:55:36 +0200","remote_addr":"::1","request":"GET /v1/orders?x=1 HTTP/1.1","status":"404","body_bytes_sent":"0","request_time":"0.003"}"#,
    // Caddy: nested, with lists and a time with a fraction.
    r#"{"level":"info","ts":1646861401.5241024,"request":{"remote_ip":"127.0.0.1","client_ip":"127.0.0.1","method":"GET","host":"localhost","uri":"/v1/orders","headers":{"User-Agent":["curl/7.82.0","x"],"Accept":["*/*"],"Referer":[]}},"size":10900,"status":200,"resp_headers":{}}"#,
    // Envoy: a port, and nothing where there was no proxy before.
    r#"{"authority":"shop:8000","bytes_sent":135,"downstream_remote_address":"10.0.0.7:43160","method":"GET","path":"/v1/orders/7","response_code":0,"start_time":"2020-11-25T21:26:18.409Z","user_agent":"curl","x_forwarded_for":null}"#,
    // Traefik: two times, of which the second goes before the first.
    r#"{ "StartUTC":"2026-10-10T13:55:36.1Z", "RequestMethod":"PATCH","RequestPath":"/v1/Orders/7", "time":"2026-10-10T13:55:37Z", "x_forwarded_for": "1.1.1.1, [::1]:80"}"#,
    r#"{"time":1791640536,"method":"PUT","path":"/v1/a b","apiKeyId":"k-1","sub":"s-1","claims":{"client_id":"shop-7","deep":[[],[1,{"a":true}]]},"note":"a \"quoted\" word"}"#,
    r#"{"time":1791640536,"path":"/other","request_uri":"/v1/orders","uri":"-","user":"","method":"GET"}"#,
];

#[test]
fn a_line_of_a_known_shape_is_read() {
    let format = usual();
    let lines = LINES.map(str::as_bytes);
    let mut shapes = knows(&format, &lines);
    for line in lines {
        assert!(
            agrees(&mut shapes, &format, line),
            "{}",
            line.escape_ascii()
        );
    }
    // Whatever the values are.
    let other = NGINX
        .replace(
            "curl/8",
            "a much longer name of a program, with more than 32 bytes",
        )
        .replace(":12,", ":123456789012,")
        .replace(":200,", ":\"-\",")
        .replace("ann", "-");
    assert!(agrees(&mut shapes, &format, other.as_bytes()));
}

#[test]
fn what_needs_a_closer_look_is_not_read() {
    let format = usual();
    let mut shapes = knows(&format, &[NGINX.as_bytes()]);
    for (old, new) in [
        ("ann", "o\\\"neil"),
        ("/v1/orders/7", "https://shop.example/v1"),
        ("/v1/orders/7", "-"),
        ("\"GET\"", "\"-\""),
        ("2026-10", "2026-13"),
        (":200", ":20"),
        (":12,", ":012,"),
        (":12,", ":-1,"),
        (":12,", ":{},"),
        ("remote_user", "remote_addr"),
        ("\"curl/8\"}", "\"curl/8\"}}"),
        ("\"curl/8\"}", "\"curl/8\""),
        ("curl", "cu\trl"),
        ("\"status\"", "\"statuſ\""),
    ] {
        let line = NGINX.replace(old, new);
        assert!(line != NGINX);
        assert!(!agrees(&mut shapes, &format, line.as_bytes()), "{line}");
    }
}

#[test]
fn shapes_of_one_format_are_not_those_of_another() {
    let mut shapes = knows(&usual(), &[NGINX.as_bytes()]);
    let other = Format::json_lines(JsonFields::usual().with(JsonField::User, "remote_addr"));
    assert!(shapes.begin(&other));
    assert!(!agrees(&mut shapes, &other, NGINX.as_bytes()));
    assert!(agrees(&mut shapes, &other, NGINX.as_bytes()));
    assert!(!shapes.begin(&Format::combined()));
}

#[test]
fn a_log_of_ever_new_shapes_costs_bounded_memory_and_is_still_read_where_it_is_known() {
    let format = usual();
    let mut shapes = knows(&format, &[NGINX.as_bytes()]);
    for number in 0..5000 {
        let line = NGINX.replace("remote_user", &format!("{number}{}", "x".repeat(100)));
        shapes.begin(&format);
        agrees(&mut shapes, &format, line.as_bytes());
    }
    assert!(shapes.steps.is_full());
    shapes.begin(&format);
    assert!(agrees(&mut shapes, &format, NGINX.as_bytes()));
}

const KEYS: [&str; 26] = [
    "time",
    "timestamp",
    "request",
    "request_line",
    "method",
    "request_method",
    "path",
    "uri",
    "url",
    "routeKey",
    "http_host",
    "status",
    "size",
    "bytes_sent",
    "ip",
    "remote_addr",
    "x_forwarded_for",
    "user",
    "user_id",
    "key_id",
    "sub",
    "claims",
    "claims.client_id",
    "agent",
    "other",
    "m\\u0065thod",
];

const VALUES: [&str; 30] = [
    "1791640536",
    "\"2026-10-10T13:55:36Z\"",
    "\"10/Oct/2026:13:55:37 +0000\"",
    "\"GET /v1/orders HTTP/1.1\"",
    "\"GET   /x y  HTTP/1.1\"",
    "\"GET\"",
    "\"-\"",
    "\"\"",
    "\"/v1/orders?a=b c\"",
    "\"/V1/orders\"",
    "\"http://h/v1\"",
    "200",
    "0",
    "99",
    "1e3",
    "-7",
    "true",
    "null",
    "\"10.0.0.7:80, 10.0.0.8\"",
    "\"[::1]:80\"",
    "\":80\"",
    "{\"client_id\":\"c\"}",
    "{\"client_id\":[\"c\",2]}",
    "[]",
    "{}",
    "[{\"a\":1}, \"b\"]",
    "\"a\\u0041\"",
    "\"\\ud800\"",
    "\"ä\"",
    "\"a name of more than thirty-two bytes, by far\"",
];

/// A key that means something, or none, and a value.
fn member() -> impl Strategy<Value = (&'static str, &'static str)> {
    (
        prop::sample::select(&KEYS[..]),
        prop::sample::select(&VALUES[..]),
    )
}

fn written(members: &[(&str, &str)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(key, value)| format!("\"{key}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

proptest! {
    #[test]
    fn what_is_read_is_what_the_general_reader_reads(
        line in prop::sample::select(&LINES[..]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            Just(b'"'), Just(b' '), Just(b'\\'), Just(b'{'), Just(b'}'), Just(b','), Just(b'-'), Just(b'0'), Just(b':'), any::<u8>(),
        ], 0u8..3), 0..4),
    ) {
        let format = usual();
        let mut shapes = knows(&format, &LINES.map(str::as_bytes));
        let mut line = line.as_bytes().to_vec();
        for (at, byte, how) in edits {
            let at = at.index(line.len());
            match how {
                0 => line[at] = byte,
                1 => line.insert(at, byte),
                _ => { line.remove(at); }
            }
        }
        // A second time its shape is known, if it is sound.
        agrees(&mut shapes, &format, &line);
        agrees(&mut shapes, &format, &line);
    }

    #[test]
    fn lines_of_any_members_are_read_as_by_the_general_reader(
        members in prop::collection::vec(member(), 0..6),
        values in prop::collection::vec(prop::collection::vec(member(), 10), 1..4),
    ) {
        let format = usual();
        let mut shapes = knows(&format, &[]);
        let whole = [
            ("start_time", "\"2026-10-10T13:55:36Z\""), ("httpMethod", "\"GET\""), ("resourcePath", "\"/v1\""),
        ];
        for values in values {
            let values = values.into_iter().map(|(_, value)| value);
            let keys = members.iter().map(|(key, _)| *key);
            let members: Vec<_> = keys.zip(values).chain(whole).collect();
            let line = written(&members);
            agrees(&mut shapes, &format, line.as_bytes());
            agrees(&mut shapes, &format, line.as_bytes());
        }
    }
}
