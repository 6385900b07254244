//! Where and when something was measured, and with which versions.

use std::process::Command;

use crate::{Failure, Places, output};

/// How many programs wanted a processor in the last minute: what a measurement shares
/// the machine with, when read before it.
fn load() -> Result<f64, Failure> {
    let text = read("/proc/loadavg")?;
    text.split(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| format!("/proc/loadavg begins with no number: {text}"))
}

/// Above it, others work on the machine: half a processor.
const BUSY: f64 = 0.5;

/// The load, with a word about it when others work on the machine.
pub(crate) fn quiet() -> Result<f64, Failure> {
    let load = load()?;
    if load > BUSY {
        println!("the machine is busy (load {load:.2}): trust ratios, not times");
    }
    Ok(load)
}

/// Two paragraphs for the page.
pub(crate) fn describe(places: &Places, versions: &str, load: f64) -> Result<String, Failure> {
    Ok(format!(
        "Measured on {} at commit {}; {}; load before the start {load:.2}.\n\nVersions: {versions}.",
        first_line(Command::new("date").args(["--utc", "+%Y-%m-%d"]))?,
        commit(places)?,
        hardware()?,
    ))
}

fn commit(places: &Places) -> Result<String, Failure> {
    let git = |args: &[&str]| output(Command::new("git").args(args).current_dir(&places.root));
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    let state = if changed { ", with changes" } else { "" };
    Ok(format!("`{}`{state}", commit.trim_end()))
}

fn hardware() -> Result<String, Failure> {
    let model = field(&read("/proc/cpuinfo")?, "model name").unwrap_or("unknown processor".into());
    let memory = field(&read("/proc/meminfo")?, "MemTotal")
        .and_then(|text| text.strip_suffix(" kB")?.trim().parse::<u64>().ok())
        .map_or(0, |kib| kib * 1024 / 1_000_000_000);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(format!("{model}, {cores} cores, {memory} GB of memory"))
}

fn read(path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| format!("{path} can not be read: {error}"))
}

/// The first value of a `name : value` file of the kernel.
fn field(text: &str, name: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

pub(crate) fn first_line(command: &mut Command) -> Result<String, Failure> {
    Ok(output(command)?
        .lines()
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned())
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_field_is_the_first_of_its_name() {
        let text = "processor\t: 0\nmodel name\t: A CPU @ 2: fast\nmodel name\t: another\n";
        assert_eq!(
            field(text, "model name").as_deref(),
            Some("A CPU @ 2: fast")
        );
        assert_eq!(field(text, "model"), None);
    }
}
