//! Letters as posts in Slack.

mod blocks;
mod bot;
mod buttons;
mod codes;
mod threads;
mod webhook;

pub(crate) use blocks::{escaped, plain};
pub use bot::SlackBot;
pub use buttons::Interactivity;
pub(crate) use buttons::given_by;
pub(crate) use codes::word;
pub use threads::{MemoryThreads, Thread, Threads};
pub use webhook::SlackWebhook;
