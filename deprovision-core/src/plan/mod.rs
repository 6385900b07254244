//! What will be done, before anything is done. A dry run is the construction of
//! a plan; only a plan can be executed.

mod action;

pub use action::{Action, Plan, PlannedStep};
