//! Reading lines that have the shape of one before.
//!
//! A program writes the same keys in the same order again and again. What a line that
//! the scanner found sound has between its values (braces, keys, colons) is kept, with
//! what becomes of each value. A line with the same text between its values has the
//! same structure, so only its values are left to be read, by the scanner's own
//! functions. Lines of a new shape, with something escaped in a part that is counted, or
//! with anything wrong are for [`Format::parse`]. A property test holds the two together.

use super::scan::{Scanner, is_null};
use super::shape::{Step, Steps, Then};
use super::tree::Place;
use crate::format::Format;
use crate::format::draft::{SLOTS, Slot, last_hop, number, portless, status};
use crate::format::time::Clock;
use crate::line::{PathCut, PlainLine, call, digits};
use crate::route::index;

#[cfg(test)]
mod tests;

/// How many lines more may be misses than hits, before no more are tried in a block.
const PATIENCE: u32 = 64;

/// How many shapes are learned from one block: a line is scanned once more for it.
const LESSONS: u32 = 16;

/// Reads the JSON lines of one log after the other.
#[derive(Debug)]
pub(crate) struct Shapes {
    /// The format whose shapes these are.
    format: Option<Format>,
    steps: Steps,
    clock: Clock,
    patience: u32,
    lessons: u32,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            format: None,
            steps: Steps::new(),
            clock: Clock::default(),
            patience: PATIENCE,
            lessons: LESSONS,
        }
    }
}

impl Shapes {
    /// Lines of a format follow; whether any of them may be read here.
    pub(crate) fn begin(&mut self, format: &Format) -> bool {
        let known = self.format.as_ref();
        if !known.is_some_and(|known| known.is_same(format)) {
            self.steps = Steps::new();
            self.format = Some(format.clone());
        }
        self.patience = PATIENCE;
        self.lessons = LESSONS;
        format.json_tree().is_some()
    }

    /// Reads a line that has the shape of one before, and cuts its path on the way.
    pub(crate) fn read<'a>(&mut self, line: &'a [u8], cut: &mut PathCut) -> Option<PlainLine<'a>> {
        if self.patience == 0 {
            return None;
        }
        let mut parts = Parts::new(line);
        let read = match self.walk(&mut parts, cut) {
            Some(()) => parts.finish(&mut self.clock, cut),
            None => {
                self.learn(line);
                None
            }
        };
        self.patience = match &read {
            Some(_) => (self.patience + 1).min(PATIENCE),
            None => self.patience - 1,
        };
        read
    }

    /// Keeps the shape of a line that is sound.
    fn learn(&mut self, line: &[u8]) {
        let Some(tree) = self.format.as_ref().and_then(Format::json_tree) else {
            return;
        };
        if self.lessons == 0 || self.steps.is_full() {
            return;
        }
        self.lessons -= 1;
        if let Ok(leaves) = Scanner::leaves(line, tree) {
            self.steps.add(line, &leaves);
        }
    }

    /// Takes all values of a line; `None` when it has no shape that is known.
    fn walk(&self, parts: &mut Parts<'_>, cut: &mut PathCut) -> Option<()> {
        let mut rest = parts.line;
        let mut at = self.steps.first();
        loop {
            let step = self.steps.get(at)?;
            match step.take(rest, parts, cut) {
                Some(behind) => match step.then {
                    Then::Value(_) => (rest, at) = (behind, step.first),
                    Then::End => return Some(()),
                },
                None => at = step.other,
            }
        }
    }
}

impl Step {
    /// Takes what the step is; gives what follows it.
    #[inline]
    fn take<'a>(
        &self,
        rest: &'a [u8],
        parts: &mut Parts<'a>,
        cut: &mut PathCut,
    ) -> Option<&'a [u8]> {
        let rest = self.strip(rest)?;
        match self.then {
            Then::End => rest.is_empty().then_some(rest),
            Then::Value(place) => {
                let is_target = place.is_some_and(|place| is_target(&place));
                match rest {
                    [b'"', inside @ ..] if is_target => {
                        let (length, behind) = parts.target(inside, cut)?;
                        parts.keep(place, inside, length)?;
                        Some(behind)
                    }
                    [b'"', inside @ ..] => {
                        let mut scanner = Scanner::new(inside);
                        let (text, escaped) = scanner.string().ok()?;
                        if escaped && place.is_some() {
                            return None;
                        }
                        parts.keep(place, inside, text.len())?;
                        Some(scanner.rest)
                    }
                    _ => {
                        let length = scalar(rest)?;
                        let (text, behind) = rest.split_at_checked(length)?;
                        if !is_null(text) {
                            parts.keep(place, rest, length)?;
                        }
                        Some(behind)
                    }
                }
            }
        }
    }
}

fn is_target(place: &Place) -> bool {
    matches!(place.slot, Some((Slot::Target, _)))
}

/// The length of the scalar that a text begins with.
#[inline]
fn scalar(text: &[u8]) -> Option<usize> {
    let (count, _) = text.first_chunk().map_or((0, 0), digits);
    let end = index(count);
    let zero = count > 1 && text.first() == Some(&b'0');
    // Most are a few digits; eight may not be all.
    if (1..8).contains(&count) && !zero && matches!(text.get(end), Some(b',' | b'}')) {
        return Some(end);
    }
    Scanner::new(text).scalar().ok().map(<[u8]>::len)
}

/// The parts of one line so far: where each is, and its rank.
struct Parts<'a> {
    line: &'a [u8],
    places: [(u32, u32); SLOTS],
    ranks: [u8; SLOTS],
    /// The target that was cut: where it begins, and its length.
    cut: (usize, usize),
}

impl<'a> Parts<'a> {
    fn new(line: &'a [u8]) -> Self {
        Self {
            line,
            places: [(0, 0); SLOTS],
            ranks: [0; SLOTS],
            cut: (0, 0),
        }
    }

    /// The target inside of quotes: its length, and what follows the closing one.
    #[inline]
    fn target(&mut self, inside: &'a [u8], cut: &mut PathCut) -> Option<(usize, &'a [u8])> {
        let length = cut.cut(inside);
        self.cut = (self.line.len() - inside.len(), length);
        // A path without query has only bytes that stand for themselves.
        if cut.plain
            && cut.whole
            && let Some((_, [b'"', behind @ ..])) = inside.split_at_checked(length)
        {
            return Some((length, behind));
        }
        let mut scanner = Scanner::new(inside);
        let (text, escaped) = scanner.string().ok()?;
        (!escaped).then_some((text.len(), scanner.rest))
    }

    /// Puts a value where the tree wants it, as [`Draft::set`] does. No two have the
    /// same rank.
    ///
    /// [`Draft::set`]: crate::format::draft::Draft::set
    #[inline]
    fn keep(&mut self, place: Option<Place>, rest: &[u8], length: usize) -> Option<()> {
        let Some(place) = place else {
            return Some(());
        };
        if length == 0 || length == 1 && rest.first() == Some(&b'-') {
            // A request line that says so is one, and what it means is not known here.
            return (!matches!(place.slot, Some((Slot::Request, _)))).then_some(());
        }
        let start = self.line.len().checked_sub(rest.len())?;
        let at = (
            u32::try_from(start).ok()?,
            u32::try_from(start + length).ok()?,
        );
        if place.names_caller {
            self.set(Slot::Field, 0, at);
        }
        if let Some((slot, rank)) = place.slot {
            self.set(slot, rank, at);
        }
        Some(())
    }

    #[inline]
    fn set(&mut self, slot: Slot, rank: u8, at: (u32, u32)) {
        let number = slot as usize;
        if let Some(place) = self.places.get_mut(number)
            && let Some(kept) = self.ranks.get_mut(number)
            && (place.1 == 0 || rank < *kept)
        {
            (*place, *kept) = (at, rank);
        }
    }

    /// A part; empty where there is none.
    #[inline]
    fn get(&self, slot: Slot) -> &'a [u8] {
        let (start, end) = self.places.get(slot as usize).copied().unwrap_or_default();
        self.line.get(index(start)..index(end)).unwrap_or_default()
    }

    /// A part as a number; zero where there is none.
    #[inline]
    fn number(&self, slot: Slot) -> Option<u64> {
        let (start, end) = self.places.get(slot as usize).copied().unwrap_or_default();
        if end == 0 {
            return Some(0);
        }
        let first = self.line.get(index(start)..).and_then(<[u8]>::first_chunk);
        match first.map(digits) {
            Some((count, value)) if count == end - start => Some(value),
            Some(_) | None => number(self.get(slot)),
        }
    }

    /// The line; `None` when a part needs a closer look.
    fn finish(&self, clock: &mut Clock, cut: &mut PathCut) -> Option<PlainLine<'a>> {
        let at = clock.second(self.get(Slot::Time))?;
        let (method, start, length) = self.call()?;
        let text = self.line.get(start..)?;
        let target = text.get(..length)?;
        // Where a target leads that is no path is for the general parser.
        if !target.starts_with(b"/") || method == b"-" {
            return None;
        }
        let cut_length = if self.cut.0 == start {
            self.cut.1
        } else {
            cut.cut(text)
        };
        if cut_length != length {
            // A space in it.
            cut.plain = false;
        }
        let client = match self.get(Slot::Client) {
            b"" => last_hop(self.get(Slot::Forwarded)),
            client => portless(client),
        };
        Some(PlainLine {
            client,
            user: self.get(Slot::User),
            key: self.get(Slot::Key),
            subject: self.get(Slot::Subject),
            field: self.get(Slot::Field),
            at,
            host: self.get(Slot::Host),
            method,
            target,
            text,
            status: status(self.number(Slot::Status)?)?,
            bytes: self.number(Slot::Bytes)?,
            agent: self.get(Slot::Agent),
        })
    }

    /// The method, where the target begins, and its length.
    fn call(&self) -> Option<(&'a [u8], usize, usize)> {
        let at = |slot| {
            self.places
                .get(slot as usize)
                .map_or(0, |at: &(u32, u32)| index(at.0))
        };
        let line = self.get(Slot::Request);
        if let Some((method, target)) = call(line) {
            let behind = line.get(method.len() + 1..)?;
            let spaces = behind.len() - behind.trim_ascii_start().len();
            let start = at(Slot::Request) + method.len() + 1 + spaces;
            return Some((method, start, target.len()));
        }
        let (method, target) = (self.get(Slot::Method), self.get(Slot::Target));
        let is_call = !method.is_empty() && !target.is_empty();
        is_call.then(|| (method, at(Slot::Target), target.len()))
    }
}
