//! One line of an access log.

mod bits;
mod error;
mod escape;
mod fast;
mod parse;
mod path;
mod plain;
#[cfg(test)]
mod tests;
mod time;

pub(crate) use bits::digits;
pub use error::{LineError, LinePart};
pub(crate) use escape::{hex, quoted, unescape};
pub(crate) use fast::fast_line;
pub use parse::{LogLine, Request, parse_line};
pub(crate) use parse::{call, is_one_line, request};
pub(crate) use path::{Class, PathCut, class};
pub(crate) use plain::PlainLine;
pub(crate) use time::{Stamps, parse as clf_time};
