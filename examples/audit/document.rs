//! The audit for programs: one JSON document.

use deprovision_core::audit::Audit;
use serde::Serialize;

use crate::given::chain;
use crate::reading::{Detected, Read};
use crate::stop::Failure;

/// The audit, with what it was made of.
#[derive(Debug, Serialize)]
struct Document<'a> {
    inputs: Vec<Input<'a>>,
    detected: &'a [Detected],
    audit: &'a Audit,
}

/// A file or stream that was read.
#[derive(Debug, Serialize)]
struct Input<'a> {
    source: &'a str,
    name: &'a str,
    /// Unpacked.
    bytes: u64,
}

pub(crate) fn json(audit: &Audit, read: &Read) -> Result<String, Failure> {
    let mut inputs = Vec::new();
    for shard in read.report.shards() {
        inputs.extend(shard.inputs.iter().map(|input| Input {
            source: &shard.source,
            name: &input.name,
            bytes: input.bytes,
        }));
    }
    serde_json::to_string_pretty(&Document {
        inputs,
        detected: &read.detected,
        audit,
    })
    .map_err(chain)
}
