//! Finds the code that calls the APIs of a catalog: a table by API and repository, every
//! reference, JSON, and patches that remove what a rule removes.
#![expect(
    clippy::print_stderr,
    reason = "a program of the command line talks to people there"
)]

mod args;
mod clones;
mod found;
mod text;
mod trees;

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use deprovision_code::{SearchProgress, TreeFiles, TreeOwners, TreeSearch};
use deprovision_core::catalog::{Catalog, Source};
use deprovision_core::id::ApiId;
use deprovision_core::provider::error_chain;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::{Args, Asked};
use crate::found::{Answer, Report, TreeReport};
use crate::trees::Tree;

/// References were found, as an exit code.
const FOUND: u8 = 1;

/// Something that was given can not be used or not be read, so that nothing is known.
const REFUSED: u8 = 2;

/// What a shell says of a program that was ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let args = match args::read(std::env::args_os().skip(1)) {
        Ok(Asked::Help) => {
            return match say(&format!("{}\n", args::HELP)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(problem) => refuse(&problem),
            };
        }
        Ok(Asked::Search(args)) => args,
        Err(problem) => return refuse(&problem),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(problem) => return refuse(&format!("no thread can be started: {problem}")),
    };
    let code = runtime.block_on(until_stopped(args));
    // Does not wait for a thread that reads a large file, or stands at a pipe.
    runtime.shutdown_background();
    code
}

/// Works until it is done or Ctrl-C is pressed.
async fn until_stopped(args: Args) -> ExitCode {
    let mut work = tokio::spawn(async move { run(&args).await });
    let done = tokio::select! {
        done = &mut work => done,
        pressed = tokio::signal::ctrl_c() => {
            if pressed.is_ok() {
                work.abort();
                clear_line();
                eprintln!("references: stopped; every patch that is there is whole");
                return ExitCode::from(INTERRUPTED);
            }
            work.await
        }
    };
    match done {
        Ok(Ok(Answer::Found)) => ExitCode::from(FOUND),
        Ok(Ok(Answer::Nothing)) => ExitCode::SUCCESS,
        Ok(Ok(Answer::Unknown)) => ExitCode::from(REFUSED),
        Ok(Err(problem)) => refuse(&problem),
        Err(panic) => refuse(&format!("a defect of this program: {panic}")),
    }
}

/// Writes to the standard output. Whoever closed it has read enough.
fn say(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    let said = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match said {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("the standard output can not be written: {error}"))
        }
        Err(_) | Ok(()) => Ok(()),
    }
}

fn refuse(problem: &str) -> ExitCode {
    eprintln!("references: {problem}");
    ExitCode::from(REFUSED)
}

/// All of it.
async fn run(args: &Args) -> Result<Answer, String> {
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
        clear_line();
    }
    clones::look_closer(&mut report, &trees, &catalog, args).await?;
    clear_line();
    let said = if args.json {
        serde_json::to_string_pretty(&report).map_err(|error| error.to_string())? + "\n"
    } else {
        text::text(&report, args.list)
    };
    say(&said)?;
    Ok(report.answer())
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
        unpatched: Vec::new(),
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
    if args.patch.is_some() && !catalog.apis.values().any(|api| args.removes(api)) {
        let why = "no API of the catalog is deprecated or retired; name one with --api ID";
        return Err(format!("--patch: {why}"));
    }
    Ok(catalog)
}

/// Shows on a terminal what is done now, in the place of what was shown before.
fn show(what: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\u{1b}[K{what}");
    }
}

/// Takes away what was shown.
fn clear_line() {
    show("");
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
