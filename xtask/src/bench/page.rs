//! The page with the results: tables in Markdown, between marks that name their size.

use std::fmt::Write as _;

use super::aims::{Aim, Limit};
use super::log::Size;
use super::race::{Entry, Race};
use super::tool::Tool;
use crate::Failure;

/// What is written under the heading of a size.
pub(crate) fn section(intro: &str, races: &[Race], aims: &[Aim]) -> String {
    let mut page = format!("{intro}\n");
    for race in races {
        page += "\n";
        page += &table(race);
    }
    if !aims.is_empty() {
        page += "\n";
        page += &aims_table(aims);
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

/// The aims, and whether they were reached.
pub(crate) fn aims_table(aims: &[Aim]) -> String {
    let mut table = String::from("| aim | asked | measured | |\n|---|---|---|---|\n");
    for aim in aims {
        let reached = if aim.is_reached() {
            "reached"
        } else {
            "**missed**"
        };
        let (asked, measured) = match aim.limit {
            Limit::AtLeast(least) => (format!("≥ {least}"), format!("{:.2}", aim.measured)),
            Limit::AtMost(most) => (format!("≤ {most}"), format!("{:.2}", aim.measured)),
            Limit::Memory(most) => (format!("≤ {most}"), format!("{:.0}", aim.measured)),
        };
        // Writing to a text can not fail.
        let _ = writeln!(table, "| {} | {asked} | {measured} | {reached} |", aim.what);
    }
    table
}

/// The page with another section for a size.
pub(crate) fn with_section(page: &str, size: Size, section: &str) -> Result<String, Failure> {
    let begin = format!("<!-- measured {}: begin -->", size.name());
    let end = format!("<!-- measured {}: end -->", size.name());
    let lacks = |mark: &str| format!("the page has no line `{mark}`: put the marks back");
    let (before, rest) = page.split_once(&begin).ok_or_else(|| lacks(&begin))?;
    let (_, after) = rest.split_once(&end).ok_or_else(|| lacks(&end))?;
    Ok(format!(
        "{before}{begin}\n{}\n{end}{after}",
        section.trim_end()
    ))
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;
    use crate::bench::answer::{Answer, Says};
    use crate::bench::measure::Run;
    use crate::bench::tool::Mode;

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
    use crate::bench::tool::Mode;

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

    #[test]
    fn a_missed_aim_is_written_as_missed() {
        let aim = |measured| Aim {
            what: "speed".to_owned(),
            limit: Limit::AtLeast(3.0),
            measured,
        };
        let table = aims_table(&[aim(3.0), aim(2.994)]);
        assert!(table.contains("| speed | ≥ 3 | 3.00 | reached |"));
        assert!(table.contains("| speed | ≥ 3 | 2.99 | **missed** |"));
    }

    #[test]
    fn only_the_section_between_the_marks_of_its_size_is_replaced() {
        let page = "# A\n<!-- measured 250m: begin -->\nold\n<!-- measured 250m: end -->\n\
                    <!-- measured 1g: begin -->\nkept\n<!-- measured 1g: end -->\ntail\n";
        let new = with_section(page, Size::Quarter, "new\n").unwrap();
        assert_eq!(new, page.replace("old", "new"));
        assert_eq!(with_section(&new, Size::Quarter, "new").unwrap(), new);
        assert!(with_section(page, Size::TenFold, "new").is_err());
    }

    #[test]
    fn the_page_has_the_marks_of_every_size() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks.md");
        let page = std::fs::read_to_string(path).unwrap();
        for size in Size::ALL {
            with_section(&page, size, "").unwrap();
        }
    }
}
