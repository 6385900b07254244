//! S3 over answers that no server here gives: checksums of parts, KMS keys, storage
//! classes and locks that are kept, pages, refusals, errors inside answers, lost answers.

mod answers;
mod bucket;
mod keeping;
mod lost;
mod resume;
mod world;
