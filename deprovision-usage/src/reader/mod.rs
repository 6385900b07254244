//! Reading logs: from files to a shard of a report.

mod blocks;
mod error;
mod feed;
mod order;
mod progress;
mod usage_reader;
mod work;

pub use error::UsageReaderError;
pub use progress::Progress;
pub use usage_reader::{UsageReader, UsageReading};
