//! Whether we find what `git grep -F` finds, all of it and nothing else.

use std::collections::{BTreeSet, HashMap};
use std::process::Command;

use super::markers::{self, Markers};
use super::trees::Tree;
use super::{Programs, Results};
use crate::bench::aim::{Aim, Limit};
use crate::{Failure, output};

/// File, line, column, place of the text in the list.
type Place = (Vec<u8>, u64, usize, usize);

/// Compares every single reference in one tree, with 2,000 texts of 500 APIs.
pub(super) fn compare(
    programs: &Programs,
    tree: &Tree,
    results: &mut Results,
) -> Result<(), Failure> {
    let [_, _, markers] = markers::lists(tree)?;
    println!("{}: comparing with git grep", tree.which.name());
    let theirs = by_git_grep(tree, &markers)?;
    let ours = by_us(programs, tree, &markers)?;
    let missed = theirs.difference(&ours).count();
    let invented = ours.difference(&theirs).count();
    for (name, place) in [
        ("missed", theirs.difference(&ours).next()),
        ("invented", ours.difference(&theirs).next()),
    ] {
        if let Some((file, line, column, text)) = place {
            let file = String::from_utf8_lossy(file);
            return Err(format!(
                "{name}: {file}:{line}:{column}: {}, and {missed} missed, {invented} invented in all",
                markers.texts[*text]
            ));
        }
    }
    if results.text.is_empty() {
        results.text = "### Every reference, against git grep\n\n\
             | tree | files | MB | texts | APIs | references | missed | invented |\n\
             |---|---|---|---|---|---|---|---|\n"
            .to_owned();
    }
    results.text += &format!(
        "| {} | {} | {} | {} | {} | {} | {missed} | {invented} |\n",
        tree.which.name(),
        tree.files,
        tree.bytes / 1_000_000,
        markers.texts.len(),
        markers::APIS,
        ours.len(),
    );
    #[expect(clippy::cast_precision_loss, reason = "a few thousand files")]
    results.aims.push(Aim {
        what: format!("files of {}", tree.which.name()),
        limit: Limit::AtLeast(5_000.0),
        measured: tree.files as f64,
    });
    Ok(())
}

fn by_us(programs: &Programs, tree: &Tree, markers: &Markers) -> Result<BTreeSet<Place>, Failure> {
    let listed = output(
        Command::new(&programs.ours)
            .arg("--list")
            .arg(&markers.ours)
            .arg(&tree.folder),
    )?;
    let places: HashMap<&str, usize> = markers
        .texts
        .iter()
        .enumerate()
        .map(|(place, text)| (text.as_str(), place))
        .collect();
    let parse = |line: &str| -> Option<Place> {
        let mut fields = line.splitn(7, ':');
        let (file, at, column) = (fields.next()?, fields.next()?, fields.next()?);
        let (api, _kind, _confidence) = (fields.next()?, fields.next()?, fields.next()?);
        let place = places.get(fields.next()?).copied()?;
        (api == Markers::api(place)).then_some(())?;
        let file = file.as_bytes().to_vec();
        Some((file, at.parse().ok()?, column.parse().ok()?, place))
    };
    listed
        .lines()
        .map(|line| parse(line).ok_or_else(|| format!("this is no reference: {line}")))
        .collect()
}

/// Git names the lines; the texts in them are looked for here, one place at a time.
fn by_git_grep(tree: &Tree, markers: &Markers) -> Result<BTreeSet<Place>, Failure> {
    let mut git = tree.git();
    git.args(["grep", "-I", "-F", "-n", "-z", "--no-color", "-f"])
        .arg(&markers.plain);
    let output = git
        .output()
        .map_err(|error| format!("git grep could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("git grep: {}", output.status));
    }
    let mut beginnings: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (place, text) in markers.texts.iter().enumerate() {
        let beginning = &text.as_bytes()[..text.len().min(4)];
        beginnings.entry(beginning).or_default().push(place);
    }
    let mut places = BTreeSet::new();
    let mut rest = output.stdout.as_slice();
    while !rest.is_empty() {
        let mut until = |end: u8| {
            let at = rest.iter().position(|byte| *byte == end)?;
            let part = &rest[..at];
            rest = &rest[at + 1..];
            Some(part)
        };
        let (Some(file), Some(line), Some(text)) = (until(0), until(0), until(b'\n')) else {
            return Err("git grep gave half a line".to_owned());
        };
        let line = std::str::from_utf8(line)
            .ok()
            .and_then(|line| line.parse().ok());
        let line: u64 = line.ok_or("git grep gave no number")?;
        for at in 0..text.len().saturating_sub(3) {
            for place in beginnings.get(&text[at..at + 4]).into_iter().flatten() {
                if text[at..].starts_with(markers.texts[*place].as_bytes()) {
                    places.insert((file.to_vec(), line, at + 1, *place));
                }
            }
        }
    }
    Ok(places)
}
