//! Letters to try templates with: every stage, with all facts and with as few as
//! possible, of one API and of several.

use std::collections::BTreeSet;

use deprovision_core::catalog::Contact;
use deprovision_core::id::{ApiId, CallerId, PersonId, RetirementId, Role};
use deprovision_core::provider::{
    AnswerLinks, ApprovalFacts, BrownOutFacts, CallFacts, FindingFacts, Notice, NoticeFacts,
    NoticeStage, RoleFacts, SuccessorFacts,
};
use deprovision_core::resource::{Locator, NoticeId};
use deprovision_core::time::{Period, Timestamp};

use super::names;
use crate::Letter;

/// One of each stage.
const ALL: [NoticeStage; 13] = [
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

/// The sample letters of these stages, each with a name for people.
pub(super) fn letters(language: &str, stages: &BTreeSet<&'static str>) -> Vec<(String, Letter)> {
    let mut letters = Vec::new();
    for stage in ALL.into_iter().filter(|s| stages.contains(names::of(*s))) {
        for (facts, full) in [("all facts", true), ("as few facts as possible", false)] {
            for (apis, count) in [("of one API", 1), ("of three APIs", 3)] {
                // Nothing in it can fail; if it did, the tests of this crate would.
                if let Some(letter) = letter(language, stage, full, count) {
                    letters.push((format!("the sample {stage} {apis} with {facts}"), letter));
                }
            }
        }
    }
    letters
}

fn letter(language: &str, stage: NoticeStage, full: bool, count: usize) -> Option<Letter> {
    let mut to = Contact::new(
        PersonId::parse("dana").ok()?,
        "dana@example.com".parse().ok()?,
    );
    to.language = Some(language.parse().ok()?);
    to.time_zone = full.then(|| "Europe/Berlin".parse().ok()).flatten();
    let notices: Option<Vec<Notice>> = (1..=count)
        .map(|number| {
            let name = format!("sample-{number}");
            let id = NoticeId::new(Locator::new("sample", "sample", "local", &name).ok()?);
            let facts = if full { all(number)? } else { few(number)? };
            Some(Notice::new(id, stage, to.clone(), facts))
        })
        .collect();
    Letter::of(notices?).ok()
}

fn few(number: usize) -> Option<NoticeFacts> {
    let api = ApiId::parse(format!("orders-v{number}")).ok()?;
    Some(NoticeFacts::new(api, format!("Orders v{number}")))
}

fn all(number: usize) -> Option<NoticeFacts> {
    let at = |text: &str| text.parse::<Timestamp>().ok();
    let mut facts = few(number)?;
    facts.retirement = Some(RetirementId::parse(format!("retire-orders-v{number}")).ok()?);
    facts.reason = "Version 3 does the same.\nIt is faster.".to_owned();
    let caller = CallerId::parse("shop-web").ok()?;
    facts.roles = vec![
        RoleFacts::owner(),
        RoleFacts::stakeholder(&Role::parse("security").ok()?),
        RoleFacts::consumer(&caller),
        RoleFacts::caller(&caller),
        RoleFacts::code(),
        RoleFacts::other("its author"),
    ];
    facts.ends = at("2027-01-31T09:00:00Z");
    facts.moved = 1;
    let successor = ApiId::parse("orders-v9").ok()?;
    let url = "https://docs.example.com/orders-v9".to_owned();
    facts.successor = Some(SuccessorFacts::new(successor, "Orders v9", Some(url)));
    facts.documentation = Some("https://docs.example.com/moving".to_owned());
    facts.routes = vec![
        "GET /v1/orders/{id}".to_owned(),
        "POST /v1/orders".to_owned(),
    ];
    let mut calls = CallFacts::new(
        CallerId::parse("shop-web").ok()?,
        12_345,
        at("2026-11-02T08:15:00Z")?,
    );
    calls.routes = vec!["GET /v1/orders/{id}".to_owned()];
    facts.calls = vec![calls];
    facts.brown_out = Some(BrownOutFacts::new(
        at("2027-01-10T09:00:00Z")?,
        Period::minutes(30),
    ));
    let mut approval = ApprovalFacts::new("sha256:0a1b", Period::days(3));
    approval.step = Some("delete the keys".to_owned());
    approval.actions = vec!["delete the key shop-web".to_owned()];
    approval.count = 200;
    facts.approval = Some(approval);
    facts.findings = vec![
        FindingFacts::new("unused", "no request in 90 days"),
        FindingFacts::text("its keys still work"),
    ];
    facts.certificate = Some("https://example.com/certificate.json".to_owned());
    let mut links = AnswerLinks::new(
        "https://example.com/acknowledge",
        "https://example.com/object",
        "https://example.com/more-time",
    );
    links.approve = Some("https://example.com/approve".to_owned());
    facts.links = Some(links);
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_four_samples_of_each_stage() {
        let letters = letters("en", &BTreeSet::from(names::STAGES));
        assert_eq!(letters.len(), 4 * names::STAGES.len());
    }
}
