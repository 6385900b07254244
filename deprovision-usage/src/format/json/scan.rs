//! A scanner over one JSON object (RFC 8259) that keeps what the tree names, and
//! checks and skips the rest without allocating.

use std::borrow::Cow;

use super::text::{simple, special, unescape, unit};
use super::tree::{Place, Tree};
use crate::format::draft::{Draft, Slot, Twice};

/// How deep values may nest.
const MAX_DEPTH: u32 = 128;

/// Why a line is no object that can be used.
#[derive(Debug)]
pub(super) enum Fault {
    /// It ended too early, with or without a value that nests others before.
    Cut {
        /// Whether there was one: a second record may be in it.
        nested: bool,
    },
    /// It is no JSON.
    Syntax,
    /// A part is there twice.
    Twice(Slot),
    /// A part's text has an escape that stands for no character.
    Escape(Slot),
}

type Scanned<T> = Result<T, Fault>;

/// A string, a number, or a word that stands for itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    /// How many bytes of the text are left where it begins, and behind it.
    pub(super) left: (usize, usize),
    /// What becomes of it.
    pub(super) place: Option<Place>,
}

/// The rest of a line.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    pub(super) rest: &'a [u8],
    depth: u32,
    nested: bool,
    /// The leaves so far, where somebody wants them.
    leaves: Option<Vec<Leaf>>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            rest: text,
            depth: 0,
            nested: false,
            leaves: None,
        }
    }

    /// Reads the object that the whole text is.
    pub(super) fn read(text: &'a [u8], tree: &Tree, draft: &mut Draft<'a>) -> Scanned<()> {
        Self::new(text).whole(tree, draft)
    }

    /// The leaves of the object that the whole text is, in their order.
    pub(super) fn leaves(text: &'a [u8], tree: &Tree) -> Scanned<Vec<Leaf>> {
        let mut scanner = Self::new(text);
        scanner.leaves = Some(Vec::new());
        scanner.whole(tree, &mut Draft::default())?;
        Ok(scanner.leaves.unwrap_or_default())
    }

    fn whole(&mut self, tree: &Tree, draft: &mut Draft<'a>) -> Scanned<()> {
        if self.token()? != b'{' {
            return Err(Fault::Syntax);
        }
        self.object(tree, draft)?;
        self.space();
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Fault::Syntax)
        }
    }

    /// Notes a leaf that was just passed, with how much was left before it.
    fn note(&mut self, before: usize, place: Option<Place>) {
        if let Some(leaves) = &mut self.leaves {
            let left = (before, self.rest.len());
            leaves.push(Leaf { left, place });
        }
    }

    /// An object behind its opening brace.
    fn object(&mut self, tree: &Tree, draft: &mut Draft<'a>) -> Scanned<()> {
        self.each_member(|scanner, key, escaped| {
            let below = if escaped {
                unescape(key).and_then(|key| tree.child(&key))
            } else {
                tree.child(key)
            };
            match below {
                Some(below) => scanner.mapped(below, draft),
                None => scanner.skip(),
            }
        })
    }

    /// The value of a key that the tree has.
    fn mapped(&mut self, tree: &Tree, draft: &mut Draft<'a>) -> Scanned<()> {
        match self.first()? {
            b'{' if tree.is_leaf() => self.skip(),
            b'{' => {
                self.token()?;
                self.object(tree, draft)
            }
            // A header may have several values; the first one is taken.
            b'[' => {
                self.token()?;
                let mut first = true;
                self.each_element(|scanner| {
                    let is_first = std::mem::replace(&mut first, false);
                    match scanner.rest.first() {
                        Some(b'{' | b'[') | None => scanner.skip(),
                        Some(_) if is_first => scanner.mapped(tree, draft),
                        Some(_) => scanner.skip(),
                    }
                })
            }
            b'"' => {
                let before = self.rest.len();
                self.token()?;
                let (text, escaped) = self.string()?;
                self.note(before, tree.place);
                let Some(place) = tree.place else {
                    return Ok(());
                };
                let slot = place.slot.map_or(Slot::Field, |(slot, _)| slot);
                let value = if escaped {
                    Cow::Owned(unescape(text).ok_or(Fault::Escape(slot))?)
                } else {
                    Cow::Borrowed(text)
                };
                keep(tree, draft, value)
            }
            _ => {
                let before = self.rest.len();
                let text = self.scalar()?;
                self.note(before, tree.place);
                if is_null(text) {
                    return Ok(());
                }
                keep(tree, draft, Cow::Borrowed(text))
            }
        }
    }

    /// A value that nobody asked for.
    fn skip(&mut self) -> Scanned<()> {
        match self.first()? {
            b'{' => {
                self.token()?;
                self.each_member(|scanner, _, _| scanner.skip())
            }
            b'[' => {
                self.token()?;
                self.each_element(Self::skip)
            }
            first => {
                let before = self.rest.len();
                if first == b'"' {
                    self.token()?;
                    self.string()?;
                } else {
                    self.scalar()?;
                }
                self.note(before, None);
                Ok(())
            }
        }
    }

    /// The members of an object behind its opening brace: the visitor gets each key,
    /// whether it has escapes, and takes the value.
    fn each_member(
        &mut self,
        mut visit: impl FnMut(&mut Self, &'a [u8], bool) -> Scanned<()>,
    ) -> Scanned<()> {
        self.deeper()?;
        let mut token = self.token()?;
        if token != b'}' {
            loop {
                if token != b'"' {
                    return Err(Fault::Syntax);
                }
                let (key, escaped) = self.string()?;
                if self.token()? != b':' {
                    return Err(Fault::Syntax);
                }
                self.space();
                visit(self, key, escaped)?;
                match self.token()? {
                    b',' => token = self.token()?,
                    b'}' => break,
                    _ => return Err(Fault::Syntax),
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// The elements of an array behind its opening bracket.
    fn each_element(&mut self, mut visit: impl FnMut(&mut Self) -> Scanned<()>) -> Scanned<()> {
        self.deeper()?;
        self.space();
        if let Some(after) = self.rest.strip_prefix(b"]") {
            self.rest = after;
        } else {
            loop {
                self.space();
                visit(self)?;
                match self.token()? {
                    b',' => {}
                    b']' => break,
                    _ => return Err(Fault::Syntax),
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn deeper(&mut self) -> Scanned<()> {
        self.nested = self.depth > 0;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::Syntax);
        }
        Ok(())
    }

    fn cut(&self) -> Fault {
        Fault::Cut {
            nested: self.nested,
        }
    }

    /// What a value begins with.
    fn first(&mut self) -> Scanned<u8> {
        self.space();
        self.rest.first().copied().ok_or_else(|| self.cut())
    }

    /// Takes the next byte that is no space.
    fn token(&mut self) -> Scanned<u8> {
        self.space();
        let (first, rest) = self.rest.split_first().ok_or_else(|| self.cut())?;
        self.rest = rest;
        Ok(*first)
    }

    fn space(&mut self) {
        while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// A string behind its opening quote: its text, and whether it has escapes.
    pub(super) fn string(&mut self) -> Scanned<(&'a [u8], bool)> {
        let text = self.rest;
        let mut escaped = false;
        let mut length = 0;
        loop {
            let run = special(self.rest).ok_or_else(|| self.cut())?;
            length += run;
            let found = self.rest.split_at_checked(run).map(|(_, found)| found);
            match found.ok_or(Fault::Syntax)? {
                [b'"', after @ ..] => {
                    self.rest = after;
                    return Ok((text.get(..length).unwrap_or_default(), escaped));
                }
                [b'\\', escape @ ..] => {
                    escaped = true;
                    let used = match escape {
                        [b'u', digits @ ..] if digits.len() < 4 => return Err(self.cut()),
                        [b'u', digits @ ..] => unit(digits).map(|_| 5).ok_or(Fault::Syntax)?,
                        [other, ..] => simple(*other).map(|_| 1).ok_or(Fault::Syntax)?,
                        [] => return Err(self.cut()),
                    };
                    length += 1 + used;
                    self.rest = escape.get(used..).unwrap_or_default();
                }
                _ => return Err(Fault::Syntax),
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    pub(super) fn scalar(&mut self) -> Scanned<&'a [u8]> {
        let is_end = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
        let end = self.rest.iter().position(is_end);
        // A number at the end of the text may go on, and so the object is cut.
        let (text, rest) = end
            .and_then(|end| self.rest.split_at_checked(end))
            .ok_or_else(|| self.cut())?;
        let is_sound = match text.first() {
            Some(b't' | b'f' | b'n') => matches!(text, b"true" | b"false" | b"null"),
            Some(_) | None => is_number(text),
        };
        if !is_sound {
            return Err(Fault::Syntax);
        }
        self.rest = rest;
        Ok(text)
    }
}

/// Whether a scalar is null: no number and no other word begins so.
pub(super) fn is_null(scalar: &[u8]) -> bool {
    scalar.first() == Some(&b'n')
}

fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    let leading_zero = whole > 1 && text.first() == Some(&b'0');
    if whole == 0 || leading_zero {
        return false;
    }
    let mut rest = text.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = fraction.get(length..).unwrap_or_default();
    }
    if let [b'e' | b'E', power @ ..] = rest {
        let power = match power {
            [b'+' | b'-', power @ ..] => power,
            _ => power,
        };
        let length = digits(power);
        return length > 0 && length == power.len();
    }
    rest.is_empty()
}

/// Puts a value where the tree wants it.
fn keep<'a>(tree: &Tree, draft: &mut Draft<'a>, value: Cow<'a, [u8]>) -> Scanned<()> {
    let Some(place) = tree.place else {
        return Ok(());
    };
    if place.names_caller {
        let copy = value.clone();
        draft
            .set(Slot::Field, 0, copy)
            .map_err(|Twice| Fault::Twice(Slot::Field))?;
    }
    match place.slot {
        Some((slot, rank)) => draft
            .set(slot, rank, value)
            .map_err(|Twice| Fault::Twice(slot)),
        None => Ok(()),
    }
}
