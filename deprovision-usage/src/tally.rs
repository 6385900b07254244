//! Counting: from lines to evidence. Pure.

use std::collections::BTreeMap;
use std::path::Path;

use deprovision_core::id::{CallerId, ParseIdError};
use deprovision_core::time::{Period, Timestamp, Window};
use deprovision_core::usage::CallerUse;

use crate::caller::caller_of;
use crate::line::{LineError, LinePart, LogLine, is_one_line, parse_line};
use crate::reading::{Malformed, MalformedLine};
use crate::route::Matcher;
use crate::written::Written;

/// How far a line may be ahead of our clock before it is called a line of the
/// future: clocks of two machines are never quite the same.
pub(crate) const SKEW: Period = Period::seconds(5);

/// What is asked of a log.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) matcher: Matcher,
    pub(crate) window: Window,
    pub(crate) max_gap: Period,
    pub(crate) max_callers: usize,
    /// Whose requests are no demand: our own probes.
    pub(crate) own_agents: Vec<String>,
    /// The moment before which all lines were written.
    pub(crate) now: Timestamp,
}

/// Who called how often, from when to when.
#[derive(Debug, Clone, Copy)]
struct Calls {
    requests: u64,
    first: Timestamp,
    last: Timestamp,
}

/// What the lines so far say.
#[derive(Debug)]
pub(crate) struct Tally {
    question: Question,
    pub(crate) written: Written,
    pub(crate) lines: u64,
    pub(crate) requests: u64,
    pub(crate) last_seen: Option<Timestamp>,
    callers: BTreeMap<CallerId, Calls>,
    /// Requests of callers beyond the longest list of callers.
    pub(crate) unlisted: u64,
    pub(crate) future: Future,
    doubtful: Vec<MalformedLine>,
    harmless: Vec<MalformedLine>,
    malformed: u64,
    doubts: u64,
    /// Of the file that is read now.
    previous: Option<Timestamp>,
    /// Lines of the file that wait for the time of the next good line.
    waiting: Vec<MalformedLine>,
    waiting_more: u64,
}

/// Lines that are stamped later than now.
#[derive(Debug, Default)]
pub(crate) struct Future {
    pub(crate) lines: u64,
    /// How many of them are calls of the API.
    pub(crate) calls: u64,
    /// Where the first one is.
    pub(crate) first: Option<String>,
}

impl Tally {
    pub(crate) fn new(question: Question) -> Self {
        Self {
            written: Written::new(question.window, question.max_gap),
            question,
            lines: 0,
            requests: 0,
            last_seen: None,
            callers: BTreeMap::new(),
            unlisted: 0,
            future: Future::default(),
            doubtful: Vec::new(),
            harmless: Vec::new(),
            malformed: 0,
            doubts: 0,
            previous: None,
            waiting: Vec::new(),
            waiting_more: 0,
        }
    }

    /// One line of a file, without its line feed; `cut` when it was longer than
    /// what is read of one line.
    pub(crate) fn line(
        &mut self,
        file: &Path,
        number: u64,
        text: &[u8],
        cut: bool,
    ) -> Result<(), ParseIdError> {
        let line = parse_line(text);
        if cut {
            // What it holds further on is not known.
            let at = line.map_or_else(|error| error.at(), |line| Some(line.at));
            let error = LineError::new(LinePart::Line, "is too long");
            self.bad(file, number, at.into_iter().fold(error, LineError::at_time));
            return Ok(());
        }
        match line {
            Ok(line) => {
                let agent = line.agent.as_deref();
                let probe = agent.is_some_and(|agent| {
                    let own = self.question.own_agents.iter();
                    own.map(String::as_bytes).any(|own| own == agent)
                });
                let ours = !probe && self.question.matcher.is_meant(&line.request);
                if ours || is_one_line(text) {
                    return self.good(file, number, &line, ours);
                }
                // Two lines in one: the second may be a call.
                let error = LineError::new(LinePart::Line, "is followed by another one");
                self.bad(file, number, error.at_time(line.at));
            }
            // An empty line is no request.
            Err(_) if text.trim_ascii().is_empty() => {}
            Err(error) => self.bad(file, number, error),
        }
        Ok(())
    }

    /// The file ended; the next line is of another.
    pub(crate) fn end_of_file(&mut self) {
        self.settle(None);
        self.previous = None;
    }

    fn good(
        &mut self,
        file: &Path,
        number: u64,
        line: &LogLine<'_>,
        ours: bool,
    ) -> Result<(), ParseIdError> {
        self.lines += 1;
        if line.at > SKEW.after(self.question.now) {
            // It was written before now, so its clock is wrong: it proves nothing
            // about any time, and if it is a call then one of unknown time.
            self.future.lines += 1;
            self.future.calls += u64::from(ours);
            self.future
                .first
                .get_or_insert_with(|| format!("{}:{number}", file.display()));
            return Ok(());
        }
        let (window, now) = (self.question.window, self.question.now);
        let at = line.at.min(now);
        self.written.at(at);
        self.settle(Some(at));
        self.previous = Some(at);
        if !ours {
            return Ok(());
        }
        self.last_seen = self.last_seen.max(Some(at));
        // A window that ends now holds what was written until now.
        if !window.contains(at) && (at < now || window.to < now) {
            return Ok(());
        }
        self.requests += 1;
        let caller = caller_of(line)?;
        if let Some(calls) = self.callers.get_mut(&caller) {
            calls.requests += 1;
            calls.first = calls.first.min(at);
            calls.last = calls.last.max(at);
        } else if self.callers.len() < self.question.max_callers {
            let calls = Calls {
                requests: 1,
                first: at,
                last: at,
            };
            self.callers.insert(caller, calls);
        } else {
            self.unlisted += 1;
        }
        Ok(())
    }

    fn bad(&mut self, file: &Path, number: u64, error: LineError) {
        self.malformed += 1;
        let foreign = error
            .request()
            .is_some_and(|request| !self.question.matcher.is_meant(request));
        let at = error.at();
        let line = MalformedLine {
            file: file.to_owned(),
            line: number,
            error,
            doubtful: !foreign,
        };
        if foreign {
            self.harmless(line);
            return;
        }
        match at {
            Some(at) if at > SKEW.after(self.question.now) => self.doubtful(line),
            Some(at) if self.may_be_inside(Some(at), Some(at)) => self.doubtful(line),
            Some(_) => self.harmless(line),
            None if self.waiting.len() < Malformed::MAX_SAMPLES => self.waiting.push(line),
            None => self.waiting_more += 1,
        }
    }

    /// Whether something written between two moments may lie in the window, give or
    /// take the longest gap: a line may be a little out of order, and a broken one
    /// may hold the next. Without a moment there is no bound.
    fn may_be_inside(&self, earliest: Option<Timestamp>, latest: Option<Timestamp>) -> bool {
        let (window, slack) = (self.question.window, self.question.max_gap);
        let before = latest.is_some_and(|latest| slack.after(latest) < window.from);
        let after = earliest.is_some_and(|earliest| slack.before(earliest) >= window.to);
        !before && !after
    }

    /// Decides about the lines without a time: they were written between their
    /// neighbours, give or take the longest gap.
    fn settle(&mut self, next: Option<Timestamp>) {
        if self.waiting.is_empty() {
            return;
        }
        // Neighbours out of order bound it all the same.
        let inside = match (self.previous, next) {
            (Some(a), Some(b)) => self.may_be_inside(Some(a.min(b)), Some(a.max(b))),
            (previous, next) => self.may_be_inside(previous, next),
        };
        let more = std::mem::take(&mut self.waiting_more);
        for line in std::mem::take(&mut self.waiting) {
            if inside {
                self.doubtful(line);
            } else {
                self.harmless(line);
            }
        }
        if inside {
            self.doubts += more;
        }
    }

    fn doubtful(&mut self, line: MalformedLine) {
        self.doubts += 1;
        if self.doubtful.len() < Malformed::MAX_SAMPLES {
            self.doubtful.push(MalformedLine {
                doubtful: true,
                ..line
            });
        }
    }

    fn harmless(&mut self, line: MalformedLine) {
        if self.harmless.len() < Malformed::MAX_SAMPLES {
            self.harmless.push(MalformedLine {
                doubtful: false,
                ..line
            });
        }
    }

    /// The lines that could not be read.
    pub(crate) fn malformed(&self) -> Malformed {
        Malformed {
            count: self.malformed,
            doubtful: self.doubts,
            samples: self
                .doubtful
                .iter()
                .chain(&self.harmless)
                .cloned()
                .collect(),
        }
    }

    /// Who called in the window, the busiest first.
    pub(crate) fn callers(&self) -> Vec<CallerUse> {
        let mut callers: Vec<CallerUse> = self
            .callers
            .iter()
            .map(|(caller, calls)| {
                CallerUse::new(caller.clone(), calls.requests, calls.last)
                    .first_seen_at(calls.first)
            })
            .collect();
        callers.sort_by(|a, b| {
            b.requests
                .cmp(&a.requests)
                .then_with(|| a.caller.cmp(&b.caller))
        });
        callers
    }
}
