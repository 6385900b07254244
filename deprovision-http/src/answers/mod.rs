//! The page behind the links in notices.

mod form;
mod page;
mod service;

pub use service::{AnswerFuture, AnswerPage};
