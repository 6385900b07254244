//! Outgoing HTTP that can not be turned against the network it runs in.

mod address;
mod answer;
mod client;
mod connect;
mod error;
mod reach;
mod resolve;
pub(crate) mod roots;
mod target;

pub use address::NotPublic;
pub use answer::{Answer, AnswerBody};
pub use client::{HttpClient, Outgoing};
pub use error::FetchError;
pub(crate) use error::explained;
pub use reach::{ParseNetworkError, Reach};
pub use resolve::{Resolve, SystemResolver};
pub use roots::RootsError;
pub use target::{Target, TargetError};
