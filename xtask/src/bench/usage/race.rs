//! Commands that run in turn, A B C, A B C, so that what slows the machine for a while
//! slows all of them.

use super::answer::{Answer, Says};
use super::tool::{Mode, Tool};
use crate::bench::measure::{Run, measure};
use crate::bench::spread::Spread;
use crate::{Failure, Places};

/// One command in a race, and what its runs took.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) tool: Tool,
    pub(crate) mode: Mode,
    pub(crate) threads: u32,
    pub(crate) says: Says,
    pub(crate) command: Vec<String>,
    pub(crate) runs: Vec<Run>,
}

impl Entry {
    /// Seconds.
    pub(crate) fn wall(&self) -> Option<Spread> {
        Spread::of(self.runs.iter().map(|run| run.wall))
    }

    /// Seconds.
    pub(crate) fn cpu(&self) -> Option<Spread> {
        Spread::of(self.runs.iter().map(|run| run.cpu))
    }

    /// MB.
    pub(crate) fn memory(&self) -> Option<Spread> {
        Spread::of(self.runs.iter().map(|run| run.memory / 1e6))
    }
}

/// Commands over the same lines.
#[derive(Clone, Debug)]
pub(crate) struct Race {
    pub(crate) title: String,
    /// Of the log that speeds are told in: packed and JSON logs in their own bytes.
    pub(crate) bytes: u64,
    pub(crate) truth: Answer,
    pub(crate) entries: Vec<Entry>,
}

impl Race {
    /// Runs every command in every round, and stops at the first wrong answer.
    pub(crate) fn run(&mut self, places: &Places, rounds: u32) -> Result<(), Failure> {
        println!("\n{}", self.title);
        for round in 1..=rounds {
            for entry in &mut self.entries {
                if round > 1 && entry.tool.runs_once() {
                    continue;
                }
                let (run, printed) = measure(places, &entry.command)?;
                entry
                    .says
                    .check(&printed, &self.truth)
                    .map_err(|why| format!("{}: {why}", entry.command.join(" ")))?;
                println!(
                    "  {round}/{rounds} {} {}, {} thr: {:.2} s, {:.2} s of processor, {:.0} MB",
                    entry.tool.name(),
                    entry.mode.name(),
                    entry.threads,
                    run.wall,
                    run.cpu,
                    run.memory / 1e6
                );
                entry.runs.push(run);
            }
        }
        Ok(())
    }

    /// The entry of a tool with so many threads.
    pub(crate) fn find(&self, tool: Tool, mode: Mode, threads: u32) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.tool == tool && entry.mode == mode && entry.threads == threads)
    }

    /// The median time of a tool, in seconds.
    pub(crate) fn time(&self, tool: Tool, mode: Mode, threads: u32) -> Option<f64> {
        Some(self.find(tool, mode, threads)?.wall()?.median)
    }
}
