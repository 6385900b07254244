//! What a judge says of a change, compared with what it says without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::git::{FileEdit, Git};
use crate::removal::Judge;
use crate::removal::judge::checkout::{CheckoutError, checkout};
use crate::removal::judge::run::{End, Ran, Room, run};

/// What a judge says of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It may be proposed.
    Accepted,
    /// The command accepts the default version, and not the change.
    Refused {
        /// How it ended, and the end of what it wrote.
        why: String,
    },
    /// Nothing is known: the command does not accept the default version either, took
    /// too long or could not run.
    Undecided {
        /// Why, and what to do.
        why: String,
    },
}

/// Judges a change to a commit within a time.
pub(crate) async fn judge(
    judge: &Judge,
    git: &Git,
    commit: &str,
    edits: &[FileEdit],
    time: Duration,
) -> Verdict {
    let begun = Instant::now();
    let left = || judge.time_limit.min(time.saturating_sub(begun.elapsed()));
    let changed = match attempt(judge, git, commit, edits, left()).await {
        Ok(ran) => ran,
        Err(why) => return undecided(judge, &why),
    };
    let how = match &changed.end {
        End::Accepted => return Verdict::Accepted,
        End::TimedOut => {
            let why = format!(
                "it was stopped after {} s; give it more time, or the step a longer call_timeout{}",
                begun.elapsed().as_secs(),
                said(&changed)
            );
            return undecided(judge, &why);
        }
        End::Refused(how) => how,
    };
    match attempt(judge, git, commit, &[], left()).await {
        Ok(Ran {
            end: End::Accepted, ..
        }) => Verdict::Refused {
            why: format!(
                "`{judge}` accepts the default version and not the change ({how}){}",
                said(&changed)
            ),
        },
        Ok(Ran {
            end: End::Refused(_),
            ..
        }) => {
            let why = format!(
                "it does not accept the default version either ({how}); make it pass there first{}",
                said(&changed)
            );
            undecided(judge, &why)
        }
        Ok(Ran {
            end: End::TimedOut, ..
        })
        | Err(_) => {
            let why = format!(
                "it does not accept the change ({how}), and what it says without it could not be seen{}",
                said(&changed)
            );
            undecided(judge, &why)
        }
    }
}

fn undecided(judge: &Judge, why: &str) -> Verdict {
    Verdict::Undecided {
        why: format!("`{judge}` can not judge the change: {why}"),
    }
}

fn said(ran: &Ran) -> String {
    if ran.said.is_empty() {
        "; it wrote nothing".to_owned()
    } else {
        format!("; it wrote:\n{}", ran.said)
    }
}

/// Stops the command when nobody waits for it any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One run in a fresh copy.
async fn attempt(
    judge: &Judge,
    git: &Git,
    commit: &str,
    edits: &[FileEdit],
    time: Duration,
) -> Result<Ran, String> {
    let begun = Instant::now();
    let place = tokio::task::spawn_blocking(|| {
        let place = tempfile::Builder::new().prefix("deprovision-").tempdir()?;
        for name in ["tree", "home", "tmp"] {
            std::fs::create_dir(place.path().join(name))?;
        }
        Ok::<_, std::io::Error>(place)
    });
    let no_place = |error: String| format!("no directory can be made for it: {error}");
    let place = place.await.map_err(|error| no_place(error.to_string()))?;
    let place = place.map_err(|error| no_place(error.to_string()))?;
    let tree = place.path().join("tree");
    let copied = checkout(git, commit, edits, &tree);
    match tokio::time::timeout(time, copied).await {
        Ok(copied) => copied.map_err(|error| no_copy(&error))?,
        Err(_) => return Err("no time was left after the copy was made".to_owned()),
    }
    let stop = StopOnDrop(Arc::default());
    let (judge, stopped) = (judge.clone(), stop.0.clone());
    let ran = tokio::task::spawn_blocking(move || {
        let below = |name| place.path().join(name);
        let (tree, home, temporary) = (below("tree"), below("home"), below("tmp"));
        let room = Room {
            tree: &tree,
            home: &home,
            temporary: &temporary,
        };
        let time = time.saturating_sub(begun.elapsed());
        let ran = run(&judge, &room, time, &stopped);
        // What can not be removed (files that a build made read-only) stays behind.
        drop(place);
        ran
    });
    let ran = ran.await.map_err(|error| error.to_string())?;
    ran.map_err(|error| format!("it could not be run: {error}"))
}

fn no_copy(error: &CheckoutError) -> String {
    format!("no copy of the repository could be made for it: {error}")
}
