//! A retirement as its stakeholders see it: announced over SMTP with their own calls,
//! acknowledged, objected to and put off by links on a page, reminded, closed, certified.
//! Beside it an audit tells owners once a week what was found of their APIs.
//!
//! ```text
//! cargo run --release --example stakeholders
//! cargo run --release --example stakeholders -- --serve --dir here
//! ```
//!
//! `world.rs` is what an embedder writes; `serve.rs` is how it runs for weeks.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a person on a terminal"
)]

mod args;
mod audit;
mod given;
mod history;
mod mailbox;
mod people;
mod postbox;
mod rounds;
mod serve;
mod show;
mod smtp;
mod story;
mod time;
mod unusable;
mod world;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deprovision_core::id::RetirementId;
use deprovision_core::provider::error_chain;
use deprovision_core::retirement::Mode;
use deprovision_examples::artefacts::Artefacts;
use deprovision_examples::crash::Points;
use deprovision_examples::{Problem, Teller};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::args::Args;
use crate::rounds::Stopped;
use crate::story::{DEATHS, Story};
use crate::unusable::Unusable;
use crate::world::World;

/// Something that was given can not be used.
const REFUSED: u8 = 2;

/// What a shell says of a program that was ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match args::read() {
        Ok(args) if args.help => {
            println!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(args) => args,
        Err(problem) => {
            eprintln!("stakeholders: {problem}");
            return ExitCode::from(REFUSED);
        }
    };
    match work(args).await {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("stakeholders: {}", error_chain(problem.as_ref()));
            match problem.downcast_ref::<Unusable>() {
                Some(_) => ExitCode::from(REFUSED),
                None => ExitCode::FAILURE,
            }
        }
    }
}

async fn work(args: Args) -> Result<ExitCode, Problem> {
    let dir = match &args.dir {
        Some(dir) => dir.clone(),
        None => tempfile::Builder::new()
            .prefix("stakeholders-")
            .tempdir()?
            .keep(),
    };
    if args.serve {
        let id = RetirementId::parse("orders-v1")?;
        serve::serve(&World::open(&args, &dir).await?, &id).await?;
        return Ok(stopped(&args, &dir));
    }
    match tell(&args, &dir).await {
        Ok(0) => Ok(ExitCode::SUCCESS),
        Ok(failed) => {
            eprintln!("stakeholders: {failed} things are not as they should be");
            Ok(ExitCode::FAILURE)
        }
        Err(problem) if problem.is::<Stopped>() => Ok(stopped(&args, &dir)),
        Err(problem) => Err(problem),
    }
}

fn stopped(args: &Args, dir: &Path) -> ExitCode {
    let serve = if args.serve { "--serve " } else { "" };
    eprintln!(
        "\nstakeholders: stopped; the same command with {serve}--dir {} goes on where it was",
        dir.display()
    );
    ExitCode::from(INTERRUPTED)
}

/// The whole story; gives how many things did not hold at the end.
async fn tell(args: &Args, dir: &Path) -> Result<u32, Problem> {
    if args.crash && args.victim.is_none() {
        for death in DEATHS {
            crash(dir, death).await?;
        }
    }
    let world = tokio::select! {
        world = World::open(args, dir) => world?,
        // Nothing was begun yet.
        pressed = tokio::signal::ctrl_c() => return Err(pressed.map_or_else(Into::into, |()| Stopped.into())),
    };
    let stop = Arc::new(AtomicBool::new(false));
    tokio::spawn({
        let stop = stop.clone();
        async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.store(true, Ordering::Release);
            }
        }
    });
    let points = match &args.victim {
        Some(point) => Points::stopping_at(point),
        None => Points::counting(),
    };
    let teller = Teller::starting_at(world.start);
    teller.head(&format!("A shop in {}", dir.display()));
    let id = RetirementId::parse("orders-v1")?;
    let mut story = Story {
        progress: world.engine.subscribe(),
        world: &world,
        teller: &teller,
        points: Arc::new(points),
        stop,
        id: id.clone(),
        opened: BTreeSet::new(),
    };
    match world.engine.retirement(&id).await {
        Ok(state) if *state.mode() == Mode::Finished => {
            teller.say("  all of it is done already; nothing is repeated");
        }
        Ok(_) => teller.say("  it is gone on with, where it was"),
        Err(_) => teller.say("  two months of requests are in its access log"),
    }
    story.tell().await?;
    let failed = show::show(&world, &id, &teller).await?;

    teller.head(&format!("What is left in {}", dir.display()));
    teller.say("  mail/: what everybody got, as messages and texts");
    teller.say("  catalog.yaml, directory.yaml, policy.toml, courier.toml: what went in");
    let signer = world.signer()?;
    let artefacts = Artefacts {
        files: &world.files,
        engine: &world.engine,
        id: &id,
        checkpoints: world.checkpoints.as_ref(),
        verifier: signer.verifier(),
        now: world.clock().now(),
    };
    for line in artefacts.write().await? {
        teller.say(format!("  {line}"));
    }
    teller.done();
    Ok(failed)
}

/// Runs the story in another process, and kills that one where it stands still.
async fn crash(dir: &Path, death: &str) -> Result<(), Problem> {
    println!("== A process that is going to be killed");
    let mut child = tokio::process::Command::new(std::env::current_exe()?)
        .arg("--dir")
        .arg(dir)
        .args(["--victim", death])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let out = child.stdout.take().ok_or("the process has no output")?;
    let mut lines = BufReader::new(out).lines();
    let mut stands = false;
    while let Some(line) = lines.next_line().await? {
        if Points::heard(&line) == Some(death) {
            stands = true;
            break;
        }
    }
    child.kill().await?;
    if stands {
        println!("  killed (SIGKILL) {death}");
    } else {
        // The directory was used before, and the story was past that.
        println!("  it ended before it came to the point where it was to be killed");
    }
    Ok(())
}
