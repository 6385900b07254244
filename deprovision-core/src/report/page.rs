//! Everything the template is given.

use serde::Serialize;

use crate::engine::{NOT_PROMISED, sentence};
use crate::report::evidence::EvidencePart;
use crate::report::headline::Headline;
use crate::report::history::History;
use crate::report::people::People;
use crate::report::proof::Proof;
use crate::report::words::{actor, clock, day};
use crate::report::work::Work;
use crate::report::{ReportError, ReportSource};

/// The page.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    head: Headline,
    work: Work,
    people: People,
    evidence: EvidencePart,
    not_promised: Vec<String>,
    events: usize,
    timeline: Vec<Day>,
    proof: Proof,
}

/// One day of the timeline.
#[derive(Debug, Serialize)]
struct Day {
    day: String,
    events: Vec<Line>,
}

/// One event.
#[derive(Debug, Serialize)]
struct Line {
    version: u64,
    iso: String,
    clock: String,
    actor: String,
    sentence: String,
}

impl Page {
    pub(super) fn of(source: &ReportSource<'_>) -> Result<Self, ReportError> {
        let history = History::read(source)?;
        let work = Work::of(&history);
        let evidence = EvidencePart::of(&history);
        Ok(Self {
            head: Headline::of(&history),
            not_promised: not_promised(&history, &work, &evidence),
            people: People::of(&history),
            events: history.told.len(),
            timeline: timeline(&history),
            proof: Proof::of(&history)?,
            work,
            evidence,
        })
    }
}

/// What nobody should read into the page: what the certificate says of itself, and
/// what this log shows to be missing.
fn not_promised(history: &History<'_>, work: &Work, evidence: &EvidencePart) -> Vec<String> {
    let mut all = match history.attested() {
        Some(attested) => attested.statement.predicate.not_promised.clone(),
        None => {
            let gaps = history.state.plan().map_or(&[][..], |(plan, _)| &plan.gaps);
            let ours = NOT_PROMISED.map(str::to_owned);
            ours.into_iter().chain(gaps.iter().cloned()).collect()
        }
    };
    all.extend(evidence.doubts());
    if !work.without_target().is_empty() {
        all.push(format!(
            "that there was nothing else to do: the catalog named no target, so nobody looked, for: {}",
            work.without_target().join("; ")
        ));
    }
    if history.verified.vouched < history.verified.size {
        all.push(format!(
            "that entries {} to {} of the log are unchanged: no checkpoint that was given for this page vouches for them",
            history.verified.vouched + 1,
            history.verified.size
        ));
    }
    all
}

fn timeline(history: &History<'_>) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for told in &history.told {
        let line = Line {
            version: told.entry.version,
            iso: told.entry.at.to_string(),
            clock: clock(told.entry.at),
            actor: actor(&told.entry.actor),
            sentence: sentence(&told.event),
        };
        let day = day(told.entry.at);
        match days.last_mut() {
            Some(last) if last.day == day => last.events.push(line),
            Some(_) | None => days.push(Day {
                day,
                events: vec![line],
            }),
        }
    }
    days
}
