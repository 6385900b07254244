//! A letter as templates see it. Every text in it is clean: one line, or several where
//! that is said, without control characters and marks of direction.
//!
//! None of it is `Debug`: with its links one answers for the recipient.

use deprovision_core::provider::{
    AnswerLinks, FindingFacts, Notice, NoticeFacts, NoticeStage, RoleFacts,
};
use deprovision_core::time::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::names;
use crate::{Letter, text};

/// All of it.
#[derive(Serialize)]
pub(super) struct View {
    /// The language of the templates.
    language: String,
    /// The name of the stage, as in the names of its templates.
    stage: &'static str,
    /// How many days a reminder is ahead, or the how manieth postponement or brown-out
    /// it is.
    number: Option<u32>,
    /// Who is told.
    person: String,
    /// The time zone of all moments.
    zone: String,
    /// The earliest end.
    first_end: Option<Moment>,
    /// One for each API.
    notices: Vec<One>,
}

/// What there is to say of one API.
#[derive(Serialize)]
struct One {
    api: String,
    title: String,
    retirement: Option<String>,
    /// Of several lines.
    reason: String,
    roles: Vec<Role>,
    ends: Option<Moment>,
    moved: u32,
    successor: Option<Successor>,
    documentation: Option<Link>,
    routes: Vec<String>,
    calls: Vec<Calls>,
    brown_out: Option<BrownOut>,
    findings: Vec<Found>,
    approval: Option<Approval>,
    certificate: Option<Link>,
    links: Option<Links>,
}

/// Why they are told.
#[derive(Serialize)]
struct Role {
    /// A name that stays: `stakeholder`.
    kind: &'static str,
    /// What the role is called, or whose it is.
    name: Option<String>,
    /// In English, after *you are*.
    text: String,
}

/// What was found.
#[derive(Serialize)]
struct Found {
    /// A name that stays: `unused`.
    kind: Option<String>,
    /// In English.
    text: String,
}

/// A moment in the recipient's time zone.
#[derive(Serialize)]
struct Moment {
    year: i16,
    month: i8,
    day: i8,
    /// From 1, Monday.
    weekday: i8,
    /// `2027-01-31`.
    date: String,
    /// `00:00`.
    clock: String,
    /// The name of the time zone.
    zone: String,
    /// How far it is from UTC then: `+01:00`.
    offset: String,
    /// For machines: RFC 3339.
    iso: String,
}

/// A text that may be an address.
#[derive(Serialize)]
struct Link {
    text: String,
    /// The address, if it is one of the web; only this may become a link.
    link: Option<String>,
}

#[derive(Serialize)]
struct Successor {
    api: String,
    title: String,
    url: Option<Link>,
}

#[derive(Serialize)]
struct Calls {
    caller: String,
    requests: u64,
    last_seen: Moment,
    routes: Vec<String>,
}

#[derive(Serialize)]
struct BrownOut {
    from: Moment,
    /// When it is over, if it begins at once.
    until: Moment,
    minutes: u64,
}

#[derive(Serialize)]
struct Approval {
    /// The digest of the plan.
    plan: String,
    /// What the step does; none for the plan as a whole.
    step: Option<String>,
    actions: Vec<String>,
    /// How many actions there are, listed or not.
    count: u64,
    /// So long an approval may be used: whole hours, and the minutes beside them. Never
    /// longer than is true.
    hours: u64,
    minutes: u64,
}

#[derive(Serialize)]
struct Links {
    acknowledge: Link,
    object: Link,
    more_time: Link,
    approve: Option<Link>,
}

impl View {
    /// The letter, for templates of that language.
    pub(super) fn of(letter: &Letter, language: &str) -> Self {
        Self::with(letter, language, letter.notices())
    }

    /// One of its notices.
    pub(super) fn of_one(letter: &Letter, notice: &Notice, language: &str) -> Self {
        Self::with(letter, language, std::slice::from_ref(notice))
    }

    fn with(letter: &Letter, language: &str, notices: &[Notice]) -> Self {
        let zone = zone(letter);
        let ends = notices.iter().filter_map(|notice| notice.facts.ends).min();
        Self {
            language: language.to_owned(),
            stage: names::of(letter.stage()),
            number: match letter.stage() {
                NoticeStage::Reminder { days } => Some(days),
                NoticeStage::Postponement { number } | NoticeStage::BrownOut { number } => {
                    Some(number)
                }
                NoticeStage::Approval { .. }
                | NoticeStage::Announcement
                | NoticeStage::LastCall
                | NoticeStage::Closed
                | NoticeStage::Restored
                | NoticeStage::Retired
                | NoticeStage::Withdrawal
                | NoticeStage::Unused
                | NoticeStage::Drift
                | NoticeStage::Digest => None,
            },
            person: text::line(letter.to().person.as_str()),
            zone: zone_name(&zone),
            first_end: ends.map(|at| Moment::of(at, &zone)),
            notices: notices.iter().map(|n| One::of(&n.facts, &zone)).collect(),
        }
    }
}

impl One {
    fn of(facts: &NoticeFacts, zone: &TimeZone) -> Self {
        Self {
            api: text::line(facts.api.as_str()),
            title: text::line(&facts.title),
            retirement: facts.retirement.as_ref().map(|r| text::line(r.as_str())),
            reason: text::paragraph(&facts.reason),
            roles: facts.roles.iter().filter_map(Role::of).collect(),
            ends: facts.ends.map(|at| Moment::of(at, zone)),
            moved: facts.moved,
            successor: facts.successor.as_ref().map(|successor| Successor {
                api: text::line(successor.api.as_str()),
                title: text::line(&successor.title),
                url: successor.url.as_deref().map(Link::of),
            }),
            documentation: facts.documentation.as_deref().map(Link::of),
            routes: lines(&facts.routes),
            calls: facts
                .calls
                .iter()
                .map(|calls| Calls {
                    caller: text::line(calls.caller.as_str()),
                    requests: calls.requests,
                    last_seen: Moment::of(calls.last_seen, zone),
                    routes: lines(&calls.routes),
                })
                .collect(),
            brown_out: facts.brown_out.map(|brown_out| BrownOut {
                from: Moment::of(brown_out.not_before, zone),
                until: Moment::of(brown_out.lasts.after(brown_out.not_before), zone),
                minutes: brown_out.lasts.as_seconds().div_ceil(60),
            }),
            findings: facts.findings.iter().filter_map(Found::of).collect(),
            approval: facts.approval.as_ref().map(|approval| Approval {
                plan: text::line(&approval.plan),
                step: approval.step.as_deref().map(text::line),
                actions: lines(&approval.actions),
                count: approval.count,
                hours: approval.lasts.as_seconds() / 3_600,
                minutes: approval.lasts.as_seconds() / 60 % 60,
            }),
            certificate: facts.certificate.as_deref().map(Link::of),
            links: facts.links.as_ref().map(Links::of),
        }
    }
}

impl Role {
    /// The role; nothing of one without words.
    fn of(role: &RoleFacts) -> Option<Self> {
        let text = text::line(&role.text);
        (!text.is_empty()).then(|| Self {
            kind: role.kind.name(),
            name: role.name.as_deref().map(text::line),
            text,
        })
    }
}

impl Found {
    /// What was found; nothing without words.
    fn of(found: &FindingFacts) -> Option<Self> {
        let text = text::line(&found.text);
        (!text.is_empty()).then(|| Self {
            kind: found.kind.as_deref().map(text::line),
            text,
        })
    }
}

impl Links {
    fn of(links: &AnswerLinks) -> Self {
        Self {
            acknowledge: Link::of(&links.acknowledge),
            object: Link::of(&links.object),
            more_time: Link::of(&links.more_time),
            approve: links.approve.as_deref().map(Link::of),
        }
    }
}

impl Link {
    fn of(address: &str) -> Self {
        Self {
            text: text::line(address),
            link: text::link(address).map(str::to_owned),
        }
    }
}

impl Moment {
    fn of(at: Timestamp, zone: &TimeZone) -> Self {
        let local = at.to_zoned_datetime(zone.clone());
        Self {
            year: local.year(),
            month: local.month(),
            day: local.day(),
            weekday: local.weekday().to_monday_one_offset(),
            date: local.strftime("%Y-%m-%d").to_string(),
            clock: local.strftime("%H:%M").to_string(),
            zone: zone_name(zone),
            offset: local.strftime("%:z").to_string(),
            iso: local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        }
    }
}

/// The recipient's time zone; UTC when it is not known.
fn zone(letter: &Letter) -> TimeZone {
    let name = letter.to().time_zone.as_ref();
    name.and_then(|name| TimeZone::get(name.as_str()).ok())
        .unwrap_or(TimeZone::UTC)
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

fn lines(texts: &[String]) -> Vec<String> {
    let lines = texts.iter().map(|text| text::line(text));
    lines.filter(|line| !line.is_empty()).collect()
}
