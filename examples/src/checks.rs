//! Showing what holds at the end and what does not.

use deprovision_core::engine::Engine;
use deprovision_core::id::RetirementId;
use deprovision_core::ledger::{CheckpointStore, VerifierKey, verify};

use crate::{Problem, Teller};

/// Collects what holds and what does not, and tells it.
#[derive(Debug)]
pub struct Checks<'a> {
    teller: &'a Teller,
    failed: u32,
}

impl<'a> Checks<'a> {
    /// Nothing was checked yet.
    #[must_use]
    pub fn new(teller: &'a Teller) -> Self {
        Self { teller, failed: 0 }
    }

    /// Tells whether something holds.
    pub fn check(&mut self, holds: bool, what: impl AsRef<str>) {
        let mark = if holds { "ok " } else { "NOT" };
        self.failed += u32::from(!holds);
        self.teller.say(format!("  {mark}  {}", what.as_ref()));
    }

    /// How many things did not hold.
    #[must_use]
    pub fn failed(&self) -> u32 {
        self.failed
    }

    /// The log is whole, and the certificate is good.
    ///
    /// # Errors
    /// When the log or the certificate can not be read.
    pub async fn proof(
        &mut self,
        engine: &Engine,
        id: &RetirementId,
        checkpoints: &dyn CheckpointStore,
        verifier: &VerifierKey,
        certified: bool,
    ) -> Result<(), Problem> {
        let entries = engine.entries(id).await?;
        let keys = [verifier.clone()];
        let note = checkpoints.latest(id).await?.unwrap_or_default();
        let checked = verify(id, &entries, &[note.as_str()], &keys);
        let said = checked
            .as_ref()
            .err()
            .map_or_else(String::new, |e| format!(": {e}"));
        self.check(
            checked.is_ok(),
            format!(
                "the log's {} events form one chain, as the signed checkpoint says{said}",
                entries.len()
            ),
        );
        if certified {
            let attested = engine
                .certificate(id)
                .await?
                .verify_with_log(&keys, &entries);
            let said = match &attested {
                Ok(attested) => {
                    let facts = &attested.statement.predicate;
                    format!(
                        " ({} actions, {} approvals)",
                        facts.actions.len(),
                        facts.approvals.len()
                    )
                }
                Err(error) => format!(": {error}"),
            };
            self.check(attested.is_ok(), format!("the certificate verifies{said}"));
        }
        Ok(())
    }
}
