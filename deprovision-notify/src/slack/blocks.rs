//! A post in Slack's Block Kit.
//!
//! Every text that is not ours stands in a `plain_text` object, where Slack knows no
//! markup, and with `&`, `<` and `>` escaped, so that not even a reader that knows markup
//! finds a mention or a link in it (<https://docs.slack.dev/messaging/formatting-message-text>).

use serde_json::{Map, Value, json};

use super::buttons::{self, Interactivity};
use crate::Letter;
use crate::post::{self, Answers, Entry, Link, cut};

/// How many blocks a message has (<https://docs.slack.dev/reference/block-kit/blocks>).
const MAX_BLOCKS: usize = 50;
/// How many characters a header has.
const MAX_HEADER: usize = 150;
/// How many characters a text of a section has.
const MAX_TEXT: usize = 3_000;
/// How many characters a field of a section has.
const MAX_FIELD: usize = 2_000;
/// How many fields a section has.
const MAX_FIELDS: usize = 10;
/// How long all blocks together may be, in bytes. Slack refuses long ones with
/// `msg_blocks_too_long` and does not say where it begins.
const MAX_ALL: usize = 30_000;

/// What is posted: `text` for notifications, and `blocks`.
pub(crate) fn message(
    letter: &Letter,
    answers: Answers,
    interactivity: Interactivity,
) -> Map<String, Value> {
    let post = post::of(letter, answers);
    let mut blocks = vec![json!({
        "type": "header",
        "text": plain(&post.title, MAX_HEADER),
    })];
    let many = post.entries.len() > 1;
    let mut length = 0;
    let mut left = post.entries.len();
    for entry in &post.entries {
        let more = of_entry(entry, many, interactivity);
        length += more.iter().map(|b| b.to_string().len()).sum::<usize>();
        // One is kept for what follows.
        let full = blocks.len() + more.len() >= MAX_BLOCKS || length > MAX_ALL;
        if full && left < post.entries.len() {
            break;
        }
        blocks.extend(more);
        left -= 1;
    }
    if left > 0 {
        let text = format!("… and {left} more");
        blocks.push(json!({ "type": "section", "text": plain(&text, MAX_TEXT) }));
    }
    let mut message = Map::new();
    message.insert("text".to_owned(), escaped(&post.title, MAX_TEXT).into());
    message.insert("blocks".to_owned(), blocks.into());
    // Nothing in `text` is looked up, formatted or fetched.
    for (option, value) in [
        ("mrkdwn", json!(false)),
        ("parse", json!("none")),
        ("link_names", json!(false)),
        ("unfurl_links", json!(false)),
        ("unfurl_media", json!(false)),
    ] {
        message.insert(option.to_owned(), value);
    }
    message
}

fn of_entry(entry: &Entry, many: bool, interactivity: Interactivity) -> Vec<Value> {
    let mut blocks = Vec::new();
    if many {
        blocks.push(json!({ "type": "divider" }));
        blocks.push(json!({ "type": "section", "text": plain(&entry.title, MAX_TEXT) }));
    }
    for facts in entry.facts.chunks(MAX_FIELDS / 2) {
        let fields = facts.iter().flat_map(|(label, text)| {
            let label = json!({ "type": "mrkdwn", "text": format!("*{label}*"), "verbatim": true });
            [label, plain(text, MAX_FIELD)]
        });
        blocks.push(json!({ "type": "section", "fields": fields.collect::<Vec<_>>() }));
    }
    if !entry.links.is_empty() {
        let links: Vec<String> = entry.links.iter().map(link).collect();
        let text = links.join("   ");
        blocks.push(json!({
            "type": "section",
            "text": { "type": "mrkdwn", "text": text, "verbatim": true },
        }));
    }
    if !entry.answers.is_empty() {
        let answers = entry.answers.iter();
        let buttons = answers.map(|reply| buttons::button(reply, interactivity));
        blocks.push(json!({ "type": "actions", "elements": buttons.collect::<Vec<_>>() }));
    }
    blocks
}

/// `<address|label>`: the address has neither bar nor angle bracket, the label is ours.
fn link(link: &Link) -> String {
    format!("<{}|{}>", link.url.replace('&', "&amp;"), link.label)
}

/// A text without markup. Slack wants at least one character.
pub(crate) fn plain(text: &str, max: usize) -> Value {
    let text = match escaped(text, max) {
        empty if empty.trim().is_empty() => "–".to_owned(),
        text => text,
    };
    json!({ "type": "plain_text", "text": text, "emoji": false })
}

/// The text with `&`, `<` and `>` as Slack wants them, within so many characters. It is
/// cut before it is escaped, so that no escape is cut in two.
pub(crate) fn escaped(text: &str, max: usize) -> String {
    let mut keep = max;
    loop {
        let kept = cut(text, keep);
        let escaped = kept
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let over = escaped.chars().count().saturating_sub(max);
        if over == 0 || keep == 0 {
            return escaped;
        }
        // No escape adds more than four characters to one.
        keep = keep.saturating_sub(over.div_ceil(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_escaped_text_keeps_its_length_and_has_no_markup(
            text in "[&<>a-cé…]{0,300}",
            max in 8..200usize,
        ) {
            let escaped = escaped(&text, max);
            prop_assert!(escaped.chars().count() <= max);
            prop_assert!(!escaped.contains(['<', '>']));
            for part in escaped.split('&').skip(1) {
                prop_assert!(["amp;", "lt;", "gt;"].iter().any(|e| part.starts_with(e)));
            }
            let read = escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            prop_assert!(text.starts_with(read.trim_end_matches('…')));
        }
    }
}
