//! What the notices say: of the catalog what it has, the rest made up.

use deprovision_core::catalog::{Api, Catalog, Contact};
use deprovision_core::digest::Digest;
use deprovision_core::id::{CallerId, PersonId, RetirementId};
use deprovision_core::provider::{
    AnswerLinks, ApprovalFacts, BrownOutFacts, CallFacts, FindingFacts, Notice, NoticeFacts,
    NoticeStage, RoleFacts, SuccessorFacts,
};
use deprovision_core::resource::{Locator, NoticeId};
use deprovision_core::time::{Period, Timestamp};
use deprovision_examples::Problem;

use crate::args::Args;

/// Every stage, once.
pub(crate) const STAGES: [NoticeStage; 14] = [
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

/// The notice of a stage about an API.
pub(crate) fn notice(
    catalog: &Catalog,
    api: &Api,
    stage: NoticeStage,
    to: Contact,
    now: Timestamp,
) -> Result<Notice, Problem> {
    let name = format!("{}/{stage}/{}", api.id, to.person);
    let id = NoticeId::new(Locator::new("preview", "preview", "local", &name)?);
    Ok(Notice::new(id, stage, to, facts(catalog, api, stage, now)?))
}

/// To whom: the address given, else the owner.
pub(crate) fn recipient(api: Option<&Api>, args: &Args) -> Result<Contact, Problem> {
    let owner = api.and_then(|api| api.owner.clone());
    let mut to = match owner {
        Some(owner) => owner,
        None => Contact::new(PersonId::parse("dana")?, "dana@example.com".parse()?),
    };
    if let Some(address) = &args.to {
        to.email = address.clone();
    }
    if let Some(language) = &args.language {
        to.language = Some(language.clone());
    }
    if let Some(zone) = &args.time_zone {
        to.time_zone = Some(zone.clone());
    }
    Ok(to)
}

fn facts(
    catalog: &Catalog,
    api: &Api,
    stage: NoticeStage,
    now: Timestamp,
) -> Result<NoticeFacts, Problem> {
    let mut facts = NoticeFacts::new(api.id.clone(), &api.title);
    facts.documentation.clone_from(&api.documentation);
    facts.routes = api
        .routes
        .iter()
        .map(|route| format!("{} {}", route.method.name(), route.path))
        .collect();
    facts.successor = api
        .successor
        .as_ref()
        .and_then(|id| catalog.apis.get(id))
        .map(|next| SuccessorFacts::new(next.id.clone(), &next.title, next.url.clone()));
    facts.roles = vec![RoleFacts::owner()];
    let calls = |hours: u64| -> Result<Vec<CallFacts>, Problem> {
        let caller = match api.consumers.keys().next() {
            Some(caller) => caller.clone(),
            None => CallerId::parse("shop-web")?,
        };
        let mut calls = CallFacts::new(caller, 12_345, Period::hours(hours).before(now));
        calls.routes = facts.routes.iter().take(2).cloned().collect();
        Ok(vec![calls])
    };
    let ends = api.sunset.unwrap_or_else(|| Period::days(60).after(now));
    match stage {
        NoticeStage::Announcement | NoticeStage::Postponement { .. } => {
            facts.calls = calls(30)?;
            facts.ends = Some(ends);
        }
        NoticeStage::Reminder { days } => {
            facts.calls = calls(30)?;
            facts.ends = Some(Period::days(days.into()).after(now));
        }
        NoticeStage::LastCall => {
            facts.calls = calls(3)?;
            facts.ends = Some(Period::days(2).after(now));
        }
        NoticeStage::BrownOut { .. } => {
            let not_before = Period::days(3).after(now);
            facts.brown_out = Some(BrownOutFacts::new(not_before, Period::minutes(30)));
            facts.calls = calls(30)?;
            facts.ends = Some(ends);
        }
        NoticeStage::Closed
        | NoticeStage::Restored
        | NoticeStage::Retired
        | NoticeStage::Withdrawal => facts.ends = Some(now),
        NoticeStage::Unused => {
            facts.findings = vec![
                FindingFacts::new("unused", "no request in 90 days, in logs without a gap"),
                FindingFacts::text("2 keys still work"),
            ];
        }
        NoticeStage::Approval { number } => {
            facts.ends = Some(ends);
            facts.approval = Some(approval(api, number));
        }
        NoticeStage::Drift => {
            facts.findings = vec![FindingFacts::new(
                "drift",
                format!("{} answers 200 again", place(api)),
            )];
        }
        NoticeStage::Digest => {
            facts.findings = vec![
                FindingFacts::new(
                    "declining",
                    "1,204 requests in the last 7 days, 38 % fewer than in the 7 days before",
                ),
                FindingFacts::text("1 key was not used for 120 days"),
            ];
        }
    }
    if stage == NoticeStage::Retired {
        let url = format!("https://example.com/certificates/{}.json", api.id);
        facts.certificate = Some(url);
    }
    let has_retirement = !matches!(stage, NoticeStage::Unused | NoticeStage::Digest);
    if has_retirement {
        facts.retirement = Some(RetirementId::parse(format!("retire-{}", api.id))?);
        facts.reason = "Few callers are left, and its successor does the same.".to_owned();
    }
    if let NoticeStage::Postponement { number } = stage {
        facts.moved = number;
    }
    let can_answer = matches!(
        stage,
        NoticeStage::Approval { .. }
            | NoticeStage::Announcement
            | NoticeStage::Reminder { .. }
            | NoticeStage::Postponement { .. }
            | NoticeStage::BrownOut { .. }
            | NoticeStage::LastCall
            | NoticeStage::Closed
    );
    if can_answer {
        let at = |what: &str| format!("https://example.com/answer/{what}/{}", api.id);
        let mut links = AnswerLinks::new(at("read"), at("object"), at("more-time"));
        if matches!(stage, NoticeStage::Approval { .. }) {
            links.approve = Some(at("approve"));
        }
        facts.links = Some(links);
    }
    Ok(facts)
}

/// The plan, or the step that deletes its keys.
fn approval(api: &Api, number: u32) -> ApprovalFacts {
    let plan = Digest::of_bytes(api.id.as_str().as_bytes());
    let mut facts = ApprovalFacts::new(plan.to_string(), Period::hours(72));
    facts.actions = match number {
        0 => vec![
            "delete the key shop-web, for good".to_owned(),
            format!("answer 410 at {}", place(api)),
            "disable the key shop-web".to_owned(),
            "tell 3 people".to_owned(),
        ],
        _ => vec!["delete the key shop-web, for good".to_owned()],
    };
    facts.step = (number > 0).then(|| "delete credentials".to_owned());
    facts.count = facts.actions.len() as u64;
    facts
}

fn place(api: &Api) -> String {
    match (api.hosts.first(), api.routes.first()) {
        (Some(host), Some(route)) => format!("{} {host}{}", route.method.name(), route.path),
        (Some(host), None) => host.clone(),
        (None, _) => api.id.to_string(),
    }
}
