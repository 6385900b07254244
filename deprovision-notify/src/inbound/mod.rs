//! What others send us: is it theirs, is it new?

mod answers;
mod error;
mod fields;
mod people;
mod press;
mod reply;
mod seen;
mod slack;
mod standard;

pub use answers::SlackAnswers;
pub use error::InboundError;
pub use people::SlackPeople;
pub use press::{Press, PressError};
pub use reply::{Pressed, SlackReply, TellError};
pub use seen::Fresh;
pub use slack::SlackVerifier;
pub use standard::WebhookVerifier;
