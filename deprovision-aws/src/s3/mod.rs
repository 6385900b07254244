//! Buckets as datasets, archives of any dataset in a bucket, and the erasure of buckets.

mod archive;
mod archive_reader;
mod archiver;
mod calls;
mod client;
mod copy_in;
mod copy_out;
mod dataset;
mod delete;
mod discard;
mod eraser;
mod error;
mod listing;
mod manifest_file;
mod names;
mod options;
mod parts;
mod patience;
mod permissions;
mod place;
mod read;
mod source;
mod upload;
mod uploads;
mod version;
mod wanted;

pub use archive::S3Archive;
pub use dataset::S3Datasets;
pub use eraser::S3Eraser;
pub use error::S3Error;
pub use options::{ArchiveLock, ArchiveOptions, ArchiveStorage};
pub use place::S3Place;
pub use source::ArchiveSource;
