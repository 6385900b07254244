//! Who is measured, with which command.

use std::path::{Path, PathBuf};

use super::answer::Says;
use super::log::{Log, Size};
use super::race::{Entry, Race};
use super::tool::{Mode, Tool};
use crate::Places;

const DUCKDB: &str = "duckdb_usage.py";
const POLARS: &str = "polars_usage.py";

/// The programs of this run.
#[derive(Debug)]
pub(crate) struct Programs {
    /// Ours; nothing when it is not built.
    pub(crate) ours: Option<PathBuf>,
    /// The Python with DuckDB and Polars.
    pub(crate) python: PathBuf,
    /// The folder of the scripts.
    scripts: PathBuf,
    quick: bool,
}

impl Programs {
    pub(crate) fn new(
        places: &Places,
        ours: Option<PathBuf>,
        python: PathBuf,
        quick: bool,
    ) -> Self {
        Self {
            ours,
            python,
            scripts: places.root.join("xtask/bench/usage"),
            quick,
        }
    }

    /// Every tool on the same log, for one mode.
    pub(crate) fn side_by_side(&self, size: Size, log: &Log, mode: Mode) -> Race {
        let asked = match mode {
            Mode::Count => "requests per route and day",
            Mode::Full => "the full report",
            Mode::Floor => "floors",
        };
        let mut entries = Vec::new();
        for threads in [1, 2] {
            entries.extend(self.ours(Tool::Ours, log, mode, threads, "combined"));
            for (tool, script, layout) in [
                (Tool::DuckDb, DUCKDB, "combined"),
                (Tool::DuckDbBlanks, DUCKDB, "blanks"),
                (Tool::Polars, POLARS, "combined"),
                (Tool::PolarsBlanks, POLARS, "blanks"),
            ] {
                entries.push(self.peer(tool, script, log, mode, threads, layout));
            }
        }
        let mode_of_awk = format!("mode={}", mode.name());
        let program = self.script("usage.awk");
        let mawk = ["mawk", "-v", &mode_of_awk, "-f", &program, &text(&log.path)];
        entries.push(entry(Tool::Mawk, mode, says(mode), &mawk));
        if mode == Mode::Full {
            let goaccess = [
                "goaccess",
                &text(&log.path),
                "--no-global-config",
                "--log-format=COMBINED",
                "--no-progress",
                "--output=json",
            ];
            entries.push(entry(Tool::GoAccess, mode, Says::GoAccess, &goaccess));
        }
        entries.extend(self.floors(log));
        self.race(format!("{}: {asked}", size.title()), log, entries)
    }

    /// A packed log, next to unpacking it and doing nothing else.
    pub(crate) fn packed(&self, log: &Log) -> Race {
        let unpack = format!("exec zcat '{}' > /dev/null", log.path.display());
        let mut entries = vec![entry(
            Tool::Zcat,
            Mode::Floor,
            Says::Nothing,
            &["sh", "-c", &unpack],
        )];
        for mode in [Mode::Count, Mode::Full] {
            for threads in [1, 2] {
                entries.extend(self.ours(Tool::Ours, log, mode, threads, "combined"));
            }
        }
        let title = "250 MB packed with gzip (speeds in unpacked bytes)";
        self.race(title.to_owned(), log, entries)
    }

    /// JSON lines, next to DuckDB's reader of them.
    pub(crate) fn json(&self, log: &Log) -> Race {
        let mut entries = Vec::new();
        for mode in [Mode::Count, Mode::Full] {
            for threads in [1, 2] {
                entries.extend(self.ours(Tool::Ours, log, mode, threads, "json"));
                entries.push(self.peer(Tool::DuckDb, DUCKDB, log, mode, threads, "json"));
            }
        }
        let title = "The lines of 250 MB as JSON lines (speeds in bytes of JSON)";
        self.race(title.to_owned(), log, entries)
    }

    /// The same lines beside 2,000 routes and beside 100,000.
    pub(crate) fn many_routes(&self, log: &Log, many: &Log) -> Race {
        let mut entries = Vec::new();
        for mode in [Mode::Count, Mode::Full] {
            entries.extend(self.ours(Tool::Ours, log, mode, 1, "combined"));
            entries.extend(self.ours(Tool::OursManyRoutes, many, mode, 1, "combined"));
        }
        let title = "1 GB beside 2,000 and beside 100,000 routes";
        self.race(title.to_owned(), log, entries)
    }

    /// A long log of the same routes and callers: what is told is the memory.
    pub(crate) fn long(&self, log: &Log) -> Race {
        let mut entries = Vec::new();
        for threads in [1, 2] {
            entries.extend(self.ours(Tool::Ours, log, Mode::Full, threads, "combined"));
        }
        entries.extend(self.floors(log));
        self.race(Size::TenFold.title().to_owned(), log, entries)
    }

    /// A log in which nobody calls twice: what is told is the memory.
    pub(crate) fn distinct_callers(&self, log: &Log) -> Race {
        let mut entries = Vec::new();
        for threads in [1, 2] {
            let ours = self.ours(Tool::Ours, log, Mode::Full, threads, "combined");
            // Over its budget the report no longer tells callers apart, and says so.
            entries.extend(ours.map(|mut ours| {
                ours.command
                    .extend(["--memory".to_owned(), "256".to_owned()]);
                ours.says = Says::Lines;
                ours
            }));
        }
        let duckdb = self.peer(Tool::DuckDb, DUCKDB, log, Mode::Full, 2, "combined");
        entries.push(duckdb);
        self.race(Size::DistinctCallers.title().to_owned(), log, entries)
    }

    fn race(&self, title: String, log: &Log, mut entries: Vec<Entry>) -> Race {
        entries.retain(|entry| !(self.quick && entry.tool.is_slow()));
        Race {
            title,
            bytes: log.bytes,
            truth: log.truth,
            entries,
        }
    }

    fn ours(&self, tool: Tool, log: &Log, mode: Mode, threads: u32, format: &str) -> Option<Entry> {
        let command = [
            &text(self.ours.as_deref()?),
            &text(&log.path),
            "--routes",
            &text(&log.routes),
            "--threads",
            &threads.to_string(),
            "--mode",
            mode.name(),
            "--format",
            format,
        ];
        Some(Entry {
            threads,
            ..entry(tool, mode, says(mode), &command)
        })
    }

    fn peer(
        &self,
        tool: Tool,
        script: &str,
        log: &Log,
        mode: Mode,
        threads: u32,
        layout: &str,
    ) -> Entry {
        let command = [
            &text(&self.python),
            &self.script(script),
            &text(&log.path),
            &threads.to_string(),
            mode.name(),
            layout,
        ];
        Entry {
            threads,
            ..entry(tool, mode, says(mode), &command)
        }
    }

    fn floors(&self, log: &Log) -> Vec<Entry> {
        let python = text(&self.python);
        let log = text(&log.path);
        let floor = |tool, says, command: &[&str]| entry(tool, Mode::Floor, says, command);
        vec![
            floor(Tool::Wc, Says::Lines, &["wc", "-l", &log]),
            floor(Tool::Rg, Says::Lines, &["rg", "-c", "", &log]),
            floor(
                Tool::DuckDbStart,
                Says::Nothing,
                &[&python, "-c", "import duckdb; duckdb.connect()"],
            ),
            floor(
                Tool::PolarsStart,
                Says::Nothing,
                &[&python, "-c", "import polars"],
            ),
        ]
    }

    fn script(&self, name: &str) -> String {
        text(&self.scripts.join(name))
    }
}

fn says(mode: Mode) -> Says {
    match mode {
        Mode::Count => Says::Count,
        Mode::Full => Says::Full,
        Mode::Floor => Says::Lines,
    }
}

fn entry(tool: Tool, mode: Mode, says: Says, command: &[&str]) -> Entry {
    Entry {
        tool,
        mode,
        threads: 1,
        says,
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        runs: Vec::new(),
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
