//! Audits a catalog of APIs by access logs: which are used and by whom, which are
//! not, what answers without being in the catalog, and what can not be told.
#![expect(
    clippy::print_stderr,
    reason = "a program of the command line says there what is wrong"
)]

mod args;
mod document;
mod given;
mod output;
mod page;
mod reading;
mod sources;
mod spark;
mod stop;
mod text;
mod words;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use deprovision_core::audit::Audit;

use crate::args::{Args, Asked};
use crate::given::Given;
use crate::output::Outputs;
use crate::stop::{Failure, Stop};
use crate::text::Paint;

/// What was found, as an exit code.
const FINDINGS: u8 = 1;

/// Something that was given can not be used.
const REFUSED: u8 = 2;

/// What a shell says of a program that was ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

/// How long the work may take to tidy up behind itself after Ctrl-C. Only a pipe
/// that nobody writes to takes longer, and then there is nothing to tidy up.
const TIDYING: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let args = match args::read(std::env::args_os().skip(1)) {
        Ok(Asked::Help) => return code(say(args::HELP)),
        Ok(Asked::Audit(args)) => args,
        Err(problem) => return refuse(&problem),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(problem) => return refuse(&format!("Ctrl-C can not be waited for: {problem}")),
    };
    let stop = Arc::new(Stop::default());
    let code = runtime.block_on(until_stopped(*args, stop));
    // Does not wait for a thread that stands at a pipe.
    runtime.shutdown_background();
    code
}

/// Works until it is done or Ctrl-C is pressed.
async fn until_stopped(args: Args, stop: Arc<Stop>) -> ExitCode {
    let asked = stop.clone();
    let mut work = tokio::task::spawn_blocking(move || audit(&args, &asked));
    let done = tokio::select! {
        done = &mut work => Some(done),
        pressed = tokio::signal::ctrl_c() => {
            if let Err(problem) = pressed {
                eprintln!("audit: Ctrl-C can not be waited for: {problem}");
                Some(work.await)
            } else {
                stop.stop();
                // What it still says does not matter; that it removes its files does.
                let _ = tokio::time::timeout(TIDYING, work).await;
                None
            }
        }
    };
    match done {
        Some(Ok(done)) => code(done),
        Some(Err(panic)) => refuse(&format!("a defect of this program: {panic}")),
        None => code(Err(Failure::Stopped)),
    }
}

/// All of it. True when something was found.
fn audit(args: &Args, stop: &Stop) -> Result<bool, Failure> {
    let given = Given::read(args)?;
    let outputs = Outputs::plan(args, &given)?;
    let read = reading::read(args, &given, stop)?;
    let audit = Audit::of(&given.catalog, &read.report, &given.policy, given.now());
    stop.check()?;

    let mut written = Vec::new();
    if let Some(path) = &outputs.report {
        written.push(output::write(path, stop, |to| read.report.write(to))?);
    }
    if let Some(path) = &outputs.html {
        let page = page::html(&audit, &read).map_err(|error| {
            Failure::Refused(format!("a defect of this program, in the page: {error}"))
        })?;
        written.push(output::write(path, stop, |to| {
            to.write_all(page.as_bytes())
        })?);
    }
    // All of them are whole before any is seen.
    stop.check()?;
    for file in written {
        file.publish()?;
    }
    if args.json {
        say(&document::json(&audit, &read)?)?;
    } else {
        say(&text::text(&audit, &read, &Paint::of_stdout()))?;
        if std::io::stdout().is_terminal() {
            for path in [&outputs.report, &outputs.html].into_iter().flatten() {
                say(&format!(
                    "written: {}",
                    words::printable(&path.display().to_string())
                ))?;
            }
        }
    }
    Ok(!audit.findings.is_empty())
}

/// Writes to the standard output. Whoever closed it has read enough.
fn say(text: &str) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    let said = out
        .write_all(text.as_bytes())
        .and_then(|()| {
            if text.ends_with('\n') {
                Ok(())
            } else {
                out.write_all(b"\n")
            }
        })
        .and_then(|()| out.flush());
    match said {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Refused(
            format!("the standard output can not be written: {error}"),
        )),
        Err(_) | Ok(()) => Ok(false),
    }
}

fn code(done: Result<bool, Failure>) -> ExitCode {
    match done {
        Ok(false) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::from(FINDINGS),
        Err(Failure::Refused(problem)) => refuse(&problem),
        Err(Failure::Stopped) => {
            eprintln!("audit: stopped; nothing was written");
            ExitCode::from(INTERRUPTED)
        }
    }
}

fn refuse(problem: &str) -> ExitCode {
    eprintln!("audit: {problem}");
    ExitCode::from(REFUSED)
}
