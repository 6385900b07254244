//! The processes: one that runs until it is killed, and one that goes on.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use deprovision_core::engine::{Engine, EngineError, Status};
use deprovision_core::id::{PersonId, RetirementId};
use deprovision_core::pipeline::ids;
use deprovision_core::retirement::Phase;
use deprovision_core::time::Clock as _;
use deprovision_examples::crash::{DyingJournal, Points, dying_steps};
use deprovision_examples::shop::{Course, Files, Problem, Shop};
use deprovision_journal::RedbJournal;
use deprovision_local::CheckpointDir;

/// Where the story ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Retired,
    Cancelled,
}

const DIRECTORY: &str = "DEPROVISION_CRASH_DIRECTORY";
const POINT: &str = "DEPROVISION_CRASH_POINT";
const END: &str = "DEPROVISION_CRASH_END";

/// Everything that a process of the shop does, from whatever the last one left.
pub(crate) async fn run(
    directory: &Path,
    points: Arc<Points>,
    end: End,
    mut at_rest: impl FnMut(),
) -> Result<(Shop, Engine, RetirementId), Problem> {
    let shop = Shop::open(Files::below(directory)).await?;
    let clock = shop.clock.clone();
    let journal = RedbJournal::create(shop.files.path("journal.redb"), clock).await?;
    let journal = Arc::new(DyingJournal::over(Arc::new(journal), points.clone()));
    let checkpoints = Arc::new(CheckpointDir::create(shop.files.path("checkpoints"))?);
    let steps = dying_steps(shop.steps()?, &points);
    let engine = shop.engine(journal, checkpoints, steps)?;
    let id = RetirementId::parse("orders-v1")?;
    match engine.propose(shop.proposal("idle")?).await {
        Ok(_) | Err(EngineError::AlreadyUnderWay { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let course = Course {
        shop: &shop,
        engine: engine.clone(),
        id: id.clone(),
    };
    if end == End::Cancelled {
        let called_off = |phase| matches!(phase, Phase::Unwinding | Phase::Cancelled);
        let status = course
            .until(
                |status| {
                    called_off(status.phase)
                        || status.steps.iter().any(|step| {
                            step.step.as_str() == ids::REMOVE_GRANTS
                                && step.complete == step.actions
                                && step.actions > 0
                        })
                },
                |_| at_rest(),
            )
            .await?;
        if !called_off(status.phase) {
            engine
                .cancel(&id, PersonId::parse("billing-team")?, "needed")
                .await?;
        }
    }
    let goal = match end {
        End::Retired => Phase::Retired,
        End::Cancelled => Phase::Cancelled,
    };
    // With everything that is due then: who is retired is told so.
    let clock = shop.clock.clone();
    let at_goal = |status: &Status| {
        let later = status.next_check_at.is_none_or(|at| at > clock.now());
        status.phase == goal && later
    };
    course.until(at_goal, |_| at_rest()).await?;
    drop(course);
    Ok((shop, engine, id))
}

/// Starts this test binary again as a process that comes to its point, and kills
/// it there.
pub(crate) fn run_and_kill(directory: &Path, point: &str, end: End) -> Result<(), Problem> {
    let mut child = Command::new(std::env::current_exe()?)
        .args([
            "--exact",
            "process::a_process_that_is_killed",
            "--nocapture",
        ])
        .env(DIRECTORY, directory)
        .env(POINT, point)
        .env(END, format!("{end:?}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let out = child.stdout.take().ok_or("no output")?;
    let mut reached = false;
    for line in BufReader::new(out).lines() {
        if Points::heard(&line?) == Some(point) {
            reached = true;
            break;
        }
    }
    child.kill()?;
    let output = child.wait_with_output()?;
    if reached {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("it never came to {point}: {said}").into())
}

/// Not a test of its own: what the others start and kill. Without its environment
/// it does nothing.
#[test]
fn a_process_that_is_killed() {
    let (Some(directory), Ok(point)) = (std::env::var_os(DIRECTORY), std::env::var(POINT)) else {
        return;
    };
    let end = match std::env::var(END).as_deref() {
        Ok("Cancelled") => End::Cancelled,
        _ => End::Retired,
    };
    let points = Arc::new(Points::stopping_at(point));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime
        .block_on(run(Path::new(&directory), points, end, || {}))
        .unwrap();
}
