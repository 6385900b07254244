//! What a failure means for the letter.

use std::error::Error;
use std::io;

use lettre::transport::smtp;
use lettre::transport::smtp::response::{Code, Response, Severity};

use super::progress::Phase;
use crate::{Sent, text};

/// How much of what a server said is kept.
const SAID: usize = 200;

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server can not be reached, or not with TLS.
    Network(io::Error),
    /// It said no before the library had the connection.
    Answered(Response),
    /// It does not offer STARTTLS.
    NoStartTls,
    /// More was said in the clear than was asked for.
    Ahead,
    /// The library says so: the server's no, the network, TLS.
    Library(smtp::Error),
    /// The server said yes where that makes no sense: its answers are not to what we
    /// think that we asked.
    OutOfStep(Code),
}

impl From<smtp::Error> for Failure {
    fn from(error: smtp::Error) -> Self {
        Self::Library(error)
    }
}

/// What it means that an attempt failed in this phase.
pub(super) fn of(phase: Phase, failure: &Failure) -> Sent {
    match failure {
        Failure::Network(error) => unanswered(phase, error, false),
        Failure::Library(error) => match error.status() {
            Some(code) => answered(phase, why(phase, error, Some(code)), code),
            None => unanswered(phase, error, error.is_client()),
        },
        Failure::Answered(response) => {
            let why = format!("{}: it answered {}", doing(phase), said(response));
            answered(phase, why, response.code())
        }
        Failure::NoStartTls => Sent::Broken {
            why: format!(
                "{}: it offers no STARTTLS; it may want another `security` or `port`",
                doing(phase)
            ),
        },
        Failure::Ahead => Sent::Broken {
            why: format!(
                "{}: more was said in the clear than was asked for; look who is on the way to \
                 it, or use TLS from the first byte",
                doing(phase)
            ),
        },
        Failure::OutOfStep(code) => ended(
            phase,
            format!(
                "{}: the server answered {code}, which is none",
                doing(phase)
            ),
        ),
    }
}

/// Without an answer, only trouble with TLS or with what the server can do needs a person.
fn unanswered(phase: Phase, error: &(dyn Error + 'static), cannot: bool) -> Sent {
    let needs_a_person = cannot || tls(error).is_some();
    let why = why(phase, error, None);
    match phase {
        Phase::Connecting | Phase::Login if needs_a_person => Sent::Broken { why },
        Phase::Waiting
        | Phase::Connecting
        | Phase::Login
        | Phase::Sender
        | Phase::Recipient
        | Phase::Content
        | Phase::End => ended(phase, why),
    }
}

fn answered(phase: Phase, why: String, code: Code) -> Sent {
    let number = u16::from(code);
    if code.severity != Severity::PermanentNegativeCompletion {
        return Sent::NotSent {
            why,
            retry_at: None,
        };
    }
    match (phase, number) {
        // "Authentication required" (RFC 4954), and whatever comes before a letter.
        (_, 530) | (Phase::Waiting | Phase::Connecting | Phase::Login, _) => Sent::Broken { why },
        // The letter is too large (RFC 1870).
        (Phase::Sender, 552) => Sent::Refused { why },
        // The sender is not allowed, and is the same for all letters.
        (Phase::Sender, _) => Sent::Broken { why },
        (Phase::Recipient | Phase::Content | Phase::End, _) => Sent::Refused { why },
    }
}

/// Time ran out in this phase.
pub(super) fn out_of_time(phase: Phase) -> Sent {
    ended(phase, format!("time ran out while {}", doing(phase)))
}

/// It ended in this phase without an answer.
fn ended(phase: Phase, why: String) -> Sent {
    match phase {
        // The line that ends the content may have arrived.
        Phase::End => Sent::Unsure { why },
        Phase::Waiting
        | Phase::Connecting
        | Phase::Login
        | Phase::Sender
        | Phase::Recipient
        | Phase::Content => Sent::NotSent {
            why,
            retry_at: None,
        },
    }
}

/// Whether the server answered: only then is it known in which state the connection is.
pub(super) fn was_answered(failure: &Failure) -> bool {
    match failure {
        Failure::Library(error) => error.status().is_some_and(|code| u16::from(code) != 421),
        Failure::Network(_)
        | Failure::Answered(_)
        | Failure::NoStartTls
        | Failure::Ahead
        | Failure::OutOfStep(_) => false,
    }
}

/// What is wrong with TLS, when it is TLS that failed, and not the line.
fn tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<io::Error>();
        let found = match io.and_then(io::Error::get_ref) {
            Some(wrapped) => wrapped.downcast_ref::<rustls::Error>(),
            None => error.downcast_ref::<rustls::Error>(),
        };
        if found.is_some() {
            return found;
        }
        next = error.source();
    }
    None
}

fn why(phase: Phase, error: &(dyn Error + 'static), answer: Option<Code>) -> String {
    let doing = doing(phase);
    if let Some(tls) = tls(error) {
        let next = match tls {
            rustls::Error::InvalidCertificate(_) => {
                "; trust its CA with `trusted_pem`, and name it as its certificate does"
            }
            rustls::Error::InvalidMessage(_) => "; it may want another `security` or `port`",
            _other => "",
        };
        return format!("{doing}: TLS: {tls}{next}");
    }
    match answer {
        // A server that quotes what it was sent would quote the password.
        Some(code) if phase == Phase::Login => {
            format!("{doing}: it answered {code}; look at the name and the password")
        }
        _ => format!("{doing}: {}", cut(&error.to_string())),
    }
}

fn doing(phase: Phase) -> &'static str {
    match phase {
        Phase::Waiting => "waiting for a free connection",
        Phase::Connecting => "connecting to the mail server",
        Phase::Login => "logging in to the mail server",
        Phase::Sender => "naming the sender",
        Phase::Recipient => "naming the recipient",
        Phase::Content => "sending the content",
        Phase::End => "waiting for the receipt",
    }
}

/// What a server answered.
pub(super) fn said(response: &Response) -> String {
    let said: Vec<&str> = response.message().collect();
    cut(&format!("{} {}", response.code(), said.join(" ")))
}

/// The beginning of a text, as one line.
fn cut(said: &str) -> String {
    text::line(said).chars().take(SAID).collect()
}
