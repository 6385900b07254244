//! S3: archives and erasure against SeaweedFS, and against servers that lie.

mod child;
mod conformance;
mod crash;
mod fixture;
mod guards;
mod lies;
mod permissions;
mod proxy;
