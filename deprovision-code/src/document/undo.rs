//! Taking a mark out of a document again.

use serde::{Deserialize, Serialize};

use crate::document::edits::Edits;
use crate::document::mark::MarkRefused;

/// How much of what stands around an edit is remembered.
const AROUND: usize = 120;

/// What takes a mark out of a document again: every edit, and what stood around it. It
/// can be kept, as whatever `serde` writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkUndo {
    edits: Vec<Edit>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    /// Where it is in the marked document.
    at: usize,
    old: String,
    new: String,
    before: String,
    after: String,
}

impl MarkUndo {
    /// Of edits that gave that text, which begins behind `skipped` bytes.
    pub(crate) fn of(edits: &Edits, marked: &str, skipped: usize) -> Self {
        let mut growth = 0_isize;
        let size = |text: &str| isize::try_from(text.len()).unwrap_or(isize::MAX);
        let edits = edits.in_order().into_iter().map(|splice| {
            let at = splice.at.saturating_add_signed(growth);
            growth += size(&splice.new) - size(&splice.old);
            let end = at + splice.new.len();
            Edit {
                at: at + skipped,
                old: splice.old.clone(),
                new: splice.new.clone(),
                before: marked[floor(marked, at.saturating_sub(AROUND))..at].to_owned(),
                after: marked[end..floor(marked, end.saturating_add(AROUND))].to_owned(),
            }
        });
        Self {
            edits: edits.collect(),
        }
    }

    /// The document without the mark. Byte for byte what it was when nothing else has
    /// changed since; what others have changed meanwhile stays as they left it.
    ///
    /// # Errors
    /// [`MarkRefused`] when a part of the mark is not there any more, or can not be told
    /// from something else.
    pub fn take_back(&self, path: &str, marked: &[u8]) -> Result<Vec<u8>, MarkRefused> {
        let refused = |reason: String| MarkRefused {
            path: path.to_owned(),
            reason,
        };
        let text = std::str::from_utf8(marked).map_err(|error| {
            refused(format!(
                "it is not UTF-8 after byte {}",
                error.valid_up_to()
            ))
        })?;
        let mut result = String::with_capacity(text.len());
        let mut done = 0;
        for (edit, at) in self.edits.iter().zip(self.places(text).map_err(refused)?) {
            if at < done {
                return Err(refused(
                    "what was marked is in another order now".to_owned(),
                ));
            }
            result.push_str(&text[done..at]);
            result.push_str(&edit.old);
            done = at + edit.new.len();
        }
        result.push_str(&text[done..]);
        Ok(result.into_bytes())
    }

    /// Where each edit is in a text.
    fn places(&self, text: &str) -> Result<Vec<usize>, String> {
        let is_at = |edit: &Edit, at: usize| {
            let around = at
                .checked_sub(edit.before.len())
                .and_then(|from| text.get(from..));
            let around = around.and_then(|text| text.strip_prefix(edit.before.as_str()));
            let around = around.and_then(|text| text.strip_prefix(edit.new.as_str()));
            around.is_some_and(|text| text.starts_with(edit.after.as_str()))
        };
        if self.edits.iter().all(|edit| is_at(edit, edit.at)) {
            return Ok(self.edits.iter().map(|edit| edit.at).collect());
        }
        let find = |edit: &Edit| {
            let whole = [edit.before.as_str(), &edit.new, &edit.after].concat();
            let mut found = text.match_indices(&whole);
            let line = edit.new.trim();
            match (found.next(), found.next()) {
                (Some((at, _)), None) => Ok(at + edit.before.len()),
                (None, _) => Err(format!(
                    "{line:?} is not there any more as it was put there"
                )),
                (Some(_), Some(_)) => Err(format!("{line:?} stands there more than once")),
            }
        };
        self.edits.iter().map(find).collect()
    }
}

/// The place of a character at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
