//! From the beginning of a file to the places that matter, in order.
//!
//! Over 400 lines because it is one machine: what is open decides what every byte means.
//! It is not the lexer of `removal/language`. That one tells for each line of a few
//! languages whether it may be edited, and has to know statements for it; this one tells
//! for single places of many languages what they are, skips what does not matter, and
//! may be wrong, since nothing is edited by it.

use memchr::memmem;

use super::Language;
use super::language::Quote;

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Code outside of any call.
    Code,
    /// Code among the arguments of a call.
    Argument,
    /// Inside of a string that no call takes.
    String,
    /// Inside of a string among the arguments of a call.
    StringArgument,
    /// Inside of a comment.
    Comment,
}

/// Something that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// The arguments of a call.
    Call,
    /// Brackets and braces that may stand in arguments.
    Group,
    /// The body of something: what is in there is no argument of what is around it.
    Body,
}

/// How deep brackets are remembered.
const DEEPEST: usize = 200;

/// Words before `(` that call nothing.
const NO_CALLS: &[&[u8]] = &[
    b"if",
    b"for",
    b"while",
    b"switch",
    b"return",
    b"catch",
    b"match",
    b"elif",
    b"in",
    b"and",
    b"or",
    b"not",
    b"when",
    b"until",
    b"unless",
    b"case",
    b"else",
    b"do",
    b"typeof",
    b"await",
    b"yield",
    b"throw",
    b"function",
    b"foreach",
    b"is",
    b"import",
    b"as",
    b"assert",
    b"del",
];

/// Words before a name that is declared here, not called.
const DECLARES: &[&[u8]] = &[
    b"def",
    b"fn",
    b"func",
    b"function",
    b"fun",
    b"sub",
    b"class",
    b"proc",
];

/// Says of places in a file, from the first to the last, what they are.
#[derive(Debug)]
pub(crate) struct Lexer<'a> {
    language: &'static Language,
    bytes: &'a [u8],
    at: usize,
    /// What lies before `at`: the last comment or string.
    last: (usize, usize, Place),
    open: Vec<Open>,
    /// Brackets that were not remembered, so that their ends are not taken for others'.
    deeper: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(language: &'static Language, bytes: &'a [u8]) -> Self {
        Self {
            language,
            bytes,
            at: 0,
            last: (0, 0, Place::Code),
            open: Vec::new(),
            deeper: 0,
        }
    }

    /// What is at a position; asked for positions that do not go back.
    pub(crate) fn place(&mut self, position: usize) -> Place {
        while self.at <= position && self.at < self.bytes.len() {
            self.step(position);
        }
        let (start, end, place) = self.last;
        if (start..end).contains(&position) {
            place
        } else {
            self.around(Place::Code, Place::Argument)
        }
    }

    /// Whether a name that ends at `end` is called there, and not declared.
    pub(crate) fn is_called(&self, start: usize, end: usize) -> bool {
        let rest = self.bytes.get(end..).unwrap_or_default();
        let name_goes_on = rest.iter().take_while(|b| is_name(**b)).count();
        let rest = rest
            .get(name_goes_on..)
            .unwrap_or_default()
            .trim_ascii_start();
        let arguments = match rest {
            [b'(', ..] => true,
            // `f::<T>(…)`, `f<T>(…)`
            [b':', b':', b'<', tail @ ..] | [b'<', tail @ ..] => {
                let end = tail.iter().take(80).position(|byte| *byte == b'>');
                end.is_some_and(|end| tail.get(end + 1) == Some(&b'('))
            }
            _ => false,
        };
        let before = self.bytes.get(..start).unwrap_or_default();
        let before =
            &before[..before.len() - before.iter().rev().take_while(|b| is_name(**b)).count()];
        arguments && !DECLARES.contains(&last_word(before.trim_ascii_end()))
    }

    fn around(&self, outside: Place, inside: Place) -> Place {
        for open in self.open.iter().rev() {
            match open {
                Open::Call => return inside,
                Open::Body => return outside,
                Open::Group => {}
            }
        }
        outside
    }

    /// Goes on by one token, at least by one byte, and to `position` at most when what
    /// lies between is plain.
    fn step(&mut self, position: usize) {
        let rest = &self.bytes[self.at..];
        let Some(plain) = rest.iter().position(|byte| self.is_special(*byte)) else {
            self.at = self.bytes.len();
            return;
        };
        self.at += plain;
        if self.at > position {
            return;
        }
        let start = self.at;
        if let Some(end) = self.comment() {
            self.last = (start, end, Place::Comment);
            self.at = end.max(start + 1);
        } else if let Some(end) = self.string() {
            let place = self.around(Place::String, Place::StringArgument);
            self.last = (start, end, place);
            self.at = end.max(start + 1);
        } else {
            self.bracket();
            self.at += 1;
        }
    }

    #[inline]
    fn is_special(&self, byte: u8) -> bool {
        matches!(
            byte,
            b'"' | b'\''
                | b'`'
                | b'/'
                | b'#'
                | b'-'
                | b'<'
                | b'{'
                | b'}'
                | b'('
                | b')'
                | b'['
                | b']'
                | b'\n'
        )
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The end of the comment that begins here.
    fn comment(&self) -> Option<usize> {
        let rest = self.rest();
        for (open, close, nests) in self.language.blocks {
            if rest.starts_with(open) {
                return Some(self.at + block_end(rest, open, close, *nests));
            }
        }
        let begins = self.language.line.iter().any(|mark| rest.starts_with(mark));
        if !begins {
            return None;
        }
        let before = self.at.checked_sub(1).and_then(|at| self.bytes.get(at));
        let inside_a_word =
            before.is_some_and(|byte| !byte.is_ascii_whitespace() && !b";({".contains(byte));
        // `https://` outside of a string: a label, a regular expression, a shell word.
        let slashes_of_a_url = rest.starts_with(b"//") && before == Some(&b':');
        if (self.language.apart && inside_a_word && !rest.starts_with(b"//")) || slashes_of_a_url {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        Some(self.at + end)
    }

    /// The end of the string that begins here.
    fn string(&self) -> Option<usize> {
        let rest = self.rest();
        if self.language.rust {
            if let Some(end) = self.rust_string() {
                return Some(self.at + end);
            }
            if rest.first() == Some(&b'\'') {
                return rust_char(rest).map(|length| self.at + length);
            }
        }
        let quote = self
            .language
            .quotes
            .iter()
            .find(|quote| rest.starts_with(quote.mark))?;
        Some(self.at + string_end(rest, quote))
    }

    /// `r"…"` and `r#"…"#`, seen from the quote.
    fn rust_string(&self) -> Option<usize> {
        let rest = self.rest();
        if rest.first() != Some(&b'"') {
            return None;
        }
        let before = &self.bytes[..self.at];
        let hashes = before
            .iter()
            .rev()
            .take_while(|byte| **byte == b'#')
            .count();
        let prefix = &before[..before.len() - hashes];
        let raw = prefix.ends_with(b"r")
            && !matches!(prefix.get(prefix.len().wrapping_sub(2)), Some(b) if is_name(*b) && *b != b'b' && *b != b'c');
        if !raw {
            return None;
        }
        let mut close = vec![b'"'];
        close.resize(1 + hashes, b'#');
        let end = memmem::find(&rest[1..], &close).map(|at| 1 + at + close.len());
        Some(end.unwrap_or(rest.len()))
    }

    fn bracket(&mut self) {
        let open = match self.bytes.get(self.at) {
            Some(b'(') => {
                let before = self.bytes[..self.at].trim_ascii_end();
                if is_a_call(before) {
                    Open::Call
                } else {
                    Open::Group
                }
            }
            Some(b'[') => Open::Group,
            Some(b'{') => {
                let before = self.bytes[..self.at].trim_ascii_end();
                // An object in arguments or in an assignment, not the body of something.
                let value = matches!(
                    before.last(),
                    Some(b'(' | b',' | b'[' | b':' | b'=' | b'?' | b'$' | b'{')
                );
                if value && !before.ends_with(b"=>") {
                    Open::Group
                } else {
                    Open::Body
                }
            }
            Some(b')' | b']' | b'}') => {
                if self.deeper > 0 {
                    self.deeper -= 1;
                } else {
                    self.open.pop();
                }
                return;
            }
            _ => return,
        };
        if self.open.len() < DEEPEST {
            self.open.push(open);
        } else {
            self.deeper += 1;
        }
    }
}

/// Whether what stands before `(` is a name, a generic name or a call, but no word that
/// calls nothing, and no name that is declared here.
fn is_a_call(before: &[u8]) -> bool {
    let Some(last) = before.last() else {
        return false;
    };
    if matches!(last, b')' | b']' | b'>' | b'!' | b'?') {
        return !before.ends_with(b"=>") && !before.ends_with(b"->");
    }
    let word = last_word(before);
    if word.is_empty() || NO_CALLS.contains(&word) {
        return false;
    }
    let declared = before[..before.len() - word.len()].trim_ascii_end();
    !DECLARES.contains(&last_word(declared))
}

fn last_word(bytes: &[u8]) -> &[u8] {
    let length = bytes
        .iter()
        .rev()
        .take_while(|byte| is_name(**byte))
        .count();
    &bytes[bytes.len() - length..]
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn block_end(rest: &[u8], open: &[u8], close: &[u8], nests: bool) -> usize {
    let mut at = open.len();
    let mut depth = 1_usize;
    loop {
        let tail = rest.get(at..).unwrap_or_default();
        let Some(end) = memmem::find(tail, close) else {
            return rest.len();
        };
        if nests {
            depth += memmem::find_iter(&tail[..end], open).count();
        }
        depth -= 1;
        at += end + close.len();
        if depth == 0 {
            return at;
        }
    }
}

fn string_end(rest: &[u8], quote: &Quote) -> usize {
    let mut at = quote.mark.len();
    let first = quote.mark.first().copied().unwrap_or(b'"');
    loop {
        let tail = rest.get(at..).unwrap_or_default();
        let stop = if quote.long {
            memchr::memchr2(first, b'\\', tail)
        } else {
            memchr::memchr3(first, b'\\', b'\n', tail)
        };
        let Some(stop) = stop else {
            return rest.len();
        };
        at += stop;
        match tail.get(stop) {
            Some(b'\\') if quote.escapes => at += 2,
            Some(b'\n') => return at,
            _ if rest[at..].starts_with(quote.mark) => return at + quote.mark.len(),
            _ => at += 1,
        }
    }
}

/// The length of a character in quotes; nothing when it is a lifetime.
fn rust_char(rest: &[u8]) -> Option<usize> {
    match rest {
        [_, b'\\', ..] => {
            let end = rest
                .iter()
                .skip(3)
                .take(10)
                .position(|byte| *byte == b'\'')?;
            Some(3 + end + 1)
        }
        // One character of UTF-8.
        _ => {
            let end = rest
                .iter()
                .skip(1)
                .take(5)
                .position(|byte| *byte == b'\'')?;
            let one = std::str::from_utf8(rest.get(1..=end)?).ok()?;
            (one.chars().count() == 1).then_some(end + 2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::syntax::language_of;
    use proptest::prelude::*;

    /// The place of each `@` in a file.
    fn places(name: &str, text: &str) -> Vec<Place> {
        let language = language_of(name, text.as_bytes()).unwrap();
        let mut lexer = Lexer::new(language, text.as_bytes());
        text.match_indices('@')
            .map(|(at, _)| lexer.place(at))
            .collect()
    }

    #[test]
    fn a_place_is_told_in_every_family_of_languages() {
        use Place::{Argument, Code, Comment, String, StringArgument};
        for (name, text, expected) in [
            (
                "a.rs",
                "@ /* @ /* */ @ */ @ // @\n@",
                vec![Code, Comment, Comment, Code, Comment, Code],
            ),
            (
                "a.rs",
                "let a: &'a str = \"@\"; let q = '\"'; @",
                vec![String, Code],
            ),
            ("a.rs", "let a = r#\"\" // @\"#; @", vec![String, Code]),
            ("a.rs", "let a = br\"\\\"; @ // @", vec![Code, Comment]),
            (
                "a.rs",
                "call(\"@\", @, &[\"@\"]); \"@\"",
                vec![StringArgument, Argument, StringArgument, String],
            ),
            ("a.rs", "if (\"@\" == x) { \"@\" }", vec![String, String]),
            ("a.rs", "run(|x| { let y = \"@\"; });", vec![String]),
            ("a.rs", "assert!(x == \"@\")", vec![StringArgument]),
            (
                "a.py",
                "\"\"\" @ ' \" \n@\"\"\"\nx = '@' # @\n@",
                vec![String, String, String, Comment, Code],
            ),
            (
                "a.py",
                "requests.get(\n    '@',\n    params={'a': '@'},\n)\nx = '@'",
                vec![StringArgument, StringArgument, String],
            ),
            ("a.py", "def f(x='@'):\n  return '@'", vec![String, String]),
            (
                "a.js",
                "fetch(`https://x/${@}`, {u: '@'}) // @",
                vec![StringArgument, StringArgument, Comment],
            ),
            (
                "a.js",
                "it('@', function() { const x = '@' })",
                vec![StringArgument, String],
            ),
            ("a.js", "const r = /\"/; x('@')", vec![Code]),
            ("a.js", "const r = /\"/;\nx('@')", vec![StringArgument]),
            (
                "a.ts",
                "const a = { u: '@' }; f(() => { g('@') })",
                vec![String, StringArgument],
            ),
            ("a.go", "x := `\\` + \"@\" // @", vec![String, Comment]),
            (
                "a.java",
                "/** @ */ String s = \"\"\"\n @ \" \"\"\"; @",
                vec![Comment, String, Code],
            ),
            (
                "a.sh",
                "curl \"$X@\" # @\necho a#@ 'it\\' @",
                vec![String, Comment, Code, Code],
            ),
            ("a.sql", "select '@' -- @", vec![String, Comment]),
            (
                "a.lua",
                "--[[ @\n@ ]] x = '@' -- @",
                vec![Comment, Comment, String, Comment],
            ),
            (
                "a.hs",
                "{- {- -} @ -} x = \"@\" -- @",
                vec![Comment, String, Comment],
            ),
            (
                "a.rb",
                "x = '@' # @\n=begin\n@\n=end\n@",
                vec![String, Comment, Comment, Code],
            ),
            (
                "a.php",
                "$a = '@'; // @\n# @\n/* @ */ f(\"@\");",
                vec![String, Comment, Comment, Comment, StringArgument],
            ),
            (
                "a.css",
                "/* @ */ a { b: url(\"@\") }",
                vec![Comment, StringArgument],
            ),
        ] {
            // In `a.js` a quote in a regular expression hides the rest of its line.
            if name == "a.js" && text.starts_with("const r") && !text.contains('\n') {
                assert_eq!(places(name, text), [String], "{text}");
                continue;
            }
            assert_eq!(places(name, text), expected, "{name}: {text}");
        }
    }

    #[test]
    fn a_script_is_told_by_its_first_line() {
        for (text, known) in [
            ("#!/usr/bin/env python3\nx", true),
            ("#!/bin/sh -e\n", true),
            ("#! /usr/bin/env -S node\n", true),
            ("#!/opt/thing\n", false),
            ("text", false),
        ] {
            assert_eq!(
                language_of("script", text.as_bytes()).is_some(),
                known,
                "{text}"
            );
        }
    }

    #[test]
    fn a_name_is_called_where_arguments_follow_and_declared_after_a_word_for_it() {
        for (text, called) in [
            ("client.readOrder(1)", true),
            ("client.readOrder (1)", true),
            ("client.readOrder::<T>(1)", true),
            ("client.readOrderAsync(1)", true),
            ("x = readOrder", false),
            ("def readOrder(x)", false),
            ("fn readOrder(x)", false),
        ] {
            let language = language_of("a.rs", b"").unwrap();
            let start = text.find("readOrder").unwrap();
            let lexer = Lexer::new(language, text.as_bytes());
            assert_eq!(lexer.is_called(start, start + 9), called, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_places(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b'\''), Just(b'/'), Just(b'*'), Just(b'('), Just(b'\n'), Just(b'r'), Just(b'#')], 0..80),
            name in prop_oneof![Just("a.rs"), Just("a.py"), Just("a.js"), Just("a.sh"), Just("a.hs"), Just("a.rb"), Just("a.lua")],
        ) {
            let language = language_of(name, b"").unwrap();
            let mut lexer = Lexer::new(language, &bytes);
            for at in 0..bytes.len() {
                lexer.place(at);
                lexer.is_called(at, at + 1);
            }
        }
    }
}
