//! Retires version 1 of an orders API, for real, on this machine: a service with
//! two versions, callers with keys, months of traffic, a repository that calls
//! version 1, and data. Only the clock is moved, so that weeks pass in seconds.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program tells a story on a terminal"
)]

mod args;
mod show;
mod story;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;

use deprovision_core::digest::Digest;
use deprovision_core::engine::EngineError;
use deprovision_core::id::RetirementId;
use deprovision_core::provider::UsageSource;
use deprovision_core::retirement::Phase;
use deprovision_core::time::{Clock, Period, Window};
use deprovision_core::usage::{Verdict, VerdictRule, verdict};
use deprovision_examples::artefacts::Artefacts;
use deprovision_examples::crash::{Points, dying_steps};
use deprovision_examples::shop::{Course, Files, Problem, Shop};
use deprovision_examples::{Checks, Teller};
use deprovision_journal::RedbJournal;
use deprovision_local::CheckpointDir;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::args::{Args, Ending};
use crate::show::Show;
use crate::story::{Story, indent};

/// Where the first process of `--crash` is killed: the key is disabled, and nobody
/// has written that down yet.
const DEATH: &str = "after apply disable-credentials/credential/keyfile:shop:local:ak_billing #1";

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
            eprintln!("quickstart: {problem}");
            return ExitCode::from(2);
        }
    };
    match tell_until_stopped(args).await {
        Ok(code) => code,
        Err(problem) => {
            eprintln!(
                "quickstart: {}",
                deprovision_core::provider::error_chain(problem.as_ref())
            );
            ExitCode::FAILURE
        }
    }
}

/// Tells the story in its directory, until it ends or Ctrl-C is pressed.
async fn tell_until_stopped(args: Args) -> Result<ExitCode, Problem> {
    let dir = match &args.dir {
        Some(dir) => dir.clone(),
        None => tempfile::Builder::new()
            .prefix("deprovision-")
            .tempdir()?
            .keep(),
    };
    // The one that is to be killed leaves the answer to the one that waits for it.
    let answers = !args.victim;
    // Stopping needs no care: what was done is in the journal.
    tokio::select! {
        told = tell(args, &dir) => match told? {
            0 => Ok(ExitCode::SUCCESS),
            failed => {
                eprintln!("quickstart: {failed} things are not as they should be");
                Ok(ExitCode::FAILURE)
            }
        },
        pressed = tokio::signal::ctrl_c(), if answers => {
            pressed?;
            eprintln!(
                "\nquickstart: stopped; the same command with --dir {} goes on where it was",
                dir.display()
            );
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

/// The whole story; gives how many things did not hold at the end.
async fn tell(args: Args, dir: &Path) -> Result<u32, Problem> {
    if args.ending == Ending::Crash && !args.victim {
        crash(dir).await?;
    }
    let shop = Shop::open(Files::below(dir)).await?;
    let start = shop.start()?;
    let teller = Teller::starting_at(start);
    teller.head(&format!("A shop in {}", dir.display()));
    history(&shop, &teller).await?;
    usage(&shop, &teller).await?;

    let path = shop.files.path("journal.redb");
    let clock = shop.clock.clone();
    let journal = Arc::new(if path.exists() {
        RedbJournal::open(&path, clock).await?
    } else {
        RedbJournal::create(&path, clock).await?
    });
    let checkpoints = Arc::new(CheckpointDir::create(shop.files.path("checkpoints"))?);
    let mut steps = shop.steps()?;
    if args.victim {
        steps = dying_steps(steps, &Arc::new(Points::stopping_at(DEATH)));
    }
    let engine = shop.engine(journal, checkpoints.clone(), steps)?;
    let mut story = Story {
        progress: engine.subscribe(),
        course: Course {
            shop: &shop,
            engine: engine.clone(),
            id: RetirementId::parse("orders-v1")?,
        },
        teller: &teller,
    };
    let before = remember_data(&shop)?;
    begin(&mut story).await?;

    teller.head("Retiring it (the clock is moved; everything else is real)");
    let found = engine.status(&story.course.id).await?;
    match args.ending {
        _ if matches!(found.phase, Phase::Retired | Phase::Cancelled) => {
            teller.say(format!(
                "  it is {} already; nothing is repeated",
                found.phase
            ));
        }
        Ending::Object => story.object().await?,
        Ending::Cancel => story.cancel().await?,
        Ending::Straight | Ending::Crash => {}
    }
    let cancelled = engine.status(&story.course.id).await?.phase == Phase::Cancelled;
    if !cancelled {
        story.finish().await?;
    }
    let id = story.course.id.clone();

    teller.head("What is true now");
    let mut show = Show {
        checks: Checks::new(&teller),
    };
    if cancelled {
        show.service_restored(&shop).await?;
    } else {
        show.service_after(&shop).await?;
        show.archive(&shop, &id, &before).await?;
        show.code(&shop).await?;
    }
    let signer = shop.signer()?;
    let verifier = signer.verifier();
    let mut checks = show.checks;
    checks
        .proof(&engine, &id, checkpoints.as_ref(), verifier, !cancelled)
        .await?;

    teller.head(&format!("What is left in {}", dir.display()));
    for line in [
        "catalog.yaml, policy.toml: what went in",
        "outbox/: the notices, as letters",
        "repos/: the changes, merged",
    ] {
        teller.say(format!("  {line}"));
    }
    let artefacts = Artefacts {
        files: &shop.files,
        engine: &engine,
        id: &id,
        checkpoints: checkpoints.as_ref(),
        verifier,
        now: shop.clock.now(),
    };
    for line in artefacts.write().await? {
        teller.say(format!("  {line}"));
    }
    teller.done();
    Ok(checks.failed())
}

/// Months of requests, unless they were made before.
async fn history(shop: &Shop, teller: &Teller) -> Result<(), Problem> {
    let made = shop
        .make_history(|done, days| teller.now(format!("traffic: day {done} of {days}")))
        .await?;
    let log = std::fs::read_to_string(shop.files.path("access.log"))?;
    teller.say(format!(
        "  an orders service on {}, with {} requests in its access log{}",
        shop.base,
        log.lines().count(),
        if made {
            ", all sent over TCP just now"
        } else {
            ""
        }
    ));
    Ok(())
}

/// Which of the two versions is used.
async fn usage(shop: &Shop, teller: &Teller) -> Result<(), Problem> {
    teller.head("Who still calls what?");
    let now = shop.clock.now();
    let rule = VerdictRule::new(Period::days(60));
    let log = shop.usage();
    for id in ["orders-v1", "orders-v2"] {
        let api = shop.api(id)?;
        let seen = log
            .usage(&api, Window::ending_at(now, Period::days(90)))
            .await?;
        teller.say(format!(
            "  {id}: {}",
            in_words(&verdict(&api, &[seen], &rule, now))
        ));
    }
    Ok(())
}

fn in_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::InUse {
            requests, callers, ..
        } => {
            let callers: Vec<&str> = callers.iter().map(|c| c.caller.as_str()).collect();
            format!(
                "in use, {requests} requests in 90 days, by {}",
                callers.join(", ")
            )
        }
        Verdict::Idle { last_seen, .. } => {
            format!("IDLE, last called on {}", last_seen.strftime("%Y-%m-%d"))
        }
        Verdict::NeverSeen { since, .. } => format!("never called since {since}"),
        Verdict::Unknown { why, .. } => format!("not known: {}", why.join("; ")),
    }
}

/// Proposes, unless that was done before, and shows the plan.
async fn begin(story: &mut Story<'_>) -> Result<(), Problem> {
    if story
        .course
        .engine
        .retirement(&story.course.id)
        .await
        .is_ok()
    {
        story
            .teller
            .head("The plan was shown before; it is in plan.txt");
        return Ok(());
    }
    let proposal = story
        .course
        .shop
        .proposal("idle for months; version 2 does the same")?;
    match story.course.engine.propose(proposal).await {
        Ok(id) => story.course.id = id,
        Err(EngineError::AlreadyUnderWay { retirement, .. }) => story.course.id = retirement,
        Err(error) => return Err(error.into()),
    }
    if let Ok(plan) = story.course.engine.plan(&story.course.id).await {
        story.teller.head("The plan, before anything is done");
        story.teller.say(indent(&plan.to_string()));
        story
            .course
            .shop
            .files
            .write("plan.txt", format!("{plan}\n"))?;
    }
    Ok(())
}

/// The digests of the data before it is erased, kept for the comparison at the end.
fn remember_data(shop: &Shop) -> Result<BTreeMap<String, Digest>, Problem> {
    if let Some(text) = shop.files.read("data-before.json")? {
        return Ok(serde_json::from_str(&text)?);
    }
    let digests = shop.digests("data/orders-v1")?;
    shop.files
        .write("data-before.json", serde_json::to_string_pretty(&digests)?)?;
    Ok(digests)
}

/// Runs the story in another process and kills that one in the middle.
async fn crash(dir: &Path) -> Result<(), Problem> {
    println!("== A first process, which is going to be killed");
    let mut child = tokio::process::Command::new(std::env::current_exe()?)
        .args(["--victim", "--crash", "--dir"])
        .arg(dir)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let out = child
        .stdout
        .take()
        .ok_or("the first process has no output")?;
    let mut lines = BufReader::new(out).lines();
    let mut stands = None;
    // It stands still at its point: there is no line after the one that says so.
    while let Some(line) = lines.next_line().await? {
        if let Some(point) = Points::heard(&line) {
            stands = Some(point.to_owned());
            break;
        }
    }
    child.kill().await?;
    match stands {
        Some(point) => println!("  killed (SIGKILL) {point}"),
        // The directory was used before, and the story was over already.
        None => println!("  it ended before it came to the point where it was to be killed"),
    }
    println!("  what follows is another process, over what the first one left");
    Ok(())
}
