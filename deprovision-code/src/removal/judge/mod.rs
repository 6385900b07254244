//! Letting a command decide whether a change may be proposed.

mod checkout;
mod command;
mod run;
#[cfg(target_os = "linux")]
mod strays;
mod verdict;

pub use command::Judge;
pub use verdict::Verdict;
pub(crate) use verdict::judge;
