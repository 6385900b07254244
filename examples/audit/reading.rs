//! Reading the logs: each source on its own, and one report of all.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deprovision_core::time::{Timestamp, Window};
use deprovision_core::usage::UsageReport;
use deprovision_usage::{
    Input, Inputs, LeftOut, Progress, RouteTable, UsageReader, UsageReaderError,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::args::Args;
use crate::given::{Given, chain};
use crate::stop::{Failure, Stop};

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) report: UsageReport,
    pub(crate) detected: Vec<Detected>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// What was found out about the format of an input.
#[derive(Debug, Serialize)]
pub(crate) struct Detected {
    pub(crate) source: String,
    pub(crate) input: String,
    pub(crate) why: String,
}

pub(crate) fn read(args: &Args, given: &Given, stop: &Stop) -> Result<Read, Failure> {
    let table = Arc::new(RouteTable::new(given.catalog.apis.values()));
    let length = length(given.logs.values());
    watched(&stop.progress, length, || {
        let mut all = Read::default();
        for (source, inputs) in &given.logs {
            stop.check()?;
            let reading = reader(args, given, stop, source, &table)
                .read(inputs)
                .map_err(|error| match error {
                    UsageReaderError::Stopped => Failure::Stopped,
                    error => chain(error),
                })?;
            let detected = reading.detected.iter();
            all.detected.extend(detected.map(|(input, why)| Detected {
                source: source.clone(),
                input: input.clone(),
                why: why.clone(),
            }));
            all.left_out.extend(inputs.left_out.iter().cloned());
            all.report.merge(reading.into_report()).map_err(chain)?;
        }
        Ok(all)
    })
}

fn reader(
    args: &Args,
    given: &Given,
    stop: &Stop,
    source: &str,
    table: &Arc<RouteTable>,
) -> UsageReader {
    let mut reader = UsageReader::new(source, table.clone(), given.clock.clone())
        .with_progress(stop.progress.clone())
        .with_agents(given.agents.clone())
        .with_caller(args.caller);
    if let Some(format) = &args.format {
        reader = reader.with_format(format.clone());
    }
    if let Some(threads) = args.threads {
        reader = reader.with_threads(threads);
    }
    if let Some(since) = args.since {
        // To the end of the logs, whenever that is read.
        reader = reader.with_window(Window::new(since, Timestamp::MAX));
    }
    reader
}

/// How many bytes there are to read; `None` when a stream is among them.
fn length<'a>(logs: impl IntoIterator<Item = &'a Inputs>) -> Option<u64> {
    let mut length = 0;
    for input in logs.into_iter().flat_map(|inputs| &inputs.files) {
        match input {
            // One that vanishes is told by whoever reads it.
            Input::File(path) => length += path.metadata().map_or(0, |found| found.len()),
            Input::Stdin | _ => return None,
        }
    }
    Some(length)
}

/// Works, and shows on a terminal how far it is.
fn watched<T>(progress: &Progress, length: Option<u64>, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    let shown = match length {
        Some(_) => {
            "{bar:40} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left"
        }
        None => "{spinner} {binary_bytes}, {binary_bytes_per_sec}",
    };
    if let Ok(style) = ProgressStyle::with_template(shown) {
        bar.set_style(style);
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                bar.set_position(progress.read());
                std::thread::park_timeout(Duration::from_millis(100));
            }
            bar.finish_and_clear();
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        result
    })
}
