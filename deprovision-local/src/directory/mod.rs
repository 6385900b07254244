//! Directories as datasets, archives of them in another directory, and their erasure.

mod archive;
mod archive_reader;
mod archiver;
mod copy_in;
mod copy_out;
mod dataset;
mod eraser;
mod error;
mod listing;
mod manifest_file;
mod names;
mod stop;
mod stream;

pub use archive::DirectoryArchive;
pub use dataset::Directory;
pub use eraser::DirectoryEraser;
pub use error::DirectoryError;
