//! Small words of the findings' sentences.

use std::fmt::Display;

use crate::catalog::Api;
use crate::id::CallerId;
use crate::time::Timestamp;
use crate::usage::{ApiUse, SourceCoverage, Traffic};

/// How many of many things a sentence names.
const NAMED: usize = 5;

/// A day, in UTC as all that is counted.
pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// A moment, to the minute.
pub(super) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `1 request`, `12,345 requests`.
pub(super) fn count(number: u64, one: &str) -> String {
    let many = if number == 1 { "" } else { "s" };
    format!("{} {one}{many}", grouped(number))
}

/// A number with a comma for each thousand.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The first few, and how many more there are.
pub(super) fn some_of<T: Display>(things: impl IntoIterator<Item = T>) -> String {
    let mut things = things.into_iter();
    let named: Vec<String> = things.by_ref().take(NAMED).map(|t| t.to_string()).collect();
    match things.count() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// A caller, with the person where the catalog knows who it is.
pub(super) fn caller(api: &Api, caller: &CallerId) -> String {
    match api.consumers.get(caller) {
        Some(contact) => format!("{caller} of {}", contact.person),
        None => caller.to_string(),
    }
}

/// Who called since then, the busiest first.
pub(super) fn callers_since(api: &Api, usage: &ApiUse, since: Timestamp) -> Vec<String> {
    usage
        .top_callers(usize::MAX)
        .into_iter()
        .filter(|(_, _, last)| last.is_none_or(|last| last >= since))
        .map(|(id, requests, last)| {
            let name = caller(api, id);
            let last = last.map_or_else(
                || "of unknown time".to_owned(),
                |last| format!("last {}", minute(last)),
            );
            format!("{name} ({}, {last})", count(requests, "request"))
        })
        .collect()
}

/// How requests were answered.
pub(super) fn answers(traffic: &Traffic) -> String {
    let statuses = &traffic.statuses;
    let parts: Vec<String> = [
        ("1xx", statuses.informational),
        ("2xx", statuses.success),
        ("3xx", statuses.redirect),
        ("4xx", statuses.client_error),
        ("5xx", statuses.server_error),
        ("no status", statuses.other),
    ]
    .into_iter()
    .filter(|(_, number)| *number > 0)
    .map(|(class, number)| format!("{} {class}", grouped(number)))
    .collect();
    parts.join(", ")
}

/// What the sources cover, in one sentence.
pub(super) fn coverage(sources: &[SourceCoverage]) -> String {
    if sources.is_empty() {
        return "no log was read".to_owned();
    }
    let each = sources.iter().map(|source| {
        let read = minute(source.read_at);
        if source.is_complete() {
            let borne = match source.unreadable {
                0 => String::new(),
                lines => format!(
                    " (the policy bears with {})",
                    count(lines, "unreadable line")
                ),
            };
            format!(
                "{}: complete from {} on, read {read}{borne}",
                source.source,
                minute(source.since)
            )
        } else {
            format!(
                "{}: incomplete, read {read} ({})",
                source.source,
                source.missing.join("; ")
            )
        }
    });
    some_of(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_are_written_for_people() {
        assert_eq!(count(1, "request"), "1 request");
        assert_eq!(count(1_234_567, "request"), "1,234,567 requests");
        assert_eq!(count(999, "day"), "999 days");
        assert_eq!(some_of(["a", "b"]), "a, b");
        assert_eq!(some_of(1..=7), "1, 2, 3, 4, 5 and 2 more");
    }
}
