//! What others send us: is it theirs, is it new?

mod answers;
mod error;
mod fields;
mod press;
mod seen;
mod slack;
mod standard;

pub use answers::{Pressed, SlackAnswers, SlackReply};
pub use error::InboundError;
pub use press::{Press, PressError};
pub use seen::Fresh;
pub use slack::SlackVerifier;
pub use standard::WebhookVerifier;
