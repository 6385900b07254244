//! The shapes of lines: what they have between their values.

use super::scan::Leaf;
use super::tree::Place;
use crate::format::draft::Slot;
use crate::route::index;

/// No step.
pub(super) const NONE: u32 = u32::MAX;

/// How many steps are kept, and how many bytes of text between values. A log whose
/// lines are more different gains nothing by it.
const MAX_STEPS: usize = 1024;
const MAX_TEXT: usize = 1 << 16;

/// How many bytes of a text are compared without a loop.
const SHORT: usize = 32;

/// What stands before a value, or at the end.
#[derive(Debug)]
struct Between {
    text: Box<[u8]>,
    /// The same once more, where it is short, and what of each eight bytes counts.
    short: [(u64, u64); SHORT / 8],
}

impl Between {
    fn new(text: &[u8]) -> Self {
        let mut short = [(0, 0); SHORT / 8];
        for (eight, part) in short.iter_mut().zip(text.chunks(8)) {
            for (at, byte) in part.iter().enumerate() {
                *eight = (
                    eight.0 | u64::from(*byte) << (8 * at),
                    eight.1 | 0xff << (8 * at),
                );
            }
        }
        Self {
            text: text.into(),
            short,
        }
    }

    /// What follows it in a text that begins with it.
    #[inline]
    fn strip<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let length = self.text.len();
        match text.first_chunk::<SHORT>() {
            Some(first) if length <= SHORT => {
                let (eights, _) = first.as_chunks::<8>();
                let mut apart = 0;
                for (eight, (want, counts)) in eights.iter().zip(&self.short) {
                    apart |= (u64::from_le_bytes(*eight) ^ want) & counts;
                }
                (apart == 0).then(|| text.get(length..))?
            }
            Some(_) | None => text.strip_prefix(&*self.text),
        }
    }
}

/// One step through a line: the text before a value, and the value.
#[derive(Debug)]
pub(super) struct Step {
    before: Between,
    pub(super) then: Then,
    /// The first of the steps that were seen behind it, and the next of those that
    /// were seen where it is.
    pub(super) first: u32,
    pub(super) other: u32,
}

/// What follows the text of a step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// A value, and what becomes of it.
    Value(Option<Place>),
    /// The end of the line.
    End,
}

impl Step {
    /// What follows the text between in a line that has it here.
    #[inline]
    pub(super) fn strip<'a>(&self, rest: &'a [u8]) -> Option<&'a [u8]> {
        self.before.strip(rest)
    }
}

/// All shapes that were seen: lines that begin alike share their first steps.
#[derive(Debug)]
pub(super) struct Steps {
    steps: Vec<Step>,
    first: u32,
    /// How many bytes of text the steps have.
    text: usize,
}

impl Steps {
    pub(super) fn new() -> Self {
        Self {
            steps: Vec::new(),
            first: NONE,
            text: 0,
        }
    }

    /// Where the steps of a line begin.
    #[inline]
    pub(super) fn first(&self) -> u32 {
        self.first
    }

    #[inline]
    pub(super) fn get(&self, step: u32) -> Option<&Step> {
        self.steps.get(index(step))
    }

    pub(super) fn is_full(&self) -> bool {
        self.steps.len() >= MAX_STEPS || self.text >= MAX_TEXT
    }

    /// Adds the shape of a sound line.
    pub(super) fn add(&mut self, line: &[u8], leaves: &[Leaf]) {
        if is_doubtful(leaves) {
            return;
        }
        let mut from = NONE;
        let mut rest = line;
        for Leaf { left, place } in leaves {
            let text = rest.len().checked_sub(left.0);
            let behind = line.len().checked_sub(left.1);
            let (Some(text), Some(behind)) = (text, behind) else {
                return;
            };
            let text = rest.get(..text).unwrap_or_default();
            rest = line.get(behind..).unwrap_or_default();
            let Some(step) = self.step(from, text, Then::Value(*place)) else {
                return;
            };
            from = step;
        }
        self.step(from, rest, Then::End);
    }

    /// The step with that text behind another one. `None` when there is no more room.
    fn step(&mut self, from: u32, text: &[u8], then: Then) -> Option<u32> {
        let mut last = NONE;
        let mut at = self.get(from).map_or(self.first, |step| step.first);
        while let Some(step) = self.get(at) {
            // The same keys are the same place.
            if *step.before.text == *text && is_end(step.then) == is_end(then) {
                return Some(at);
            }
            (last, at) = (at, step.other);
        }
        if self.is_full() {
            return None;
        }
        let new = u32::try_from(self.steps.len()).ok()?;
        self.text += text.len();
        self.steps.push(Step {
            before: Between::new(text),
            then,
            first: NONE,
            other: NONE,
        });
        if let Some(last) = self.steps.get_mut(index(last)) {
            last.other = new;
        } else if let Some(from) = self.steps.get_mut(index(from)) {
            from.first = new;
        } else {
            self.first = new;
        }
        Some(new)
    }
}

fn is_end(then: Then) -> bool {
    match then {
        Then::End => true,
        Then::Value(_) => false,
    }
}

/// Whether two values of equal rank may be one part: such a line is malformed unless
/// one of them says nothing, which has to be looked at each time.
fn is_doubtful(leaves: &[Leaf]) -> bool {
    let mut seen: Vec<(Slot, u8)> = Vec::new();
    let places = leaves.iter().filter_map(|leaf| leaf.place);
    for place in places {
        let caller = place.names_caller.then_some((Slot::Field, 0));
        for part in place.slot.into_iter().chain(caller) {
            if seen.contains(&part) {
                return true;
            }
            seen.push(part);
        }
    }
    false
}
