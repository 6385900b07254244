//! One question to a log, from its files to the answer.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use deprovision_core::catalog::Api;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::time::{Period, Timestamp, Window};
use deprovision_core::usage::{Shard, SourceCoverage, UsageEvidence, UsageReport};

use crate::heartbeat::{heartbeat, until};
use crate::reader::{UsageReader, UsageReaderError};
use crate::route::RouteTable;

pub(crate) const OPERATION: &str = "read access log";

/// What a log says about one API, and how the log itself looked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reading {
    /// The answer.
    pub usage: Observation<UsageEvidence>,
    /// What the log covers of the window, and its malformed lines. `None` when nothing
    /// could be counted: the API has no routes, or the format can not be told.
    pub coverage: Option<SourceCoverage>,
}

/// All that one question needs.
pub(crate) struct Question {
    pub(crate) reader: UsageReader,
    pub(crate) api: Api,
    pub(crate) neighbours: Vec<Api>,
    pub(crate) window: Window,
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) heartbeat: Option<PathBuf>,
    pub(crate) max_gap: Period,
}

impl Question {
    pub(crate) fn answer(mut self) -> Result<Reading, ProviderError> {
        let others = self.neighbours.iter().filter(|api| api.id != self.api.id);
        let table = RouteTable::new(std::iter::once(&self.api).chain(others));
        if table.without_routes().any(|api| *api == self.api.id) {
            return Ok(self.unknown(&format!(
                "the catalog names no route of {}, so its requests can not be told from others; add its routes",
                self.api.id
            )));
        }
        self.reader = self.reader.with_table(table);
        match self.read() {
            Ok(reading) => Ok(reading),
            // A log that was just begun may have nothing else than half a line.
            Err(error @ UsageReaderError::Format { .. }) => {
                let cause = error.source().map(|cause| format!(": {cause}"));
                Ok(self.unknown(&format!("{error}{}", cause.unwrap_or_default())))
            }
            Err(error) => Err(provider_error(error)),
        }
    }

    fn read(&self) -> Result<Reading, UsageReaderError> {
        // Before the files are opened, for it vouches for what is in them.
        let heartbeat = self.heartbeat.as_deref().map(heartbeat);
        let mut shard = self.count(self.reader.clone().with_window(self.window))?;
        let (read_at, alive) = (shard.read_at, !shard.seen.is_empty());
        match heartbeat.map(|at| at.and_then(|at| until(at, read_at))) {
            // Without any line it is no log that lives.
            Some(Ok(at)) if alive => shard.seen.insert(at, at, 1),
            Some(Err(why)) => shard.missing.push(why),
            Some(Ok(_)) | None => {}
        }
        let report = UsageReport::of(shard);
        let inside = self.last_seen(&report);
        // The reader counts whole seconds.
        let to_the_end =
            Timestamp::from_second(read_at.as_second()).is_ok_and(|at| self.window.to > at);
        let elsewhere = if !alive || (inside.is_some() && to_the_end) {
            None
        } else {
            self.last_until(read_at)?
        };
        let asked = report.asked_about(self.window, self.max_gap);
        let Some(usage) = asked.evidence(&self.api).into_iter().next() else {
            return Ok(self.unknown("nothing was read"));
        };
        Ok(Reading {
            usage: usage.map(|mut evidence| {
                evidence.last_seen = evidence.last_seen.max(elsewhere);
                evidence
            }),
            coverage: asked.coverage().into_iter().next(),
        })
    }

    fn count(&self, reader: UsageReader) -> Result<Shard, UsageReaderError> {
        Ok(reader.read_files(&self.paths)?.shard)
    }

    /// The newest call of all, in the window or not, for which the files are read a
    /// second time. What came after the first reading is no part of the answer.
    fn last_until(&self, read_at: Timestamp) -> Result<Option<Timestamp>, UsageReaderError> {
        let all = Window::new(Timestamp::MIN, read_at);
        let shard = self.count(self.reader.clone().without_callers().with_window(all))?;
        Ok(self.last_seen(&UsageReport::of(shard)))
    }

    fn last_seen(&self, report: &UsageReport) -> Option<Timestamp> {
        report.api(&self.api.id).total.last_seen()
    }

    fn unknown(&self, why: &str) -> Reading {
        Reading {
            usage: Observation::unknown(format!("{}: {why}", self.reader.source())),
            coverage: None,
        }
    }
}

fn provider_error(error: UsageReaderError) -> ProviderError {
    let kind = match &error {
        UsageReaderError::Io { source, .. } => match source.kind() {
            io::ErrorKind::PermissionDenied => ErrorKind::Denied,
            _ => ErrorKind::Transient,
        },
        UsageReaderError::Rotating | UsageReaderError::Stopped => ErrorKind::Transient,
        UsageReaderError::Packed { .. } => ErrorKind::Unsupported,
        UsageReaderError::NoFile { .. }
        | UsageReaderError::Twice { .. }
        | UsageReaderError::Format { .. }
        | UsageReaderError::Agents(_)
        | UsageReaderError::Name(_) => ErrorKind::Invalid,
    };
    let told = ProviderError::new(kind, OPERATION, error.to_string());
    match error {
        UsageReaderError::Io { source, .. } => told.with_source(source),
        UsageReaderError::Format { source, .. } => told.with_source(source),
        UsageReaderError::Agents(source) => told.with_source(source),
        UsageReaderError::Name(source) => told.with_source(source),
        UsageReaderError::Rotating
        | UsageReaderError::Stopped
        | UsageReaderError::Packed { .. }
        | UsageReaderError::NoFile { .. }
        | UsageReaderError::Twice { .. } => told,
    }
}
