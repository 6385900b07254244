//! The page with the results: tables in Markdown, between marks that name their size.

use super::race::{Entry, Race};
use super::tool::Tool;
use crate::bench::aim::{self, Aim};

/// What is written under the heading of a size.
pub(crate) fn section(intro: &str, races: &[Race], aims: &[Aim]) -> String {
    let mut page = format!("{intro}\n");
    for race in races {
        page += "\n";
        page += &table(race);
    }
    if !aims.is_empty() {
        page += "\n";
        page += &aim::table(aims);
    }
    page
}

/// One race, a command a row.
pub(crate) fn table(race: &Race) -> String {
    let mut table = format!(
        "### {}\n\n\
         | tool | asked | thr | wall s | CPU s | MB/s | memory MB | time / ours |\n\
         |---|---|---|---|---|---|---|---|\n",
        race.title
    );
    for entry in &race.entries {
        table += &row(race, entry).unwrap_or_default();
    }
    table
}

/// Nothing for a command that did not run.
fn row(race: &Race, entry: &Entry) -> Option<String> {
    let wall = entry.wall()?;
    let ours = race.time(Tool::Ours, entry.mode, entry.threads);
    let starts = matches!(entry.tool, Tool::DuckDbStart | Tool::PolarsStart);
    #[expect(clippy::cast_precision_loss, reason = "a speed is rounded anyway")]
    let speed = race.bytes as f64 / 1e6 / wall.median;
    Some(format!(
        "| {} | {} | {} | {wall} | {:.2} | {} | {:.0} | {} |\n",
        entry.tool.name(),
        entry.mode.name(),
        entry.threads,
        entry.cpu()?.median,
        if starts {
            "–".to_owned()
        } else {
            format!("{speed:.0}")
        },
        entry.memory()?.most,
        ours.map_or_else(
            || "–".to_owned(),
            |ours| format!("{:.2}", wall.median / ours)
        ),
    ))
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;
    use crate::bench::measure::Run;
    use crate::bench::usage::answer::{Answer, Says};
    use crate::bench::usage::tool::Mode;

    /// A race that took so many seconds, 100 MB each.
    pub(crate) fn race(entries: &[(Tool, Mode, u32, f64)]) -> Race {
        Race {
            title: "A race".to_owned(),
            bytes: 250_000_000,
            truth: Answer {
                lines: 1,
                route_days: 1,
                routes: 1,
                pairs: 1,
                callers: 1,
                errors: 0,
            },
            entries: entries
                .iter()
                .map(|&(tool, mode, threads, wall)| Entry {
                    tool,
                    mode,
                    threads,
                    says: Says::Full,
                    command: Vec::new(),
                    runs: vec![Run {
                        wall,
                        cpu: wall,
                        memory: 100e6,
                    }],
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::bench::usage::tool::Mode;

    #[test]
    fn times_are_told_over_ours_at_as_many_threads() {
        let race = sample::race(&[
            (Tool::Ours, Mode::Full, 1, 0.5),
            (Tool::DuckDb, Mode::Full, 1, 2.0),
            (Tool::DuckDb, Mode::Full, 2, 1.0),
        ]);
        let rows: Vec<String> = table(&race).lines().skip(4).map(str::to_owned).collect();
        assert_eq!(
            rows,
            [
                "| **deprovision** | full | 1 | 0.50 [0.50–0.50] | 0.50 | 500 | 100 | 1.00 |",
                "| DuckDB, tuned | full | 1 | 2.00 [2.00–2.00] | 2.00 | 125 | 100 | 4.00 |",
                "| DuckDB, tuned | full | 2 | 1.00 [1.00–1.00] | 1.00 | 250 | 100 | – |",
            ]
        );
    }
}
