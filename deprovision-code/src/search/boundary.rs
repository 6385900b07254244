//! Whether a text that was found is a text of its own, by what stands around it.

use crate::search::MarkerClass;

/// Whether what stands around a text leaves it a text of its own.
pub(super) fn stands_alone(text: &[u8], start: usize, end: usize, class: MarkerClass) -> bool {
    let (Some(first), Some(last)) = (text.get(start), text.get(end.wrapping_sub(1))) else {
        return false;
    };
    let before = text[..start].last().copied();
    let after = text.get(end).copied();
    // Parts of a word on both sides of an edge make it no edge.
    let joined = |word: fn(u8) -> bool| {
        let joined = word(*first) && before.is_some_and(word);
        joined && !is_escape(&text[..start])
    };
    let longer = |word: fn(u8) -> bool| word(*last) && after.is_some_and(word);
    match class {
        MarkerClass::Host => {
            let joined = before.is_some_and(|b| is_word(b) || b == b'-' || b == b'.');
            let longer = match after {
                Some(b'.') => text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric),
                Some(b) => is_word(b) || b == b'-',
                None => false,
            };
            (!joined || is_escape(&text[..start])) && !longer
        }
        MarkerClass::Route | MarkerClass::BasePath => {
            !after.is_some_and(|b| is_word(b) || b == b'-')
        }
        MarkerClass::OperationId => {
            let word = |b: u8| is_word(b) || b == b'$';
            !joined(word) && !longer(word)
        }
        MarkerClass::Package => {
            let word = |b: u8| is_word(b) || b == b'-';
            !joined(word) && !longer(word)
        }
        MarkerClass::Variable | MarkerClass::Given => {
            let word = |b: u8| b.is_ascii_alphanumeric();
            !joined(word) && !longer(word)
        }
        // What follows is the rest of the key.
        MarkerClass::Key => !joined(|b| b.is_ascii_alphanumeric() || b == b'_'),
        MarkerClass::Fixed => true,
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether the text ends with an escape such as `\n` or `%2F`, whose last letter
/// is no part of the word that follows.
fn is_escape(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b'r' | b't' | b'0' | b'b' | b'f'] => true,
        [.., b'%', a, b] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        _ => false,
    }
}
