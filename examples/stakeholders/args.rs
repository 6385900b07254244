//! What may be said on the command line.

use std::net::IpAddr;
use std::path::PathBuf;

use deprovision_core::catalog::EmailAddress;
use deprovision_examples::Problem;
use lexopt::ValueExt as _;
use lexopt::prelude::{Long, Short, Value};

/// What is shown when asked.
pub(crate) const HELP: &str = "\
Retires version 1 of an orders API, as those see it who own it or call it: mail with
their own calls, links to answer by, reminders, and what comes of their answers.

usage: cargo run --release --example stakeholders -- [OPTIONS]

  --dir DIR        where everything is kept: catalog.yaml, directory.yaml, policy.toml
                   and courier.toml to edit, the journal, the queue of letters, the mail;
                   an existing one is gone on with (default: a fresh temporary one)
  --crash          the process is killed (SIGKILL) twice in the middle, and another one
                   goes on: nobody gets a second copy
  --serve          no story: with the clock of this machine, people who open links in a
                   browser, and until Ctrl-C; the same command goes on where it was
  --smtp HOST:PORT with --serve: letters go to that mail server, and not to the one in
                   this program; needs --to in a new DIR. STARTTLS, but to this machine in the
                   clear; from the environment: SMTP_SECURITY (starttls, tls, plain),
                   SMTP_USER and SMTP_PASSWORD, SMTP_CA (a PEM file to trust)
  --to ADDRESS     in a new DIR: everybody's mail goes there, as name+PERSON@host
  --from ADDRESS   whom letters are from (apis@shop.example)
  --help           this text

Without --serve the clock is moved, so that weeks pass in seconds, and people are played:
they read the mail that came over SMTP, open its links over HTTP and send the forms.

exit code: 0 all is as it should be; 1 something is not; 2 something that was given can
not be used; 130 stopped by Ctrl-C, to be gone on with.";

/// Another mail server than ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether letters never leave this machine on the way to it.
    pub(crate) is_here: bool,
}

/// The command line, read.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) dir: Option<PathBuf>,
    pub(crate) crash: bool,
    pub(crate) serve: bool,
    pub(crate) smtp: Option<Server>,
    pub(crate) to: Option<EmailAddress>,
    pub(crate) from: Option<EmailAddress>,
    pub(crate) help: bool,
    /// Where the process that is to be killed stands still.
    pub(crate) victim: Option<String>,
}

/// Reads the command line.
pub(crate) fn read() -> Result<Args, Problem> {
    let mut args = Args {
        dir: None,
        crash: false,
        serve: false,
        smtp: None,
        to: None,
        from: None,
        help: false,
        victim: None,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("dir") => args.dir = Some(parser.value()?.into()),
            Long("crash") => args.crash = true,
            Long("serve") => args.serve = true,
            Long("smtp") => args.smtp = Some(server(&parser.value()?.string()?)?),
            Long("to") => args.to = Some(address("--to", &mut parser)?),
            Long("from") => args.from = Some(address("--from", &mut parser)?),
            Long("victim") => args.victim = Some(parser.value()?.string()?),
            Long("help") | Short('h') => args.help = true,
            Long(_) | Short(_) | Value(_) => {
                return Err(format!("{}\n\n{HELP}", arg.unexpected()).into());
            }
        }
    }
    if args.crash && args.serve {
        return Err("--crash is of the story, and --serve has none: leave one of them out".into());
    }
    if args.smtp.is_some() && !args.serve {
        return Err(
            "--smtp needs --serve: people who are played read what the server in this \
                    program got"
                .into(),
        );
    }
    Ok(args)
}

fn address(option: &str, parser: &mut lexopt::Parser) -> Result<EmailAddress, Problem> {
    let text = parser.value()?.string()?;
    text.parse()
        .map_err(|error| format!("{option}: {error}").into())
}

fn server(text: &str) -> Result<Server, Problem> {
    let (host, port) = text
        .rsplit_once(':')
        .ok_or("--smtp: write HOST:PORT, for example localhost:1025")?;
    let port = port
        .parse()
        .map_err(|_| format!("--smtp: {port:?} is no port; write HOST:PORT"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    Ok(Server {
        host: host.to_owned(),
        port,
        is_here,
    })
}
