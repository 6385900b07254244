#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod access_log;
mod agents;
mod caller;
mod count;
mod files;
mod format;
mod inputs;
mod job;
mod line;
mod names;
mod reader;
mod reading;
mod route;
mod tally;
mod written;

pub use access_log::AccessLog;
pub use agents::{Agents, AgentsError};
pub use count::CallerBy;
pub use format::{
    DetectError, Detection, Format, FormatError, JsonField, JsonFields, JsonFieldsError, Misfit,
    PatternError, Records, RecordsError, detect,
};
pub use inputs::{Depth, Input, Inputs, InputsError, LeftOut};
pub use line::{LineError, LinePart, LogLine, Request, parse_line};
pub use reader::{Progress, UsageReader, UsageReaderError, UsageReading};
pub use reading::{Malformed, MalformedLine, Reading};
pub use route::RouteTable;
