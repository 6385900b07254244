//! Answers by links: who has one of them may answer one notice, as one person, once,
//! until it expires.

mod desk;
mod ticket;

pub use desk::{AnswerDesk, AnswerDeskError, AnswerKey};
pub use ticket::{AnswerKind, AnswerTicket, TicketError};
