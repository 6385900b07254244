#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod announcement;
mod body;
mod error;
mod gateway;
mod layer;
mod notice;
mod ports;
mod reading;
mod refusal;
mod route;
mod state_file;
mod table;

pub use body::GatewayBody;
pub use error::GatewayError;
pub use gateway::Gateway;
pub use layer::{GatewayFuture, GatewayLayer, GatewayService};
pub use notice::InvalidNotice;
pub use refusal::{PROBLEM_BROWN_OUT, PROBLEM_GONE};
pub use route::{Route, RouteError};
