//! What is said of an API.

use deprovision_core::answer::AnswerKind;
use deprovision_core::provider::{AnswerLinks, Notice, NoticeFacts, NoticeStage};
use deprovision_core::time::Timestamp;
use url::Url;

use super::approval::{Approves, Asked};
use super::line::line;
use crate::Letter;
use crate::text::is_direction;

/// How many bytes of a text are kept. A post is read between others.
pub(super) const MAX_TEXT: usize = 500;
/// How many items of a list are kept.
const MAX_ITEMS: usize = 10;
/// How many bytes an address may have.
const MAX_URL: usize = 1_000;
/// How many bytes an address of an answer may have: as many as a button of Slack's takes.
const MAX_ANSWER_URL: usize = 3_000;

/// Whether a post shows where its recipient can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "they are shown or they are not")]
pub enum Answers {
    /// It does not: whoever sees one of those addresses can answer in its owner's name.
    #[default]
    Withheld,
    /// It does. For a place that only the recipient reads, as a conversation with one
    /// person.
    Shown,
}

/// A post. Nothing of it is `Debug`: with its addresses one answers for the recipient.
pub(crate) struct Post {
    /// In one line.
    pub(crate) title: String,
    /// One for each API.
    pub(crate) entries: Vec<Entry>,
}

/// What is said of one API.
pub(crate) struct Entry {
    /// In one line.
    pub(crate) title: String,
    /// A word of ours, and what there is to say.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// Where to read more.
    pub(crate) links: Vec<Link>,
    /// Where to answer.
    pub(crate) answers: Vec<Reply>,
}

/// A word of ours, and an address of the web without spaces, quotes and angle brackets.
pub(crate) struct Link {
    pub(crate) label: &'static str,
    pub(crate) url: String,
}

/// One of the answers that a recipient can give.
pub(crate) struct Reply {
    pub(crate) what: What,
    pub(crate) link: Link,
    /// What is approved; only where the post shows all of it.
    pub(crate) approves: Option<Approves>,
}

/// Which answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Acknowledge,
    Object,
    MoreTime,
    Approve,
}

impl What {
    pub(crate) fn of(kind: &AnswerKind) -> Self {
        match kind {
            AnswerKind::Acknowledge => Self::Acknowledge,
            AnswerKind::Object => Self::Object,
            AnswerKind::MoreTime => Self::MoreTime,
            AnswerKind::Approve { .. } => Self::Approve,
        }
    }
}

/// The post of a letter.
pub(crate) fn of(letter: &Letter, answers: Answers) -> Post {
    let mut entries: Vec<Entry> = letter
        .notices()
        .iter()
        .map(|notice| entry(notice, answers))
        .collect();
    let title = match entries.as_mut_slice() {
        [one] => one.title.clone(),
        all => format!("{} APIs {}", all.len(), of_many(letter.stage())),
    };
    Post { title, entries }
}

fn entry(notice: &Notice, answers: Answers) -> Entry {
    let facts = &notice.facts;
    let mut entry = Entry {
        title: line(&headline(notice), 200),
        facts: Vec::new(),
        links: Vec::new(),
        answers: Vec::new(),
    };
    let one = |text: &str| match text.is_empty() {
        true => Vec::new(),
        false => vec![text.to_owned()],
    };
    entry.say("API", vec![facts.api.to_string()]);
    let mut told = vec![notice.to.person.to_string()];
    told.extend(facts.roles.iter().map(|role| role.text.clone()));
    entry.say("For", vec![told.join(", ")]);
    entry.say("Why", one(&facts.reason));
    entry.say("Ends", facts.ends.map(moment).into_iter().collect());
    entry.say("Does not answer", brown_out(facts));
    let mut links = Vec::new();
    let mut address = |label: &'static str, url: &str| {
        links.extend(link(label, url));
        links.last().is_some_and(|link| link.label == label)
    };
    if let Some(successor) = &facts.successor {
        let mut text = format!("{} ({})", successor.title, successor.api);
        if let Some(url) = successor.url.as_deref()
            && !address("What to use instead", url)
        {
            text = format!("{text}: {url}");
        }
        entry.say("Use instead", vec![text]);
    }
    if let Some(url) = facts.documentation.as_deref()
        && !address("Read more", url)
    {
        entry.say("Read more", one(url));
    }
    if let Some(certificate) = facts.certificate.as_deref()
        && !address("Certificate", certificate)
    {
        entry.say("Certificate", one(certificate));
    }
    entry.say("What goes", facts.routes.clone());
    entry.say("Calls", calls(facts));
    let found = facts.findings.iter();
    entry.say("Found", found.map(|one| one.text.clone()).collect());
    let mut approves = None;
    if let Some(approval) = &facts.approval {
        let asked = Asked::of(facts, approval);
        entry.facts.extend(asked.facts);
        approves = asked.approves;
    }
    entry.say("To object, name", retirement(notice));
    entry.links = links;
    if let (Answers::Shown, Some(links)) = (answers, &facts.links) {
        entry.answers = replies(links, approves);
    }
    entry
}

impl Entry {
    fn say(&mut self, label: &'static str, texts: Vec<String>) {
        if !texts.is_empty() {
            self.facts.push((label, list(&texts)));
        }
    }
}

fn headline(notice: &Notice) -> String {
    let title = line(&notice.facts.title, 120);
    let ends = notice.facts.ends;
    let on = ends.map_or_else(
        || "on a day to come".to_owned(),
        |end| format!("on {}", day(end)),
    );
    match notice.stage {
        NoticeStage::Approval { number: 0 } => {
            format!("{title}: your approval of its retirement is needed")
        }
        NoticeStage::Approval { number: _ } => {
            format!("{title}: a step that can not be taken back needs your approval")
        }
        NoticeStage::Announcement => format!("{title} will be retired {on}"),
        NoticeStage::Reminder { days: 1 } => format!("{title} will be retired in a day, {on}"),
        NoticeStage::Reminder { days } => format!("{title} will be retired in {days} days, {on}"),
        NoticeStage::Postponement { number: _ } => format!("{title} will be retired later, {on}"),
        NoticeStage::BrownOut { number: _ } => format!("{title} will not answer for a while"),
        NoticeStage::LastCall => format!("{title} will be closed {on}, and is still called"),
        NoticeStage::Closed => format!("{title} is closed"),
        NoticeStage::Restored => format!("{title} was closed, and answers again"),
        NoticeStage::Retired => format!("{title} is retired"),
        NoticeStage::Withdrawal => format!("{title} stays: its retirement was called off"),
        NoticeStage::Unused => format!("Nobody seems to use {title}"),
        NoticeStage::Drift => format!("Something of {title} came back"),
        NoticeStage::Digest => format!("About {title}"),
    }
}

/// The same, after *3 APIs*.
fn of_many(stage: NoticeStage) -> String {
    match stage {
        NoticeStage::Approval { number: 0 } => "whose retirement needs your approval".to_owned(),
        NoticeStage::Approval { number: _ } => {
            "of which a step that can not be taken back needs your approval".to_owned()
        }
        NoticeStage::Announcement => "will be retired".to_owned(),
        NoticeStage::Reminder { days: 1 } => "will be retired in a day".to_owned(),
        NoticeStage::Reminder { days } => format!("will be retired in {days} days"),
        NoticeStage::Postponement { number: _ } => "will be retired later".to_owned(),
        NoticeStage::BrownOut { number: _ } => "will not answer for a while".to_owned(),
        NoticeStage::LastCall => "will be closed soon, and are still called".to_owned(),
        NoticeStage::Closed => "are closed".to_owned(),
        NoticeStage::Restored => "were closed, and answer again".to_owned(),
        NoticeStage::Retired => "are retired".to_owned(),
        NoticeStage::Withdrawal => "stay: their retirement was called off".to_owned(),
        NoticeStage::Unused => "that nobody seems to use".to_owned(),
        NoticeStage::Drift => "of which something came back".to_owned(),
        NoticeStage::Digest => "to know about".to_owned(),
    }
}

fn brown_out(facts: &NoticeFacts) -> Vec<String> {
    let text = facts.brown_out.map(|brown_out| {
        let from = moment(brown_out.not_before);
        format!("for {}, not before {from}", brown_out.lasts)
    });
    text.into_iter().collect()
}

fn calls(facts: &NoticeFacts) -> Vec<String> {
    let text = facts.calls.iter().map(|call| {
        let routes = match call.routes.is_empty() {
            true => String::new(),
            false => format!(": {}", call.routes.join(", ")),
        };
        let (caller, requests) = (&call.caller, call.requests);
        format!(
            "{caller}: {requests} requests, the last on {}{routes}",
            moment(call.last_seen)
        )
    });
    text.collect()
}

/// The retirement, where there is something left to object to.
fn retirement(notice: &Notice) -> Vec<String> {
    match notice.stage {
        NoticeStage::Approval { .. }
        | NoticeStage::Announcement
        | NoticeStage::Reminder { .. }
        | NoticeStage::Postponement { .. }
        | NoticeStage::BrownOut { .. }
        | NoticeStage::LastCall
        | NoticeStage::Closed => {
            let id = notice.facts.retirement.as_ref();
            id.map(ToString::to_string).into_iter().collect()
        }
        NoticeStage::Restored
        | NoticeStage::Retired
        | NoticeStage::Withdrawal
        | NoticeStage::Unused
        | NoticeStage::Drift
        | NoticeStage::Digest => Vec::new(),
    }
}

fn replies(links: &AnswerLinks, mut approves: Option<Approves>) -> Vec<Reply> {
    let all = [
        (
            What::Acknowledge,
            "I have read it",
            Some(&links.acknowledge),
        ),
        (What::Object, "Object", Some(&links.object)),
        (What::MoreTime, "Ask for more time", Some(&links.more_time)),
        (What::Approve, "Approve", links.approve.as_ref()),
    ];
    let replies = all.into_iter().filter_map(|(what, label, address)| {
        let link = link_within(label, address?, MAX_ANSWER_URL)?;
        let approves = (what == What::Approve).then(|| approves.take()).flatten();
        Some(Reply {
            what,
            link,
            approves,
        })
    });
    replies.collect()
}

/// A link to an address of the web; nothing when it is none, or one that poses as
/// another.
fn link(label: &'static str, address: &str) -> Option<Link> {
    link_within(label, address, MAX_URL)
}

fn link_within(label: &'static str, address: &str, max: usize) -> Option<Link> {
    let strange = |c: char| c.is_whitespace() || c.is_control() || is_direction(c) || c == '\\';
    let url = Url::parse(address).ok()?;
    let fits = matches!(url.scheme(), "https" | "http")
        && url.username().is_empty()
        && url.password().is_none()
        && !address.contains(strange);
    // The bar separates an address from its text in one chat, brackets do in others.
    let url = url
        .as_str()
        .replace('|', "%7C")
        .replace('\'', "%27")
        .replace('(', "%28")
        .replace(')', "%29");
    (fits && url.len() <= max).then_some(Link { label, url })
}

/// Items, one a line.
fn list(items: &[String]) -> String {
    let share = MAX_TEXT / items.len().clamp(1, MAX_ITEMS);
    let mut text = String::new();
    for item in items.iter().take(MAX_ITEMS) {
        let item = line(item, share);
        if !item.is_empty() && !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&item);
    }
    if items.len() > MAX_ITEMS {
        text.push_str(&format!("\n… and {} more", items.len() - MAX_ITEMS));
    }
    text
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_links() {
        let good = link("x", "https://example.com/a?b=c#d").unwrap();
        assert_eq!(good.url, "https://example.com/a?b=c#d");
        let odd = link("x", "https://example.com/a|b(c)<d>'\"").unwrap();
        assert!(!odd.url.contains(['|', '(', ')', '<', '>', '\'', '"']));
        for bad in [
            "",
            "javascript:alert(1)",
            "data:text/html,x",
            "mailto:a@b.c",
            "slack://channel",
            "//example.com",
            "https://good.example@evil.example/",
            "https://good.example\\@evil.example/",
            "https://example.com/ x",
            "https://example.com/\nx",
            "https://example.com/\u{202e}x",
            "https://",
        ] {
            assert!(link("x", bad).is_none(), "{bad}");
        }
    }
}
