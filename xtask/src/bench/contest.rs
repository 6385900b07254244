//! Commands that do the same work in turn, A B C, A B C, so that what slows the machine
//! for a while slows all of them.

use crate::bench::measure::{Run, measure};
use crate::bench::spread::Spread;
use crate::{Failure, Places};

/// One command, what its runs took, and what was counted beside them.
#[derive(Clone, Debug)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) command: Vec<String>,
    pub(crate) runs: Vec<Run>,
    /// What the server counted in each run, in the order of the contest's columns.
    pub(crate) counted: Vec<Vec<u64>>,
}

impl Contestant {
    pub(crate) fn new(name: &'static str, command: impl IntoIterator<Item = String>) -> Self {
        Self {
            name,
            command: command.into_iter().collect(),
            runs: Vec::new(),
            counted: Vec::new(),
        }
    }

    /// Seconds.
    pub(crate) fn wall(&self) -> Option<f64> {
        Some(Spread::of(self.runs.iter().map(|run| run.wall))?.median)
    }

    /// Seconds.
    pub(crate) fn cpu(&self) -> Option<f64> {
        Some(Spread::of(self.runs.iter().map(|run| run.cpu))?.median)
    }

    /// MB, at the worst.
    pub(crate) fn memory(&self) -> Option<f64> {
        Some(Spread::of(self.runs.iter().map(|run| run.memory / 1e6))?.most)
    }
}

/// The same work.
#[derive(Clone, Debug)]
pub(crate) struct Contest {
    pub(crate) title: String,
    /// What the server counts.
    pub(crate) columns: Vec<&'static str>,
    pub(crate) contestants: Vec<Contestant>,
}

impl Contest {
    /// Runs every command in every round; `before` makes the world as it has to be, and
    /// `after` gives what was counted, or why the work was not done. Both are told which
    /// run it is.
    pub(crate) fn run(
        &mut self,
        places: &Places,
        rounds: u32,
        mut before: impl FnMut(&Contestant) -> Result<(), Failure>,
        mut after: impl FnMut(&Contestant, &str) -> Result<Vec<u64>, Failure>,
    ) -> Result<(), Failure> {
        println!("\n{}", self.title);
        for round in 1..=rounds {
            for contestant in &mut self.contestants {
                before(contestant)?;
                let (run, printed) = measure(places, &contestant.command)?;
                let counted = after(contestant, &printed)
                    .map_err(|why| format!("{}: {why}", contestant.command.join(" ")))?;
                println!(
                    "  {round}/{rounds} {}: {:.2} s, {:.2} s of processor, {:.0} MB {counted:?}",
                    contestant.name,
                    run.wall,
                    run.cpu,
                    run.memory / 1e6
                );
                contestant.runs.push(run);
                contestant.counted.push(counted);
            }
        }
        Ok(())
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Contestant> {
        self.contestants.iter().find(|one| one.name == name)
    }

    /// A row for each command, with its time over that of the first.
    pub(crate) fn table(&self) -> String {
        let mut table = format!("### {}\n\n| | wall s | CPU s | memory MB |", self.title);
        for column in &self.columns {
            table += &format!(" {column} |");
        }
        table += " time / ours |\n|---|---|---|---|";
        table += &"---|".repeat(self.columns.len() + 1);
        table += "\n";
        let ours = self.contestants.first().and_then(Contestant::wall);
        for one in &self.contestants {
            table += &row(one, ours).unwrap_or_default();
        }
        table
    }
}

fn row(one: &Contestant, ours: Option<f64>) -> Option<String> {
    let wall = Spread::of(one.runs.iter().map(|run| run.wall))?;
    let mut row = format!(
        "| {} | {wall} | {:.2} | {:.0} |",
        one.name,
        one.cpu()?,
        one.memory()?
    );
    // What is counted is the same in all runs, or the last one stands for them.
    for count in one.counted.last()? {
        row += &format!(" {count} |");
    }
    row += &format!(" {:.2} |\n", wall.median / ours?);
    Some(row)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_row_tells_the_median_what_was_counted_and_the_time_over_ours() {
        let one = |name, wall: f64, counted: u64| Contestant {
            runs: vec![Run {
                wall,
                cpu: wall,
                memory: 50e6,
            }],
            counted: vec![vec![counted]],
            ..Contestant::new(name, [])
        };
        let contest = Contest {
            title: "Work".to_owned(),
            columns: vec!["calls"],
            contestants: vec![one("ours", 2.0, 603), one("theirs", 28.0, 904)],
        };
        let table = contest.table();
        assert!(
            table.contains("| theirs | 28.00 [28.00–28.00] | 28.00 | 50 | 904 | 14.00 |"),
            "{table}"
        );
        assert!(
            table.contains("| | wall s | CPU s | memory MB | calls | time / ours |"),
            "{table}"
        );
    }
}
