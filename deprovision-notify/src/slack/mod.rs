//! Letters as posts in Slack.

mod blocks;
mod bot;
mod codes;
mod threads;
mod webhook;

pub use bot::SlackBot;
pub use threads::{MemoryThreads, Thread, Threads};
pub use webhook::SlackWebhook;
