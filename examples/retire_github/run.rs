//! Going on: whatever is due, and what people say.
#![expect(
    clippy::print_stdout,
    reason = "what was done and what waits is printed for a person"
)]

use std::sync::Arc;

use deprovision_core::engine::{Engine, EngineError};
use deprovision_core::id::{PersonId, RetirementId};
use deprovision_examples::{Problem, approve_what_waits, news_line};
use deprovision_journal::RedbJournal;
use deprovision_local::CheckpointDir;

use crate::retiring::Retiring;

/// A retirement with its engine.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) engine: Engine,
    pub(crate) id: RetirementId,
}

impl Running {
    /// Opens the journal, and proposes unless that was done before.
    pub(crate) async fn open(retiring: &mut Retiring) -> Result<Self, Problem> {
        retiring.remember_repositories().await?;
        let path = retiring.files.path("journal.redb");
        let clock = retiring.clock.clone();
        let journal = Arc::new(if path.exists() {
            RedbJournal::open(&path, clock).await?
        } else {
            RedbJournal::create(&path, clock).await?
        });
        let checkpoints = CheckpointDir::create(retiring.files.path("checkpoints"))?;
        let engine = retiring.engine(journal, Arc::new(checkpoints))?;
        let id = retiring.id()?;
        if engine.retirement(&id).await.is_err() {
            match engine.propose(retiring.proposal()?).await {
                Ok(_) | Err(EngineError::AlreadyUnderWay { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self { engine, id })
    }
}

/// Does what is due, after a yes of somebody.
pub(crate) async fn go_on(
    retiring: &mut Retiring,
    yes_of: Option<PersonId>,
) -> Result<(), Problem> {
    let Running { engine, id } = Running::open(retiring).await?;
    let mut news = engine.subscribe();
    engine.run_until_idle().await?;
    if let Some(person) = yes_of {
        let (status, now) = (engine.status(&id).await?, retiring.clock.now());
        if !approve_what_waits(&engine, &status, &[person], now).await? {
            return Err(format!("nothing waits for an approval now:\n{status}").into());
        }
        engine.run_until_idle().await?;
    }
    while let Ok(happened) = news.try_recv() {
        if let Some(line) = news_line(&happened.event) {
            println!("{}  {line}", happened.at.strftime("%Y-%m-%d %H:%M"));
        }
    }
    println!("{}", engine.status(&id).await?);
    Ok(())
}
