//! Tests against moto and SeaweedFS: `cargo xtask test` starts both.
//!
//! What they can not show is said in this crate's README.

mod s3;
mod world;
