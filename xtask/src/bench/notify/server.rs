//! The mail servers, and what they took.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::servers::{Leashed, Mail, free};
use crate::{Failure, Places};

/// How long a server may take to start.
const READY: Duration = Duration::from_secs(10);

/// A server that keeps all that it is given, until it is asked.
#[derive(Debug)]
pub(super) enum Server {
    /// A real one, with STARTTLS and a login.
    Aiosmtpd(Mail),
    /// One that does nothing but take mails.
    Sink {
        address: SocketAddr,
        _leash: Leashed,
    },
}

impl Server {
    pub(super) fn aiosmtpd(places: &Places) -> Result<Self, Failure> {
        Mail::start(places).map(Self::Aiosmtpd)
    }

    /// One that answers so many milliseconds after a mail.
    pub(super) fn sink(program: &Path, folder: &Path, takes: u32) -> Result<Self, Failure> {
        let [address] = free()?;
        let mut server = Command::new(program);
        server.args(["sink", &address.to_string(), &takes.to_string()]);
        let server = Self::Sink {
            address,
            _leash: Leashed::start("sink", folder, &mut server)?,
        };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            if begin.elapsed() > READY {
                return Err(format!("the mail server at {address} does not answer"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// As `notify_bench` is told of it.
    pub(super) fn argument(&self) -> String {
        match self {
            Self::Aiosmtpd(mail) => mail.submission(),
            Self::Sink { address, .. } => format!("plain:{address}"),
        }
    }

    /// What it took since it was asked last.
    pub(super) fn taken(&self) -> Result<Taken, Failure> {
        let answer = match self {
            Self::Aiosmtpd(mail) => {
                let request = "GET /taken HTTP/1.1\r\nconnection: close\r\n\r\n";
                ask(mail.reader(), request)
            }
            Self::Sink { address, .. } => ask(*address, "XCOUNT\r\n"),
        };
        let answer = answer.map_err(|error| format!("the mail server does not tell: {error}"))?;
        Taken::read(&answer).ok_or_else(|| format!("the mail server said {answer:?}"))
    }
}

/// Mails that were taken, or that are to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    /// How many messages, for how many people, of how many `Message-ID`s.
    pub(super) counts: [u64; 3],
    /// A digest of who got what.
    digest: String,
    /// Over how many connections.
    pub(super) connections: u64,
}

impl Taken {
    /// The last line of an answer, with or without a code of SMTP before it.
    fn read(answer: &str) -> Option<Self> {
        let line = answer.lines().last()?;
        let (tally, connections) = line.trim_start_matches("250 ").rsplit_once(' ')?;
        Some(Self {
            connections: connections.parse().ok()?,
            ..Self::written(tally)?
        })
    }

    /// What `notify_bench write` said of the mails that it wrote.
    pub(super) fn written(tally: &str) -> Option<Self> {
        let parts: Vec<&str> = tally.split_whitespace().collect();
        let [messages, people, ids, digest] = parts.as_slice() else {
            return None;
        };
        Some(Self {
            counts: [
                messages.parse().ok()?,
                people.parse().ok()?,
                ids.parse().ok()?,
            ],
            digest: (*digest).to_owned(),
            connections: 0,
        })
    }

    /// Whether the same people got the same mails.
    pub(super) fn is_as_written(&self, written: &Self) -> bool {
        (self.counts, &self.digest) == (written.counts, &written.digest)
    }
}

/// All that a server says to a request until it hangs up.
fn ask(server: SocketAddr, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(server)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn what_was_taken_is_held_against_what_was_written() {
        let written = Taken::written("9 8 7 abc\n").unwrap();
        assert_eq!(written.counts, [9, 8, 7]);
        for answer in [
            "220 sink\r\n250 9 8 7 abc 5\r\n",
            "HTTP/1.1 200 OK\r\n\r\n9 8 7 abc 5",
        ] {
            let taken = Taken::read(answer).unwrap();
            assert_eq!(taken.connections, 5);
            assert!(taken.is_as_written(&written));
        }
        for other in ["9 8 7 abd 5", "9 8 8 abc 5"] {
            assert!(!Taken::read(other).unwrap().is_as_written(&written));
        }
        assert_eq!(Taken::read("220 sink\r\n500 what?"), None);
        assert_eq!(Taken::read(""), None);
    }
}
