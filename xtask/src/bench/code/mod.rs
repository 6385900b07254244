//! `cargo xtask bench code`: our search for references and that of others, the same
//! texts in the same files, in one run. `docs/benchmarks.md` tells how to read it.

mod exact;
mod markers;
mod options;
mod speed;
mod trees;

use std::path::PathBuf;
use std::process::Command;

use self::options::Options;
use self::trees::{Tree, Which};
use super::aim::{self, Aim};
use super::contest::Contest;
use super::{build_example, machine, marks};
use crate::{Failure, Places, peers};

/// The programs that search.
#[derive(Debug)]
struct Programs {
    ours: PathBuf,
    /// The newest ripgrep that is pinned.
    rg: PathBuf,
    /// The system's, when it has one.
    system_rg: Option<PathBuf>,
}

/// What was measured.
#[derive(Debug, Default)]
struct Results {
    text: String,
    contests: Vec<Contest>,
    aims: Vec<Aim>,
}

pub(crate) fn run(args: &[&str]) -> Result<(), Failure> {
    let Some(options) = Options::parse(args)? else {
        println!("{}", options::HELP);
        return Ok(());
    };
    let load = machine::quiet()?;
    let places = Places::find()?;
    let programs = Programs {
        ours: build_example(&places, "deprovision-code", "code_bench", &[])?,
        rg: peers::ripgrep(&places)?,
        system_rg: peers::find("rg"),
    };
    peers::require(&["git"])?;
    let versions = versions(&programs)?;
    if options.exact {
        let mut results = Results::default();
        for which in Which::ALL {
            let tree = Tree::make(&places, which)?;
            exact::compare(&programs, &tree, &mut results)?;
        }
        let again = "cargo xtask bench code exact";
        let text = section(&places, &versions, load, again, &results)?;
        tell(&places, &options, "code-exact", &text)?;
    }
    if options.speed {
        let mut results = Results::default();
        let tree = Tree::make(&places, Which::Ansible)?;
        speed::measure(&places, &programs, &tree, options.rounds, &mut results)?;
        let again = format!("cargo xtask bench code speed --rounds {}", options.rounds);
        let text = section(&places, &versions, load, &again, &results)?;
        tell(&places, &options, "code", &text)?;
    }
    Ok(())
}

fn tell(places: &Places, options: &Options, name: &str, text: &str) -> Result<(), Failure> {
    println!("\n{text}");
    if options.write {
        marks::write(places, name, text)?;
    }
    Ok(())
}

fn section(
    places: &Places,
    versions: &str,
    load: f64,
    again: &str,
    results: &Results,
) -> Result<String, Failure> {
    let mut text = machine::describe(places, versions, load)?;
    text += &format!("\n\nAgain: `{again}`\n");
    if !results.text.is_empty() {
        text += "\n";
        text += results.text.trim_start();
    }
    for contest in &results.contests {
        text += "\n";
        text += &contest.table();
    }
    text += "\n";
    text += &aim::table(&results.aims);
    Ok(text)
}

fn versions(programs: &Programs) -> Result<String, Failure> {
    let mut versions = vec![
        machine::first_line(Command::new("rustc").arg("--version"))?,
        machine::first_line(Command::new(&programs.rg).arg("--version"))?,
    ];
    if let Some(rg) = &programs.system_rg {
        let version = machine::first_line(Command::new(rg).arg("--version"))?;
        versions.push(format!("the system's {version}"));
    }
    versions.push(machine::first_line(Command::new("git").arg("--version"))?);
    Ok(versions.join(", "))
}
