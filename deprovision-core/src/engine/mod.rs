//! The driver around the machine: it asks [`Retirement::next`] what to do, does
//! it through the steps, and brings what came of it back as commands.
//!
//! Everything that happened is in the journal before the next thing happens
//! (invariant I-15). Kill the process anywhere: another one claims the
//! retirement, reads the log, and goes on with a look at the world.
//!
//! [`Retirement::next`]: crate::retirement::Retirement::next

mod audit;
mod builder;
mod calls;
mod capacity;
mod certify;
mod clock_watch;
mod deliveries;
mod drive;
mod error;
mod narrate;
mod people;
mod plan_view;
mod planning;
mod progress;
mod run;
mod status;
mod stream;
mod telling;

pub(crate) use certify::NOT_PROMISED;
pub(crate) use status::steps as progress_of;

pub use builder::{Engine, EngineBuilder};
pub use capacity::Limits as EngineLimits;
pub use error::{BuildError, EngineError};
pub use narrate::sentence;
pub use people::{AnswerWords, Approve, Waive};
pub use plan_view::{PlanLine, PlanView};
pub use progress::Progress;
pub use run::Idle;
pub use status::{Status, StepProgress, StepStatus, TimelineEntry};
