//! Reports in files: JSON lines, so that neither side needs all of it in memory.
//!
//! ```text
//! {"deprovision_usage_report":1}
//! {"shard":{"id":"sha256:…","source":"edge",…}}
//! {"callers":["ak_1","10.0.0.7"]}
//! {"endpoint":{"api":"orders-v1","operation":{…}},"demand":{…},"callers":[[0,12,1717200000]]}
//! {"unmatched":{"template":"/internal/{}",…}}
//! {"end":{"id":"sha256:…","callers":2,"endpoints":1,"unmatched":1}}
//! ```
//!
//! A caller of an endpoint is its index, its requests, and the second (Unix time) of
//! the last one or `null`.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::CallerId;
use crate::time::Timestamp;
use crate::usage::{
    CallerCount, CallerCounts, Demand, Endpoint, MergeError, Shard, Unmatched, UsageReport,
};

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

/// How many callers are in one line.
const CALLERS: usize = 1000;

/// The longest line that is read: an endpoint with as many callers as can be listed.
const MAX_LINE: u64 = 1 << 30;

/// Why a report can not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportFileError {
    /// It can not be read or written at all.
    #[error("the report {name} can not be read")]
    Io {
        /// The name of the file.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line is not as it should be.
    #[error("{name}:{line}: {reason}; write the report again from its logs")]
    Line {
        /// The name of the file.
        name: String,
        /// The line, counted from one.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// It is of another version.
    #[error(
        "{name} is a usage report of version {found}, and this program reads version {VERSION}; read it with the program that wrote it, or write it again from its logs"
    )]
    Version {
        /// The name of the file.
        name: String,
        /// The version it has.
        found: u32,
    },
    /// Its shards would count something twice.
    #[error("the shards of {name} can not be put together")]
    Merge {
        /// The name of the file.
        name: String,
        /// Why.
        #[source]
        source: MergeError,
    },
}

#[derive(Serialize, Deserialize)]
struct Header {
    deprovision_usage_report: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    id: Digest,
    callers: usize,
    endpoints: usize,
    unmatched: usize,
}

/// One line that is written.
#[derive(Serialize)]
#[serde(untagged)]
enum Out<'a> {
    Shard {
        shard: &'a Shard,
    },
    Callers {
        callers: &'a [CallerId],
    },
    Endpoint {
        endpoint: &'a Endpoint,
        demand: &'a Demand,
        callers: Vec<(u32, u64, Option<i64>)>,
    },
    Unmatched {
        unmatched: &'a Unmatched,
    },
    End {
        end: End,
    },
}

/// One line that is read: each has some of the fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct In {
    shard: Option<Shard>,
    endpoint: Option<Endpoint>,
    demand: Option<Demand>,
    callers: Option<Callers>,
    unmatched: Option<Unmatched>,
    end: Option<End>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Callers {
    Names(Vec<CallerId>),
    Counts(Vec<(u32, u64, Option<i64>)>),
}

impl UsageReport {
    /// Writes the report. The same report is the same bytes.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        let mut line = |value: &dyn ErasedLine| -> io::Result<()> {
            to.write_all(&value.json()?)?;
            to.write_all(b"\n")
        };
        line(&Header {
            deprovision_usage_report: VERSION,
        })?;
        for shard in self.shards() {
            line(&Out::Shard { shard })?;
            for callers in shard.callers.chunks(CALLERS) {
                line(&Out::Callers { callers })?;
            }
            for (endpoint, (demand, callers)) in &shard.endpoints {
                let callers = callers
                    .iter()
                    .map(|c| {
                        (
                            c.caller,
                            c.requests,
                            c.last_seen().map(Timestamp::as_second),
                        )
                    })
                    .collect();
                line(&Out::Endpoint {
                    endpoint,
                    demand,
                    callers,
                })?;
            }
            for unmatched in &shard.unmatched {
                line(&Out::Unmatched { unmatched })?;
            }
            line(&Out::End {
                end: End {
                    id: shard.id,
                    callers: shard.callers.len(),
                    endpoints: shard.endpoints.len(),
                    unmatched: shard.unmatched.len(),
                },
            })?;
        }
        to.flush()
    }

    /// Reads a report. `name` is for the errors.
    ///
    /// # Errors
    /// [`ReportFileError`] names the line: what is cut off, changed or of another
    /// version is never read as less usage.
    pub fn read(name: &str, mut from: impl BufRead) -> Result<Self, ReportFileError> {
        let mut report = Self::default();
        let mut open: Option<Shard> = None;
        let mut text = Vec::new();
        let mut number = 0;
        loop {
            text.clear();
            let read = io::Read::take(&mut from, MAX_LINE).read_until(b'\n', &mut text);
            let read = read.map_err(|source| ReportFileError::Io {
                name: name.to_owned(),
                source,
            })?;
            number += 1;
            let wrong = |reason: String| ReportFileError::Line {
                name: name.to_owned(),
                line: number,
                reason,
            };
            if number == 1 {
                let header: Header = serde_json::from_slice(&text).map_err(|_| {
                    wrong("this is no usage report: its first line is not {\"deprovision_usage_report\":1}".to_owned())
                })?;
                if header.deprovision_usage_report != VERSION {
                    return Err(ReportFileError::Version {
                        name: name.to_owned(),
                        found: header.deprovision_usage_report,
                    });
                }
                continue;
            }
            if read == 0 {
                return match open {
                    None => Ok(report),
                    Some(_) => Err(wrong("the file ends in the middle of a shard".to_owned())),
                };
            }
            let line: In =
                serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
            if let Some(done) = take(&mut open, line).map_err(wrong)? {
                report
                    .merge(Self::of(done))
                    .map_err(|source| ReportFileError::Merge {
                        name: name.to_owned(),
                        source,
                    })?;
            }
        }
    }
}

/// Adds a line to the shard that is read; gives it when it is whole.
fn take(open: &mut Option<Shard>, line: In) -> Result<Option<Shard>, String> {
    let Some(shard) = open else {
        let In {
            shard: Some(shard),
            endpoint: None,
            demand: None,
            callers: None,
            unmatched: None,
            end: None,
        } = line
        else {
            return Err("a shard should begin here".to_owned());
        };
        let id = Shard::identify(&shard.source, &shard.inputs, shard.window)
            .map_err(|error| error.to_string())?;
        if id != shard.id {
            return Err(format!(
                "the id of the shard is {}, and its inputs have {id}",
                shard.id
            ));
        }
        *open = Some(shard);
        return Ok(None);
    };
    match line {
        In {
            shard: None,
            endpoint: None,
            demand: None,
            callers: Some(Callers::Names(names)),
            unmatched: None,
            end: None,
        } => shard.callers.extend(names),
        In {
            shard: None,
            endpoint: Some(endpoint),
            demand: Some(demand),
            callers: Some(callers),
            unmatched: None,
            end: None,
        } => {
            let counts = counts(callers, shard.callers.len())?;
            if shard.endpoints.insert(endpoint, (demand, counts)).is_some() {
                return Err("the endpoint is there twice".to_owned());
            }
        }
        In {
            shard: None,
            endpoint: None,
            demand: None,
            callers: None,
            unmatched: Some(unmatched),
            end: None,
        } => shard.unmatched.push(unmatched),
        In {
            shard: None,
            endpoint: None,
            demand: None,
            callers: None,
            unmatched: None,
            end: Some(end),
        } => {
            let whole = end.id == shard.id
                && end.callers == shard.callers.len()
                && end.endpoints == shard.endpoints.len()
                && end.unmatched == shard.unmatched.len();
            if !whole {
                return Err("lines of the shard are missing before its end".to_owned());
            }
            return Ok(open.take());
        }
        In { .. } => return Err("the line is none that a shard has".to_owned()),
    }
    Ok(None)
}

fn counts(callers: Callers, known: usize) -> Result<CallerCounts, String> {
    let counts = match callers {
        Callers::Counts(counts) => counts,
        // An empty list is read as a list of names.
        Callers::Names(names) if names.is_empty() => Vec::new(),
        Callers::Names(_) => return Err("the callers of an endpoint are numbers".to_owned()),
    };
    let mut all = Vec::with_capacity(counts.len());
    for (caller, requests, last) in counts {
        if usize::try_from(caller).map_or(true, |caller| caller >= known) {
            return Err(format!("there is no caller {caller}"));
        }
        let last = last
            .map(Timestamp::from_second)
            .transpose()
            .map_err(|error| error.to_string())?;
        all.push(CallerCount::new(caller, requests, last));
    }
    all.sort_unstable_by_key(|count| count.caller);
    for pair in all.windows(2) {
        if let [one, other] = pair
            && one.caller == other.caller
        {
            return Err(format!("the caller {} is there twice", one.caller));
        }
    }
    Ok(all.into_iter().collect())
}

/// Anything that is one line.
trait ErasedLine {
    fn json(&self) -> io::Result<Vec<u8>>;
}

impl<T: Serialize> ErasedLine for T {
    fn json(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }
}
