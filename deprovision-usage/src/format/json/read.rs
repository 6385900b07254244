//! From a JSON line to a record.

use super::scan::{Fault, Scanner};
use super::tree::Tree;
use crate::format::draft::{Certain, Draft};
use crate::line::{LineError, LinePart, LogLine};

/// The parts that a line has.
pub(in crate::format) fn draft<'a>(line: &'a [u8], tree: &Tree) -> Result<Draft<'a>, LineError> {
    let mut draft = Draft::default();
    let fault = match Scanner::read(line, tree, &mut draft) {
        Ok(()) => return Ok(draft),
        Err(fault) => fault,
    };
    Err(match fault {
        Fault::Cut { nested } => draft.fail(
            LineError::new(LinePart::Line, "ends within its JSON object"),
            if nested { Certain::No } else { Certain::Yes },
        ),
        Fault::Syntax => draft.fail(
            LineError::new(LinePart::Line, "is no JSON object"),
            Certain::No,
        ),
        Fault::Escape(slot) => draft.fail(
            LineError::new(
                slot.part(),
                "has a JSON escape that stands for no character",
            ),
            Certain::No,
        ),
        // Two records run into each other, and nothing tells whose part is whose.
        Fault::Twice(slot) => LineError::new(slot.part(), "is there twice"),
    })
}

pub(in crate::format) fn parse<'a>(line: &'a [u8], tree: &Tree) -> Result<LogLine<'a>, LineError> {
    draft(line, tree)?.finish(Certain::Yes)
}
