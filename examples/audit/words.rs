//! Small words for people.

use deprovision_core::audit::Use;
use deprovision_core::catalog::Lifecycle;
use deprovision_core::time::Timestamp;

/// A number with a comma for each thousand.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 line`, `12,345 lines`.
pub(crate) fn count(number: u64, one: &str) -> String {
    let many = if number == 1 { "" } else { "s" };
    format!("{} {one}{many}", grouped(number))
}

/// A moment, to the minute.
pub(crate) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A day.
pub(crate) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// The verdict on an API.
pub(crate) fn verdict(verdict: Use) -> &'static str {
    match verdict {
        Use::InUse => "in use",
        Use::Idle => "idle",
        Use::NeverSeen => "never seen",
        Use::Unknown => "unknown",
    }
}

/// Where an API is in its life.
pub(crate) fn lifecycle(lifecycle: Lifecycle) -> &'static str {
    match lifecycle {
        Lifecycle::Experimental => "experimental",
        Lifecycle::Production => "production",
        Lifecycle::Deprecated => "deprecated",
        Lifecycle::Retired => "retired",
        // One that this program does not know yet.
        _ => "in another state",
    }
}

/// The text with what would turn, hide or forge text named. Names of files and hosts
/// come from outside.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || deceives(c) {
            shown.push_str(&format!("[U+{:04X}]", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Characters that change the order of text or take no room.
fn deceives(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text in so many characters, with `…` for what is cut off its end.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// The text in lines of at most so many characters, where its words allow it. The
/// first line begins with `first`, the others with `next`.
pub(crate) fn wrapped(text: &str, first: &str, next: &str, width: usize) -> String {
    let mut all = first.to_owned();
    let mut length = first.chars().count();
    let mut begun = false;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let more = word.chars().count();
        if begun && length + 1 + more > width {
            all.push('\n');
            all.push_str(next);
            length = next.chars().count();
            begun = false;
        }
        if begun {
            all.push(' ');
            length += 1;
        }
        all.push_str(word);
        length += more;
        begun = true;
    }
    all.push('\n');
    all
}
