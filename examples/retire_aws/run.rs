//! Going on: whatever is due, and what people say.
#![expect(
    clippy::print_stdout,
    reason = "what was done and what waits is printed for a person"
)]

use std::sync::Arc;

use deprovision_core::engine::{Engine, EngineError, Status};
use deprovision_core::id::{ObjectionId, RetirementId};
use deprovision_core::retirement::{Mode, Objection};
use deprovision_examples::artefacts::Artefacts;
use deprovision_examples::{Files, Problem, approve_what_waits, news_line};
use deprovision_journal::RedbJournal;
use deprovision_local::CheckpointDir;

use crate::args::Word;
use crate::retiring::Retiring;

/// A retirement with its engine and its files.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) files: Files,
    pub(crate) engine: Engine,
    pub(crate) checkpoints: Arc<CheckpointDir>,
    pub(crate) id: RetirementId,
}

impl Running {
    /// Opens the journal, and proposes unless that was done before.
    pub(crate) async fn open(retiring: &mut Retiring) -> Result<Self, Problem> {
        let files = retiring.config.state();
        std::fs::create_dir_all(files.root()).map_err(|error| {
            let root = files.root().display();
            let why = format!("{root} can not be made ({error}); choose another directory");
            retiring.config.mistake("state", &why)
        })?;
        retiring.remember_api_keys(&files).await?;
        let path = files.path("journal.redb");
        let clock = retiring.clock.clone();
        let journal = Arc::new(if path.exists() {
            RedbJournal::open(&path, clock).await?
        } else {
            RedbJournal::create(&path, clock).await?
        });
        let checkpoints = Arc::new(CheckpointDir::create(files.path("checkpoints"))?);
        let engine = retiring
            .engine(&files, journal, checkpoints.clone())
            .await?;
        let id = retiring.id()?;
        if engine.retirement(&id).await.is_err() {
            match engine.propose(retiring.proposal()?).await {
                Ok(_) | Err(EngineError::AlreadyUnderWay { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            // Written by whoever is first: what people approve is what they can read.
            let plan = engine.plan(&id).await?;
            files.write("plan.txt", format!("{plan}\n"))?;
        }
        Ok(Self {
            files,
            engine,
            checkpoints,
            id,
        })
    }

    /// Writes what others read and check; gives a line for each file.
    pub(crate) async fn write_artefacts(
        &self,
        retiring: &Retiring,
    ) -> Result<Vec<String>, Problem> {
        let artefacts = Artefacts {
            files: &self.files,
            engine: &self.engine,
            id: &self.id,
            checkpoints: self.checkpoints.as_ref(),
            verifier: &Retiring::verifier(&self.files)?,
            now: retiring.clock.now(),
        };
        artefacts.write().await
    }
}

/// Does what is due, after what a person says.
pub(crate) async fn go_on(retiring: &mut Retiring, word: Option<Word>) -> Result<(), Problem> {
    let running = Running::open(retiring).await?;
    let mut news = running.engine.subscribe();
    if let Some(word) = word {
        say(retiring, &running, word).await?;
    }
    running.engine.run_until_idle().await?;
    while let Ok(happened) = news.try_recv() {
        if let Some(line) = news_line(&happened.event) {
            println!("{}  {line}", happened.at.strftime("%Y-%m-%d %H:%M"));
        }
    }
    let status = running.engine.status(&running.id).await?;
    println!("{status}");
    tell_how_to_go_on(&running, &status).await?;
    running.write_artefacts(retiring).await?;
    println!(
        "Everything is in {}: plan.txt, report.html, timeline.txt, outbox/ …",
        running.files.root().display()
    );
    Ok(())
}

/// What a person says.
async fn say(retiring: &Retiring, running: &Running, word: Word) -> Result<(), Problem> {
    let (engine, id) = (&running.engine, &running.id);
    let now = retiring.clock.now();
    match word {
        Word::Approve(person) => {
            // What waits is known once everything else that is due was done.
            engine.run_until_idle().await?;
            let status = engine.status(id).await?;
            if !approve_what_waits(engine, &status, &[person], now).await? {
                return Err(format!("nothing waits for an approval now:\n{status}").into());
            }
        }
        Word::Object(person, why) => {
            let name = ObjectionId::parse(format!("{person}-{}", now.as_second()))?;
            let until = retiring.policy.objection_expiry.after(now);
            let objection = Objection::new(name, person, why, until);
            engine.object(id, objection).await?;
        }
        Word::Withdraw(person) => {
            let state = engine.retirement(id).await?;
            let mut theirs = state
                .objections()
                .values()
                .filter(|objection| objection.by == person)
                .peekable();
            if theirs.peek().is_none() {
                return Err(format!("{person} does not object").into());
            }
            for objection in theirs {
                let name = objection.id.clone();
                engine.withdraw(id, name, person.clone()).await?;
            }
        }
        Word::Cancel(person, why) => engine.cancel(id, person, why).await?,
    }
    Ok(())
}

async fn tell_how_to_go_on(running: &Running, status: &Status) -> Result<(), Problem> {
    let state = running.engine.retirement(&running.id).await?;
    match (state.mode(), status.next_check_at) {
        (Mode::Finished, _) => println!("It is retired, and the watch is over."),
        (Mode::Cancelled, _) => {
            println!("It was called off. To begin again, name another directory as `state`.");
        }
        (Mode::Forward | Mode::Unwinding | Mode::Watching { .. }, Some(at)) => {
            println!("Run this again at {at}, or when somebody has said something.");
        }
        (Mode::Forward | Mode::Unwinding | Mode::Watching { .. }, None) => {
            println!("Nothing goes on until somebody says something.");
        }
    }
    Ok(())
}
