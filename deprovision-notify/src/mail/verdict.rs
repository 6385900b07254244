//! What a failure means for the letter.

use std::error::Error as _;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::{Code, Severity};

use super::progress::Phase;
use crate::{Sent, text};

/// How much of what a server said is kept.
const SAID: usize = 200;

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The library says so: the server's no, the network, TLS.
    Library(Error),
    /// The server said yes where that makes no sense: its answers are not to what we
    /// think that we asked.
    OutOfStep(Code),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

/// What it means that an attempt failed in this phase.
pub(super) fn of(phase: Phase, failure: &Failure) -> Sent {
    match failure {
        Failure::Library(error) => of_library(phase, error),
        Failure::OutOfStep(code) => ended(
            phase,
            format!(
                "{}: the server answered {code}, which is none",
                doing(phase)
            ),
        ),
    }
}

fn of_library(phase: Phase, error: &Error) -> Sent {
    let why = why(phase, error);
    let Some(code) = error.status() else {
        return match phase {
            Phase::Connecting | Phase::Login if needs_a_person(error) => Sent::Broken { why },
            Phase::Connecting
            | Phase::Login
            | Phase::Sender
            | Phase::Recipient
            | Phase::Content
            | Phase::End => ended(phase, why),
        };
    };
    let number = u16::from(code);
    if code.severity != Severity::PermanentNegativeCompletion {
        return Sent::NotSent {
            why,
            retry_at: None,
        };
    }
    match (phase, number) {
        // "Authentication required" (RFC 4954), and whatever comes before a letter.
        (_, 530) | (Phase::Connecting | Phase::Login, _) => Sent::Broken { why },
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
        Phase::Connecting | Phase::Login | Phase::Sender | Phase::Recipient | Phase::Content => {
            Sent::NotSent {
                why,
                retry_at: None,
            }
        }
    }
}

/// Whether the server answered: only then is it known in which state the connection is.
pub(super) fn was_answered(failure: &Failure) -> bool {
    match failure {
        Failure::Library(error) => error.status().is_some_and(|code| u16::from(code) != 421),
        Failure::OutOfStep(_) => false,
    }
}

/// Without a reply, only trouble with TLS or with what the server can do needs a person.
fn needs_a_person(error: &Error) -> bool {
    error.is_client() || tls(error).is_some()
}

/// What is wrong with TLS, when it is TLS that failed, and not the line.
fn tls(error: &Error) -> Option<&rustls::Error> {
    let mut source = error.source();
    while let Some(inner) = source {
        let io = inner.downcast_ref::<std::io::Error>();
        let found = match io.and_then(std::io::Error::get_ref) {
            Some(wrapped) => wrapped.downcast_ref::<rustls::Error>(),
            None => inner.downcast_ref::<rustls::Error>(),
        };
        if found.is_some() {
            return found;
        }
        source = inner.source();
    }
    None
}

fn why(phase: Phase, error: &Error) -> String {
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
    match error.status() {
        // A server that quotes what it was sent would quote the password.
        Some(code) if phase == Phase::Login => {
            format!("{doing}: it answered {code}; look at the name and the password")
        }
        _ => format!("{doing}: {}", said(error)),
    }
}

fn doing(phase: Phase) -> &'static str {
    match phase {
        Phase::Connecting => "connecting to the mail server",
        Phase::Login => "logging in to the mail server",
        Phase::Sender => "naming the sender",
        Phase::Recipient => "naming the recipient",
        Phase::Content => "sending the content",
        Phase::End => "waiting for the receipt",
    }
}

/// What the server or the library said, as one line.
fn said(error: &Error) -> String {
    cut(&error.to_string())
}

/// The beginning of a text, as one line.
pub(super) fn cut(said: &str) -> String {
    text::line(said).chars().take(SAID).collect()
}
