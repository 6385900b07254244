//! The German templates of the preview: its words are its own, and nothing else is.

use deprovision_core::audit::FindingKind;
use deprovision_core::catalog::Contact;
use deprovision_core::provider::{
    AnswerLinks, ApprovalFacts, BrownOutFacts, FindingFacts, Notice, NoticeFacts, NoticeStage,
    RoleFacts, SuccessorFacts,
};
use deprovision_core::time::{Period, Timestamp};
use deprovision_notify::{Letter, Message, Templates};

const STAGES: [NoticeStage; 14] = [
    NoticeStage::Approval { number: 0 },
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

fn templates() -> Templates {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/notify_preview/templates");
    let builder = Templates::builder().directory(directory).unwrap();
    builder.build().unwrap()
}

fn facts() -> NoticeFacts {
    let mut facts = NoticeFacts::new("orders-v1".parse().unwrap(), "Orders");
    facts.reason = "Old.".to_owned();
    facts.ends = Some(Timestamp::UNIX_EPOCH);
    facts.documentation = Some("https://example.com/".to_owned());
    facts.routes = vec!["GET /orders".to_owned()];
    facts.successor = Some(SuccessorFacts::new("v2".parse().unwrap(), "Orders 2", None));
    let brown_out = BrownOutFacts::new(Timestamp::UNIX_EPOCH, Period::minutes(5));
    facts.brown_out = Some(brown_out);
    let mut approval = ApprovalFacts::new("sha256:0a", Period::days(3));
    approval.step = Some("delete keys".to_owned());
    approval.actions = vec!["delete the key".to_owned()];
    facts.approval = Some(approval);
    facts.links = Some(AnswerLinks::new("https://a/", "https://b/", "https://c/"));
    facts
}

fn written(language: &str, stage: NoticeStage, facts: Vec<NoticeFacts>) -> Message {
    let dana = "dana".parse().unwrap();
    let mut to = Contact::new(dana, "dana@example.com".parse().unwrap());
    to.language = Some(language.parse().unwrap());
    let notices = facts.into_iter().enumerate().map(|(n, facts)| {
        let id = format!("mail:test:local:{n}").parse().unwrap();
        Notice::new(id, stage, to.clone(), facts)
    });
    let letter = Letter::of(notices.collect()).unwrap();
    templates().render(&letter).unwrap()
}

/// The markup of a page, without its words.
fn markup(html: &str) -> Vec<String> {
    let html = html.replace("<html lang=\"de\">", "<html lang=\"en\">");
    let tags = html.split('<').skip(1);
    tags.map(|tag| tag.split_once('>').unwrap().0.to_owned())
        .collect()
}

#[test]
fn a_german_page_has_the_markup_of_the_english_one() {
    for stage in STAGES {
        for apis in [1, 3] {
            let [english, german] = ["en", "de"].map(|language| {
                let all = vec![facts(); apis];
                written(language, stage, all).html
            });
            assert_ne!(english, german);
            assert_eq!(markup(&english), markup(&german), "{stage}");
        }
    }
}

#[test]
fn an_approval_says_in_german_what_can_not_be_taken_back_and_how_long_it_lasts() {
    let asked = |step: Option<&str>, lasts: &[Period]| {
        let all = lasts.iter().map(|lasts| {
            let mut facts = facts();
            let mut approval = ApprovalFacts::new("sha256:0a", *lasts);
            approval.step = step.map(str::to_owned);
            facts.approval = Some(approval);
            facts
        });
        let number = u32::from(step.is_some());
        written("de", NoticeStage::Approval { number }, all.collect())
    };
    for (lasts, words) in [
        (Period::days(3), "72 Stunden"),
        (Period::hours(1), "1 Stunde"),
        (Period::minutes(90), "1 Stunde und 30 Minuten"),
        (Period::minutes(121), "2 Stunden und 1 Minute"),
        (Period::seconds(59), "weniger als eine Minute"),
        (Period::days(365), "8.760 Stunden"),
    ] {
        let message = asked(None, &[lasts]);
        let sentence = format!("und kann {words} lang verwendet werden.");
        for said in [&message.text, &message.html] {
            assert!(said.contains(&sentence), "{sentence} {said}");
            assert!(!said.contains("zurückgenommen"), "{said}");
        }
    }
    let both = asked(
        Some("Schlüssel löschen"),
        &[Period::days(3), Period::minutes(30)],
    );
    assert_eq!(
        both.subject,
        "Ihre Freigabe wird für unumkehrbare Schritte an 2 Schnittstellen gebraucht"
    );
    for said in [&both.text, &both.html] {
        for words in [
            "können nicht zurückgenommen werden",
            "Schlüssel löschen (kann nicht zurückgenommen werden)",
            "72 Stunden",
            "30 Minuten",
        ] {
            assert!(said.contains(words), "{words} {said}");
        }
    }
}

#[test]
fn every_role_and_every_kind_of_finding_has_german_words() {
    let caller = "shop-web".parse().unwrap();
    let roles = [
        RoleFacts::owner(),
        RoleFacts::stakeholder(&"security".parse().unwrap()),
        RoleFacts::consumer(&caller),
        RoleFacts::caller(&caller),
        RoleFacts::code(),
    ];
    for role in roles {
        let mut facts = facts();
        facts.roles = vec![role.clone()];
        let message = written("de", NoticeStage::Digest, vec![facts]);
        for said in [&message.text, &message.html] {
            assert!(said.contains("Ihre Rolle: "), "{said}");
            assert!(!said.contains(&role.text), "{role:?}");
            if let Some(name) = &role.name {
                assert!(said.contains(name), "{role:?}");
            }
        }
    }
    let kinds = [
        FindingKind::Zombie,
        FindingKind::Shadow,
        FindingKind::Overdue,
        FindingKind::Orphaned,
        FindingKind::Unreachable,
        FindingKind::Unused,
        FindingKind::Idle,
        FindingKind::Superseded,
        FindingKind::Redundant,
        FindingKind::Declining,
        FindingKind::Unknown,
    ];
    let kinds = kinds.map(FindingKind::name).into_iter();
    for kind in kinds.chain(["drift", "next_step"]) {
        let mut facts = facts();
        facts.findings = vec![FindingFacts::new(kind, "Details")];
        let message = written("de", NoticeStage::Digest, vec![facts]);
        assert!(
            message.text.contains(": Details"),
            "{kind}: {}",
            message.text
        );
        assert!(message.html.contains(": Details</li>"), "{kind}");
    }
    // A role and a finding in words alone are told in those.
    let mut facts = facts();
    facts.roles = vec![RoleFacts::other("its author")];
    facts.findings = vec![FindingFacts::text("2 keys work")];
    let text = written("de", NoticeStage::Digest, vec![facts]).text;
    assert!(text.contains("Ihre Rolle: its author."), "{text}");
    assert!(text.contains("\n  2 keys work\n"), "{text}");
}
