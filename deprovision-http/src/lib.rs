#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod access_log;
mod announcement;
mod answers;
mod body;
mod error;
mod face;
mod gateway;
mod layer;
mod notice;
mod ports;
mod probe;
mod reading;
mod refusal;
mod route;
mod state_file;
mod table;

pub use access_log::{
    AccessLog, AccessLogFuture, AccessLogLayer, AccessLogService, Caller, LoggedBody,
};
pub use answers::{AnswerFuture, AnswerPage};
pub use body::GatewayBody;
pub use error::GatewayError;
pub use face::{Face, FaceError};
pub use gateway::Gateway;
pub use layer::{GatewayFuture, GatewayLayer, GatewayService};
pub use notice::InvalidNotice;
pub use probe::HttpProbe;
pub use refusal::{PROBLEM_BROWN_OUT, PROBLEM_GONE};
pub use route::{Route, RouteError};
