//! The matrix: the process is killed (SIGKILL) before and after every append and
//! every call of a step, and another one goes on from what it left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use deprovision_examples::crash::Points;
use deprovision_examples::shop::{Files, Problem, Shop};

use crate::facts::{Facts, check_log, look};
use crate::process::{End, run, run_and_kill};

/// Set to `all` to kill at every single point, to `kinds` for the first of each kind
/// (every call of every step, every kind of append for every step); else only the
/// first call of each step that sends something is hit, before and after.
const WHICH: &str = "DEPROVISION_CRASH_POINTS";

/// From here on the data must not be copied any more.
const ARCHIVING: &str = "before apply archive/";

/// Before this a run that is called off is like one that is not.
const CALLED_OFF: &str = "append cancel_requested";

/// How many shops are open at once.
const SIDE_BY_SIDE: usize = 3;

/// A directory in memory where there is one: a killed process leaves what it wrote
/// there all the same, and thousands of flushes to a disk take their time.
fn scratch() -> std::io::Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir())
}

/// A shop with its history, to be copied.
fn pristine(folder: &Path) -> Result<PathBuf, Problem> {
    let directory = folder.join("pristine");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let shop = Shop::open(Files::below(&directory)).await?;
        shop.make_history(|_, _| {}).await?;
        Ok::<(), Problem>(())
    })?;
    Ok(directory)
}

/// A copy of the shop, with a port of its own.
fn copy(from: &Path, to: &Path) -> Result<(), Problem> {
    let status = std::process::Command::new("cp")
        .arg("-a")
        .arg(from)
        .arg(to)
        .status()?;
    if !status.success() {
        return Err("the shop could not be copied".into());
    }
    for made_for_the_port in ["port", "catalog.yaml"] {
        match std::fs::remove_file(to.join(made_for_the_port)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The shop as it was when the engine came to rest, and how many points had been
/// met until then.
#[derive(Debug)]
struct Snapshot {
    directory: PathBuf,
    met: usize,
}

/// A whole run: its facts, its points, and snapshots on the way, so that a process
/// which is to be killed late does not have to begin at the beginning.
fn whole(
    pristine: &Path,
    folder: &Path,
    end: End,
) -> Result<(Facts, Vec<String>, Vec<Snapshot>), Problem> {
    let directory = folder.join("whole");
    copy(pristine, &directory)?;
    let points = Arc::new(Points::counting());
    let mut snapshots = vec![Snapshot {
        directory: pristine.to_owned(),
        met: 0,
    }];
    let facts = go_on(&directory, points.clone(), end, || {
        let met = points.met().len();
        // A copy of data that is archived already is not what was archived, and the
        // eraser would rightly refuse it (invariant I-1).
        if points
            .met()
            .iter()
            .any(|point| point.starts_with(ARCHIVING))
        {
            return;
        }
        // What could not be copied is only slower without.
        let to = folder.join(format!("snapshot-{met}"));
        if !to.exists() && copy(&directory, &to).is_ok() {
            snapshots.push(Snapshot { directory: to, met });
        }
    })?;
    Ok((facts, points.met(), snapshots))
}

fn go_on(
    directory: &Path,
    points: Arc<Points>,
    end: End,
    at_rest: impl FnMut(),
) -> Result<Facts, Problem> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let (shop, engine, id) = run(directory, points, end, at_rest).await?;
        check_log(&shop, &engine, &id).await?;
        look(&shop, &engine, &id).await
    })
}

/// The last snapshot before a point, and the point's name as a process that begins
/// there counts it.
fn nearest<'a>(snapshots: &'a [Snapshot], met: &[String], index: usize) -> (&'a Snapshot, String) {
    let snapshot = snapshots
        .iter()
        .rev()
        .find(|s| s.met <= index)
        .unwrap_or(&snapshots[0]);
    let point = &met[index];
    let (name, _) = point.rsplit_once(" #").unwrap_or((point, ""));
    let before = met[snapshot.met..index].iter().filter(|other| {
        other
            .rsplit_once(" #")
            .is_some_and(|(other, _)| other == name)
    });
    (snapshot, format!("{name} #{}", before.count() + 1))
}

/// What a point is about, for the table: `before apply close/… #1` is
/// `(apply close, before)`; an append belongs to the step of its action.
fn cell(point: &str) -> (String, &str) {
    let (side, rest) = point.split_once(' ').unwrap_or((point, ""));
    let rest = rest.rsplit_once(" #").map_or(rest, |(rest, _)| rest);
    let (what, target) = match rest.split_once(" of ") {
        Some((what, target)) => (what.to_owned(), target),
        None => {
            let (call, target) = rest.split_once(' ').unwrap_or((rest, ""));
            (call.to_owned(), target)
        }
    };
    let step = target.split('/').next().unwrap_or(target);
    let what = if what.starts_with("append") {
        "append".to_owned()
    } else {
        what
    };
    (format!("{what} {step}"), side)
}

/// The points to be killed at, of those that a whole run met.
fn choose(met: &[String], end: End) -> Vec<usize> {
    let from = match end {
        End::Retired => 0,
        End::Cancelled => met
            .iter()
            .position(|point| point.contains(CALLED_OFF))
            .unwrap_or_default(),
    };
    let which = std::env::var(WHICH).unwrap_or_default();
    match which.as_str() {
        "all" => return (from..met.len()).collect(),
        "kinds" | "" => {}
        other => panic!("{WHICH} is {other:?}; write all, kinds or nothing"),
    }
    let sends = |point: &str| point.contains(" apply ") || point.contains(" undo ");
    let mut seen = BTreeSet::new();
    met.iter()
        .enumerate()
        .skip(from)
        .filter(|(_, point)| which == "kinds" || sends(point))
        .filter(|(_, point)| {
            let rest = point
                .rsplit_once(" #")
                .map_or(point.as_str(), |(rest, _)| rest);
            // The targets of a step are treated alike.
            seen.insert(rest.split('/').next().unwrap_or(rest).to_owned())
        })
        .map(|(index, _)| index)
        .collect()
}

fn matrix(end: End) {
    let folder = scratch().unwrap();
    let pristine = pristine(folder.path()).unwrap();
    let (expected, met, snapshots) = whole(&pristine, folder.path(), end).unwrap();
    let chosen = choose(&met, end);
    assert!(chosen.len() > 20, "only {} points", chosen.len());

    let next = AtomicUsize::new(0);
    let broken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let Some(index) = chosen.get(number).copied() else {
                        return;
                    };
                    let (snapshot, point) = nearest(&snapshots, &met, index);
                    let directory = folder.path().join(format!("shop-{number}"));
                    let survived = survive(&snapshot.directory, &directory, &point, end, &expected);
                    if let Err(why) = survived {
                        let text = format!("{}: {why}", met[index]);
                        eprintln!("not survived: {text}");
                        broken.lock().unwrap().push((index, text));
                    }
                    let _ = std::fs::remove_dir_all(&directory);
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    println!("{}", table(&met, &chosen, &broken));
    assert!(broken.is_empty(), "{broken:#?}");
}

fn survive(
    from: &Path,
    directory: &Path,
    point: &str,
    end: End,
    expected: &Facts,
) -> Result<(), Problem> {
    copy(from, directory)?;
    run_and_kill(directory, point, end)?;
    let facts = go_on(directory, Arc::new(Points::counting()), end, || {})?;
    if facts == *expected {
        Ok(())
    } else {
        Err(format!("it ended as {facts:#?}\ninstead of {expected:#?}").into())
    }
}

/// Points met, killed at and survived, by call.
fn table(met: &[String], chosen: &[usize], broken: &[(usize, String)]) -> String {
    let mut rows: BTreeMap<String, [u32; 3]> = BTreeMap::new();
    for (index, point) in met.iter().enumerate() {
        let killed = chosen.contains(&index);
        let survived = killed && !broken.iter().any(|(broken, _)| *broken == index);
        let row = rows.entry(cell(point).0).or_default();
        row[0] += 1;
        row[1] += u32::from(killed);
        row[2] += u32::from(survived);
    }
    let mut text = "| call | points | killed at | survived |\n|---|---|---|---|\n".to_owned();
    let mut sum = [0; 3];
    for (call, [met, killed, survived]) in rows {
        text.push_str(&format!(
            "| {} | {met} | {killed} | {survived} |\n",
            call.trim()
        ));
        for (sum, count) in sum.iter_mut().zip([met, killed, survived]) {
            *sum += count;
        }
    }
    text + &format!("| **all** | {} | {} | {} |\n", sum[0], sum[1], sum[2])
}

#[test]
fn i_15_a_retirement_that_is_killed_anywhere_ends_as_one_that_is_not() {
    matrix(End::Retired);
}

#[test]
fn i_16_a_cancellation_that_is_killed_anywhere_restores_everything() {
    matrix(End::Cancelled);
}
