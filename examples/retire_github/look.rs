//! Looking, before anything is done.
#![expect(clippy::print_stdout, reason = "what was seen is printed for a person")]

use std::sync::Arc;

use deprovision_core::journal::MemoryJournal;
use deprovision_core::ledger::MemoryCheckpointStore;
use deprovision_core::observation::Observation;
use deprovision_examples::Problem;

use crate::retiring::Retiring;

/// Who names the API, what would be done, and how long that takes.
pub(crate) async fn look(retiring: &mut Retiring) -> Result<(), Problem> {
    let found = retiring.search().await?;
    if let Some(doubt) = found.doubt() {
        println!("Not seen: {doubt}");
    }
    let Observation::Known { value, .. } = found else {
        return Ok(());
    };
    for repository in &value {
        let note = if repository.archived {
            " (archived: no change can be proposed)"
        } else {
            ""
        };
        println!("{}{note}", repository.id);
        for reference in &repository.references {
            let (file, line) = (&reference.file, reference.line);
            println!("  {file}:{line}  {}", reference.marker.text);
        }
    }
    retiring.remember_repositories().await?;
    let journal = Arc::new(MemoryJournal::new(retiring.clock.clone()));
    let engine = retiring.engine(journal, Arc::new(MemoryCheckpointStore::default()))?;
    engine.propose(retiring.proposal()?).await?;
    println!("{}", engine.plan(&retiring.id()?).await?);
    Ok(())
}
