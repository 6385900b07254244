//! The logs that are measured on: written once, by `generate_log.py`, and known by
//! what is true of them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::answer::Answer;
use crate::{Failure, Places, succeed};

/// A part of the benchmark, by the log it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Size {
    /// 250 MB: the first quarter of the whole log.
    Quarter,
    /// 1 GB.
    Whole,
    /// 10 GB of the same routes and callers.
    TenFold,
    /// Ten million lines, each of another caller.
    DistinctCallers,
}

impl Size {
    pub(crate) const ALL: [Self; 4] = [
        Self::Quarter,
        Self::Whole,
        Self::TenFold,
        Self::DistinctCallers,
    ];

    /// As on the command line, in file names, and in the marks of the page.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quarter => "250m",
            Self::Whole => "1g",
            Self::TenFold => "10g",
            Self::DistinctCallers => "callers",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Quarter => "250 MB",
            Self::Whole => "1 GB",
            Self::TenFold => "10 GB, the same routes and callers",
            Self::DistinctCallers => "Ten million callers",
        }
    }

    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Quarter => &["--stop-at", "250000000"],
            Self::Whole => &[],
            Self::TenFold => &["--bytes", "10000000000"],
            Self::DistinctCallers => &["--distinct-callers", "10000000"],
        }
    }

    /// What was found once, by tools that know nothing of one another: a log of which
    /// something else is true is another log, and can not be compared with it.
    fn golden(self) -> Option<Answer> {
        match self {
            Self::Quarter => Some(Answer {
                lines: 1_505_137,
                route_days: 15_536,
                routes: 1_950,
                pairs: 1_075_584,
                callers: 49_967,
                errors: 62_743,
            }),
            Self::Whole => Some(Answer {
                lines: 6_020_873,
                route_days: 56_939,
                routes: 1_950,
                pairs: 3_339_964,
                callers: 50_000,
                errors: 250_789,
            }),
            Self::TenFold | Self::DistinctCallers => None,
        }
    }
}

/// A log on disk.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) path: PathBuf,
    /// The catalog: `METHOD /template` a line.
    pub(crate) routes: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) truth: Answer,
}

impl Log {
    /// The log of a size, written now if it is not there.
    pub(crate) fn of(places: &Places, folder: &Path, size: Size) -> Result<Self, Failure> {
        let log = generate(places, folder, size.name(), "log", size.options())?;
        match size.golden() {
            Some(golden) if golden != log.truth => Err(format!(
                "the generator writes another log than the one that was measured: {golden:?} \
                 was true of it, now {:?} is",
                log.truth
            )),
            Some(_) | None => Ok(log),
        }
    }

    /// The same lines as the first 250 MB, as JSON.
    pub(crate) fn json(places: &Places, folder: &Path) -> Result<Self, Failure> {
        let mut options = Size::Quarter.options().to_vec();
        options.push("--json");
        generate(places, folder, "250m-json", "jsonl", &options)
    }

    /// The same log, packed with gzip.
    pub(crate) fn packed(&self) -> Result<Self, Failure> {
        let packed = self.path.with_extension("log.gz");
        let newer = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
        if newer(&packed) < newer(&self.path) {
            println!("writing {}", packed.display());
            // Moved to its name when it is whole.
            let partial = self.path.with_extension("log.gz.partial");
            let out = File::create(&partial)
                .map_err(|error| format!("{} can not be written: {error}", partial.display()))?;
            succeed(
                Command::new("gzip")
                    .args(["--stdout", "--no-name"])
                    .arg(&self.path)
                    .stdout(out),
            )?;
            std::fs::rename(&partial, &packed)
                .map_err(|error| format!("{} can not be written: {error}", packed.display()))?;
        }
        Ok(Self {
            path: packed,
            ..self.clone()
        })
    }

    /// The same log beside a catalog of 100,000 routes, of which it calls the same.
    pub(crate) fn with_many_routes(&self, places: &Places, folder: &Path) -> Result<Self, Failure> {
        let options = ["--stop-at", "0", "--routes", "100000"];
        let catalog = generate(places, folder, "100k", "log", &options)?;
        Ok(Self {
            routes: catalog.routes,
            ..self.clone()
        })
    }

    /// Reads the log through once, so that no command finds it colder than another.
    pub(crate) fn warm(&self) -> Result<(), Failure> {
        File::open(&self.path)
            .and_then(|mut file| std::io::copy(&mut file, &mut std::io::sink()))
            .map(|_| ())
            .map_err(|error| format!("{} can not be read: {error}", self.path.display()))
    }
}

/// Has the generator write a log; it leaves one alone that is there.
fn generate(
    places: &Places,
    folder: &Path,
    name: &str,
    extension: &str,
    options: &[&str],
) -> Result<Log, Failure> {
    let base = folder.join(name);
    succeed(
        Command::new("python3")
            .arg(places.root.join("xtask/bench/usage/generate_log.py"))
            .arg(&base)
            .args(options),
    )?;
    let facts = base.with_extension("facts");
    let text = std::fs::read_to_string(&facts)
        .map_err(|error| format!("{} can not be read: {error}", facts.display()))?;
    let (bytes, truth) =
        read_facts(&text).map_err(|why| format!("{}: {why}; delete it", facts.display()))?;
    Ok(Log {
        path: base.with_extension(extension),
        routes: base.with_extension("routes"),
        bytes,
        truth,
    })
}

fn read_facts(text: &str) -> Result<(u64, Answer), Failure> {
    let facts: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
    let number = |name: &str| {
        facts[name]
            .as_u64()
            .ok_or_else(|| format!("has no number {name:?}"))
    };
    let truth = Answer {
        lines: number("lines")?,
        route_days: number("route_days")?,
        routes: number("routes")?,
        pairs: number("pairs")?,
        callers: number("callers")?,
        errors: number("errors")?,
    };
    Ok((number("bytes")?, truth))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn facts_are_read_whole_or_not_at_all() {
        let text = r#"{"bytes": 7, "lines": 1, "route_days": 2, "routes": 3, "pairs": 4, "callers": 5, "errors": 6}"#;
        let (bytes, truth) = read_facts(text).unwrap();
        assert_eq!((bytes, truth.lines, truth.errors), (7, 1, 6));
        assert!(read_facts(&text.replace("callers", "others")).is_err());
        assert!(read_facts("").is_err());
    }
}
