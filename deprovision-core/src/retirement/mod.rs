//! The retirement state machine: three pure functions and the words they use.
//!
//! - [`Retirement::decide`] says what a command leads to, or refuses it.
//! - [`Retirement::evolve`] applies an event; it never says no.
//! - [`Retirement::next`] says what a driver should do now.
//!
//! Nothing here awaits, reads a clock, draws randomness or touches a network.
//! Events are the only source of truth; the state is a fold over them.

mod answered;
mod asking;
mod command;
mod decide;
mod delivered;
mod event;
mod evolve;
mod gates;
mod next;
mod phase;
mod proposal;
mod refusal;
mod standing;
mod state;
pub mod table;
mod telling;
#[cfg(test)]
mod tests;
mod told;

pub use answered::{Answer, Answered};
pub use command::{Capacity, Command};
pub use event::{Event, Evidence, Objection, Reading};
pub use next::Next;
pub use phase::Phase;
pub use proposal::Proposal;
pub use refusal::{Explain, Refusal, WaitRule};
pub use standing::Standing;
pub use state::{ActionPhase, ActionRun, Mode, Parked, Retirement};
pub use told::{Told, Undelivered, Untold};
