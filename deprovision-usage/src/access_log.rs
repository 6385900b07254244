//! A usage source over the files of one access log.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::catalog::Api;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ErrorKind, ProviderError, UsageSource};
use deprovision_core::time::{Clock, Period, Window};
use deprovision_core::usage::UsageEvidence;

use crate::agents::Agents;
use crate::count::CallerBy;
use crate::format::Format;
use crate::question::{OPERATION, Question, Reading};
use crate::reader::UsageReader;
use crate::route::RouteTable;

/// The files of one access log, as a [`UsageSource`]: [`UsageReader`] for one API and
/// one window. All files are read anew for each question, and once more where the
/// newest call may lie outside of the window.
///
/// The files are those of *one* log, the current one and its rotations in any
/// order. Servers that write logs of their own are sources of their own: one's
/// lines prove nothing about another's.
///
/// # What is a call of the API
/// - A request whose path fits a route, whatever its method and status (also 401,
///   403, 404 and 410), and one under the API's prefix that fits no route. The
///   prefix is a route up to its version (`/v1`), or without a version its
///   literal beginning (`/orders` of `/orders/{id}`).
/// - Case, percent-encoding, `//`, `.`, `..`, a slash at the end, `;parameters`
///   and the query do not matter: what any server may take for the path, counts.
/// - An absolute-form target of another host than the catalog's does not count.
///   Where the log names no host (the usual), the path alone decides, and so do
///   the requests for other hosts in the same log.
/// - A request that fits a route of another API ([`AccessLog::beside`]) better is that
///   one's: where ours has a parameter or only the prefix, and no literal segment more.
///   Where both may be meant, it counts ([`RouteTable`](crate::RouteTable)).
/// - A stage, an alias or a mirror among the API's faces is the API.
/// - What our own probes ask ([`AccessLog::with_probe_agent`]) does not count.
///
/// # What the answer covers
/// Any line, of whatever API, proves that the log was written. What lies before
/// the first line, and between two lines further apart than the longest gap, makes
/// the answer partial, with the gaps named. Without any line it is unknown. Partial
/// is also an answer
/// - beside a missing or empty file (unknown when nothing else is there),
/// - beside a packed file that is damaged or not complete,
/// - with a malformed line that may be a call in the window,
/// - with a line that is stamped more than 5 seconds after now: a clock is wrong,
///   and when it was written is not known,
/// - with more callers than there is memory for, or about a window that is not over.
///
/// It is unknown when the format of a file is to be found out and can not be told.
///
/// A malformed line is no call when its request is whole and meant for something
/// else, or when it was written outside of the window. Its request is whole when a
/// status follows it and nothing in the line looks like a second one (a second time
/// or a second `HTTP/1.1"`; where two lines run into each other even a well-formed
/// line is malformed). A whole request for the API counts as a request, of a caller who
/// is not known. When a line without one was written is told by its time, or without one
/// by its neighbours in the file, and must be further from the window than the longest
/// gap; at the beginning or the end of a file it may be any time.
///
/// A request whose time is not known, since a clock is wrong, counts.
///
/// The watermark is the time of the newest line, or of the heartbeat when that is
/// newer.
pub struct AccessLog {
    /// Without routes: each question has its own.
    reader: UsageReader,
    paths: Vec<PathBuf>,
    max_gap: Period,
    lag: Period,
    heartbeat: Option<PathBuf>,
    neighbours: Vec<Api>,
}

impl AccessLog {
    /// The log of that name in those files: plain, or packed with gzip (also
    /// several members one after the other) or zstd, as their first bytes say.
    ///
    /// Name a file or its packed copy: where both are there, they are refused.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        paths: impl IntoIterator<Item = impl Into<PathBuf>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            // Whoever calls must be told, whatever program it says that it is.
            reader: UsageReader::new(name, RouteTable::new([]), clock)
                .with_format(Format::combined())
                .with_agents(Agents::none()),
            paths: paths.into_iter().map(Into::into).collect(),
            max_gap: Period::hours(1),
            lag: Period::minutes(1),
            heartbeat: None,
            neighbours: Vec::new(),
        }
    }

    /// The format of the lines. The default is the Common or Combined Log Format.
    #[must_use]
    pub fn with_format(mut self, format: Format) -> Self {
        self.reader = self.reader.with_format(format);
        self
    }

    /// Finds the format of each file out by its first lines
    /// ([`detect`](crate::detect)).
    ///
    /// A guess can be wrong where lines are damaged: a torn line of one format may be a
    /// whole one of another, and is then no doubt. Better name the format.
    #[must_use]
    pub fn with_detected_format(mut self) -> Self {
        self.reader = self.reader.with_detected_format();
        self
    }

    /// By which field callers are named; where a line does not have it, by the
    /// client's address.
    #[must_use]
    pub fn with_caller(mut self, caller: CallerBy) -> Self {
        self.reader = self.reader.with_caller(caller);
        self
    }

    /// The longest time between two lines of a log that is being written. The
    /// default is an hour, which a log of many APIs or with health checks keeps; a
    /// minute is the least.
    #[must_use]
    pub fn with_max_gap(mut self, max_gap: Period) -> Self {
        self.max_gap = max_gap;
        self
    }

    /// How late a line may be written. The default is a minute; make it longer
    /// where requests take longer and are stamped with their beginning (Apache's
    /// `%t`), or where files are copied from elsewhere.
    #[must_use]
    pub fn with_lag(mut self, lag: Period) -> Self {
        self.lag = lag;
        self
    }

    /// How many bytes the list of callers may take ([`UsageReader::with_memory`]).
    /// Requests of more callers are counted and make the answer partial.
    #[must_use]
    pub fn with_memory(mut self, bytes: usize) -> Self {
        self.reader = self.reader.with_memory(bytes);
        self
    }

    /// A file that holds one time (RFC 3339) at which the log was known to be
    /// written, kept by whoever ships the log. It counts as one more line would:
    /// it moves the watermark, and closes no gap longer than the longest.
    #[must_use]
    pub fn with_heartbeat(mut self, path: impl Into<PathBuf>) -> Self {
        self.heartbeat = Some(path.into());
        self
    }

    /// Other APIs whose requests are in the same log: all of the catalog. What
    /// fits one of their routes is not counted for an API that only shares the
    /// prefix.
    #[must_use]
    pub fn beside<'a>(mut self, apis: impl IntoIterator<Item = &'a Api>) -> Self {
        self.neighbours.extend(apis.into_iter().cloned());
        self
    }

    /// The user agent of our own probes: a line that has exactly this text is no
    /// demand, though it proves that the log was written. Without it a probe of a
    /// closed path is a call, which holds the retirement that sent it.
    ///
    /// Anybody who knows the text can hide calls behind it. Make it unguessable, and
    /// give the same to the probe.
    #[must_use]
    pub fn with_probe_agent(mut self, agent: impl Into<String>) -> Self {
        self.reader = self.reader.with_probe_agent(agent);
        self
    }

    /// Reads the log: the answer of [`UsageSource::usage`], and what the log covers.
    ///
    /// # Errors
    /// When a file is there and can not be read, is packed with bzip2 or xz, or begins
    /// as another one does.
    pub async fn read(&self, api: &Api, window: Window) -> Result<Reading, ProviderError> {
        let question = Question {
            reader: self.reader.clone(),
            api: api.clone(),
            neighbours: self.neighbours.clone(),
            window,
            paths: self.paths.clone(),
            heartbeat: self.heartbeat.clone(),
            max_gap: self.max_gap,
        };
        tokio::task::spawn_blocking(move || question.answer())
            .await
            .map_err(|error| {
                ProviderError::new(ErrorKind::Transient, OPERATION, "ask again").with_source(error)
            })?
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the reader: whoever knows the probe's agent can hide behind it.
        f.debug_struct("AccessLog")
            .field("name", &self.reader.source())
            .field("paths", &self.paths)
            .field("heartbeat", &self.heartbeat)
            .field("max_gap", &self.max_gap)
            .field("lag", &self.lag)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl UsageSource for AccessLog {
    fn name(&self) -> &str {
        self.reader.source()
    }

    fn lag(&self) -> Period {
        self.lag
    }

    async fn usage(
        &self,
        api: &Api,
        window: Window,
    ) -> Result<Observation<UsageEvidence>, ProviderError> {
        Ok(self.read(api, window).await?.usage)
    }
}
