//! What may be said on the command line.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use deprovision_core::catalog::{EmailAddress, LanguageTag, TimeZoneName};
use deprovision_core::id::ApiId;
use lexopt::{Arg, Parser, ValueExt as _};

/// What is shown when asked.
pub(crate) const HELP: &str = "\
Shows every notice that people get about the APIs of a catalog, before anybody gets one.

usage: cargo run --example notify_preview -- [OPTIONS]

  --catalog FILE       the catalog (YAML, JSON, TOML); without it, a small shop
  --api ID             only this API; may be said several times
  --out DIR            where the notices are written (notices)
  --templates DIR      templates of your own: DIR/LANGUAGE/NAME, such as en/closed.subject
  --language TAG       in that language, where there are templates in it: en, and de as
                       an example; without it, in the recipient's
  --time-zone NAME     with times of that zone; without it, of the recipient's
  --to ADDRESS         to that address; without it, to the owner in the catalog
  --smtp HOST:PORT     send them, too, to a mail server on this machine that keeps them;
                       needs --to, so that nobody gets them by accident
  --help               this text

For each API, each notice is written as a message (.eml), a page (.html) and a text
(.txt); one notice of all APIs together is written as `…-all`. Dates, calls and findings
are made up: a catalog has none.";

/// What is wanted.
#[derive(Debug)]
pub(crate) enum Asked {
    Help,
    Preview(Args),
}

/// The command line, read.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) catalog: Option<PathBuf>,
    pub(crate) apis: Vec<ApiId>,
    pub(crate) out: PathBuf,
    pub(crate) templates: Option<PathBuf>,
    pub(crate) language: Option<LanguageTag>,
    pub(crate) time_zone: Option<TimeZoneName>,
    pub(crate) to: Option<EmailAddress>,
    pub(crate) smtp: Option<(String, u16)>,
}

/// Reads the command line. The error says what is wrong, and what to write.
pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    let mut args = Args {
        catalog: None,
        apis: Vec::new(),
        out: PathBuf::from("notices"),
        templates: None,
        language: None,
        time_zone: None,
        to: None,
        smtp: None,
    };
    let mut parser = Parser::from_args(words);
    while let Some(arg) = parser.next().map_err(unclear)? {
        match arg {
            Arg::Long("help") | Arg::Short('h') => return Ok(Asked::Help),
            Arg::Long("catalog") => args.catalog = Some(parser.value().map_err(unclear)?.into()),
            Arg::Long("api") => {
                let id = ApiId::parse(word(&mut parser)?);
                args.apis
                    .push(id.map_err(|error| format!("--api: {error}"))?);
            }
            Arg::Long("out") => args.out = parser.value().map_err(unclear)?.into(),
            Arg::Long("templates") => {
                args.templates = Some(parser.value().map_err(unclear)?.into());
            }
            Arg::Long("language") => args.language = Some(parsed("--language", &mut parser)?),
            Arg::Long("time-zone") => {
                let zone: TimeZoneName = parsed("--time-zone", &mut parser)?;
                if jiff::tz::TimeZone::get(zone.as_str()).is_err() {
                    return Err(format!(
                        "--time-zone: the database of time zones has no {zone}"
                    ));
                }
                args.time_zone = Some(zone);
            }
            Arg::Long("to") => args.to = Some(parsed("--to", &mut parser)?),
            Arg::Long("smtp") => args.smtp = Some(server(&word(&mut parser)?)?),
            other => return Err(unclear(other.unexpected())),
        }
    }
    if args.smtp.is_some() && args.to.is_none() {
        return Err("--smtp needs --to ADDRESS, so that nobody gets them by accident".to_owned());
    }
    Ok(Asked::Preview(args))
}

/// A server on this machine: letters go to it in the clear.
fn server(text: &str) -> Result<(String, u16), String> {
    let (host, port) = text
        .rsplit_once(':')
        .ok_or("--smtp: write HOST:PORT, for example localhost:1025")?;
    let port = port
        .parse()
        .map_err(|_| format!("--smtp: {port:?} is no port; write HOST:PORT"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if !is_here {
        return Err(format!(
            "--smtp: {host} is not this machine; previews go in the clear, to localhost only"
        ));
    }
    Ok((host.to_owned(), port))
}

fn word(parser: &mut Parser) -> Result<String, String> {
    parser
        .value()
        .and_then(|value| value.parse())
        .map_err(unclear)
}

fn parsed<T>(option: &str, parser: &mut Parser) -> Result<T, String>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    word(parser)?
        .parse()
        .map_err(|error| format!("{option}: {error}"))
}

fn unclear(error: lexopt::Error) -> String {
    format!("{error}; --help says what can be written")
}
