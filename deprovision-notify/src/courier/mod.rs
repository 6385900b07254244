//! The durable queue between the engine and a channel.

mod config;
mod deliver;
mod error;
mod format;
mod inform;
mod open;
mod port;
mod queue;
mod quiet;
mod recall;
mod run;
mod settle;
mod status;
mod store;
mod take;

pub use config::{CourierConfig, QuietHours};
pub use deliver::Round;
pub use error::CourierError;
pub use port::Courier;
pub use status::{Pause, Status};
