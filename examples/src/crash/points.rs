//! The points, as they are met.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;

/// On which side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a call has two sides")]
pub enum Side {
    /// Before it.
    Before,
    /// After it.
    After,
}

/// What a process says when it has come to its point; then it stands still until
/// it is killed.
const HERE: &str = "here: ";

/// Counts points by their names, and stops the process at one of them.
///
/// A name says what is done to what, so that it is the same in every run whatever
/// the order of calls that go on side by side; what occurs again has a number.
#[derive(Debug, Default)]
pub struct Points {
    stop_at: Option<String>,
    met: Mutex<(BTreeMap<String, u32>, Vec<String>)>,
}

impl Points {
    /// Only counts.
    pub fn counting() -> Self {
        Self::default()
    }

    /// Stands still at that point.
    pub fn stopping_at(point: impl Into<String>) -> Self {
        Self {
            stop_at: Some(point.into()),
            met: Mutex::default(),
        }
    }

    /// The points met so far, in order.
    pub fn met(&self) -> Vec<String> {
        // Plain values: a poisoned lock still holds valid ones.
        self.met.lock().unwrap_or_else(|p| p.into_inner()).1.clone()
    }

    /// A point. It blocks the thread for ever when it is the one: nothing else of
    /// this process goes on until it is killed.
    pub fn at(&self, call: &str, side: Side) {
        let side = match side {
            Side::Before => "before",
            Side::After => "after",
        };
        let name = format!("{side} {call}");
        let point = {
            let mut met = self.met.lock().unwrap_or_else(|p| p.into_inner());
            let count = met.0.entry(name.clone()).or_default();
            *count += 1;
            let point = format!("{name} #{count}");
            met.1.push(point.clone());
            point
        };
        if self.stop_at.as_deref() == Some(&point) {
            let mut out = std::io::stdout().lock();
            // Nobody to hear it is no reason to go on.
            let _ = writeln!(out, "{HERE}{point}").and_then(|()| out.flush());
            loop {
                std::thread::park();
            }
        }
    }

    /// What a process said of where it stands, if the line says that.
    pub fn heard(line: &str) -> Option<&str> {
        // A test harness may have begun the line.
        line.split_once(HERE).map(|(_, point)| point)
    }
}
