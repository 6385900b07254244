//! A pipeline is data: ordered steps with requirements, gates and soaks,
//! validated when built.

mod build;
mod standard;
mod step;

pub use build::{Pipeline, PipelineError};
pub use standard::{Erasure, ids};
pub use step::{Gate, Stage, StepSpec};
