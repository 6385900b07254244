//! What letters say, and what is wrong with templates.

use std::collections::BTreeSet;

use deprovision_core::catalog::Contact;
use deprovision_core::digest::Digest;
use deprovision_core::id::{ApiId, PersonId, RetirementId};
use deprovision_core::provider::{
    AnswerLinks, FindingFacts, Notice, NoticeFacts, NoticeStage, RoleFacts, SuccessorFacts,
};
use deprovision_notify::{Letter, Message, TemplateError, Templates};

use crate::http_world::{facts as full_facts, with_links};

const STAGES: [NoticeStage; 13] = [
    NoticeStage::Approval { number: 1 },
    NoticeStage::Announcement,
    NoticeStage::Reminder { days: 7 },
    NoticeStage::Postponement { number: 1 },
    NoticeStage::BrownOut { number: 1 },
    NoticeStage::LastCall,
    NoticeStage::Closed,
    NoticeStage::Restored,
    NoticeStage::Retired,
    NoticeStage::Withdrawal,
    NoticeStage::Unused,
    NoticeStage::Drift,
    NoticeStage::Digest,
];

fn facts(api: &str) -> NoticeFacts {
    let mut facts = NoticeFacts::new(ApiId::parse(api).unwrap(), format!("Title of {api}"));
    facts.retirement = Some(RetirementId::parse(format!("retire-{api}")).unwrap());
    facts.reason = "few callers are left".to_owned();
    facts.ends = Some("2027-01-31T23:30:00Z".parse().unwrap());
    facts.documentation = Some("https://docs.example.com/moving".to_owned());
    facts.links = Some(AnswerLinks::new(
        "https://example.com/a",
        "https://example.com/o",
        "https://example.com/m",
    ));
    facts
}

fn notice(stage: NoticeStage, facts: NoticeFacts) -> Notice {
    let dana = PersonId::parse("dana").unwrap();
    let to = Contact::new(dana, "dana@example.com".parse().unwrap());
    let id = format!("mail:test:local:{}-{stage}", facts.api);
    Notice::new(id.parse().unwrap(), stage, to, facts)
}

fn letter(stage: NoticeStage) -> Letter {
    Letter::of(vec![notice(stage, facts("orders-v1"))]).unwrap()
}

fn render(notice: Notice) -> Message {
    let templates = Templates::english().unwrap();
    templates
        .render(&Letter::of(vec![notice]).unwrap())
        .unwrap()
}

fn with(name: &str, source: &str) -> Result<Templates, TemplateError> {
    Templates::builder().template(name, source).build()
}

#[test]
fn every_stage_names_the_api_in_subject_text_and_page_and_no_two_say_the_same() {
    let templates = Templates::english().unwrap();
    let mut subjects = BTreeSet::new();
    for stage in STAGES {
        let message = templates.render(&letter(stage)).unwrap();
        for part in [&message.subject, &message.text, &message.html] {
            assert!(part.contains("Title of orders-v1"), "{stage}: {part}");
        }
        // What a page says, its text says too.
        for said in ["few callers are left", "https://docs.example.com/moving"] {
            assert!(message.text.contains(said), "{stage}: {}", message.text);
            let html = message.html.replace("&#x2f;", "/");
            assert!(html.contains(said), "{stage}: {html}");
        }
        assert!(subjects.insert(message.subject));
    }
}

#[test]
fn one_letter_about_several_apis_tells_of_each() {
    let templates = Templates::english().unwrap();
    for stage in STAGES {
        let notices = ["orders-v1", "carts-v1", "stock-v1"].map(|api| notice(stage, facts(api)));
        let message = templates
            .render(&Letter::of(notices.to_vec()).unwrap())
            .unwrap();
        assert!(message.subject.contains('3'), "{}", message.subject);
        for api in ["orders-v1", "carts-v1", "stock-v1"] {
            assert!(
                message
                    .text
                    .contains(&format!("--- Title of {api} ({api}) ---"))
            );
            assert!(message.html.contains(&format!("Title of {api}</h2>")));
        }
    }
}

#[test]
fn a_text_reads_well_from_its_first_word_to_its_last() {
    let mut notice = notice(NoticeStage::LastCall, facts("orders-v1"));
    notice.to.time_zone = Some("Europe/Berlin".parse().unwrap());
    notice.facts.roles = vec![RoleFacts::other("the contact of shop-web")];
    notice.facts.successor = Some(SuccessorFacts::new(
        ApiId::parse("orders-v2").unwrap(),
        "Orders v2",
        Some("https://docs.example.com/v2".to_owned()),
    ));
    let message = render(notice);
    assert_eq!(
        message.subject,
        "Last call: you still use Title of orders-v1, which ends on 1 February 2027"
    );
    assert_eq!(
        message.text,
        "\
Title of orders-v1 (orders-v1) will be closed on 1 February 2027, and you still call it.

Ends: Monday, 1 February 2027, 00:30 (Europe/Berlin, UTC+01:00)
Use instead: Orders v2 - https://docs.example.com/v2
Read more: https://docs.example.com/moving
Why you are told: you are the contact of shop-web.

Reason:
few callers are left

I have read this:
https://example.com/a

I need more time:
https://example.com/m

I object:
https://example.com/o

What to do now

From that moment on these calls fail with 410 Gone. Move them to what replaces it before then.

If that can not be done in time, say so today: ask for more time, or object with your reason. An objection holds the retirement.

--
Retirement retire-orders-v1. All times are Europe/Berlin. This message was sent automatically."
    );
}

#[test]
fn times_are_the_recipient_s_and_utc_where_their_zone_is_not_known() {
    let mut there = notice(NoticeStage::Announcement, facts("orders-v1"));
    there.to.time_zone = Some("America/New_York".parse().unwrap());
    let text = render(there).text;
    assert!(
        text.contains("Sunday, 31 January 2027, 18:30 (America/New_York, UTC-05:00)"),
        "{text}"
    );
    for zone in [None, Some("Atlantis/Capital")] {
        let mut nowhere = notice(NoticeStage::Announcement, facts("orders-v1"));
        nowhere.to.time_zone = zone.map(|zone| zone.parse().unwrap());
        let text = render(nowhere).text;
        assert!(
            text.contains("Sunday, 31 January 2027, 23:30 (UTC)"),
            "{text}"
        );
    }
}

#[test]
fn a_page_escapes_text_and_links_only_addresses_of_the_web() {
    let mut notice = notice(NoticeStage::Announcement, facts("orders-v1"));
    notice.facts.title = "<b>A & B</b>".to_owned();
    notice.facts.documentation = Some("javascript:alert(1)".to_owned());
    notice.facts.links = Some(AnswerLinks::new(
        "data:x",
        "https://a@b/",
        "HTTPS://example.com/m",
    ));
    let message = render(notice);
    assert!(
        message.html.contains("&lt;b&gt;A &amp; B&lt;"),
        "{}",
        message.html
    );
    assert!(
        message.subject.starts_with("<b>A & B</b> will be"),
        "{}",
        message.subject
    );
    assert!(
        message.text.starts_with("<b>A & B</b> ("),
        "{}",
        message.text
    );
    let links: Vec<&str> = message.html.split("href=\"").skip(1).collect();
    assert_eq!(links.len(), 1);
    assert!(
        links[0]
            .replace("&#x2f;", "/")
            .starts_with("HTTPS://example.com/m")
    );
    assert!(
        message.html.contains("javascript:alert(1)"),
        "it is told as text"
    );
}

#[test]
fn i_20_no_link_to_answer_at_is_in_debug() {
    let letter = letter(NoticeStage::Announcement);
    let message = Templates::english().unwrap().render(&letter).unwrap();
    assert!(message.text.contains("https://example.com/o"));
    let shown = format!("{message:?} {letter:?}");
    assert!(!shown.contains("https://example.com/"), "{shown}");
}

#[test]
fn any_template_can_be_replaced_and_include_parts_of_one_s_own() {
    let templates = Templates::builder()
        .template("en/closed.subject", "Zu: {{ notices[0].title }}")
        .template("en/_signature.txt", "Yours, {{ person }}'s platform team")
        .template(
            "en/closed.txt",
            "{{ notices[0].api }}\n{% include \"_signature.txt\" %}",
        )
        .build()
        .unwrap();
    let message = templates.render(&letter(NoticeStage::Closed)).unwrap();
    assert_eq!(message.subject, "Zu: Title of orders-v1");
    assert_eq!(message.text, "orders-v1\nYours, dana's platform team");
    let parts = "{% macro api(n, many, end, instead=true) %}<p>short</p>{% endmacro %}\
        {% macro p() %}{{ caller() }}{% endmacro %}{% macro h2(text) %}{{ text }}{% endmacro %}";
    let templates = with("en/layout.html", "{% block body %}{% endblock %}").unwrap();
    let message = templates.render(&letter(NoticeStage::Closed)).unwrap();
    assert!(!message.html.contains("<main"), "{}", message.html);
    // A part that lacks what others call is found out at once.
    let error = with("en/parts.html", parts).unwrap_err().to_string();
    assert!(error.contains("foot"), "{error}");
}

#[test]
fn what_is_wrong_is_told_when_templates_are_built_with_name_line_and_what() {
    let cases = [
        (
            "en/closed.txt",
            "a\nb {{ notices[0].titel }}",
            "en/closed.txt, line 2: undefined value",
            "titel",
        ),
        (
            "en/drift.html",
            "\n\n{% if %}",
            "en/drift.html, line 3: syntax error",
            "",
        ),
        (
            "en/reminder.subject",
            "{{ number|shout }}",
            "en/reminder.subject, line 1: unknown filter",
            "shout",
        ),
        (
            "en/digest.txt",
            "x\n{% include \"nothing.txt\" %}",
            "en/digest.txt, line 2: template not found",
            "'nothing.txt'",
        ),
        (
            "en/closed.txt",
            "{{ notices[2].api }}",
            "en/closed.txt, line 1: undefined value",
            "of one API",
        ),
        (
            "en/closed.txt",
            "{{ notices[0].successor.title }}",
            "en/closed.txt, line 1: undefined value",
            "as few facts",
        ),
        (
            "en/closed.subject",
            " \n",
            "en/closed.subject says nothing",
            "closed",
        ),
        (
            "en/parts.txt",
            "{% macro api(n) %}{{ n.nope }}{% endmacro %}",
            "en/",
            "",
        ),
        (
            "en/calendar.txt",
            "{{ nope }}",
            "en/calendar.txt, line 1: undefined value",
            "nope",
        ),
    ];
    for (name, source, begins, holds) in cases {
        let error = with(name, source).unwrap_err().to_string();
        assert!(
            error.starts_with(begins) && error.contains(holds),
            "{error}"
        );
    }
    for name in [
        "en/clsoed.txt",
        "closed.txt",
        "en",
        "../closed.txt",
        "EN/closed.txt",
        "en/a/_b",
    ] {
        let error = with(name, "x").unwrap_err();
        assert!(matches!(error, TemplateError::Name { .. }), "{error}");
        assert!(error.to_string().contains("en/closed.txt"), "{error}");
    }
}

#[test]
fn a_letter_is_in_its_recipient_s_language_where_that_has_the_stage() {
    let templates = Templates::builder()
        .template("de/closed.subject", "{{ notices[0].title }} ist zu")
        .template("de/closed.txt", "zu")
        .template("de/closed.html", "<p lang=\"{{ language }}\">zu</p>")
        .build()
        .unwrap();
    let written = |language: &str, stage| {
        let mut notice = notice(stage, facts("orders-v1"));
        notice.to.language = Some(language.parse().unwrap());
        templates
            .render(&Letter::of(vec![notice]).unwrap())
            .unwrap()
    };
    for german in ["de", "DE", "de-CH"] {
        let message = written(german, NoticeStage::Closed);
        assert_eq!(message.subject, "Title of orders-v1 ist zu");
        assert_eq!(message.html, "<p lang=\"de\">zu</p>");
    }
    // No letter is in two languages.
    for (language, stage) in [("de", NoticeStage::Drift), ("fr", NoticeStage::Closed)] {
        let message = written(language, stage);
        assert!(
            message.html.contains("<html lang=\"en\">"),
            "{}",
            message.html
        );
    }
    let error = with("de/closed.txt", "zu").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("de/closed.subject is missing"),
        "{error}"
    );
}

#[test]
fn a_page_loads_nothing_and_is_one_for_light_and_dark() {
    for stage in STAGES {
        let html = render(notice(stage, facts("orders-v1"))).html;
        for outside in [
            "src=",
            "url(",
            "@import",
            "<link",
            "<script",
            "<img",
            "javascript:",
        ] {
            assert!(!html.contains(outside), "{stage}: {outside}");
        }
        assert!(html.contains("prefers-color-scheme: dark"));
        assert!(html.contains("<main"));
        assert_eq!(html.matches("<h1").count(), 1);
    }
}

/// Letters with all facts and with as few as possible, of one API and of three.
fn every_letter(language: &str) -> Vec<(String, Letter)> {
    let mut letters = Vec::new();
    for stage in STAGES {
        for apis in [1, 3] {
            for full in [true, false] {
                let one = |n: u8| {
                    let api = format!("orders-v{n}");
                    let mut facts = match full {
                        true => with_links(full_facts(&api, "Orders <v1> & more")),
                        false => NoticeFacts::new(ApiId::parse(&api).unwrap(), "Orders"),
                    };
                    facts.routes.extend((0..20).map(|n| format!("GET /v1/{n}")));
                    let mut notice = notice(stage, facts);
                    notice.to.language = Some(language.parse().unwrap());
                    notice.to.time_zone = full.then(|| "Europe/Berlin".parse().unwrap());
                    notice
                };
                let letter = Letter::of((0..apis).map(one).collect()).unwrap();
                letters.push((format!("{stage}, of {apis}, full: {full}"), letter));
            }
        }
    }
    letters
}

#[test]
fn what_the_english_templates_say_changes_by_no_byte_unseen() {
    let templates = Templates::english().unwrap();
    let mut digests = String::new();
    for (name, letter) in every_letter("en") {
        let Message {
            subject,
            text,
            html,
            ..
        } = templates.render(&letter).unwrap();
        let all = format!("{subject}\n\n{text}\n\n{html}");
        let digest = Digest::of_bytes(all.as_bytes()).to_hex();
        digests.push_str(&format!("{} {name}\n", &digest[..16]));
    }
    insta::assert_snapshot!("english", digests);
}

#[test]
fn a_role_and_a_finding_have_names_for_other_languages_and_are_escaped_once() {
    let templates = Templates::builder()
        .template("en/closed.subject", "{{ notices[0].title }}")
        .template(
            "en/closed.txt",
            "x {% for r in notices[0].roles %}{{ r.kind }}/{{ r.name }}/{{ r.text }};{% endfor %}\
             {% for f in notices[0].findings %}{{ f.kind }}/{{ f.text }};{% endfor %}",
        )
        .build()
        .unwrap();
    let mut facts = facts("orders-v1");
    let caller = "shop-web".parse().unwrap();
    facts.roles = vec![
        RoleFacts::owner(),
        RoleFacts::stakeholder(&"security".parse().unwrap()),
        RoleFacts::consumer(&caller),
        RoleFacts::other("<b>a & b</b>"),
        RoleFacts::other(" \n"),
    ];
    facts.findings = vec![
        FindingFacts::new("unused", "no request"),
        FindingFacts::text("<i>c & d</i>"),
        FindingFacts::text(""),
    ];
    let letter = Letter::of(vec![notice(NoticeStage::Closed, facts)]).unwrap();
    let message = templates.render(&letter).unwrap();
    assert_eq!(
        message.text.trim_end(),
        "x owner/None/its owner;stakeholder/security/a stakeholder (security);\
         consumer/shop-web/the contact of its consumer shop-web;other/None/<b>a & b</b>;\
         unused/no request;None/<i>c & d</i>;"
    );
    for escaped in [
        "You are its owner, a stakeholder (security), the contact of its consumer shop-web, \
         &lt;b&gt;a &amp; b&lt;&#x2f;b&gt;.",
        "<li>&lt;i&gt;c &amp; d&lt;&#x2f;i&gt;</li>",
    ] {
        assert!(message.html.contains(escaped), "{}", message.html);
    }
}
