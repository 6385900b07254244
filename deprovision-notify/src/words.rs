//! What letters say.

use deprovision_core::provider::{Notice, NoticeStage};
use deprovision_core::time::Timestamp;

/// The subject and text of a notice.
pub(crate) fn of(notice: &Notice) -> (String, String) {
    match notice.stage {
        NoticeStage::Withdrawal => withdrawal(notice),
        _ => announcement(notice),
    }
}

fn announcement(notice: &Notice) -> (String, String) {
    let facts = &notice.facts;
    let end = facts.ends.map_or_else(|| "a day to come".to_owned(), day);
    let subject = format!("{} will be retired on {end}", facts.title);
    let mut lines = vec![
        format!("{} ({}) will be retired on {end}.", facts.title, facts.api),
        String::new(),
    ];
    if !facts.roles.is_empty() {
        lines.push(format!(
            "You are told because you are {}.",
            facts.roles.join(", ")
        ));
    }
    lines.push(format!("Why: {}", facts.reason));
    if let Some(successor) = &facts.successor {
        let place = successor.url.as_deref().unwrap_or(successor.api.as_str());
        lines.push(format!("Use instead: {} ({place})", successor.title));
    }
    if let Some(documentation) = &facts.documentation {
        lines.push(format!("Read more: {documentation}"));
    }
    if !facts.routes.is_empty() {
        lines.push(String::new());
        lines.push("What goes:".to_owned());
        lines.extend(facts.routes.iter().map(|route| format!("  {route}")));
    }
    lines.push(String::new());
    lines.push(format!(
        "From {end} on, every call is answered 410 Gone; then keys and permissions are\n\
         withdrawn, first so that they can be restored."
    ));
    if let Some(retirement) = &facts.retirement {
        lines.push(String::new());
        lines.push(format!(
            "If you still need it, object: an objection holds the retirement. Name {retirement}."
        ));
    }
    (subject, lines.join("\n"))
}

fn withdrawal(notice: &Notice) -> (String, String) {
    let facts = &notice.facts;
    let subject = format!("{} stays: its retirement was called off", facts.title);
    let body = format!(
        "The retirement of {} ({}) was called off. Everything that was done for it is being\n\
         undone: the API, its keys and its permissions work as before. There is nothing for\n\
         you to do.",
        facts.title, facts.api
    );
    (subject, body)
}

fn day(end: Timestamp) -> String {
    end.strftime("%Y-%m-%d").to_string()
}
