//! Checkpoints and the certificate.

use crate::digest::Digest;
use crate::engine::stream::{Stream, event_of, read_all};
use crate::engine::{Engine, EngineError};
use crate::id::RetirementId;
use crate::journal::{Actor, Authority, Entry, Lease};
use crate::ledger::certificate::{
    ActionFact, ApprovalFact, ArchiveFact, Basis, Certificate, LogState, ObjectionEnd,
    ObjectionFact, RetirementPredicate, Statement, WaiverFact,
};
use crate::ledger::{Checkpoint, CheckpointError, NoteError, SignedNote, SigningKey};
use crate::pipeline::ids;
use crate::plan::Plan;
use crate::provider::error_chain;
use crate::retirement::{Command, Event, Objection, Retirement};
use crate::time::Timestamp;

/// What no certificate of ours promises.
pub(crate) const NOT_PROMISED: [&str; 3] = [
    "traffic that no usage source records",
    "that providers enforce a change everywhere at once",
    "anything against somebody who holds both the journal and the signing key",
];

impl Engine {
    /// Signs that the retirement is done: what was done, seen and approved, bound
    /// to the log as it is now.
    pub(super) async fn certify(
        &self,
        stream: &mut Stream,
        lease: &Lease,
        actor: &Actor,
    ) -> Result<(), EngineError> {
        let Some(signer) = &self.signer else {
            let command = Command::Park {
                reason: EngineError::NoSigner.to_string(),
                next_safe_action: "give the engine a signing key, then resume".to_owned(),
            };
            self.commit(stream, Authority::Owner(lease), actor, command)
                .await?;
            return Ok(());
        };
        let now = stream.state.forward(self.clock.now());
        let entries = read_all(self.journal.as_ref(), &stream.id).await?;
        let statement = statement(&stream.id, &stream.state, &entries, now)?;
        let failed = |error: &(dyn std::error::Error + 'static)| {
            EngineError::Certificate(error_chain(error))
        };
        let certificate = Certificate::sign(&statement, signer).map_err(|e| failed(&e))?;
        let command = Command::Certify {
            statement: certificate.statement_digest(),
            envelope: certificate.to_json().map_err(|e| failed(&e))?,
        };
        self.commit(stream, Authority::Owner(lease), actor, command)
            .await?;
        Ok(())
    }

    /// The certificate of a retirement that is done.
    ///
    /// # Errors
    /// [`EngineError::NoCertificate`] when it is not done yet.
    pub async fn certificate(&self, id: &RetirementId) -> Result<Certificate, EngineError> {
        for entry in self.entries(id).await?.iter().rev() {
            if let Event::Certified { envelope, .. } = event_of(entry)? {
                return Certificate::from_json(&envelope)
                    .map_err(|error| EngineError::Certificate(error_chain(&error)));
            }
        }
        Err(EngineError::NoCertificate(id.clone()))
    }

    /// Signs the log as far as it is and hands the checkpoint on. That this fails
    /// stops nothing but is said: the next time it is tried again.
    pub(super) async fn checkpoint(&self, stream: &Stream) {
        let (Some(signer), Some(store)) = (&self.signer, &self.checkpoints) else {
            return;
        };
        let signed = async {
            let latest = store.latest(&stream.id).await;
            let latest = latest.map_err(|error| error_chain(&error))?;
            let note = next_checkpoint(stream, latest.as_deref(), signer)?;
            let put = store.put(&stream.id, &note.to_string()).await;
            put.map_err(|error| error_chain(&error))
        };
        if let Err(error) = signed.await {
            tracing::error!(retirement = %stream.id, %error, "no checkpoint was kept");
        }
    }
}

/// The checkpoint of a log whose chain was followed, after a look that it
/// continues the latest one: a log that signed both would vouch for two histories.
fn next_checkpoint(
    stream: &Stream,
    latest: Option<&str>,
    signer: &SigningKey,
) -> Result<SignedNote, String> {
    let text = |error: &(dyn std::error::Error + 'static)| error_chain(error);
    if let Some(latest) = latest {
        let note: SignedNote = latest.parse().map_err(|error: NoteError| text(&error))?;
        note.verify(&[signer.verifier().clone()])
            .map_err(|error| text(&error))?;
        let before: Checkpoint = note
            .text()
            .parse()
            .map_err(|error: CheckpointError| text(&error))?;
        if stream.tree.root_at(before.size) != Some(before.root) {
            return Err(format!(
                "[I-19] the log does not continue the checkpoint of its first {} entries; find out who changed it",
                before.size
            ));
        }
    }
    let checkpoint = Checkpoint::new(
        signer.name(),
        &stream.id,
        stream.tree.size(),
        stream.tree.root(),
    );
    SignedNote::sign(checkpoint.text(), signer).map_err(|error| text(&error))
}

fn statement(
    id: &RetirementId,
    state: &Retirement,
    entries: &[Entry],
    now: Timestamp,
) -> Result<Statement, EngineError> {
    let failed =
        |error: &(dyn std::error::Error + 'static)| EngineError::Certificate(error_chain(error));
    let (plan, digest) = state
        .plan()
        .ok_or_else(|| EngineError::Certificate("there is no plan".to_owned()))?;
    let log = LogState::of(id, entries).map_err(|error| failed(&error))?;
    let api = state.api();
    let mut facts = RetirementPredicate::new(
        api.id.clone(),
        &api.title,
        id.clone(),
        state.proposer().clone(),
        state.proposed_at(),
        now,
        Basis::new(state.policy().digest()?, state.pipeline().digest()?, digest),
        log,
    );
    facts.approvals = approvals(state, digest);
    facts.objections = objections(entries, now)?;
    facts.waivers = waivers(state, now);
    facts.actions = actions(state, plan);
    facts.archives = archives(state, plan);
    facts.not_promised = NOT_PROMISED.map(str::to_owned).to_vec();
    facts.not_promised.extend(plan.gaps.iter().cloned());
    Ok(Statement::new(facts))
}

/// The approvals that counted: of the plan in force.
fn approvals(state: &Retirement, plan: Digest) -> Vec<ApprovalFact> {
    let given = state.approvals().iter();
    given
        .filter(|approval| approval.plan == plan)
        .map(ApprovalFact::from)
        .collect()
}

/// The waivers in force: what they let stay is there, and is no lingering grant.
fn waivers(state: &Retirement, now: Timestamp) -> Vec<WaiverFact> {
    let waived = state.waived(now);
    let counting = waived.iter().flat_map(|(_, waived)| &waived.waivers);
    counting.map(WaiverFact::from).collect()
}

fn actions(state: &Retirement, plan: &Plan) -> Vec<ActionFact> {
    let seen = plan.all().filter_map(|(step, action)| {
        let run = state.actions().get(&action.id)?;
        let (id, target) = (action.id.clone(), action.target.clone());
        Some(ActionFact::new(
            id,
            step.clone(),
            target,
            run.evidence.text.as_str(),
            run.since,
        ))
    });
    seen.collect()
}

fn archives(state: &Retirement, plan: &Plan) -> Vec<ArchiveFact> {
    let archived = plan.all().filter(|(step, _)| step.as_str() == ids::ARCHIVE);
    archived
        .filter_map(|(_, action)| {
            let run = state.actions().get(&action.id)?;
            serde_json::from_value(run.evidence.facts.clone()).ok()
        })
        .collect()
}

/// Every objection there ever was, and how it ended: at certification none is open.
fn objections(entries: &[Entry], now: Timestamp) -> Result<Vec<ObjectionFact>, EngineError> {
    let mut open: Vec<Objection> = Vec::new();
    let mut ended = Vec::new();
    let mut end = |objection: Objection, how| {
        ended.push(ObjectionFact::new(
            objection.id,
            objection.by,
            objection.reason,
            how,
        ));
    };
    for entry in entries {
        match event_of(entry)? {
            Event::Objected { objection } => open.push(objection),
            Event::ObjectionWithdrawn { id, .. } => {
                if let Some(at) = open.iter().position(|objection| objection.id == id) {
                    end(open.remove(at), ObjectionEnd::Withdrawn { at: entry.at });
                }
            }
            _of_no_objection => {}
        }
    }
    for objection in open {
        let at = objection.expires.min(now);
        end(objection, ObjectionEnd::Expired { at });
    }
    Ok(ended)
}
