//! Agreeing in the clear that TLS begins (RFC 3207).
//!
//! The library can do it, too, but it keeps what came together with the server's agreement,
//! and reads it as answers under TLS: whoever is on the way could say that a letter was
//! taken, and let nothing of it through.

use std::fmt::Display;
use std::io;

use lettre::transport::smtp::commands::{Ehlo, Starttls};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::verdict::Failure;

/// How long an answer may be. What servers can do takes a few hundred bytes.
const ANSWER: u64 = 16 * 1024;

/// Brings a new connection to where the next byte of either side belongs to TLS.
pub(super) async fn agree(tcp: TcpStream, hello: &ClientId) -> Result<TcpStream, Failure> {
    let mut stream = BufReader::new(tcp);
    let greeting = answer(&mut stream).await?;
    if greeting.code().severity != Severity::PositiveCompletion {
        return Err(Failure::OutOfStep(greeting.code()));
    }
    let can = ask(&mut stream, Ehlo::new(hello.clone())).await?;
    if !can.has_code(250) {
        return Err(Failure::OutOfStep(can.code()));
    }
    // The first line is the server's name.
    let mut offers = can.message().skip(1);
    if !offers.any(|offer| offer.trim().eq_ignore_ascii_case("STARTTLS")) {
        return Err(Failure::NoStartTls);
    }
    let agreed = ask(&mut stream, Starttls).await?;
    if !agreed.has_code(220) {
        return Err(Failure::OutOfStep(agreed.code()));
    }
    Ok(stream.into_inner())
}

async fn ask(
    stream: &mut BufReader<TcpStream>,
    command: impl Display,
) -> Result<Response, Failure> {
    let command = command.to_string();
    let written = stream.write_all(command.as_bytes()).await;
    written.map_err(Failure::Network)?;
    answer(stream).await
}

/// One answer, and nothing after it: nobody was asked for more.
async fn answer(stream: &mut BufReader<TcpStream>) -> Result<Response, Failure> {
    let mut said = String::new();
    let mut rest = (&mut *stream).take(ANSWER);
    loop {
        let line = said.len();
        let read = rest.read_line(&mut said).await;
        if read.map_err(Failure::Network)? == 0 {
            let short = io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server's answer has no end",
            );
            return Err(Failure::Network(short));
        }
        // A hyphen after the code says that another line follows.
        if said.as_bytes().get(line + 3) != Some(&b'-') {
            break;
        }
    }
    if !stream.buffer().is_empty() {
        return Err(Failure::Ahead);
    }
    let response: Response = said.parse()?;
    match response.is_positive() {
        true => Ok(response),
        false => Err(Failure::Answered(response)),
    }
}
