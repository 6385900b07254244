//! What arrives: the headers, and that no text becomes more than text.

use std::collections::BTreeSet;

use deprovision_core::id::{ApiId, CallerId};
use deprovision_core::provider::{
    AnswerLinks, ApprovalFacts, CallFacts, FindingFacts, NoticeFacts, NoticeStage, RoleFacts,
    SuccessorFacts,
};
use deprovision_core::time::{Period, Timestamp};
use deprovision_notify::{Letter, Sent};
use serde_json::Value;

use crate::reader::{copies_with, copy, header, headers};
use crate::world::{letter, notice, plain, recipient, send};

#[tokio::test]
async fn the_headers_are_those_that_mail_programs_look_at() {
    let to = recipient("dana", "headers");
    let letter = letter(&to);
    send(&plain(), &letter).await;
    let first = copy(&to);
    let id = format!("<{}@example.com>", letter.key());
    assert_eq!(header(&first, "Message-ID"), [id]);
    assert_eq!(
        header(&first, "From"),
        ["\"API Platform, Shop\" <apis@example.com>"]
    );
    assert_eq!(header(&first, "To"), [to.as_str()]);
    assert_eq!(
        header(&first, "Subject"),
        ["Orders v1 will be retired on 31 January 2027"]
    );
    assert_eq!(header(&first, "Auto-Submitted"), ["auto-generated"]);
    assert_eq!(
        header(&first, "List-Unsubscribe"),
        ["<https://example.com/unsubscribe?key=abc>"]
    );
    assert_eq!(
        header(&first, "List-Unsubscribe-Post"),
        ["List-Unsubscribe=One-Click"]
    );
    assert_eq!(header(&first, "Date").len(), 1);
    // Another letter of the retirement, to somebody else, is in the same thread.
    let to = recipient("erin", "headers");
    let reminder = notice(&to, NoticeStage::Reminder { days: 7 });
    send(&plain(), &Letter::of(vec![reminder]).unwrap()).await;
    let second = copy(&to);
    for name in ["In-Reply-To", "References"] {
        let thread = header(&first, name);
        assert_eq!(thread.len(), 1, "{name}");
        assert!(thread[0].starts_with("<thread-"), "{thread:?}");
        assert_eq!(thread, header(&second, name));
    }
    assert_ne!(header(&first, "Message-ID"), header(&second, "Message-ID"));
    assert_eq!(first["ascii"], true);
}

const HOSTILE: &[(&str, &str)] = &[
    ("CR LF and a header", "x\r\nBcc: thief@example.net"),
    ("LF and a header", "x\nBcc: thief@example.net"),
    ("CR and a header", "x\rBcc: thief@example.net"),
    (
        "an end of the headers",
        "x\r\n\r\n<html><a href=\"https://evil.example\">y</a>",
    ),
    ("a folded header", "x\r\n Bcc: thief@example.net"),
    (
        "an end of the message",
        "x\r\n.\r\nMAIL FROM:<thief@example.net>\r\nRCPT TO:<thief@example.net>",
    ),
    (
        "a boundary",
        "x\r\n--=_words\r\nContent-Type: text/html\r\n\r\n<a href='https://evil.example'>",
    ),
    ("NUL", "x\0y\0Bcc: thief@example.net"),
    ("control characters", "x\u{b}\u{c}\u{1b}[2J\u{7f}\u{85}y"),
    ("line separators", "x\u{2028}Bcc: thief@example.net\u{2029}"),
    (
        "marks of direction",
        "x\u{202e}moc.elpmaxe\u{202c}\u{200f}\u{2066}",
    ),
    (
        "percent-encoded line ends",
        "x%0d%0aBcc: thief@example.net%0a",
    ),
    (
        "an encoded word",
        "=?utf-8?q?x=0D=0ABcc:_thief@example.net?=",
    ),
    ("recipients", "dana@example.com, thief@example.net"),
    (
        "a script",
        "</title></style><script>alert(1)</script><img src=x onerror=alert(1)>",
    ),
    (
        "an attribute",
        "\" onmouseover=\"alert(1)\" style=\"background:url(https://evil.example/x)",
    ),
    (
        "an address that runs",
        "javascript:alert(1)//https://evil.example",
    ),
    (
        "an address with a user",
        "https://docs.example.com@evil.example/",
    ),
    (
        "an address that ends its quotes",
        "https://evil.example/\"><a href=\"https://evil.example",
    ),
    (
        "a template",
        "{{ notices }}{% include 'layout.html' %}{# #}",
    ),
    (
        "a calendar",
        "x\nEND:VEVENT\nBEGIN:VEVENT\nATTENDEE:mailto:thief@example.net\nSUMMARY:y",
    ),
    ("nothing", ""),
];

/// The facts with the text in one place after the other.
fn everywhere(text: &str) -> Vec<(&'static str, NoticeFacts)> {
    let facts = || crate::world::facts("orders-v1", "Orders v1");
    let mut all = Vec::new();
    let mut put = |place, change: &dyn Fn(&mut NoticeFacts)| {
        let mut changed = facts();
        change(&mut changed);
        all.push((place, changed));
    };
    put("title", &|f| f.title = text.to_owned());
    put("reason", &|f| f.reason = text.to_owned());
    put("role", &|f| f.roles = vec![RoleFacts::other(text)]);
    put("successor", &|f| {
        let api = ApiId::parse("orders-v2").unwrap();
        f.successor = Some(SuccessorFacts::new(api, text, Some(text.to_owned())));
    });
    put("documentation", &|f| {
        f.documentation = Some(text.to_owned())
    });
    put("certificate", &|f| f.certificate = Some(text.to_owned()));
    put("route", &|f| {
        let caller = CallerId::parse("shop-web").unwrap();
        let mut calls = CallFacts::new(caller, 7, Timestamp::UNIX_EPOCH);
        calls.routes = vec![text.to_owned()];
        f.calls = vec![calls];
        f.routes = vec![text.to_owned()];
    });
    put("approval", &|f| {
        let mut approval = ApprovalFacts::new(text, Period::days(3));
        approval.step = Some(text.to_owned());
        approval.actions = vec![text.to_owned()];
        f.approval = Some(approval);
    });
    put("finding", &|f| f.findings = vec![FindingFacts::text(text)]);
    put("links", &|f| {
        let mut links = AnswerLinks::new(text, text, text);
        links.approve = Some(text.to_owned());
        f.links = Some(links);
    });
    all
}

/// What of a message could be more than text.
struct Shape {
    headers: Vec<String>,
    types: Value,
    tags: BTreeSet<String>,
    links: BTreeSet<String>,
    properties: Value,
}

impl Shape {
    fn of(copy: &Value) -> Self {
        let strings = |value: &Value| -> BTreeSet<String> {
            let all = value.as_array().unwrap().iter();
            all.map(|v| v.as_str().unwrap().to_owned()).collect()
        };
        Self {
            headers: headers(copy),
            types: copy["types"].clone(),
            tags: copy["tags"].as_object().unwrap().keys().cloned().collect(),
            links: strings(&copy["links"]),
            properties: copy["calendar"][0]["events"][0]["properties"].clone(),
        }
    }
}

#[tokio::test]
async fn no_text_adds_a_header_a_recipient_a_link_or_markup() {
    let channel = plain();
    let to = recipient("dana", "usual");
    let mut full = notice(&to, NoticeStage::Announcement);
    full.facts.certificate = Some("https://example.com/c".to_owned());
    let mut links = AnswerLinks::new(
        "https://apis.example.com/a/1",
        "https://apis.example.com/o/2",
        "https://apis.example.com/m/3",
    );
    links.approve = Some("https://apis.example.com/p/4".to_owned());
    full.facts.links = Some(links);
    send(&channel, &Letter::of(vec![full]).unwrap()).await;
    let usual = Shape::of(&copy(&to));
    assert_eq!(usual.links.len(), 7, "{:?}", usual.links);

    let lines = "a b\r\nBcc: thief@example.net\r\n".repeat(100 * 1024 / 29);
    let word = "x".repeat(100 * 1024);
    let large = [
        ("100 KiB in lines", lines.as_str()),
        ("100 KiB in one word", word.as_str()),
    ];
    let mut cases = 0;
    for (number, (what, text)) in HOSTILE.iter().chain(&large).enumerate() {
        for (place, facts) in everywhere(text) {
            let to = recipient(&format!("dana{number}{place}"), "hostile");
            let mut notice = notice(&to, NoticeStage::Announcement);
            notice.facts = facts;
            let sent = send(&channel, &Letter::of(vec![notice]).unwrap()).await;
            assert!(
                matches!(sent, Sent::Accepted { .. }),
                "{what} in {place}: {sent:?}"
            );
            let copy = copy(&to);
            let shape = Shape::of(&copy);
            assert_eq!(shape.headers, usual.headers, "{what} in {place}");
            assert_eq!(shape.types, usual.types, "{what} in {place}");
            assert_eq!(copy["to"], serde_json::json!([to]), "{what} in {place}");
            assert_eq!(header(&copy, "To"), [to.as_str()], "{what} in {place}");
            assert_eq!(copy["defects"], serde_json::json!([]), "{what} in {place}");
            assert_eq!(copy["fetched"], serde_json::json!([]), "{what} in {place}");
            let tags: Vec<_> = shape.tags.difference(&usual.tags).collect();
            assert!(
                tags.iter().all(|tag| *tag == "p"),
                "{what} in {place}: {tags:?}"
            );
            let links: Vec<_> = shape.links.difference(&usual.links).collect();
            assert!(links.is_empty(), "{what} in {place}: {links:?}");
            let entry = &copy["calendar"][0];
            assert_eq!(entry["errors"], serde_json::json!([]), "{what} in {place}");
            assert_eq!(
                entry["events"].as_array().unwrap().len(),
                1,
                "{what} in {place}"
            );
            let properties = &entry["events"][0]["properties"];
            let known = usual.properties.as_array().unwrap();
            let added = properties
                .as_array()
                .unwrap()
                .iter()
                .filter(|p| !known.contains(p));
            assert_eq!(added.count(), 0, "{what} in {place}");
            let attendees = &entry["events"][0]["attendees"];
            assert_eq!(*attendees, serde_json::json!([format!("mailto:{to}")]));
            cases += 1;
        }
    }
    assert_eq!(cases, 24 * 10);
    assert!(copies_with("thief").is_empty());
}

/// What is asked for is in the subject.
#[tokio::test]
async fn no_step_that_is_to_be_approved_adds_a_header_or_a_link() {
    let channel = plain();
    let asking = |to: &str, text: &str| {
        let mut notice = notice(to, NoticeStage::Approval { number: 1 });
        let mut approval = ApprovalFacts::new("sha256:0a", Period::days(3));
        approval.step = Some(text.to_owned());
        notice.facts.approval = Some(approval);
        Letter::of(vec![notice]).unwrap()
    };
    let to = recipient("dana", "approval-usual");
    send(&channel, &asking(&to, "delete keys")).await;
    let usual = Shape::of(&copy(&to));
    for (number, (what, text)) in HOSTILE.iter().enumerate() {
        let to = recipient(&format!("dana{number}"), "approval-hostile");
        let sent = send(&channel, &asking(&to, text)).await;
        assert!(matches!(sent, Sent::Accepted { .. }), "{what}: {sent:?}");
        let copy = copy(&to);
        let shape = Shape::of(&copy);
        assert_eq!(shape.headers, usual.headers, "{what}");
        assert_eq!(shape.types, usual.types, "{what}");
        assert_eq!(header(&copy, "To"), [to.as_str()], "{what}");
        assert_eq!(copy["defects"], serde_json::json!([]), "{what}");
        let links: Vec<_> = shape.links.difference(&usual.links).collect();
        assert!(links.is_empty(), "{what}: {links:?}");
    }
}
