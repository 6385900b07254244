//! The page as HTML: one template, everything in it escaped.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, context, escape_formatter,
};

use crate::digest::Digest;
use crate::report::page::Page;
use crate::report::{ReportError, ReportSource};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// One standalone HTML page about a retirement, in whatever phase it is.
///
/// # Behaviour
/// - It needs nothing else: no script, no picture, no font, no link to outside. A
///   content security policy in it forbids all of that, too.
/// - Texts of the log are shown as text, whatever they hold: markup is escaped,
///   addresses are no links, and characters that turn or hide text are named.
/// - Of a log whose chain is broken, a certificate that does not hold, or a
///   checkpoint that contradicts the log, no page is made.
/// - The same source gives the same bytes.
///
/// # Errors
/// [`ReportError`].
pub fn html(source: &ReportSource<'_>) -> Result<String, ReportError> {
    let page = Page::of(source)?;
    let broken = |error: Error| ReportError::Page(Box::new(error));
    let mut environment = Environment::empty();
    // An empty environment escapes nothing unless it is told to.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    // A misspelt name must fail, not print nothing.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(plainly);
    environment
        .add_template("page.html", TEMPLATE)
        .map_err(broken)?;
    let template = environment.get_template("page.html").map_err(broken)?;
    let style_hash = STANDARD.encode(Digest::of_bytes(STYLE.as_bytes()).as_bytes());
    template
        .render(context! {
            style => Value::from_safe_string(STYLE.to_owned()),
            // Base64 needs no escaping, and the policy would not match with it.
            style_hash => Value::from_safe_string(style_hash),
            ..Value::from(Serde(page))
        })
        .map_err(broken)
}

/// Escapes a value for HTML, after naming what would turn or hide text.
fn plainly(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if value.kind() == ValueKind::String && text.chars().any(deceives) => {
            escape_formatter(out, state, &Value::from(named(text)))
        }
        Some(_) | None => escape_formatter(out, state, value),
    }
}

/// Control characters, and those that change the order of text or take no room.
fn deceives(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn named(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if deceives(c) {
            // Writing to a String does not fail.
            let _ = write!(plain, "[U+{:04X}]", u32::from(c));
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_or_hides_text_is_named() {
        assert_eq!(named("a\u{202e}b\u{0}c"), "a[U+202E]b[U+0000]c");
        assert_eq!(named("Bestellungen für alle\n"), "Bestellungen für alle\n");
    }

    #[test]
    fn the_style_can_not_end_its_element() {
        assert!(!STYLE.contains("</") && !STYLE.contains("@import") && !STYLE.contains("url("));
    }
}
