#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod channel;
mod config;
mod courier;
mod disk;
mod error;
mod fetch;
mod file_name;
mod hook;
mod inbound;
mod letter;
mod mail;
mod message;
mod outbox;
mod post;
mod sender;
mod slack;
mod teams;
mod templates;
mod text;
mod verdict;
mod webhook;

pub use channel::{Channel, Sent};
pub use config::OutboxConfig;
pub use courier::{Courier, CourierConfig, CourierError, Pause, QuietHours, Round, Status};
pub use error::OutboxError;
pub use fetch::{
    Answer, AnswerBody, FetchError, HttpClient, NotPublic, Outgoing, ParseNetworkError, Reach,
    Resolve, RootsError, SystemResolver, Target, TargetError,
};
pub use inbound::{
    Fresh, InboundError, Press, PressError, Pressed, SlackAnswers, SlackPeople, SlackReply,
    SlackVerifier, TellError, WebhookVerifier,
};
pub use letter::{Letter, LetterError};
pub use mail::{Login, MemoryChannel, Security, SmtpChannel, SmtpConfig, SmtpError};
pub use message::{Mail, MailWriter, WriteError};
pub use outbox::Outbox;
pub use post::Answers;
pub use sender::{Sender, SenderError, Unsubscribe};
pub use slack::{Interactivity, MemoryThreads, SlackBot, SlackWebhook, Thread, Threads};
pub use teams::Teams;
pub use templates::{Message, TemplateError, Templates, TemplatesBuilder};
pub use webhook::{SecretError, SigningSecret, Webhook, WebhookError};
