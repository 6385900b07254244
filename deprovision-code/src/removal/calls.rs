//! Calls that no rule removes: put between comments, or made to fail to compile.

use crate::removal::Job;
use crate::removal::book::Calls;
use crate::removal::language::{Language, LineState, language_of};

/// What stands in the place of a line with a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) bytes: Vec<u8>,
    /// How many lines stand above the line itself.
    pub(crate) above: u64,
    /// Whether the line is still there.
    pub(crate) stays: bool,
}

/// What may be done to the lines of one file.
pub(crate) struct Marks<'a> {
    job: &'a Job<'a>,
    calls: Calls,
    file: Option<(Language, Vec<LineState>)>,
}

impl<'a> Marks<'a> {
    pub(crate) fn of(path: &str, bytes: &[u8], job: &'a Job<'a>, calls: Calls) -> Self {
        let language = language_of(path);
        Self {
            job,
            calls,
            file: language.map(|language| (language, language.lines(bytes))),
        }
    }

    /// Whether a line can go as far as its language is known.
    pub(crate) fn can_go(&self, index: usize) -> bool {
        self.file
            .as_ref()
            .and_then(|(_, states)| states.get(index))
            .is_none_or(|state| state.can_go)
    }

    /// What stands in the place of a line; nothing when it stays as it is. `above` is
    /// the file so far.
    pub(crate) fn around(&self, index: usize, line: &[u8], above: &[u8]) -> Option<Call> {
        let (language, states) = self.file.as_ref()?;
        let state = states.get(index)?;
        if self.calls.fail
            && state.statement
            && let Some(call) = self.failing(*language, line)
        {
            return Some(call);
        }
        if self.calls.mark && state.free && state.ends_free {
            return self.marked(*language, line, above);
        }
        None
    }

    fn failing(&self, language: Language, line: &[u8]) -> Option<Call> {
        let (before, after) = language.error?;
        let (indent, ending) = around(line);
        let text = format!("{} is retired; {}", self.job.removal.api.id, self.advice());
        let new = [
            indent,
            before.as_bytes(),
            text.as_bytes(),
            after.as_bytes(),
            ending,
        ]
        .concat();
        self.says_nothing(&new).then_some(Call {
            bytes: new,
            above: 0,
            stays: false,
        })
    }

    fn marked(&self, language: Language, line: &[u8], above: &[u8]) -> Option<Call> {
        let (indent, ending) = around(line);
        let api = &self.job.removal.api.id;
        let begin = format!(
            "{} deprovision:begin {api}: {}",
            language.comment,
            self.advice()
        );
        let end = format!("{} deprovision:end {api}", language.comment);
        if !self.says_nothing(begin.as_bytes()) || !self.says_nothing(end.as_bytes()) {
            return None;
        }
        let so_far = String::from_utf8_lossy(above);
        let marked = so_far
            .lines()
            .next_back()
            .is_some_and(|line| line.trim_start().starts_with(&begin));
        if marked {
            return None;
        }
        // The last line of a file may have no end.
        let first = if ending.is_empty() { b"\n" } else { ending };
        let mut bytes = [indent, begin.as_bytes(), first, line].concat();
        if ending.is_empty() {
            bytes.extend_from_slice(first);
        }
        bytes.extend_from_slice(&[indent, end.as_bytes(), ending].concat());
        Some(Call {
            bytes,
            above: 1,
            stays: true,
        })
    }

    fn advice(&self) -> String {
        match &self.job.removal.successor {
            Some(successor) => format!("use {} instead", successor.id),
            None => "remove this call".to_owned(),
        }
    }

    /// Whether a text of ours is no reference itself, and can stand in one line.
    fn says_nothing(&self, text: &[u8]) -> bool {
        self.job.scanner.hits(text).is_empty()
    }
}

/// The white space before a line, and its end.
fn around(line: &[u8]) -> (&[u8], &[u8]) {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let indent = text.len() - text.trim_ascii_start().len();
    (&line[..indent], &line[text.len()..])
}
