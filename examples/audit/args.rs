//! What may be said on the command line.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use deprovision_core::time::Timestamp;
use deprovision_usage::{CallerBy, Format};
use lexopt::{Arg, Parser, ValueExt as _};

/// What is shown when asked, or when nothing is said.
pub(crate) const HELP: &str = "\
Audits a catalog of APIs by access logs: which are used and by whom, which are not,
what answers without being in the catalog, and what can not be told.

usage: cargo run --release --example audit -- --catalog FILE|DIR... --logs PATH...

  --catalog FILE|DIR...  the catalog: our own form, Backstage or OpenAPI (YAML, JSON,
                         TOML); of a directory all files of that kind, also below it
  --logs PATH...         files, directories, patterns ('access.log*'), or - for the
                         standard input; plain, gzip or zstd. NAME=PATH is a source of
                         its own: another machine, another gateway
  --source NAME          the name of the source of PATHs without one (access-log)
  --format F             the format of the lines, when it can not be told: combined,
                         nginx:PATTERN, envoy, alb, apigateway, json, cloudtrail, ...
  --caller BY            callers are named by: name (default), client, key, agent,
                         subject, or field:NAME (needs --format)
  --agents FILE          bots, in the form of crawler-user-agents.json
  --policy FILE          the thresholds, under [audit] (TOML)
  --since T              only requests from then on
  --as-of T              what \"now\" is, for old logs; T is 2026-11-10T00:00:00Z, or a
                         day: 2026-11-10
  --threads N            how many threads read (default: one for each processor)

  --json                 one JSON document on the standard output, and nothing else
  --html FILE            a page that needs nothing else
  --report-out FILE      what was counted, to be merged or read again

exit code: 0 nothing found; 1 findings, and \"it can not be told\" is one; 2 something
that was given can not be used; 130 stopped by Ctrl-C, with no file written.

Try it: cargo run --release --example audit -- --catalog examples/audit/sample/catalog.yaml \\
          --logs edge=examples/audit/sample/access.log --as-of 2026-11-10 \\
          --policy examples/audit/sample/policy.toml";

/// What is wanted.
#[derive(Debug)]
pub(crate) enum Asked {
    Help,
    Audit(Box<Args>),
}

/// The command line, read.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) catalogs: Vec<OsString>,
    pub(crate) logs: Vec<OsString>,
    pub(crate) source: String,
    pub(crate) format: Option<Format>,
    pub(crate) caller: CallerBy,
    pub(crate) agents: Option<PathBuf>,
    pub(crate) policy: Option<PathBuf>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) as_of: Option<Timestamp>,
    pub(crate) threads: Option<usize>,
    pub(crate) json: bool,
    pub(crate) html: Option<PathBuf>,
    pub(crate) report_out: Option<PathBuf>,
}

/// Reads the command line. The error says what is wrong, and what to write.
pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    let mut args = Args {
        catalogs: Vec::new(),
        logs: Vec::new(),
        source: "access-log".to_owned(),
        format: None,
        caller: CallerBy::default(),
        agents: None,
        policy: None,
        since: None,
        as_of: None,
        threads: None,
        json: false,
        html: None,
        report_out: None,
    };
    let mut field = None;
    let mut said = false;
    let mut parser = Parser::from_args(words);
    while let Some(arg) = parser.next().map_err(unclear)? {
        said = true;
        match arg {
            Arg::Long("catalog") => args.catalogs.extend(parser.values().map_err(unclear)?),
            Arg::Long("logs") => args.logs.extend(parser.values().map_err(unclear)?),
            Arg::Long("source") => args.source = source(&text(&mut parser)?)?,
            Arg::Long("format") => {
                let name = text(&mut parser)?;
                let format = Format::named(&name).map_err(|e| format!("--format: {e}"))?;
                args.format = Some(format);
            }
            Arg::Long("caller") => (args.caller, field) = caller(&text(&mut parser)?)?,
            Arg::Long("agents") => args.agents = Some(path(&mut parser)?),
            Arg::Long("policy") => args.policy = Some(path(&mut parser)?),
            Arg::Long("since") => args.since = Some(time("--since", &text(&mut parser)?)?),
            Arg::Long("as-of") => args.as_of = Some(time("--as-of", &text(&mut parser)?)?),
            Arg::Long("threads") => args.threads = Some(threads(&text(&mut parser)?)?),
            Arg::Long("json") => args.json = true,
            Arg::Long("html") => args.html = Some(path(&mut parser)?),
            Arg::Long("report-out") => args.report_out = Some(path(&mut parser)?),
            Arg::Long("help") | Arg::Short('h') => return Ok(Asked::Help),
            Arg::Long(_) | Arg::Short(_) | Arg::Value(_) => return Err(unclear(arg.unexpected())),
        }
    }
    if !said {
        return Ok(Asked::Help);
    }
    if args.catalogs.is_empty() {
        return Err("no catalog is given; name it with --catalog FILE, or see --help".to_owned());
    }
    if args.logs.is_empty() {
        return Err("no log is given; name it with --logs PATH, or see --help".to_owned());
    }
    if let Some(field) = field {
        let format = args.format.as_ref().ok_or_else(|| {
            format!(
                "--caller field:{field} needs the format that has the field; write --format too"
            )
        })?;
        let named = format.with_caller(&field);
        args.format = Some(named.map_err(|e| format!("--caller field:{field}: {e}"))?);
    }
    Ok(Asked::Audit(Box::new(args)))
}

fn unclear(error: lexopt::Error) -> String {
    format!("{error}; --help shows all options")
}

fn text(parser: &mut Parser) -> Result<String, String> {
    parser
        .value()
        .and_then(|value| value.string())
        .map_err(unclear)
}

fn path(parser: &mut Parser) -> Result<PathBuf, String> {
    Ok(parser.value().map_err(unclear)?.into())
}

fn time(option: &str, text: &str) -> Result<Timestamp, String> {
    // A day is its first moment.
    let whole = format!("{text}T00:00:00Z");
    text.parse().or_else(|_| whole.parse()).map_err(|_| {
        format!("{option}: {text:?} is no time; write it as 2026-11-10T00:00:00Z, or a day as 2026-11-10")
    })
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads @ 1..=1024) => Ok(threads),
        Ok(_) | Err(_) => Err(format!("--threads: {text:?} is no number from 1 to 1024")),
    }
}

fn caller(by: &str) -> Result<(CallerBy, Option<String>), String> {
    Ok(match by {
        "name" => (CallerBy::Name, None),
        "client" => (CallerBy::Client, None),
        "key" => (CallerBy::Key, None),
        "agent" => (CallerBy::Agent, None),
        "subject" => (CallerBy::Subject, None),
        _ => match by.strip_prefix("field:") {
            Some(field) if !field.is_empty() => (CallerBy::Field, Some(field.to_owned())),
            Some(_) | None => {
                return Err(format!(
                    "--caller: {by:?} is none of name, client, key, agent, subject and field:NAME"
                ));
            }
        },
    })
}

fn source(name: &str) -> Result<String, String> {
    if name.trim().is_empty() {
        return Err("--source: the name is empty; write the one that the catalog has".to_owned());
    }
    Ok(name.to_owned())
}

/// `NAME=PATH` taken apart, unless a file has that whole name.
pub(crate) fn source_and_path<'a>(log: &'a OsStr, source: &'a str) -> (&'a str, &'a OsStr) {
    let parts = log.to_str().and_then(|text| text.split_once('='));
    match parts {
        Some((name, path)) if is_name(name) && !path.is_empty() && !exists(log) => {
            (name, OsStr::new(path))
        }
        Some(_) | None => (source, log),
    }
}

fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && !name.contains(['/', '\\', '*', '?', '['])
}

fn exists(path: &OsStr) -> bool {
    std::path::Path::new(path).exists()
}
