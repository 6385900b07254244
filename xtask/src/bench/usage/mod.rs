//! `cargo xtask bench usage`: our reading of usage and that of others, the same
//! question on the same log, in one run. `docs/benchmarks.md` tells how to read it.

mod aims;
mod answer;
mod contestants;
mod log;
mod options;
mod page;
mod race;
mod tool;
mod versions;

use std::path::{Path, PathBuf};

use self::contestants::Programs;
use self::log::{Log, Size};
use self::options::Options;
use self::race::Race;
use self::tool::Mode;
use super::{aim, build_example, machine, marks};
use crate::{Failure, Places, peers};

/// Our part, built for every run.
const OURS: (&str, &str) = ("deprovision-usage", "usage_bench");

pub(crate) fn run(args: &[&str]) -> Result<(), Failure> {
    let Some(options) = Options::parse(args)? else {
        println!("{}", options::HELP);
        return Ok(());
    };
    // First of all: what we build and write ourselves must not count.
    let load = machine::quiet()?;
    let places = Places::find()?;
    let ours = build_ours(&places)?;
    let python = peers::python(&places)?;
    let programs = Programs::new(&places, ours, python, options.quick);
    let folder = options
        .data
        .clone()
        .unwrap_or_else(|| places.target.join("bench"));
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("{} can not be made: {error}", folder.display()))?;
    for size in &options.sizes {
        measure(&places, &folder, &programs, &options, *size, load)?;
    }
    Ok(())
}

fn measure(
    places: &Places,
    folder: &Path,
    programs: &Programs,
    options: &Options,
    size: Size,
    load: f64,
) -> Result<(), Failure> {
    println!("\n{}: the log, in {}", size.title(), folder.display());
    let planned = races_of(places, folder, programs, size)?;
    let mut races = Vec::new();
    for (log, mut race) in planned {
        let needed: Vec<&str> = race
            .entries
            .iter()
            .flat_map(|entry| entry.tool.needs())
            .copied()
            .collect();
        peers::require(&needed)?;
        log.warm()?;
        race.run(places, options.rounds)?;
        println!("\n{}", page::table(&race));
        races.push(race);
    }
    let aims = aims::aims(size, &races);
    if !aims.is_empty() {
        println!("{}", aim::table(&aims));
    }
    if !options.write {
        return Ok(());
    }
    if programs.ours.is_none() {
        println!("docs/benchmarks.md is left as it is: it is about us");
        return Ok(());
    }
    let intro = format!(
        "{}\n\nAgain: `cargo xtask bench usage --size {} --rounds {}`",
        machine::describe(places, &versions::of(&programs.python)?, load)?,
        size.name(),
        options.rounds
    );
    marks::write(places, size.name(), &page::section(&intro, &races, &aims))
}

/// What is measured at a size, and the log that it reads.
fn races_of(
    places: &Places,
    folder: &Path,
    programs: &Programs,
    size: Size,
) -> Result<Vec<(Log, Race)>, Failure> {
    let log = Log::of(places, folder, size)?;
    let mut races = Vec::new();
    match size {
        Size::Quarter | Size::Whole => {
            for mode in [Mode::Count, Mode::Full] {
                races.push((log.clone(), programs.side_by_side(size, &log, mode)));
            }
        }
        Size::TenFold => races.push((log.clone(), programs.long(&log))),
        Size::DistinctCallers => races.push((log.clone(), programs.distinct_callers(&log))),
    }
    if size == Size::Quarter {
        peers::require(&["gzip"])?;
        let packed = log.packed()?;
        let json = Log::json(places, folder)?;
        races.push((packed.clone(), programs.packed(&packed)));
        races.push((json.clone(), programs.json(&json)));
    }
    if size == Size::Whole {
        // The routes are loaded as well: this log is long enough that it hardly shows.
        let many = log.with_many_routes(places, folder)?;
        races.push((log.clone(), programs.many_routes(&log, &many)));
    }
    // Without us, some have nobody left to measure.
    races.retain(|(_, race)| !race.entries.is_empty());
    Ok(races)
}

/// Builds our part in release. Nothing when there is no such part.
fn build_ours(places: &Places) -> Result<Option<PathBuf>, Failure> {
    let (package, example) = OURS;
    let source = places.root.join(package).join("examples").join(example);
    if !source.with_extension("rs").is_file() && !source.join("main.rs").is_file() {
        println!("without us: {package} has no example {example}");
        return Ok(None);
    }
    build_example(places, package, example, &[]).map(Some)
}
