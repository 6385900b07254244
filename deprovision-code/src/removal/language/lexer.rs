//! Going through a text, from quote to quote.

use super::known::{Family, Language, LineState};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Mode {
    Code,
    Comment,
    Block(u32),
    Text {
        close: Vec<u8>,
        lines: bool,
        escapes: bool,
    },
}

impl Language {
    /// The state of every line of a text.
    pub(crate) fn lines(self, text: &[u8]) -> Vec<LineState> {
        Lexer {
            family: self.family,
            text,
            at: 0,
            mode: Mode::Code,
            depth: 0,
            lowest: 0,
            last: None,
            word: Vec::new(),
            space: true,
        }
        .run()
    }
}

struct Lexer<'a> {
    family: Family,
    text: &'a [u8],
    at: usize,
    mode: Mode,
    depth: i64,
    /// The least depth since the line began.
    lowest: i64,
    /// The last byte of code that is no space.
    last: Option<u8>,
    /// The word that the code so far ends with.
    word: Vec<u8>,
    /// A space came last.
    space: bool,
}

impl Lexer<'_> {
    fn run(mut self) -> Vec<LineState> {
        let mut lines = Vec::new();
        let mut continued = false;
        while self.at < self.text.len() {
            let free = self.mode == Mode::Code && !continued;
            let begins = matches!(self.last, None | Some(b';' | b'{' | b'}'));
            let line = self.text[self.at..].trim_ascii_start();
            // What an attribute is about must stay below it.
            let attributes = matches!(self.family, Family::Rust | Family::CSharp);
            let is_attribute = line.starts_with(b"#[") || line.starts_with(b"[");
            let below_one = attributes && self.last == Some(b']') && !is_attribute;
            let expected = below_one || self.expects_more();
            let depth = self.depth;
            self.lowest = depth;
            let start = self.at;
            while self.at < self.text.len() {
                let end = self.text[self.at] == b'\n';
                self.step();
                if end || self.text.get(self.at - 1) == Some(&b'\n') {
                    break;
                }
            }
            let line = self.text[start..self.at].trim_ascii_end();
            continued = line.ends_with(b"\\");
            let ends_free = self.mode == Mode::Code && !continued;
            lines.push(LineState {
                free,
                ends_free,
                statement: free
                    && ends_free
                    && begins
                    && self.depth == depth
                    && self.lowest == depth
                    && line.ends_with(b";")
                    && self.last == Some(b';'),
                can_go: free
                    && ends_free
                    && !expected
                    && self.depth == depth
                    && self.lowest == depth
                    && !self.expects_more()
                    && !self.goes_on(),
            });
        }
        lines
    }

    /// Whether what comes next belongs to the code so far: the right side of an
    /// operator, the body of an `if` without braces.
    fn expects_more(&self) -> bool {
        let without_braces = matches!(
            self.family,
            Family::C | Family::CSharp | Family::Java | Family::Script
        );
        match self.last {
            Some(b':') => self.family != Family::Python,
            Some(b')') => without_braces,
            Some(last) => {
                b"=+-*/%&|^<>?.!@".contains(&last)
                    || (without_braces && [b"else".as_slice(), b"do"].contains(&&*self.word))
                    || [b"return".as_slice(), b"in", b"not", b"and", b"or"].contains(&&*self.word)
            }
            None => false,
        }
    }

    /// Whether what follows goes on with the code so far.
    fn goes_on(&self) -> bool {
        let next = self.text[self.at..]
            .iter()
            .find(|b| !b.is_ascii_whitespace());
        next.is_some_and(|next| b".?&|+-*=<>:%^".contains(next))
    }

    fn rest_begins(&self, with: &[u8]) -> bool {
        self.text[self.at..].starts_with(with)
    }

    /// Goes on by at least one byte, and never past the end of a line.
    fn step(&mut self) {
        let byte = self.text[self.at];
        match self.mode.clone() {
            Mode::Code => self.code(byte),
            Mode::Comment => {
                if byte == b'\n' {
                    self.mode = Mode::Code;
                }
                self.at += 1;
            }
            Mode::Block(depth) => {
                if self.rest_begins(b"*/") {
                    self.at += 2;
                    self.mode = match depth {
                        0 | 1 => Mode::Code,
                        deeper => Mode::Block(deeper - 1),
                    };
                } else if self.family == Family::Rust && self.rest_begins(b"/*") {
                    self.at += 2;
                    self.mode = Mode::Block(depth + 1);
                } else {
                    self.at += 1;
                }
            }
            Mode::Text {
                close,
                lines,
                escapes,
            } => {
                if escapes && byte == b'\\' && self.at + 1 < self.text.len() {
                    self.at += 2;
                } else if self.rest_begins(&close) {
                    self.at += close.len();
                    self.mode = Mode::Code;
                    self.last = Some(b'"');
                    self.word.clear();
                } else {
                    if byte == b'\n' && !lines {
                        self.mode = Mode::Code;
                    }
                    self.at += 1;
                }
            }
        }
    }

    fn code(&mut self, byte: u8) {
        if let Some((length, close, lines, escapes)) = self.opens_text() {
            self.at += length;
            self.mode = Mode::Text {
                close,
                lines,
                escapes,
            };
            return;
        }
        let python = self.family == Family::Python;
        if (python && byte == b'#') || (!python && self.rest_begins(b"//")) {
            self.mode = Mode::Comment;
            self.at += 1;
            return;
        }
        if !python && self.rest_begins(b"/*") {
            self.mode = Mode::Block(1);
            self.at += 2;
            return;
        }
        match byte {
            b'(' | b'[' | b'{' => self.depth += 1,
            b')' | b']' | b'}' => {
                self.depth -= 1;
                self.lowest = self.lowest.min(self.depth);
            }
            _ => {}
        }
        self.at += match (self.family, byte) {
            (Family::Rust, b'\'') => self.character(),
            (Family::Script, b'/') => self.regular_expression(),
            (_, _) => 1,
        };
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            let in_word = |last: u8| last.is_ascii_alphanumeric() || last == b'_';
            if self.space || !self.last.is_some_and(in_word) {
                self.word.clear();
            }
            self.word.push(byte);
        } else if !byte.is_ascii_whitespace() {
            self.word.clear();
        }
        self.space = byte.is_ascii_whitespace();
        if !byte.is_ascii_whitespace() {
            self.last = Some(byte);
        }
    }

    /// A text that begins here: the length of its beginning, its end, whether it may
    /// go over lines, and whether a backslash escapes in it.
    fn opens_text(&self) -> Option<(usize, Vec<u8>, bool, bool)> {
        let rest = &self.text[self.at..];
        let word_before = self
            .at
            .checked_sub(1)
            .and_then(|at| self.text.get(at))
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        match self.family {
            Family::Rust => {
                let raw = rest.strip_prefix(b"b").unwrap_or(rest);
                if let (Some(hashes), false) = (raw.strip_prefix(b"r"), word_before) {
                    let count = hashes.iter().take_while(|b| **b == b'#').count();
                    if hashes.get(count) == Some(&b'"') {
                        let length = rest.len() - hashes.len() + count + 1;
                        let close = [b"\"".as_slice(), &b"#".repeat(count)].concat();
                        return Some((length, close, true, false));
                    }
                }
                rest.starts_with(b"\"")
                    .then(|| (1, b"\"".to_vec(), true, true))
            }
            Family::Python => [b"\"\"\"".as_slice(), b"'''"]
                .into_iter()
                .find(|quote| rest.starts_with(quote))
                .map(|quote| (3, quote.to_vec(), true, true))
                .or_else(|| single(rest)),
            Family::Go => match rest.first() {
                Some(b'`') => Some((1, b"`".to_vec(), true, false)),
                _ => single(rest),
            },
            Family::Script => match rest.first() {
                Some(b'`') => Some((1, b"`".to_vec(), true, true)),
                _ => single(rest),
            },
            Family::Java if rest.starts_with(b"\"\"\"") => {
                Some((3, b"\"\"\"".to_vec(), true, true))
            }
            Family::CSharp if rest.starts_with(b"\"\"\"") => {
                Some((3, b"\"\"\"".to_vec(), true, false))
            }
            Family::CSharp if rest.starts_with(b"@\"") || rest.starts_with(b"@$\"") => {
                let length = rest.iter().position(|b| *b == b'"').unwrap_or(1) + 1;
                Some((length, b"\"".to_vec(), true, false))
            }
            Family::C if rest.starts_with(b"R\"") => {
                let delimiter = rest[2..].iter().position(|b| *b == b'(')?;
                let name = rest.get(2..2 + delimiter)?;
                if name.contains(&b'\n') {
                    return None;
                }
                let close = [b")".as_slice(), name, b"\""].concat();
                // Its delimiter has 16 characters at most.
                (delimiter <= 16).then_some((2 + delimiter + 1, close, true, false))
            }
            Family::Java | Family::CSharp | Family::C => single(rest),
        }
    }

    /// The length of a character, or of the quote of a lifetime.
    fn character(&self) -> usize {
        let rest = &self.text[self.at + 1..];
        let line = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        let rest = &rest[..line];
        match rest.first() {
            Some(b'\\') => rest
                .iter()
                .skip(2)
                .position(|b| *b == b'\'')
                .map_or(1, |at| at + 4),
            Some(first) => {
                let length = match first {
                    0..=0x7f => 1,
                    0x80..=0xdf => 2,
                    0xe0..=0xef => 3,
                    0xf0..=0xff => 4,
                };
                if rest.get(length) == Some(&b'\'') {
                    length + 2
                } else {
                    1
                }
            }
            None => 1,
        }
    }

    /// The length of a regular expression, or of a sign of division.
    fn regular_expression(&self) -> usize {
        let divides = self.last.is_some_and(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b')' | b']' | b'"')
        });
        if divides {
            return 1;
        }
        let (mut class, mut escaped) = (false, false);
        for (index, byte) in self.text[self.at + 1..].iter().enumerate() {
            match byte {
                b'\n' => return 1,
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => return index + 2,
                _ => {}
            }
        }
        1
    }
}

/// A text in quotes that ends with the line.
fn single(rest: &[u8]) -> Option<(usize, Vec<u8>, bool, bool)> {
    let quote = rest.first().filter(|b| matches!(b, b'"' | b'\''))?;
    Some((1, vec![*quote], false, true))
}
