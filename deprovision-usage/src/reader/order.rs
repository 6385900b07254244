//! What the blocks of an input say in their order: the numbers of lines, and when
//! lines without a time were written.

use std::collections::BTreeMap;

use deprovision_core::time::Timestamp;
use deprovision_core::usage::{Malformed, MalformedSample};

/// What one block says that depends on the blocks before it.
#[derive(Debug, Default)]
pub(super) struct BlockEnd {
    pub(super) input: usize,
    pub(super) lines: u64,
    /// The times of its first and last line that have one.
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    /// Unreadable lines without a time before the first and behind the last of
    /// these; all before, when there is none.
    pub(super) head: u64,
    pub(super) tail: u64,
    /// The first malformed lines: their number in the block and what is wrong.
    pub(super) samples: Vec<(u64, String)>,
}

/// Puts blocks into their order as they come.
#[derive(Debug, Default)]
pub(super) struct Order {
    next: u64,
    early: BTreeMap<u64, BlockEnd>,
    input: usize,
    lines: u64,
    previous: Option<i64>,
    /// Unreadable lines that wait for the time of the next line.
    waiting: u64,
    samples: Vec<(usize, u64, String)>,
    malformed: Malformed,
}

impl Order {
    pub(super) fn add(&mut self, number: u64, end: BlockEnd) {
        self.early.insert(number, end);
        while let Some(end) = self.early.remove(&self.next) {
            self.next += 1;
            self.take(end);
        }
    }

    fn take(&mut self, end: BlockEnd) {
        if end.input != self.input {
            self.end_of_input();
            self.input = end.input;
        }
        for (line, reason) in end.samples {
            if self.samples.len() < Malformed::MAX_SAMPLES {
                self.samples.push((end.input, self.lines + line, reason));
            }
        }
        self.lines += end.lines;
        self.waiting += end.head;
        if let Some(first) = end.first {
            self.settle(Some(first));
            self.previous = end.last;
            self.waiting = end.tail;
        }
    }

    /// Lines without a time were written between their neighbours.
    fn settle(&mut self, next: Option<i64>) {
        let count = std::mem::take(&mut self.waiting);
        if count == 0 {
            return;
        }
        match self.previous.zip(next).map(|(from, to)| between(from, to)) {
            Some(Some((from, to))) => self.malformed.unreadable.insert(from, to, count),
            // At the beginning or the end of an input it may be any time.
            Some(None) | None => self.malformed.unreadable_undated += count,
        }
    }

    fn end_of_input(&mut self) {
        self.settle(None);
        self.previous = None;
        self.lines = 0;
    }

    /// All blocks came. `name` names an input by its number.
    pub(super) fn finish(mut self, name: impl Fn(usize) -> String) -> Malformed {
        self.end_of_input();
        self.malformed.samples = self
            .samples
            .into_iter()
            .map(|(input, line, reason)| MalformedSample::new(name(input), line, reason))
            .collect();
        self.malformed
    }
}

/// Two seconds as moments, the earlier first.
pub(super) fn between(a: i64, b: i64) -> Option<(Timestamp, Timestamp)> {
    let moment = |second| Timestamp::from_second(second).ok();
    Some((moment(a.min(b))?, moment(a.max(b))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(input: usize, times: Option<(i64, i64)>, head: u64, tail: u64) -> BlockEnd {
        BlockEnd {
            input,
            lines: 10,
            first: times.map(|times| times.0),
            last: times.map(|times| times.1),
            head,
            tail,
            samples: vec![(3, "why".into())],
        }
    }

    #[test]
    fn blocks_in_any_order_say_the_same() {
        let ends = || {
            [
                end(0, Some((100, 200)), 0, 2),
                end(0, None, 5, 0),
                end(0, Some((5000, 6000)), 1, 4),
                end(1, Some((50, 60)), 7, 0),
            ]
        };
        let mut finished = Vec::new();
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let mut all: Vec<Option<BlockEnd>> = ends().into_iter().map(Some).collect();
            let mut fold = Order::default();
            for number in order {
                fold.add(number as u64, all[number].take().unwrap());
            }
            finished.push(fold.finish(|input| format!("log.{input}")));
        }
        assert_eq!(finished[0], finished[1]);
        assert_eq!(finished[0], finished[2]);
        let stretches: Vec<_> = finished[0]
            .unreadable
            .iter()
            .map(|(from, to, count)| (from.as_second(), to.as_second(), count))
            .collect();
        // Two behind 200, five in a block without a time, one before 5000.
        assert_eq!(stretches, [(200, 5000, 8)]);
        // Four at the end of the first input, seven at the beginning of the second.
        assert_eq!(finished[0].unreadable_undated, 11);
        let samples: Vec<String> = finished[0]
            .samples
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            samples,
            [
                "log.0:3: why",
                "log.0:13: why",
                "log.0:23: why",
                "log.1:3: why"
            ]
        );
    }
}
