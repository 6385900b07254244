//! Why logs can not be read.

use std::io;

use deprovision_core::digest::CanonicalError;

use crate::agents::AgentsError;
use crate::format::DetectError;

/// Why logs can not be read. Lines that can not be read are no error: they are
/// counted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsageReaderError {
    /// A file can not be opened or read.
    #[error("{name} can not be read; allow reading it, or leave it out and know less")]
    Io {
        /// The file.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What is named is no file.
    #[error("{name} is a directory, a pipe or a device; name the files of the log")]
    NoFile {
        /// The name.
        name: String,
    },
    /// The files were renamed each time that they were opened.
    #[error(
        "the files of the log are being renamed all the time; read them when the rotation is over"
    )]
    Rotating,
    /// The file is packed in a way that is not read.
    #[error(
        "{name} is packed with {packing}, which is not read; unpack it, or pack it with gzip or zstd"
    )]
    Packed {
        /// The file.
        name: String,
        /// With what.
        packing: &'static str,
    },
    /// Two inputs hold the same log.
    #[error(
        "{first} and {second} begin with the same lines, so their requests would count twice; name one of them"
    )]
    Twice {
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// The format can not be told.
    #[error("the format of {name} can not be told")]
    Format {
        /// The file.
        name: String,
        /// Why.
        #[source]
        source: DetectError,
    },
    /// The reading was stopped ([`Progress::stop`](crate::Progress::stop)).
    #[error("the reading was stopped; nothing of it is kept")]
    Stopped,
    /// The lists of user agents can not be used.
    #[error("the lists of user agents can not be used")]
    Agents(#[from] AgentsError),
    /// An input is too large to be named in a report.
    #[error("the inputs can not be named in a report")]
    Name(#[from] CanonicalError),
}
