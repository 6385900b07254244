//! What is true at the end: what everybody got, what the log has of it, and whether that
//! is as it was promised.

use std::collections::{BTreeMap, BTreeSet};

use deprovision_core::engine::{Engine, sentence};
use deprovision_core::id::RetirementId;
use deprovision_core::pipeline::ids;
use deprovision_core::retirement::Event;
use deprovision_core::time::Timestamp;
use deprovision_examples::{Checks, Problem, Teller};

use crate::mailbox::{self, Mail};
use crate::world::World;

/// The events of a retirement, each with its moment.
pub(crate) async fn log(
    engine: &Engine,
    id: &RetirementId,
) -> Result<Vec<(Timestamp, Event)>, Problem> {
    let entries = engine.entries(id).await?;
    entries
        .into_iter()
        .map(|entry| Ok((entry.at, serde_json::from_value(entry.body)?)))
        .collect()
}

/// Shows it; gives how many things are not as they should be.
pub(crate) async fn show(
    world: &World,
    id: &RetirementId,
    teller: &Teller,
) -> Result<u32, Problem> {
    let mails = mails(world)?;
    teller.head("What everybody got, by their own mailbox");
    for (person, mails) in &mails {
        teller.say(format!("  {person}"));
        for mail in mails {
            let date = mail.date.strftime("%Y-%m-%d %H:%M");
            teller.say(format!("    {date}  {}", mail.subject));
        }
    }
    let log = log(&world.engine, id).await?;
    teller.head("What the log has of who was told, and of what they said");
    for (at, event) in log.iter().filter(|(_, event)| is_of_people(event)) {
        let date = at.strftime("%Y-%m-%d %H:%M");
        teller.say(format!("  {date}  {}", sentence(event)));
    }
    teller.head("What is true now");
    let mut checks = Checks::new(teller);
    letters(world, &mails, &mut checks).await?;
    answers(&log, &mails, &mut checks);
    service(world, &mut checks).await?;
    let signer = world.signer()?;
    let checkpoints = world.checkpoints.as_ref();
    checks
        .proof(&world.engine, id, checkpoints, signer.verifier(), true)
        .await?;
    Ok(checks.failed())
}

type Mails = BTreeMap<String, Vec<Mail>>;

fn mails(world: &World) -> Result<Mails, Problem> {
    let mut all = Mails::new();
    for contact in &world.given.contacts {
        let mails = mailbox::read(&world.files, contact.email.as_str())?;
        all.insert(contact.person.to_string(), mails);
    }
    Ok(all)
}

fn is_of_people(event: &Event) -> bool {
    match event {
        Event::ActionVerified { action, .. } => action.as_str().starts_with(ids::ANNOUNCE),
        Event::Answered { .. }
        | Event::Approved { .. }
        | Event::Objected { .. }
        | Event::ObjectionWithdrawn { .. }
        | Event::Postponed { .. }
        | Event::PeopleTold { .. }
        | Event::Certified { .. } => true,
        _ => false,
    }
}

async fn letters(world: &World, mails: &Mails, checks: &mut Checks<'_>) -> Result<(), Problem> {
    let mut copies = BTreeMap::<&str, u32>::new();
    for mail in mails.values().flatten() {
        *copies.entry(&mail.id).or_default() += 1;
    }
    let twice = copies.values().filter(|copies| **copies > 1).count();
    checks.check(
        twice == 0 && !copies.is_empty(),
        format!(
            "letters: {}, of which somebody got two copies: {twice}",
            copies.len()
        ),
    );
    let status = world.courier.status().await?;
    let left = status.waiting + status.bounced + status.unsure;
    checks.check(
        left == 0 && status.delivered > 0,
        format!(
            "the courier delivered {} notices; waiting, bounced or not known: {left}",
            status.delivered
        ),
    );
    Ok(())
}

fn answers(log: &[(Timestamp, Event)], mails: &Mails, checks: &mut Checks<'_>) {
    let answers = log.iter().filter_map(|(_, event)| match event {
        Event::Answered { answered } => Some(answered),
        _ => None,
    });
    let names: Vec<_> = answers.map(|answered| &answered.id).collect();
    let once: BTreeSet<_> = names.iter().collect();
    checks.check(
        once.len() == names.len() && !names.is_empty(),
        format!("answers in the log: {}, each of them once", names.len()),
    );
    let holds = |person: &str, words: &str| {
        let mails = mails.get(person).into_iter().flatten();
        mails.filter(|mail| mail.text.contains(words)).count()
    };
    let own = |person: &str| {
        let others = ["ak_billing:", "ak_reports:"];
        others.map(|caller| holds(person, caller) > 0)
    };
    checks.check(
        own("billing-team") == [true, false] && own("reports-team") == [false, true],
        "each caller was told of their own calls and of nobody else's",
    );
    let is_last_call = |mail: &Mail| mail.subject.starts_with("Last call");
    let called = mails
        .iter()
        .filter(|(_, mails)| mails.iter().any(is_last_call));
    let called: Vec<&str> = called.map(|(person, _)| person.as_str()).collect();
    checks.check(
        called == ["billing-team"],
        format!("who got the last call: {}", called.join(", ")),
    );
    let certificate = log.iter().find_map(|(_, event)| match event {
        Event::Certified { statement, .. } => Some(statement.to_string()),
        _ => None,
    });
    let told = certificate.is_some_and(|digest| {
        let of_v1 = ["dana", "sam", "ann", "billing-team", "reports-team"];
        of_v1.iter().all(|person| holds(person, &digest) == 1)
    });
    checks.check(told, "all of them were told which certificate ends it");
    let erin = holds("erin", "nobody uses Invoices");
    checks.check(
        erin > 0,
        format!("the owner of the API that nobody calls was told so: {erin} times, once a month"),
    );
}

async fn service(world: &World, checks: &mut Checks<'_>) -> Result<(), Problem> {
    let (callers, held) = (&world.callers, &world.held);
    let old = callers.get("/v1/orders", Some(&held.billing)).await?;
    let new = callers.get("/v2/orders", Some(&held.billing_v2)).await?;
    checks.check(
        (old.status, new.status) == (410, 200),
        format!("version 1 answers {}, version 2 {}", old.status, new.status),
    );
    Ok(())
}
