//! How long one pass takes, next to others, and what a second one costs.

use std::path::Path;
use std::process::Command;

use super::markers::{self, Markers};
use super::trees::Tree;
use super::{Programs, Results};
use crate::bench::aim::{Aim, Limit};
use crate::bench::contest::{Contest, Contestant};
use crate::{Failure, Places, output};

const OURS: &str = "**deprovision**";
const RG: &str = "ripgrep, pinned";
const SYSTEM_RG: &str = "ripgrep, the system's";
const GIT: &str = "git grep";

pub(super) fn measure(
    places: &Places,
    programs: &Programs,
    tree: &Tree,
    rounds: u32,
    results: &mut Results,
) -> Result<(), Failure> {
    let lists = markers::lists(tree)?;
    let many = markers::many(tree)?;
    for threads in [1, 2] {
        let mut of_two_thousand = None;
        for markers in &lists {
            let count = markers.texts.len();
            let mut race = Contest {
                title: format!("{} texts, {threads} thr", thousands(count)),
                columns: vec!["lines or references"],
                contestants: contestants(programs, tree, markers, threads),
            };
            run(&mut race, places, rounds)?;
            let limit = if count > 1_000 { 1.15 } else { 1.1 };
            let ours = race.find(OURS).and_then(Contestant::wall);
            let rg = race.find(RG).and_then(Contestant::wall);
            results.aims.extend(ratio(
                format!(
                    "our time over ripgrep's, {} texts, {threads} thr",
                    thousands(count)
                ),
                Limit::AtMost(limit),
                (ours, rg),
            ));
            of_two_thousand = ours;
            results.contests.push(race);
        }
        let [_, _, two_thousand] = &lists;
        let mut slow = Contest {
            title: format!("2,000 texts, {threads} thr, with git grep, once"),
            columns: vec!["lines or references"],
            contestants: vec![
                ours(programs, tree, two_thousand, threads),
                git_grep(tree, two_thousand, threads),
            ],
        };
        run(&mut slow, places, 1)?;
        let theirs = slow.find(GIT).and_then(Contestant::wall);
        results.aims.extend(ratio(
            format!("git grep's time over ours, 2,000 texts, {threads} thr"),
            Limit::AtLeast(30.0),
            (theirs, of_two_thousand),
        ));
        results.contests.push(slow);
        let mut wide = Contest {
            title: format!("100,000 texts, {threads} thr"),
            columns: vec!["lines or references"],
            contestants: vec![
                ours(programs, tree, &many, threads),
                ripgrep(RG, &programs.rg, tree, &many, threads),
            ],
        };
        run(&mut wide, places, rounds)?;
        let all = wide.find(OURS).and_then(Contestant::wall);
        results.aims.extend(ratio(
            format!("our time for 100,000 texts over that for 2,000, {threads} thr"),
            Limit::AtMost(3.0),
            (all, of_two_thousand),
        ));
        results.contests.push(wide);
    }
    again(programs, tree, &lists[2], rounds, results)
}

fn run(race: &mut Contest, places: &Places, rounds: u32) -> Result<(), Failure> {
    // Everything has been read once before it counts.
    for contestant in race.contestants.iter().take(1) {
        crate::bench::measure::measure(places, &contestant.command)?;
    }
    race.run(
        places,
        rounds,
        |_| Ok(()),
        |_, printed| {
            let number = printed
                .lines()
                .last()
                .and_then(|line| line.trim().parse().ok());
            Ok(vec![
                number.ok_or_else(|| format!("{printed:?} is no count"))?,
            ])
        },
    )?;
    println!("\n{}", race.table());
    Ok(())
}

fn contestants(
    programs: &Programs,
    tree: &Tree,
    markers: &Markers,
    threads: u32,
) -> Vec<Contestant> {
    let mut all = vec![
        ours(programs, tree, markers, threads),
        ripgrep(RG, &programs.rg, tree, markers, threads),
    ];
    if let Some(rg) = &programs.system_rg {
        all.push(ripgrep(SYSTEM_RG, rg, tree, markers, threads));
    }
    if markers.texts.len() <= 100 {
        all.push(git_grep(tree, markers, threads));
    }
    all
}

fn ours(programs: &Programs, tree: &Tree, markers: &Markers, threads: u32) -> Contestant {
    // Every reference is told with file, line, column, API, kind, confidence and text;
    // the shell counts the lines, as it does for the others.
    let search = format!(
        "{} --threads {threads} --list {} {}",
        quoted(&programs.ours),
        quoted(&markers.ours),
        quoted(&tree.folder)
    );
    counted(OURS, &search)
}

fn ripgrep(
    name: &'static str,
    program: &Path,
    tree: &Tree,
    markers: &Markers,
    threads: u32,
) -> Contestant {
    let search = format!(
        "{} -j{threads} -uu -F -f {} {}",
        quoted(program),
        quoted(&markers.plain),
        quoted(&tree.folder)
    );
    counted(name, &search)
}

fn git_grep(tree: &Tree, markers: &Markers, threads: u32) -> Contestant {
    let search = format!(
        "cd {} && git --git-dir {} --work-tree {} grep --threads={threads} -I -F -f {}",
        quoted(&tree.folder),
        quoted(&tree.git_dir),
        quoted(&tree.folder),
        quoted(&markers.plain)
    );
    counted(GIT, &search)
}

/// A search whose lines are counted. To find nothing is no failure.
fn counted(name: &'static str, search: &str) -> Contestant {
    let script = format!("{{ {search} || test $? -eq 1; }} | wc -l");
    Contestant::new(name, ["sh".to_owned(), "-c".to_owned(), script])
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

/// A committed version, searched twice by one process: what is known by its blob is not
/// read again.
fn again(
    programs: &Programs,
    tree: &Tree,
    markers: &Markers,
    rounds: u32,
    results: &mut Results,
) -> Result<(), Failure> {
    let mut ratios = Vec::new();
    let mut table = String::from(
        "\n### A committed version, searched twice\n\n| round | references | first, s | again, s | first / again |\n|---|---|---|---|---|\n",
    );
    for round in 1..=rounds {
        let printed = output(
            Command::new(&programs.ours)
                .arg("--commit")
                .arg(&markers.ours)
                .arg(&tree.git_dir),
        )?;
        let mut lines = printed.lines().filter_map(|line| {
            let (count, seconds) = line.split_once(' ')?;
            Some((count.parse::<u64>().ok()?, seconds.parse::<f64>().ok()?))
        });
        let (Some(first), Some(again)) = (lines.next(), lines.next()) else {
            return Err(format!("{printed:?} tells no two searches"));
        };
        if first.0 != again.0 {
            return Err(format!("{} references, then {}", first.0, again.0));
        }
        ratios.push(first.1 / again.1);
        table += &format!(
            "| {round} | {} | {:.3} | {:.3} | {:.1} |\n",
            first.0,
            first.1,
            again.1,
            first.1 / again.1
        );
    }
    println!("{table}");
    results.text += &table;
    ratios.sort_by(f64::total_cmp);
    if let Some(middle) = ratios.get(ratios.len() / 2) {
        results.aims.push(Aim {
            what: "first search of a commit over the second".to_owned(),
            limit: Limit::AtLeast(10.0),
            measured: *middle,
        });
    }
    Ok(())
}

fn ratio(what: String, limit: Limit, of: (Option<f64>, Option<f64>)) -> Option<Aim> {
    let (above, below) = of;
    Some(Aim {
        what,
        limit,
        measured: above? / below?,
    })
}

fn thousands(count: usize) -> String {
    if count < 1_000 {
        count.to_string()
    } else {
        format!("{},{:03}", count / 1_000, count % 1_000)
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_count_is_told_in_thousands_and_a_path_is_one_word() {
        assert_eq!(thousands(100), "100");
        assert_eq!(thousands(100_000), "100,000");
        assert_eq!(quoted(Path::new("a b'c")), r"'a b'\''c'");
    }
}
