//! What notices say.

use crate::retirement::Retirement;
use crate::step::StepContext;

/// The subject and text of the announcement.
pub(super) fn announcement(cx: &StepContext<'_>, role: &str) -> (String, String) {
    let api = cx.api;
    let end = day(cx.retirement);
    let subject = format!("{} will be retired on {end}", api.title);
    let mut lines = vec![
        format!("{} ({}) will be retired on {end}.", api.title, api.id),
        String::new(),
        format!("You are told because you are {role}."),
        format!("Why: {}", cx.retirement.reason()),
    ];
    if let Some(successor) = cx.successor() {
        let place = successor.url.as_deref().unwrap_or(successor.id.as_str());
        lines.push(format!("Use instead: {} ({place})", successor.title));
    }
    if let Some(documentation) = &api.documentation {
        lines.push(format!("Read more: {documentation}"));
    }
    if !api.routes.is_empty() {
        lines.push(String::new());
        lines.push("What goes:".to_owned());
        let routes = api
            .routes
            .iter()
            .map(|route| format!("  {} {}", method(route), route.path));
        lines.extend(routes);
    }
    lines.push(String::new());
    lines.push("What happens:".to_owned());
    if !cx.policy().brown_outs.is_empty() {
        lines.push(
            "  - short brown-outs come first: calls are answered 410 Gone for a while;".into(),
        );
    }
    lines.push(format!(
        "  - from {end} on, every call is answered 410 Gone;"
    ));
    lines.push(
        "  - then keys and permissions are withdrawn, first so that they can be restored.".into(),
    );
    lines.push(String::new());
    lines.push(format!(
        "If you still need it, object: an objection holds the retirement. Name {}.",
        cx.id
    ));
    (subject, lines.join("\n"))
}

/// The subject and text of the withdrawal.
pub(super) fn withdrawal(cx: &StepContext<'_>) -> (String, String) {
    let api = cx.api;
    let subject = format!("{} stays: its retirement was called off", api.title);
    let body = format!(
        "The retirement of {} ({}) was called off. Everything that was done for it is being\n\
         undone: the API, its keys and its permissions work as before. There is nothing for\n\
         you to do.\n\nThis takes back the earlier announcement ({}).",
        api.title, api.id, cx.id
    );
    (subject, body)
}

fn day(retirement: &Retirement) -> String {
    retirement.promised_end().strftime("%Y-%m-%d").to_string()
}

fn method(route: &crate::catalog::Route) -> String {
    format!("{:?}", route.method).to_uppercase()
}
