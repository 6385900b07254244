//! Reading the lines of one block.

use deprovision_core::time::Timestamp;
use deprovision_core::usage::{Malformed, Stretches};
use memchr::memchr;

use super::feed::Block;
use super::order::{BlockEnd, between};
use crate::count::Counter;
use crate::files::MAX_LINE;
use crate::format::{Format, Shapes};
use crate::line::{LineError, LinePart, PathCut, Request, Stamps, fast_line, is_one_line};

/// One thread's part of a reading.
#[derive(Debug)]
pub(super) struct Worker<'t> {
    pub(super) counter: Counter<'t>,
    /// Lines that are malformed, and those that may be calls of anything.
    pub(super) malformed: u64,
    pub(super) unreadable: Stretches,
    pub(super) unreadable_undated: u64,
    /// Only requests in these seconds are counted.
    window: Option<(i64, i64)>,
    stamps: Stamps,
    shapes: Shapes,
    cut: PathCut,
}

impl<'t> Worker<'t> {
    pub(super) fn new(counter: Counter<'t>, window: Option<(i64, i64)>) -> Self {
        Self {
            counter,
            malformed: 0,
            unreadable: Stretches::default(),
            unreadable_undated: 0,
            window,
            stamps: Stamps::default(),
            shapes: Shapes::default(),
            cut: PathCut::default(),
        }
    }

    /// Counts the lines of a block.
    pub(super) fn block(&mut self, block: &Block, text: &[u8], now: i64) -> BlockEnd {
        let mut end = BlockEnd {
            input: block.input,
            ..BlockEnd::default()
        };
        let combined = block.format.is_combined();
        let shaped = self.shapes.begin(&block.format);
        let mut rest = text;
        while !rest.is_empty() {
            let length = memchr(b'\n', rest).unwrap_or(rest.len());
            let (line, more) = rest.split_at(length);
            rest = more.get(1..).unwrap_or_default();
            end.lines += 1;
            let at = if combined
                && line.len() <= MAX_LINE
                && let Some(line) = fast_line(line, &mut self.stamps, &mut self.cut)
            {
                self.counter.plain(&line, &self.cut, now)
            } else if shaped
                && line.len() <= MAX_LINE
                && let Some(line) = self.shapes.read(line, &mut self.cut)
            {
                self.counter.plain(&line, &self.cut, now)
            } else {
                self.any_line(&block.format, line, now, &mut end)
            };
            if let Some(at) = at {
                if end.last.is_none() {
                    end.first = Some(at);
                } else if end.tail > 0 {
                    self.between(end.last, at, end.tail);
                    end.tail = 0;
                }
                end.last = Some(at);
            }
        }
        self.counter.end_of_block();
        end
    }

    /// A line that is not of the plainest shape; gives its time when it is sound.
    fn any_line(
        &mut self,
        format: &Format,
        text: &[u8],
        now: i64,
        end: &mut BlockEnd,
    ) -> Option<i64> {
        let error = match format.parse(text) {
            // What it holds further on is not known, whatever the beginning is.
            parsed if text.len() > MAX_LINE => {
                let at = parsed.map_or_else(|error| error.at(), |line| Some(line.at));
                let error = LineError::new(LinePart::Line, "is too long");
                at.into_iter().fold(error, LineError::at_time)
            }
            Ok(line) if format.is_combined() && !is_one_line(text) => {
                // Two lines in one: the first is a call, the second may be any.
                self.malformed_call(&line.request, Some(line.at), now);
                LineError::new(LinePart::Line, "is followed by another one").at_time(line.at)
            }
            Ok(line) => return self.counter.line(&line, now),
            // An empty line is no request.
            Err(_) if text.trim_ascii().is_empty() => return None,
            Err(error) => error,
        };
        self.malformed += 1;
        if end.samples.len() < Malformed::MAX_SAMPLES {
            end.samples.push((end.lines, error.to_string()));
        }
        if let Some(request) = error.request() {
            self.malformed_call(request, error.at(), now);
            return None;
        }
        match error.at().map(Timestamp::as_second) {
            Some(at) if at <= now => self.between(Some(at), at, 1),
            Some(_) => self.unreadable_undated += 1,
            None if end.last.is_none() => end.head += 1,
            None => end.tail += 1,
        }
        None
    }

    /// A malformed line that holds a whole request.
    fn malformed_call(&mut self, request: &Request<'_>, at: Option<Timestamp>, now: i64) {
        let at = at.map(Timestamp::as_second).filter(|at| *at <= now);
        // One whose time is not known may be of the window.
        let outside = self
            .window
            .zip(at)
            .is_some_and(|((from, to), at)| !(from..to).contains(&at));
        if !outside {
            self.counter.malformed(request);
        }
    }

    fn between(&mut self, from: Option<i64>, to: i64, count: u64) {
        match from.and_then(|from| between(from, to)) {
            Some((from, to)) => self.unreadable.insert(from, to, count),
            None => self.unreadable_undated += count,
        }
    }
}
