//! Letters by e-mail.

mod config;
mod connect;
mod encrypted;
mod memory;
mod pool;
mod progress;
mod smtp;
mod starttls;
mod trust;
mod verdict;

pub use config::{Login, Security, SmtpConfig, SmtpError};
pub use memory::MemoryChannel;
pub use smtp::SmtpChannel;
