#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod access_log;
mod agents;
mod caller;
mod count;
mod files;
mod format;
mod heartbeat;
mod inputs;
mod line;
mod names;
mod question;
mod reader;
mod route;

pub use access_log::AccessLog;
pub use agents::{Agents, AgentsError};
pub use count::CallerBy;
pub use format::{
    DetectError, Detection, Format, FormatError, JsonField, JsonFields, JsonFieldsError, Misfit,
    PatternError, Records, RecordsError, detect,
};
pub use inputs::{Depth, Input, Inputs, InputsError, LeftOut};
pub use line::{LineError, LinePart, LogLine, Request, parse_line};
pub use question::Reading;
pub use reader::{Progress, UsageReader, UsageReaderError, UsageReading};
pub use route::RouteTable;
