//! A post as an Adaptive Card.
//!
//! Every text that is not ours stands in a `TextRun`, for which the schema says that
//! Markdown is not supported; a `TextBlock` and a `Fact` would be read as Markdown
//! (<https://adaptivecards.io/explorer/TextRun.html>). A mention needs an entry in `msteams.entities`,
//! and there is none.

use serde_json::{Value, json};

use crate::Letter;
use crate::post::{self, Answers, Entry, Link, cut};

/// How long the whole message may be, in bytes. Teams takes 28 KB
/// (<https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages>),
/// and a workflow writes it in its own way before.
const MAX_MESSAGE: usize = 24_000;

/// What a workflow takes: a message with one card.
pub(crate) fn message(letter: &Letter, answers: Answers) -> Value {
    let post = post::of(letter, answers);
    let many = post.entries.len() > 1;
    let mut body = vec![run(
        &post.title,
        json!({ "size": "large", "weight": "bolder" }),
    )];
    let mut length = 1_000;
    let mut left = post.entries.len();
    for entry in &post.entries {
        let items = of_entry(entry, many);
        length += items.to_string().len();
        if length > MAX_MESSAGE && left < post.entries.len() {
            break;
        }
        body.push(items);
        left -= 1;
    }
    if left > 0 {
        body.push(run(&format!("… and {left} more"), json!({})));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
            },
        }],
    })
}

fn of_entry(entry: &Entry, many: bool) -> Value {
    let mut items = Vec::new();
    if many {
        items.push(run(&entry.title, json!({ "weight": "bolder" })));
    }
    for (label, text) in &entry.facts {
        let mut inlines = vec![inline(&format!("{label}: "), json!({ "weight": "bolder" }))];
        for (number, part) in text.split('\n').enumerate() {
            let part = match number {
                0 => part.to_owned(),
                _ => format!("; {part}"),
            };
            inlines.push(inline(&part, json!({})));
        }
        items.push(json!({ "type": "RichTextBlock", "inlines": inlines }));
    }
    let actions: Vec<Value> = {
        let answers = entry.answers.iter().map(|reply| &reply.link);
        entry.links.iter().chain(answers).map(open).collect()
    };
    if !actions.is_empty() {
        items.push(json!({ "type": "ActionSet", "actions": actions }));
    }
    json!({ "type": "Container", "separator": many, "items": items })
}

fn open(link: &Link) -> Value {
    json!({ "type": "Action.OpenUrl", "title": link.label, "url": link.url })
}

fn run(text: &str, style: Value) -> Value {
    json!({ "type": "RichTextBlock", "inlines": [inline(text, style)] })
}

fn inline(text: &str, mut style: Value) -> Value {
    if let Some(style) = style.as_object_mut() {
        style.insert("type".to_owned(), json!("TextRun"));
        style.insert("text".to_owned(), json!(cut(text, 1_000)));
    }
    style
}
