//! What a step is to the engine: it plans actions, applies, observes and undoes
//! them. Teams write their own; the built-in ones are in [`steps`](crate::steps).

mod authority;
mod context;
mod contract;

pub use authority::WriteAuthority;
pub use context::StepContext;
pub use contract::{Step, StepDescription, StepPlan, Teller};
