//! One reading of the files, from opening them to the answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use deprovision_core::id::{ApiId, ParseIdError};
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::time::{Clock, Period, Timestamp, Window};
use deprovision_core::usage::UsageEvidence;

use crate::files::{self, OpenError, ReadError};
use crate::reading::{Malformed, Reading};
use crate::route::Matcher;
use crate::tally::{Question, SKEW, Tally};

/// How many gaps are named; more are counted.
const NAMED_GAPS: usize = 5;

const OPERATION: &str = "read access log";

/// All that one reading needs.
pub(crate) struct Job {
    pub(crate) source: String,
    pub(crate) api: ApiId,
    pub(crate) matcher: Matcher,
    pub(crate) window: Window,
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) heartbeat: Option<PathBuf>,
    pub(crate) max_gap: Period,
    pub(crate) max_callers: usize,
    pub(crate) own_agents: Vec<String>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Job {
    pub(crate) fn run(self) -> Result<Reading, ProviderError> {
        if !self.matcher.can_tell() {
            return Ok(self.unknown(format!(
                "the catalog names no route of {}, so its requests can not be told from others; add its routes",
                self.api
            )));
        }
        let opened = files::open(&self.paths).map_err(open_error)?;
        // Everything that is read now was written before this moment.
        let now = self.clock.now();
        let heartbeat = self.heartbeat.as_deref().map(|path| heartbeat(path, now));
        let mut missing = Vec::new();
        let mut absent = opened.absent;
        let mut tally = Tally::new(Question {
            matcher: self.matcher,
            window: self.window,
            max_gap: self.max_gap,
            max_callers: self.max_callers,
            own_agents: self.own_agents,
            now,
        });
        for file in opened.files {
            let path = file.path.clone();
            let read = file
                .lines(|file, number, text, cut| tally.line(file, number, text, cut))
                .map_err(|error| read_error(&path, error))?;
            match read.damage {
                Some(error) => missing.push(format!(
                    "{} can not be unpacked behind its line {} ({error})",
                    path.display(),
                    read.lines
                )),
                // Packed, nothing is more than no bytes.
                None if read.lines == 0 => absent.push(path),
                None => {}
            }
            tally.end_of_file();
        }
        let malformed = tally.malformed();
        let absent = absent.iter().map(|p| p.display().to_string());
        let absent = absent.collect::<Vec<_>>().join(", ");
        if !absent.is_empty() {
            missing.push(format!("{absent} is missing or empty"));
        }
        let Some(newest) = tally.written.newest() else {
            let why = if missing.is_empty() {
                "the log has no readable line that is stamped before now".to_owned()
            } else {
                missing.join("; ")
            };
            return Ok(Reading {
                usage: Observation::unknown(format!("{}: {why}", self.source)),
                lines: tally.lines,
                malformed,
            });
        };
        match heartbeat {
            Some(Ok(at)) => tally.written.at(at),
            Some(Err(why)) => missing.push(why),
            None => {}
        }
        missing.extend(gaps(&tally, self.window, now));
        missing.extend(doubts(&tally, &malformed));
        let mut evidence = UsageEvidence::new(
            self.api,
            self.source,
            self.window,
            tally.requests,
            tally.last_seen,
            tally.written.newest().unwrap_or(newest),
        );
        evidence.callers = tally.callers();
        Ok(Reading {
            usage: if missing.is_empty() {
                Observation::complete(evidence, now)
            } else {
                Observation::partial(evidence, now, missing.join("; "))
            },
            lines: tally.lines,
            malformed,
        })
    }

    fn unknown(&self, why: String) -> Reading {
        Reading {
            usage: Observation::unknown(format!("{}: {why}", self.source)),
            lines: 0,
            malformed: Malformed::default(),
        }
    }
}

/// What is missing of the window.
fn gaps(tally: &Tally, window: Window, now: Timestamp) -> Vec<String> {
    let mut missing = Vec::new();
    if window.to > now {
        missing.push(format!("the window ends at {}, and it is {now}", window.to));
    }
    let gaps = tally.written.gaps();
    if !gaps.is_empty() {
        let named: Vec<String> = gaps
            .iter()
            .take(NAMED_GAPS)
            .map(|gap| format!("from {} to {}", gap.from, gap.to))
            .collect();
        let more = match gaps.len().saturating_sub(NAMED_GAPS) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        missing.push(format!("the log has no line {}{more}", named.join(", ")));
    }
    missing
}

/// What may hide a call.
fn doubts(tally: &Tally, malformed: &Malformed) -> Vec<String> {
    let mut missing = Vec::new();
    if malformed.doubtful > 0 {
        let first = malformed.samples.iter().find(|line| line.doubtful);
        missing.push(format!(
            "{} malformed lines may be calls of the API{}",
            malformed.doubtful,
            first.map_or(String::new(), |line| format!(", the first at {line}")),
        ));
    }
    if let Some(first) = &tally.future.first {
        missing.push(format!(
            "{} lines are stamped after now, {} of them calls of the API, the first at {first}; check the clocks",
            tally.future.lines, tally.future.calls
        ));
    }
    if tally.unlisted > 0 {
        missing.push(format!(
            "{} requests are of more callers than are listed; raise the limit",
            tally.unlisted
        ));
    }
    missing
}

/// The time in the heartbeat file, or why there is none.
fn heartbeat(path: &Path, now: Timestamp) -> Result<Timestamp, String> {
    let shown = path.display();
    let metadata = std::fs::metadata(path)
        .map_err(|error| format!("the heartbeat {shown} can not be read: {error}"))?;
    // A time is some thirty bytes long; a pipe would be waited for.
    if !metadata.is_file() || metadata.len() > 100 {
        return Err(format!(
            "the heartbeat {shown} is no file that holds one time"
        ));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the heartbeat {shown} can not be read: {error}"))?;
    let at: Timestamp = text
        .trim()
        .parse()
        .map_err(|_| format!("the heartbeat {shown} is no time such as 2026-10-10T13:55:36Z"))?;
    if at > SKEW.after(now) {
        return Err(format!(
            "the heartbeat {shown} is {at}, later than now; check the clocks"
        ));
    }
    Ok(at.min(now))
}

fn open_error(error: OpenError) -> ProviderError {
    match error {
        OpenError::Io(path, error) => io_error(&path, error),
        OpenError::NoFile(path) => ProviderError::new(
            ErrorKind::Invalid,
            OPERATION,
            format!("{} is no file; name the files of the log", path.display()),
        ),
        OpenError::Rotating => ProviderError::new(
            ErrorKind::Transient,
            OPERATION,
            "the files were renamed while they were opened; ask again",
        ),
    }
}

fn read_error(path: &Path, error: ReadError<ParseIdError>) -> ProviderError {
    let shown = path.display();
    match error {
        ReadError::Io(error) => io_error(path, error),
        ReadError::Truncated => ProviderError::new(
            ErrorKind::Transient,
            OPERATION,
            format!("{shown} became shorter while it was read; ask again"),
        ),
        ReadError::Packed(with) => ProviderError::new(
            ErrorKind::Unsupported,
            OPERATION,
            format!("{shown} is packed with {with}; unpack it first, or pack it with gzip or zstd"),
        ),
        ReadError::Visitor(error) => ProviderError::new(
            ErrorKind::Invalid,
            OPERATION,
            format!("a caller in {shown} has no id"),
        )
        .with_source(error),
    }
}

fn io_error(path: &Path, error: std::io::Error) -> ProviderError {
    let (kind, next) = match error.kind() {
        std::io::ErrorKind::PermissionDenied => (ErrorKind::Denied, "allow reading it"),
        _ => (ErrorKind::Transient, "ask again, or look at the disk"),
    };
    ProviderError::new(kind, OPERATION, format!("{}: {next}", path.display())).with_source(error)
}
