//! Whom to tell, and what.

use std::sync::Arc;

use deprovision_core::catalog::Contact;
use deprovision_core::id::{ApiId, CallerId, PersonId, RetirementId};
use deprovision_core::provider::{
    AnswerLinks, CallFacts, Notice, NoticeFacts, NoticeStage, RoleFacts, SuccessorFacts,
};
use deprovision_core::resource::{Locator, NoticeId};
use deprovision_core::time::ManualClock;
use deprovision_notify::{MailWriter, Sender, Templates};

use crate::Failure;

/// A message tells when it was written. All of a person are to be the same, whoever
/// sends them: so this is when.
pub(crate) fn written_at() -> Result<Arc<ManualClock>, Failure> {
    Ok(Arc::new(ManualClock::starting_at(
        "2027-05-31T09:00:00Z".parse()?,
    )))
}

/// The templates of the library, unchanged.
pub(crate) fn writer() -> Result<MailWriter, Failure> {
    let sender = Sender::new("apis@example.com".parse()?).named("API Platform");
    Ok(MailWriter::new(sender, Arc::new(Templates::english()?))?)
}

/// Reminds one person of one API, as an engine would.
pub(crate) fn notice(number: usize) -> Result<Notice, Failure> {
    let person = PersonId::parse(format!("person-{number:05}"))?;
    let email = format!("{person}@example.com").parse()?;
    let name = format!("orders-v1-2027/reminder-30/{person}");
    let id = NoticeId::new(Locator::new("courier", "shop", "local", &name)?);
    let mut facts = NoticeFacts::new(ApiId::parse("orders-v1")?, "Orders v1");
    facts.retirement = Some(RetirementId::parse("orders-v1-2027")?);
    facts.reason = "It is old, few still use it, and v2 does all that it did.".to_owned();
    facts.roles = vec![RoleFacts::consumer(&format!("shop-{number}").parse()?)];
    facts.ends = Some("2027-06-30T00:00:00Z".parse()?);
    facts.successor = Some(SuccessorFacts::new(
        ApiId::parse("orders-v2")?,
        "Orders v2",
        Some("https://docs.example.com/orders-v2".to_owned()),
    ));
    facts.documentation = Some("https://docs.example.com/moving-to-v2".to_owned());
    facts.routes = (0..8)
        .map(|n| format!("GET /v1/orders/{{id}}/items/{n}"))
        .collect();
    let caller = CallerId::parse(format!("shop-{number}"))?;
    let last_seen = "2027-05-30T08:15:00Z".parse()?;
    facts.calls = vec![CallFacts::new(caller, 40_000, last_seen)];
    let link = |what| {
        let token = "k".repeat(120);
        format!("https://apis.example.com/{what}?token={token}{number}")
    };
    facts.links = Some(AnswerLinks::new(link("yes"), link("no"), link("later")));
    let to = Contact::new(person, email);
    Ok(Notice::new(
        id,
        NoticeStage::Reminder { days: 30 },
        to,
        facts,
    ))
}
