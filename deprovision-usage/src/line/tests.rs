use std::borrow::Cow;

use deprovision_core::time::Timestamp;
use proptest::prelude::*;

use super::{LinePart, LogLine, Request, is_one_line, parse_line};

const PLAIN: &str = r#"10.0.0.7 - ak_1 [10/Oct/2026:13:55:36 +0000] "GET /v1/orders?x HTTP/1.1" 200 123 "https://a/" "curl/8""#;

fn call<'a>(line: &LogLine<'a>) -> (String, String) {
    match &line.request {
        Request::Call { method, target } => (
            String::from_utf8_lossy(method).into_owned(),
            String::from_utf8_lossy(target).into_owned(),
        ),
        Request::Other(text) => panic!("no call: {text:?}"),
    }
}

#[test]
fn a_combined_line_is_read_whole() {
    let line = parse_line(PLAIN.as_bytes()).unwrap();
    assert_eq!(line.client.as_ref(), b"10.0.0.7");
    assert_eq!(line.user.as_deref(), Some(&b"ak_1"[..]));
    assert_eq!(line.at.to_string(), "2026-10-10T13:55:36Z");
    assert_eq!(call(&line), ("GET".into(), "/v1/orders?x".into()));
    assert_eq!((line.status, line.bytes), (Some(200), Some(123)));
    assert_eq!(line.referer.as_deref(), Some(&b"https://a/"[..]));
    assert_eq!(line.agent.as_deref(), Some(&b"curl/8"[..]));
}

#[test]
fn a_common_line_and_one_with_more_fields_are_read() {
    let common = r#"::1 - - [01/Jan/2027:00:00:00 -0230] "DELETE /v1/a HTTP/2.0" 410 -"#;
    let line = parse_line(common.as_bytes()).unwrap();
    assert_eq!(line.at.to_string(), "2027-01-01T02:30:00Z");
    assert_eq!((line.user, line.bytes), (None, None));
    let more = format!("{PLAIN} \"10.1.1.1\" 0.003\r");
    assert!(parse_line(more.as_bytes()).is_ok());
}

#[test]
fn escapes_are_undone() {
    let line = br#"1.1.1.1 - o\"neil\x20x [10/Oct/2026:13:55:36 +0000] "GET /a\"b\\c\xc3\xa4\q HTTP/1.1" 404 0 "-" "-""#;
    let line = parse_line(line).unwrap();
    assert_eq!(line.user.as_deref(), Some(&b"o\"neil x"[..]));
    assert_eq!(call(&line).1, "/a\"b\\cä\\q");
    assert_eq!((line.referer, line.agent), (None, None));
}

#[test]
fn a_user_can_not_pose_as_a_time_or_a_request() {
    let line = br#"1.1.1.1 - a [10/Oct/2000:00:00:00 +0000] \"GET /x\" b [10/Oct/2026:13:55:36 +0000] "GET /v1 HTTP/1.1" 200 1"#;
    let line = parse_line(line).unwrap();
    assert_eq!(line.at.to_string(), "2026-10-10T13:55:36Z");
    assert_eq!(call(&line).1, "/v1");
    let nameless = br#"1.1.1.1 - "" [10/Oct/2026:13:55:36 +0000] "GET /v1 HTTP/1.1" 401 1"#;
    assert_eq!(parse_line(nameless).unwrap().user, None);
}

#[test]
fn a_request_with_spaces_without_a_version_or_without_sense_is_still_a_line() {
    let with = |request: &str| {
        let line = format!("1.1.1.1 - - [10/Oct/2026:13:55:36 +0000] \"{request}\" 400 0");
        parse_line(line.as_bytes()).unwrap().request.into_owned()
    };
    let of = |target: &'static str| Request::Call {
        method: Cow::Borrowed(&b"GET"[..]),
        target: Cow::Borrowed(target.as_bytes()),
    };
    assert_eq!(with("GET /a b HTTP/1.1"), of("/a b"));
    assert_eq!(with("GET /v1/orders"), of("/v1/orders"));
    for nonsense in ["", "-", r"\x16\x03\x01", "GET", "GET  HTTP/1.1x "] {
        let request = with(nonsense);
        if nonsense == "GET  HTTP/1.1x " {
            assert!(matches!(request, Request::Call { .. }));
        } else {
            assert!(matches!(request, Request::Other(_)), "{nonsense:?}");
        }
    }
}

#[test]
fn a_broken_line_says_where_and_keeps_what_came_before() {
    for (line, part) in [
        ("", LinePart::Client),
        ("x", LinePart::Client),
        ("x -", LinePart::Ident),
        ("x - -", LinePart::Time),
        ("x - - [yesterday] \"GET / HTTP/1.1\" 200 1", LinePart::Time),
        (
            "x - - [31/Feb/2026:13:55:36 +0000] \"GET / HTTP/1.1\" 200 1",
            LinePart::Time,
        ),
        (
            "x - - [10/Oct/2026:13:55:36 +0000] \"GET /",
            LinePart::Request,
        ),
        (
            "x - - [10/Oct/2026:13:55:36 +0000] \"GET /\"",
            LinePart::Status,
        ),
        (
            "x - - [10/Oct/2026:13:55:36 +0000] \"GET /\" 20 1",
            LinePart::Status,
        ),
        (
            "x - - [10/Oct/2026:13:55:36 +0000] \"GET /\" 200 1x",
            LinePart::Size,
        ),
        (
            "x - - [10/Oct/2026:13:55:36 +0000] \"GET /\" 200 1 \"-\"",
            LinePart::Agent,
        ),
        (
            "x - - [10/Oct/2026:13:55:36 +0000] \"GET /\" 200 1 \"-\" \"curl",
            LinePart::Agent,
        ),
    ] {
        let error = parse_line(line.as_bytes()).unwrap_err();
        assert_eq!(error.part(), part, "{line}");
        assert_eq!(error.at().is_some(), line.contains("10/Oct"), "{line}");
        let whole = matches!(part, LinePart::Size | LinePart::Agent) && line.contains("200 1");
        assert_eq!(error.request().is_some(), whole, "{line}");
    }
}

#[test]
fn i_20_neither_an_error_nor_debug_repeats_what_may_be_secret() {
    let line = "x - - [10/Oct/2026:13:55:36 +0000] \"GET /v1?token=s3cret HTTP/1.1\" 200 1 \"";
    let error = parse_line(line.as_bytes()).unwrap_err();
    assert!(!format!("{error} {error:?} {:?}", error.request()).contains("s3cret"));
    let whole = format!("{line}https://a/?token=s3cret\" \"-\"");
    let mut line = parse_line(whole.as_bytes()).unwrap();
    for field in [&mut line.key, &mut line.subject, &mut line.field] {
        *field = Some(Cow::Borrowed(b"s3cret"));
    }
    assert!(!format!("{line:?}").contains("s3cret"));
    assert!(format!("{line:?}").contains("Call(GET /v1)"), "{line:?}");
}

#[test]
fn i_9_two_lines_in_one_do_not_tell_which_request_it_was() {
    let line = "x - - [10/Oct/2026:13:55:36 +0000] \"GET /v2 HTTP/1.1\" 200 1 \"-\" \"curl\" 0.1";
    assert!(parse_line(line.as_bytes()).is_ok());
    let next = "y - - [10/Oct/2026:13:55:37 +0000] \"GET /v1 HTTP/1.1\" 200 1 \"-\" \"curl\"";
    for cut in 40..line.len() {
        for begin in [0, 2, 10, 40] {
            let both = format!("{}{}", &line[..cut], &next[begin..]);
            match parse_line(both.as_bytes()) {
                Err(error) => assert_eq!(error.request(), None, "{both}"),
                Ok(line) => assert!(
                    call(&line).1.contains("/v1") || !is_one_line(both.as_bytes()),
                    "{both}"
                ),
            }
        }
    }
    assert!(is_one_line(line.as_bytes()) && is_one_line(PLAIN.as_bytes()));
    assert!(parse_line(format!("\0\0\0{next}").as_bytes()).is_err());
}

/// Writes a line as Apache does.
fn write(line: &LogLine<'_>) -> Vec<u8> {
    fn escape(bytes: &[u8], out: &mut Vec<u8>) {
        for &b in bytes {
            match b {
                b'"' | b'\\' => out.extend([b'\\', b]),
                b'\n' => out.extend(b"\\n"),
                b'\t' => out.extend(b"\\t"),
                0x20..=0x7e => out.push(b),
                _ => out.extend(format!("\\x{b:02x}").bytes()),
            }
        }
    }
    let mut out = line.client.to_vec();
    out.extend(b" - ");
    escape(line.user.as_deref().unwrap_or(b"-"), &mut out);
    let at = line
        .at
        .strftime(" [%d/%b/%Y:%H:%M:%S +0000] \"")
        .to_string();
    out.extend(at.bytes());
    match &line.request {
        Request::Call { method, target } => {
            escape(method, &mut out);
            out.push(b' ');
            escape(target, &mut out);
            out.extend(b" HTTP/1.1");
        }
        Request::Other(text) => escape(text, &mut out),
    }
    out.extend(b"\" ");
    let status = line.status.map_or("-".into(), |s| s.to_string());
    let bytes = line.bytes.map_or("-".into(), |b| b.to_string());
    out.extend(format!("{status} {bytes} \"").bytes());
    escape(line.referer.as_deref().unwrap_or(b"-"), &mut out);
    out.extend(b"\" \"");
    escape(line.agent.as_deref().unwrap_or(b"-"), &mut out);
    out.push(b'"');
    out
}

fn field() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop::option::of(prop::collection::vec(any::<u8>(), 1..20))
        .prop_filter("a lone dash means none", |f| f.as_deref() != Some(b"-"))
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_line(&bytes);
    }

    #[test]
    fn no_damage_to_a_good_line_makes_the_reader_panic(
        at in 0..PLAIN.len(), with in any::<u8>(), cut in 0..PLAIN.len(),
    ) {
        let mut bytes = PLAIN.as_bytes().to_vec();
        bytes[at] = with;
        let _ = parse_line(&bytes);
        let _ = parse_line(&bytes[..cut]);
    }

    #[test]
    fn a_line_is_read_as_it_is_written(
        client in "[0-9a-f:.]{1,20}",
        user in field(),
        second in 0i64..4_000_000_000,
        target in prop::collection::vec(any::<u8>(), 0..30),
        status in prop::option::of(100u16..1000),
        bytes in any::<Option<u64>>(),
        referer in field(),
        agent in field(),
    ) {
        // A user that ends in a space can not be told from the space after it, and
        // one that begins with two quotes is escaped and so can.
        let mut path = b"/".to_vec();
        path.extend(target);
        path.push(b'x');
        let at = Timestamp::from_second(second).unwrap();
        let request = Request::Call { method: Cow::Borrowed(b"GET"), target: Cow::Owned(path) };
        let line = LogLine {
            client: Cow::Borrowed(client.as_bytes()),
            user: user.map(Cow::Owned),
            status,
            bytes,
            referer: referer.map(Cow::Owned),
            agent: agent.map(Cow::Owned),
            ..LogLine::new(at, request)
        };
        let text = write(&line);
        prop_assert_eq!(parse_line(&text).unwrap(), line);
    }
}
