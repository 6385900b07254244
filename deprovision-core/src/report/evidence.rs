//! What was seen: usage, archives, drills, looks after retirement.

use serde::Serialize;

use crate::ledger::certificate::ArchiveFact;
use crate::observation::{Coverage, Observation};
use crate::pipeline::ids;
use crate::report::history::History;
use crate::report::words::{Tone, When, phase, when};
use crate::retirement::Event;
use crate::usage::UsageEvidence;

/// All evidence beside the steps' own.
#[derive(Debug, Serialize)]
pub(super) struct EvidencePart {
    /// The reading that counts now.
    latest: Option<UsageReading>,
    /// Those before, the newest first.
    before: Vec<UsageReading>,
    archives: Vec<ArchivePart>,
    drills: Vec<DrillPart>,
    looks: Vec<Look>,
    quiet_looks: usize,
    basis: Vec<(&'static str, String)>,
}

/// One reading of all sources.
#[derive(Debug, Serialize)]
struct UsageReading {
    at: When,
    sources: Vec<SourcePart>,
}

/// What one source saw.
#[derive(Debug, Serialize)]
struct SourcePart {
    name: String,
    known: bool,
    requests: u64,
    from: Option<When>,
    to: Option<When>,
    last_seen: Option<When>,
    coverage: String,
    tone: Tone,
    callers: Vec<CallerPart>,
}

/// Who called.
#[derive(Debug, Serialize)]
struct CallerPart {
    caller: String,
    requests: u64,
    last: When,
}

/// What is kept.
#[derive(Debug, Serialize)]
struct ArchivePart {
    dataset: String,
    archive: String,
    manifest: String,
    evidence: String,
    at: When,
}

/// One drill.
#[derive(Debug, Serialize)]
struct DrillPart {
    target: String,
    status: &'static str,
    tone: Tone,
    evidence: String,
    at: Option<When>,
}

/// A look after retirement that found something.
#[derive(Debug, Serialize)]
struct Look {
    at: When,
    what: Vec<String>,
}

impl EvidencePart {
    pub(super) fn of(history: &History<'_>) -> Self {
        let mut readings = readings(history);
        let latest = readings.pop();
        readings.reverse();
        let looks = history.told.iter().filter_map(|told| match &told.event {
            Event::DriftFound { what } => Some(Look {
                at: when(told.entry.at),
                what: what.clone(),
            }),
            _of_nothing_found => None,
        });
        let quiet = history
            .told
            .iter()
            .filter(|told| matches!(told.event, Event::AuditPassed));
        Self {
            latest,
            before: readings,
            archives: archives(history),
            drills: drills(history),
            looks: looks.collect(),
            quiet_looks: quiet.count(),
            basis: basis(history),
        }
    }

    /// What the latest reading could not see.
    pub(super) fn doubts(&self) -> impl Iterator<Item = String> + '_ {
        let sources = self.latest.iter().flat_map(|latest| &latest.sources);
        sources
            .filter(|source| source.tone != Tone::Good)
            .map(|source| format!("what {} did not see: {}", source.name, source.coverage))
    }
}

fn readings(history: &History<'_>) -> Vec<UsageReading> {
    let read = history.told.iter().filter_map(|told| match &told.event {
        Event::UsageRead { sources, .. } => Some(UsageReading {
            at: when(told.entry.at),
            sources: sources.iter().map(source).collect(),
        }),
        _of_no_usage => None,
    });
    read.collect()
}

fn source(seen: &Observation<UsageEvidence>) -> SourcePart {
    match seen {
        Observation::Unknown { why } => SourcePart {
            name: "a source".to_owned(),
            known: false,
            requests: 0,
            from: None,
            to: None,
            last_seen: None,
            coverage: format!("unknown: {why}"),
            tone: Tone::Warn,
            callers: Vec::new(),
        },
        Observation::Known {
            value, coverage, ..
        } => {
            let (coverage, tone) = match coverage {
                Coverage::Complete => ("complete".to_owned(), Tone::Good),
                Coverage::Partial { missing } => (format!("partial: {missing}"), Tone::Warn),
            };
            let callers = value.callers.iter().map(|used| CallerPart {
                caller: used.caller.to_string(),
                requests: used.requests,
                last: when(used.last_seen),
            });
            SourcePart {
                name: value.source.clone(),
                known: true,
                requests: value.requests,
                from: Some(when(value.window.from)),
                to: Some(when(value.window.to)),
                last_seen: value.last_seen.map(when),
                coverage,
                tone,
                callers: callers.collect(),
            }
        }
    }
}

fn archives(history: &History<'_>) -> Vec<ArchivePart> {
    let archived = history.actions_of(|step| step.as_str() == ids::ARCHIVE);
    archived
        .filter(|(_, run)| run.is_complete())
        .filter_map(|(_, run)| {
            let fact: ArchiveFact = serde_json::from_value(run.evidence.facts.clone()).ok()?;
            Some(ArchivePart {
                dataset: fact.dataset.to_string(),
                archive: fact.archive.to_string(),
                manifest: fact.manifest.to_string(),
                evidence: run.evidence.text.clone(),
                at: when(run.since),
            })
        })
        .collect()
}

fn drills(history: &History<'_>) -> Vec<DrillPart> {
    let drilled = history.actions_of(|step| step.as_str() == ids::RESTORE_DRILL);
    drilled
        .map(|(action, run)| {
            let (status, tone) = phase(run);
            let done = Some(run).filter(|run| run.is_complete());
            DrillPart {
                target: action.target.locator().to_string(),
                status,
                tone,
                evidence: done.map_or_else(String::new, |run| run.evidence.text.clone()),
                at: done.map(|run| when(run.since)),
            }
        })
        .collect()
}

/// The digests of what was agreed on.
fn basis(history: &History<'_>) -> Vec<(&'static str, String)> {
    let state = &history.state;
    let policy = state.policy().digest().ok();
    let pipeline = state.pipeline().digest().ok();
    let plan = state.plan().map(|(_, digest)| digest);
    [("policy", policy), ("pipeline", pipeline), ("plan", plan)]
        .into_iter()
        .filter_map(|(name, digest)| Some((name, digest?.to_string())))
        .collect()
}
