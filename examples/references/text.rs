//! The table for people at a terminal.

use std::fmt::Write as _;

use crate::found::{Report, names};

/// Everything that is said to people.
pub(crate) fn text(report: &Report, list: bool) -> String {
    let mut text = String::new();
    if list {
        text += &every_one(report);
    }
    text += &table(report);
    for tree in &report.trees {
        for past in &tree.past {
            let added = &past.added;
            let until = past.removed.as_ref().map_or_else(
                || "still there".to_owned(),
                |removed| format!("until {} ({})", short(&removed.id), removed.at),
            );
            // Writing to a text can not fail.
            let _ = writeln!(
                text,
                "{}: {}: {} {}, since {} ({}), {until}",
                tree.repository,
                past.file,
                past.api,
                past.marker.text,
                short(&added.id),
                added.at
            );
        }
    }
    let files: u64 = report.trees.iter().map(|tree| tree.files).sum();
    let bytes: u64 = report.trees.iter().map(|tree| tree.bytes).sum();
    let _ = writeln!(
        text,
        "{files} files in {} trees were read, {:.1} MB",
        report.trees.len(),
        f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
    );
    for tree in &report.trees {
        for missing in &tree.missing {
            let _ = writeln!(text, "not read: {}: {missing}", tree.repository);
        }
        for patch in &tree.patches {
            let _ = writeln!(text, "written: {patch}");
        }
        for why in &tree.unpatched {
            let _ = writeln!(text, "no patch: {}: {why}", tree.repository);
        }
    }
    for (api, doubts) in &report.doubts {
        for doubt in doubts {
            let _ = writeln!(text, "not covered: {api}: {doubt}");
        }
    }
    text
}

fn every_one(report: &Report) -> String {
    let mut text = String::new();
    for tree in &report.trees {
        for reference in &tree.references {
            let owners = names(reference.owner.as_ref()).join(" ");
            let _ = writeln!(
                text,
                "{}: {}:{}:{}: {} {} ({}), {}, {}, {} {owners}",
                tree.repository,
                reference.file,
                reference.line,
                reference.column,
                reference.api,
                reference.marker.text,
                reference.marker.origin,
                reference.kind.name(),
                reference.provenance.name(),
                reference.confidence.name(),
            );
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn table(report: &Report) -> String {
    let heads = [
        "API",
        "repository",
        "references",
        "sure",
        "files",
        "kinds",
        "owners",
    ];
    let mut rows = vec![heads.map(str::to_owned)];
    for ((api, repository), line) in report.lines() {
        let kinds = line
            .kinds
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"));
        let mut owners: Vec<(&String, &usize)> = line.owners.iter().collect();
        owners.sort_by_key(|(name, count)| (usize::MAX - **count, *name));
        let some = owners.iter().take(2).map(|(name, _)| name.as_str());
        let mut some: Vec<&str> = some.collect();
        if owners.len() > 2 {
            some.push("…");
        }
        rows.push([
            api.to_string(),
            repository.to_owned(),
            line.references.to_string(),
            line.sure.to_string(),
            line.files.len().to_string(),
            kinds.collect::<Vec<_>>().join(", "),
            some.join(", "),
        ]);
    }
    if rows.len() == 1 {
        return "no reference was found\n".to_owned();
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..heads.len())
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate();
        let cells: Vec<String> = cells
            .map(|(column, (cell, width))| {
                if (2..5).contains(&column) {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            })
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
