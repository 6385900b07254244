//! The reader of logs.

use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use deprovision_core::secret::Secret;
use deprovision_core::time::{Clock, Timestamp, Window};
use deprovision_core::usage::{Shard, UsageReport};

use super::error::UsageReaderError;
use super::feed::{Feed, Stream};
use super::order::Order;
use super::progress::Progress;
use super::work::Worker;
use crate::agents::Agents;
use crate::caller::Namer;
use crate::count::{CallerBy, Counter, Options, gather};
use crate::files::{self, OpenError};
use crate::format::Format;
use crate::inputs::{Input, Inputs};
use crate::route::RouteTable;

/// Reads logs of one source and counts what was called, for all APIs of a catalog at
/// once. One pass, on as many threads as wanted, in memory that does not grow with
/// the logs: only with the routes and the callers, and these within a budget.
///
/// # What is counted
/// Every well-formed line is a request of the endpoints that [`RouteTable`] says, or
/// of a template that is inferred from its path ([`Unmatched`]), whatever its status.
/// Programs that say that they are bots or health checks are counted apart
/// ([`Agents`]); our own probes are not counted.
///
/// # What makes the report less than complete, and is in it
/// - A malformed line is counted, and shown by file and number. When its request is
///   whole, it counts as malformed for that endpoint; otherwise it may be a call of
///   anything at the time that it bears, or between its neighbours'.
/// - A line that is stamped later than it was read is counted as undated.
/// - What can not be unpacked, and files that are missing or empty, are named.
/// - Beyond the budget ([`UsageReader::with_memory`]) new callers are no longer
///   listed: their requests are counted as unlisted, and about how many callers there
///   are is told.
///
/// [`Unmatched`]: deprovision_core::usage::Unmatched
///
/// ```
/// use std::sync::Arc;
/// use deprovision_core::{catalog::{Api, Method, Route}, id::ApiId, time::SystemClock};
/// use deprovision_usage::{RouteTable, UsageReader};
/// let mut orders = Api::new(ApiId::parse("orders-v1")?, "Orders");
/// orders.routes.push(Route::new(Method::Get, "/v1/orders/{id}"));
/// let reader = UsageReader::new("edge", RouteTable::new([&orders]), Arc::new(SystemClock::new()));
/// let log = br#"10.0.0.7 - ak_1 [10/Oct/2025:13:55:36 +0000] "GET /v1/orders/7 HTTP/1.1" 200 12"#;
/// let reading = reader.read_stream("access.log", &log[..])?;
/// let report = reading.into_report();
/// assert_eq!(report.api(&orders.id).total.consumers.requests, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct UsageReader {
    source: String,
    table: Arc<RouteTable>,
    clock: Arc<dyn Clock>,
    format: Option<Format>,
    threads: usize,
    caller: CallerBy,
    callers: bool,
    pseudonyms: Option<Secret>,
    agents: Option<Arc<Agents>>,
    own_agents: Vec<Vec<u8>>,
    window: Option<Window>,
    memory: usize,
    progress: Arc<Progress>,
}

/// What one reading brought.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UsageReading {
    /// What was counted.
    pub shard: Shard,
    /// For each input whose format was not given: its name, and what was found out
    /// about its format and why.
    pub detected: Vec<(String, String)>,
}

impl UsageReading {
    /// The report of this reading alone.
    #[must_use]
    pub fn into_report(self) -> UsageReport {
        UsageReport::of(self.shard)
    }
}

impl UsageReader {
    /// A reader of the logs of one source, under the name that catalogs give it.
    #[must_use]
    pub fn new(
        source: impl Into<String>,
        table: impl Into<Arc<RouteTable>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            source: source.into(),
            table: table.into(),
            clock,
            format: None,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            caller: CallerBy::default(),
            callers: true,
            pseudonyms: None,
            agents: None,
            own_agents: Vec::new(),
            window: None,
            memory: 512 << 20,
            progress: Arc::default(),
        }
    }

    /// The format of the lines. Without it, it is found out for each input.
    #[must_use]
    pub fn with_format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// How many threads read. The default is one for each processor.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// By which field callers are named; where a line does not have it, by the
    /// client's address.
    #[must_use]
    pub fn with_caller(mut self, caller: CallerBy) -> Self {
        self.caller = caller;
        self
    }

    /// Only counts, no callers: faster, for a first look. Such a report tells who
    /// called of nothing, and is never complete where that is asked.
    #[must_use]
    pub fn without_callers(mut self) -> Self {
        self.callers = false;
        self
    }

    /// Names callers by a keyed hash (HMAC-SHA256, RFC 2104) of their names, so that a
    /// report shows nobody's name. With the same key the same caller has the same
    /// pseudonym, in any report.
    #[must_use]
    pub fn with_pseudonyms(mut self, key: Secret) -> Self {
        self.pseudonyms = Some(key);
        self
    }

    /// Other lists of bots and health checks than those that come with the crate.
    #[must_use]
    pub fn with_agents(mut self, agents: Agents) -> Self {
        self.agents = Some(Arc::new(agents));
        self
    }

    /// The user agent of our own probes: a line that has exactly this text is no
    /// request, though it proves that the log was written.
    #[must_use]
    pub fn with_probe_agent(mut self, agent: impl Into<String>) -> Self {
        self.own_agents.push(agent.into().into_bytes());
        self
    }

    /// Only requests of this window are counted; one that ends when the files are opened
    /// or later holds all that was written until then. All lines prove that the log was
    /// written. Where only the beginning matters, let it end with [`Timestamp::MAX`]: a
    /// report knows that what was written behind its end was not counted.
    #[must_use]
    pub fn with_window(mut self, window: Window) -> Self {
        self.window = Some(window);
        self
    }

    /// How many bytes the lists of callers may take, also while the shard is made of
    /// them; each thread has its share. The default is 512 MiB; half of that lists about
    /// 1.5 million callers who call one endpoint each. All else takes some ten MiB, and
    /// what the routes take.
    #[must_use]
    pub fn with_memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// The format is found out, also when one was given.
    pub(crate) fn with_detected_format(mut self) -> Self {
        self.format = None;
        self
    }

    /// Other routes than those that it was made with.
    pub(crate) fn with_table(mut self, table: RouteTable) -> Self {
        self.table = Arc::new(table);
        self
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Where to tell how far the reading is.
    #[must_use]
    pub fn with_progress(mut self, progress: Arc<Progress>) -> Self {
        self.progress = progress;
        self
    }

    /// Reads the inputs, up to where each ends now: all files are opened at one
    /// moment, so that a rotation meanwhile loses and repeats nothing. Blocks the
    /// thread; in async code, call it in `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    /// [`UsageReaderError`] when an input can not be opened or its format can not be
    /// told, when it is packed in a way that is not read, or when reading was stopped.
    pub fn read(&self, inputs: &Inputs) -> Result<UsageReading, UsageReaderError> {
        let mut paths = Vec::new();
        let mut stdin = false;
        for input in &inputs.files {
            match input {
                Input::File(path) => paths.push(path.clone()),
                Input::Stdin => stdin = true,
            }
        }
        let opened = files::open(&paths).map_err(open_error)?;
        let opened_at = self.clock.now();
        let mut streams: Vec<Stream> = opened.files.into_iter().map(Stream::of).collect();
        if stdin {
            streams.push(Stream {
                name: "standard input".to_owned(),
                inner: Box::new(std::io::stdin()),
                length: None,
            });
        }
        let absent = inputs.missing.iter().chain(&opened.absent);
        let missing = absent
            .map(|path| format!("{} is missing or empty", path.display()))
            .collect();
        self.read_streams(streams, missing, (!stdin).then_some(opened_at))
    }

    /// Reads the files of these paths; [`UsageReader::read`] for names with patterns,
    /// directories and the standard input.
    ///
    /// # Errors
    /// As [`UsageReader::read`].
    pub fn read_files(
        &self,
        paths: impl IntoIterator<Item = impl Into<PathBuf>>,
    ) -> Result<UsageReading, UsageReaderError> {
        let files = paths.into_iter().map(|path| Input::File(path.into()));
        self.read(&Inputs {
            files: files.collect(),
            ..Inputs::default()
        })
    }

    /// Reads a stream to its end. `name` is for people.
    ///
    /// # Errors
    /// As [`UsageReader::read`].
    pub fn read_stream(
        &self,
        name: impl Into<String>,
        stream: impl Read + Send + 'static,
    ) -> Result<UsageReading, UsageReaderError> {
        let stream = Stream {
            name: name.into(),
            inner: Box::new(stream),
            length: None,
        };
        self.read_streams(vec![stream], Vec::new(), None)
    }

    fn read_streams(
        &self,
        streams: Vec<Stream>,
        missing: Vec<String>,
        opened_at: Option<Timestamp>,
    ) -> Result<UsageReading, UsageReaderError> {
        let agents = match &self.agents {
            Some(agents) => agents.clone(),
            None => Arc::new(Agents::new()?),
        };
        let second = |at: Timestamp| at.as_second() + i64::from(at.subsec_nanosecond() > 0);
        let options = Options {
            caller: self.caller,
            callers: self.callers,
            agents,
            own_agents: self.own_agents.clone(),
            window: self.window.map(|w| {
                let open = opened_at.is_some_and(|at| w.to >= at);
                (second(w.from), if open { i64::MAX } else { second(w.to) })
            }),
            memory: self.memory / self.threads,
        };
        let feed = Mutex::new((
            Feed::new(streams, self.format.clone(), self.progress.clone()),
            None,
        ));
        let order = Mutex::new(Order::default());
        let namer = Namer::new(self.pseudonyms.as_ref());
        let work = || self.work(&options, &namer, &feed, &order, opened_at);
        let workers: Vec<Worker<'_>> = std::thread::scope(|scope| {
            let helpers: Vec<_> = (1..self.threads).map(|_| scope.spawn(work)).collect();
            let mut workers = vec![work()];
            for helper in helpers {
                match helper.join() {
                    Ok(worker) => workers.push(worker),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            workers
        });
        let (feed, failed) = feed.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = failed {
            return Err(error);
        }
        let order = order.into_inner().unwrap_or_else(PoisonError::into_inner);
        let read_at = opened_at.unwrap_or_else(|| self.clock.now());
        let mut shard = Shard::new(self.source.clone(), feed.inputs, self.window, read_at)?;
        shard.missing = missing;
        shard.missing.extend(feed.missing);
        if !self.callers {
            shard.missing.push("callers were not counted".to_owned());
        }
        let names: Vec<String> = shard.inputs.iter().map(|i| i.name.clone()).collect();
        shard.malformed = order.finish(|input| names.get(input).cloned().unwrap_or_default());
        let mut counters = Vec::new();
        for worker in workers {
            shard.malformed.lines += worker.malformed;
            shard.malformed.unreadable.merge(&worker.unreadable);
            shard.malformed.unreadable_undated += worker.unreadable_undated;
            counters.push(worker.counter);
        }
        gather(counters, &self.table, &|name| namer.id(name), &mut shard);
        Ok(UsageReading {
            shard,
            detected: feed.detected,
        })
    }

    /// What one thread does: takes the next block, counts it, and so on.
    fn work(
        &self,
        options: &Options,
        namer: &Namer,
        feed: &Mutex<(Feed, Option<UsageReaderError>)>,
        order: &Mutex<Order>,
        opened_at: Option<Timestamp>,
    ) -> Worker<'_> {
        let mut worker = Worker::new(Counter::new(&self.table, options.clone()), options.window);
        let mut buffer = Vec::new();
        loop {
            let block = {
                let mut feed = feed.lock().unwrap_or_else(PoisonError::into_inner);
                let (feed, failed) = &mut *feed;
                if failed.is_some() {
                    break;
                }
                match feed.next(&mut buffer) {
                    Ok(Some(block)) => block,
                    Ok(None) => break,
                    Err(error) => {
                        *failed = Some(error);
                        break;
                    }
                }
            };
            // What is in a file was written before it was opened.
            let now = opened_at.unwrap_or_else(|| self.clock.now()).as_second();
            let text = buffer.get(..block.length).unwrap_or_default();
            let end = worker.block(&block, text, now);
            let mut order = order.lock().unwrap_or_else(PoisonError::into_inner);
            order.add(block.number, end);
        }
        worker.counter.finish(|name| namer.id(name));
        worker
    }
}

fn open_error(error: OpenError) -> UsageReaderError {
    match error {
        OpenError::Io(path, source) => UsageReaderError::Io {
            name: path.display().to_string(),
            source,
        },
        OpenError::NoFile(path) => UsageReaderError::NoFile {
            name: path.display().to_string(),
        },
        OpenError::Rotating => UsageReaderError::Rotating,
    }
}
