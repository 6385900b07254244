use std::borrow::Cow;

use proptest::prelude::*;

use super::{DetectError, Format, detect};
use crate::line::{LinePart, LogLine, Request};

const COMBINED: &str =
    r#"10.0.0.7 - ak_1 [10/Oct/2026:13:55:36 +0000] "GET /v1/orders HTTP/1.1" 200 12 "-" "curl/8""#;

/// AWS, *Access logs for your Application Load Balancer*, *Example log entries*.
const ALB: [&str; 5] = [
    r#"http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90"#,
    r#"https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 2018-07-02T22:22:48.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90"#,
    r#"h2 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 10.0.1.252:48160 10.0.0.66:9000 0.000 0.002 0.000 200 200 5 257 "GET https://10.0.2.105:773/ HTTP/2.0" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337327-72bd00b0343d75b906739c42" "-" "-" 1 2018-07-02T22:22:48.364000Z "redirect" "https://example.com:80/" "-" "10.0.0.66:9000" "200" "-" "-" TID_1234abcd5678ef90"#,
    r#"ws 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 10.0.0.140:40914 10.0.1.192:8010 0.001 0.003 0.000 101 101 218 587 "GET http://10.0.0.30:80/ HTTP/1.1" "-" - - arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337364-23a8c76965a2ef7629b185e3" "-" "-" 1 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.1.192:8010" "101" "-" "-" TID_1234abcd5678ef90"#,
    r#"http 2018-11-30T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 - 0.000 0.001 0.000 502 - 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337364-23a8c76965a2ef7629b185e3" "-" "-" 0 2018-11-30T22:22:48.364000Z "forward" "-" "LambdaInvalidResponse" "-" "-" "-" "-" TID_1234abcd5678ef90"#,
];

const CLOUD_TRAIL: &str = r#"{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","principalId":"EXAMPLE6E4XEGITWATV6R","arn":"arn:aws:iam::123456789012:user/Mary_Major","accountId":"123456789012","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"Mary_Major","sessionContext":{"attributes":{"creationDate":"2023-07-19T21:11:57Z"}}},"eventTime":"2023-07-19T21:25:09Z","eventSource":"ec2.amazonaws.com","eventName":"StopInstances","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.0","userAgent":"aws-cli/2.13.5","requestParameters":{"instancesSet":{"items":[{"instanceId":"i-EXAMPLE56126103cb"}]},"force":false},"responseElements":null,"eventType":"AwsApiCall"}"#;

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
fn the_entries_of_a_load_balancer() {
    for line in ALB {
        let line = Format::alb().parse(line.as_bytes()).unwrap();
        assert_eq!(call(&line), "GET /");
        assert!(line.host.is_some() && line.bytes.is_some());
        assert!(!line.client.contains(&b':'));
    }
    let line = Format::alb().parse(ALB[1].as_bytes()).unwrap();
    assert_eq!(text(&line.host), "www.example.com:443");
    assert_eq!(line.client.as_ref(), b"192.168.131.39");
    assert_eq!(text(&line.agent), "curl/7.46.0");
    assert_eq!(line.at.to_string(), "2018-07-02T22:23:00.186641Z");
    assert_eq!((line.status, line.bytes), (Some(200), Some(57)));
}

#[test]
fn a_request_that_a_load_balancer_could_not_read_is_no_call() {
    let line = r#"http 2018-11-30T22:23:00.186641Z app/lb/50 192.0.2.9:2817 - -1 -1 -1 400 - 0 272 "- http://lb-1.elb.amazonaws.com:80- -" "-" - - - "-" "-" "-" - 2018-11-30T22:22:48.364000Z "-" "-" "-" "-" "-" "-" "-""#;
    let line = Format::alb().parse(line.as_bytes()).unwrap();
    assert_eq!((call(&line), line.status), ("other".into(), Some(400)));
}

#[test]
fn a_broken_entry_says_where_and_keeps_what_came_before() {
    let good = ALB[0];
    let at = |needle: &str| good.find(needle).unwrap();
    for (line, part, time, request) in [
        ("", LinePart::Line, false, false),
        (COMBINED, LinePart::Line, false, false),
        (&good[..at("2018")], LinePart::Time, false, false),
        (&good[..at(" 200 200")], LinePart::Status, true, false),
        (&good[..at("\"GET") + 9], LinePart::Request, true, false),
        (&good[..at("\"curl") + 9], LinePart::Agent, true, true),
        (&good.replace(" 366 ", " many "), LinePart::Size, true, true),
        (&format!("{good}{good}"), LinePart::Line, true, false),
    ] {
        let error = Format::alb().parse(line.as_bytes()).unwrap_err();
        assert_eq!(error.part(), part, "{line}");
        assert_eq!(error.at().is_some(), time, "{line}");
        assert_eq!(error.request().is_some(), request, "{line}");
    }
}

#[test]
fn i_9_two_entries_in_one_do_not_tell_which_request_it_was() {
    let one = ALB[4].replace(":80/ ", ":80/v2 ");
    let two = ALB[4].replace(":80/ ", ":80/v1 ");
    for cut in 0..one.len() {
        for begin in 0..two.find("\"curl").unwrap() {
            let both = format!("{}{}", &one[..cut], &two[begin..]);
            let has_second = both.contains("GET http://www.example.com:80/v1 HTTP/1.1\"");
            let request = match Format::alb().parse(both.as_bytes()) {
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
fn an_event_of_cloud_trail() {
    // AWS, "CloudTrail log file examples": StopInstances.
    let line = Format::cloud_trail().parse(CLOUD_TRAIL.as_bytes()).unwrap();
    assert_eq!(call(&line), "POST /StopInstances");
    assert_eq!(text(&line.host), "ec2.amazonaws.com");
    assert_eq!(text(&line.key), "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(
        text(&line.subject),
        "arn:aws:iam::123456789012:user/Mary_Major"
    );
    assert_eq!(text(&line.user), "Mary_Major");
    assert_eq!(line.client.as_ref(), b"192.0.2.0");
    assert_eq!(line.status, Some(200));
    for (code, status) in [
        ("AccessDenied", 403),
        ("Client.UnauthorizedOperation", 403),
        ("ThrottlingException", 429),
        ("NoSuchBucket", 400),
    ] {
        let with = format!(r#"{{"errorCode":"{code}",{}"#, &CLOUD_TRAIL[1..]);
        let line = Format::cloud_trail();
        assert_eq!(line.parse(with.as_bytes()).unwrap().status, Some(status));
    }
    let region = Format::cloud_trail().with_caller("awsRegion").unwrap();
    let line = region.parse(CLOUD_TRAIL.as_bytes()).unwrap();
    assert_eq!(text(&line.field), "us-east-1");
    let error = Format::cloud_trail().parse(br#"{"eventTime":"2023-07-19T21:25:09Z"}"#);
    assert_eq!(error.unwrap_err().part(), LinePart::Request);
}

#[test]
fn a_format_is_found_by_its_lines() {
    let envoy = r#"[2016-04-15T20:17:00.310Z] "POST /a HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "-" "-" "-" "-""#;
    let clf = r#"10.0.0.7 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 1 c6af"#;
    let json = r#"{"time":1791640536,"method":"GET","path":"/"}"#;
    let records = format!("{{\"Records\":[{CLOUD_TRAIL},\n{CLOUD_TRAIL}]}}");
    for (sample, format, of) in [
        (
            format!("{COMBINED}\n{COMBINED} \"more\"\n\n"),
            "Combined Log Format",
            2,
        ),
        (ALB.join("\n") + "\n", "ALB access log format", 5),
        (format!("{envoy}\n"), "Envoy default format", 1),
        (
            format!("{clf}\n{clf}\n"),
            "API Gateway access log format",
            2,
        ),
        (format!("{json}\n{json}\n"), "JSON lines", 2),
        (format!("{CLOUD_TRAIL}\n"), "CloudTrail events", 1),
        (records, "CloudTrail events", 2),
        // Cut in a line, and one line that is something else.
        (
            format!("{COMBINED}\n{COMBINED}\nx\n{}", &COMBINED[..30]),
            "Combined Log Format",
            3,
        ),
    ] {
        let found = detect(sample.as_bytes()).unwrap();
        assert_eq!(found.format.to_string(), format, "{sample}");
        assert_eq!(found.of, of, "{sample}");
        assert!(found.why.contains(&format!("of {of} ")), "{}", found.why);
    }
    let long = format!("{COMBINED}\n").repeat(3000);
    let found = detect(long.as_bytes()).unwrap();
    assert_eq!(found.why, "200 of 200 lines are Combined Log Format");
}

#[test]
fn where_no_format_fits_each_says_why_and_what_to_do() {
    let sample = format!("{COMBINED}\n2026 s3cret\n2026 s3cret\n");
    let error = detect(sample.as_bytes()).unwrap_err();
    let shown = error.to_string();
    assert!(
        shown.contains("Combined Log Format fits 1 (in line 2 "),
        "{shown}"
    );
    assert!(shown.contains("nginx:PATTERN") && !shown.contains("s3cret"));
    let DetectError::NoneFits { of, misfits } = error else {
        panic!("{shown}");
    };
    assert_eq!((of, misfits.len()), (3, 6));
    assert_eq!(detect(b"\n \n").unwrap_err(), DetectError::Empty);
}

#[test]
fn a_format_can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    shared(&Format::named("json").unwrap());
}

#[test]
fn formats_have_names() {
    for (name, shown) in [
        ("combined", "Combined Log Format"),
        ("common", "Combined Log Format"),
        ("nginx", "nginx main format"),
        ("nginx:$msec $request", "given pattern"),
        ("envoy", "Envoy default format"),
        (
            "envoy:%START_TIME% %REQ(:METHOD)% %REQ(:PATH)%",
            "given pattern",
        ),
        ("alb", "ALB access log format"),
        ("apigateway", "API Gateway access log format"),
        ("json", "JSON lines"),
        ("json:time=ts,path=req.uri", "JSON lines"),
        ("cloudtrail", "CloudTrail events"),
    ] {
        assert_eq!(Format::named(name).unwrap().to_string(), shown);
    }
    for (name, wanted) in [
        ("cloudtrial", "did you mean \"cloudtrail\"?"),
        ("syslog", "the formats are combined"),
        ("alb:x", "write alb alone"),
        ("nginx:$status", "no time"),
        ("json:tme=x", "did you mean \"time\"?"),
    ] {
        let error = Format::named(name).unwrap_err().to_string();
        assert!(error.contains(wanted), "{name}: {error}");
    }
    assert!(Format::combined().with_caller("x").is_err());
    let debug = format!("{:?}", Format::named("json:path=a.b").unwrap());
    assert!(debug.contains("path=a.b"), "{debug}");
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_or_the_search_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(), with in any::<u8>(),
    ) {
        let mut alb = ALB[1].as_bytes().to_vec();
        let mut event = CLOUD_TRAIL.as_bytes().to_vec();
        for line in [&mut alb, &mut event] {
            let at = at.index(line.len());
            line[at] = with;
        }
        for format in [Format::alb(), Format::cloud_trail(), Format::combined()] {
            for line in [&bytes, &alb, &event] {
                let _ = format.parse(line);
            }
        }
        let _ = detect(&bytes);
        let _ = Format::named(&String::from_utf8_lossy(&bytes));
    }
}
