//! Letters as signed webhooks.

mod channel;
mod event;
mod signature;

pub use channel::{Webhook, WebhookError};
pub use signature::{SecretError, SigningSecret};
