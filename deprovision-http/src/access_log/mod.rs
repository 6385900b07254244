//! Who called what: one line in Combined Log Format for every request.

mod body;
mod caller;
mod layer;
mod line;
mod record;
mod sink;

pub use body::LoggedBody;
pub use caller::Caller;
pub use layer::{AccessLogFuture, AccessLogLayer, AccessLogService};
pub use sink::AccessLog;
