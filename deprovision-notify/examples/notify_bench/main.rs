//! What `cargo xtask bench notify` runs: ten thousand people are told by e-mail that an
//! API ends in thirty days.
//!
//! - `write PEOPLE FILE`: writes all the mails, and prints their tally;
//! - `raw SERVER FILE`: the mail library's pool sends them as they are there;
//! - `prompt SERVER FILE`: so do connections of the library's with `TCP_NODELAY`;
//! - `ours SERVER PEOPLE QUEUE`: the notices are queued, put into words and sent;
//! - `sink ADDRESS MILLISECONDS`: a mail server that takes every message after so long.
//!
//! SERVER is `plain:HOST:PORT`, or `starttls:HOST:PORT:CA` with a login.

mod notice;
mod ours;
mod raw;
mod server;
mod sink;
mod tally;
mod written;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

type Failure = Box<dyn Error + Send + Sync>;

/// Connections to the mail server, for either side.
const CONNECTIONS: usize = 8;

const HELP: &str = "write PEOPLE FILE, raw SERVER FILE, prompt SERVER FILE, ours SERVER PEOPLE QUEUE \
                    or sink ADDRESS MILLISECONDS";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["write", people, file] => {
            let tally = written::write(people.parse()?, Path::new(file))?;
            say(format_args!("{tally}"));
            Ok(())
        }
        ["raw", server, file] => raw::send(&server.parse()?, Path::new(file)).await,
        ["prompt", server, file] => raw::send_promptly(server.parse()?, Path::new(file)).await,
        ["ours", server, people, queue] => {
            let took = ours::send(&server.parse()?, people.parse()?, Path::new(queue)).await?;
            say(format_args!("{took}"));
            Ok(())
        }
        ["sink", address, takes] => {
            sink::serve(address, Duration::from_millis(takes.parse()?)).await
        }
        _ => Err(HELP.into()),
    }
}

#[expect(clippy::print_stdout, reason = "it is a program that is read")]
fn say(what: std::fmt::Arguments<'_>) {
    println!("{what}");
}
