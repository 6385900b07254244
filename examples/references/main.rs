//! Finds the code that calls the APIs of a catalog: a table by API and repository, every
//! reference, JSON, and patches that remove what a rule removes.
#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program of the command line talks to people there"
)]

mod args;
mod clones;
mod found;
mod text;
mod trees;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use deprovision_code::{SearchProgress, TreeFiles, TreeOwners, TreeSearch};
use deprovision_core::catalog::{Catalog, Source};
use deprovision_core::id::ApiId;
use deprovision_core::provider::error_chain;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::{Args, Asked};
use crate::found::{Report, TreeReport};
use crate::trees::Tree;

/// References were found, as an exit code.
const FOUND: u8 = 1;

/// Something that was given can not be used.
const REFUSED: u8 = 2;

fn main() -> ExitCode {
    let args = match args::read(std::env::args_os().skip(1)) {
        Ok(Asked::Help) => {
            println!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Asked::Search(args)) => args,
        Err(problem) => return refuse(&problem),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(&args)),
        Err(problem) => return refuse(&format!("no thread can be started: {problem}")),
    };
    match done {
        Ok(true) => ExitCode::from(FOUND),
        Ok(false) => ExitCode::SUCCESS,
        Err(problem) => refuse(&problem),
    }
}

fn refuse(problem: &str) -> ExitCode {
    eprintln!("references: {problem}");
    ExitCode::from(REFUSED)
}

/// All of it. True when something was found.
async fn run(args: &Args) -> Result<bool, String> {
    let catalog = catalog(args)?;
    let trees = trees::find(&args.paths)?;
    let mut search = TreeSearch::of(&catalog)
        .map_err(|error| error_chain(&error))?
        .files(if args.all {
            TreeFiles::All
        } else {
            TreeFiles::Unignored
        })
        .owners(if args.no_authors {
            TreeOwners::CodeOwners
        } else {
            TreeOwners::LastAuthors
        });
    if let Some(threads) = args.threads {
        search = search.threads(threads);
    }
    let asked = |id: &ApiId| args.apis.is_empty() || args.apis.contains(id);
    let mut report = Report {
        doubts: search.doubts().clone(),
        ..Report::default()
    };
    report.doubts.retain(|id, _| asked(id));
    let watching = watch(search.progress());
    for tree in &trees {
        report.trees.push(look(&search, tree, args).await?);
    }
    if let Some(bar) = watching {
        bar.abort();
        eprint!("\r\u{1b}[K");
    }
    clones::look_closer(&mut report, &trees, &catalog, args).await?;
    let said = if args.json {
        serde_json::to_string_pretty(&report).map_err(|error| error.to_string())? + "\n"
    } else {
        text::text(&report, args.list)
    };
    // Whoever closed the standard output has read enough.
    let _ = std::io::stdout().lock().write_all(said.as_bytes());
    Ok(!report.is_empty())
}

async fn look(search: &TreeSearch, tree: &Tree, args: &Args) -> Result<TreeReport, String> {
    let found = search.search(&tree.folder).await;
    let mut found = found.map_err(|error| error_chain(&error))?;
    let asked = |id: &ApiId| args.apis.is_empty() || args.apis.contains(id);
    found.references.retain(|reference| asked(&reference.api));
    Ok(TreeReport {
        repository: tree.name.clone(),
        folder: tree.folder.display().to_string(),
        files: found.files,
        bytes: found.bytes,
        references: found.references,
        past: Vec::new(),
        missing: found.missing,
        patches: Vec::new(),
    })
}

fn catalog(args: &Args) -> Result<Catalog, String> {
    let mut texts = Vec::new();
    for path in &args.catalogs {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{name} can not be read: {error}"))?;
        texts.push((name, text));
    }
    let sources: Vec<Source<'_>> = texts
        .iter()
        .map(|(name, text)| Source::new(name, text))
        .collect();
    let catalog = Catalog::read(&sources)
        .map_err(|errors| format!("the catalog can not be used:\n{errors}"))?;
    for id in &args.apis {
        if !catalog.apis.contains_key(id) {
            return Err(format!("--api: the catalog has no {id}"));
        }
    }
    Ok(catalog)
}

/// Shows on a terminal how far the search is.
fn watch(progress: Arc<SearchProgress>) -> Option<tokio::task::JoinHandle<()>> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {binary_bytes} in {msg}") {
        bar.set_style(style);
    }
    Some(tokio::spawn(async move {
        loop {
            bar.set_message(format!(
                "{} files, {} references",
                progress.files(),
                progress.references()
            ));
            bar.set_position(progress.bytes());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }))
}
