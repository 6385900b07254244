//! `cargo xtask bench notify`: ten thousand notices by mail, through our queue, templates
//! and channel, and by the mail library alone, to the same server.

mod server;

use std::path::Path;
use std::process::Command;

use lexopt::prelude::{Long, Short, Value, ValueExt};

use self::server::{Server, Taken};
use super::aim::{self, Aim, Limit};
use super::contest::{Contest, Contestant};
use super::{build_example, machine, marks};
use crate::{Failure, Places, output};

const HELP: &str = "\
cargo xtask bench notify [options]   ten thousand notices by mail

  --rounds N     how often each command runs, in turn with the other; 3 unless told
  --no-write     leave docs/benchmarks.md as it is";

const PEOPLE: u64 = 10_000;
const OURS: &str = "**deprovision**: queue, words, SMTP";
const RAW: &str = "lettre's pool, mails written before";
const PROMPT: &str = "lettre with TCP_NODELAY, mails written before";

#[derive(Debug, PartialEq, Eq)]
struct Options {
    rounds: u32,
    write: bool,
}

impl Options {
    /// Nothing when help is asked for.
    fn parse(args: &[&str]) -> Result<Option<Self>, Failure> {
        let (mut rounds, mut write) = (3, true);
        let mut parser = lexopt::Parser::from_args(args);
        let wrong = |error: lexopt::Error| format!("{error}\n{HELP}");
        while let Some(arg) = parser.next().map_err(wrong)? {
            match arg {
                Long("rounds") => {
                    let value = parser.value();
                    rounds = value.and_then(|text| text.parse()).map_err(wrong)?;
                    if rounds == 0 {
                        return Err("--rounds must be 1 or more".to_owned());
                    }
                }
                Long("no-write") => write = false,
                Long("help") | Short('h') => return Ok(None),
                Value(word) if word == "help" => return Ok(None),
                other => return Err(wrong(other.unexpected())),
            }
        }
        Ok(Some(Self { rounds, write }))
    }
}

pub(crate) fn run(args: &[&str]) -> Result<(), Failure> {
    let Some(options) = Options::parse(args)? else {
        println!("{HELP}");
        return Ok(());
    };
    let load = machine::quiet()?;
    let places = Places::find()?;
    let program = build_example(&places, "deprovision-notify", "notify_bench", &[])?;
    // Not in a folder in memory: what it takes to make a notice durable counts.
    let folder = places.target.join("bench/notify");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("{} can not be made: {error}", folder.display()))?;
    let stage = Stage::set(&places, &program, &folder)?;
    let mut contests = Vec::new();
    for (what, start) in SERVERS {
        let server = start(&stage)?;
        let contest = stage.contest(what, &server, options.rounds)?;
        println!("\n{}", contest.table());
        contests.push(contest);
    }
    let aims = aims(&contests);
    println!("{}", aim::table(&aims));
    if options.write {
        let versions = machine::first_line(Command::new("rustc").arg("--version"))?;
        let mut text = machine::describe(&places, &versions, load)?;
        let again = format!("cargo xtask bench notify --rounds {}", options.rounds);
        text += &format!("\n\nAgain: `{again}`\n");
        for contest in &contests {
            text += "\n";
            text += &contest.table();
        }
        text += "\n";
        text += &aim::table(&aims);
        marks::write(&places, "notify", &text)?;
    }
    Ok(())
}

/// Starts a server.
type Start = fn(&Stage<'_>) -> Result<Server, Failure>;

/// The servers, the one that counts most first.
const SERVERS: [(&str, Start); 3] = [
    ("aiosmtpd, STARTTLS and a login", |stage| {
        Server::aiosmtpd(stage.places)
    }),
    ("a sink, 10 ms a mail", |stage| {
        Server::sink(stage.program, stage.folder, 10)
    }),
    ("a sink that answers at once", |stage| {
        Server::sink(stage.program, stage.folder, 0)
    }),
];

/// What all contests need.
struct Stage<'a> {
    places: &'a Places,
    program: &'a Path,
    folder: &'a Path,
    /// The mails, as either side has to deliver them.
    written: Taken,
}

impl<'a> Stage<'a> {
    /// Writes the mails.
    fn set(places: &'a Places, program: &'a Path, folder: &'a Path) -> Result<Self, Failure> {
        let mut write = Command::new(program);
        write.args(["write", &PEOPLE.to_string()]);
        let tally = output(write.arg(mails(folder)))?;
        let written = Taken::written(&tally).filter(|written| written.counts == [PEOPLE; 3]);
        Ok(Self {
            places,
            program,
            folder,
            written: written.ok_or_else(|| format!("the mails were not written: {tally:?}"))?,
        })
    }

    fn contest(&self, what: &str, server: &Server, rounds: u32) -> Result<Contest, Failure> {
        let queue = self.folder.join("queue.redb");
        let command = |words: &[&str]| {
            let mut command = vec![self.program.display().to_string()];
            command.extend(words.iter().map(|&word| word.to_owned()));
            command
        };
        let (to, people) = (server.argument(), PEOPLE.to_string());
        let file = queue.display().to_string();
        let mails = mails(self.folder);
        let mut contest = Contest {
            title: format!("10,000 people, {what}"),
            columns: vec!["messages", "people", "Message-IDs", "connections"],
            contestants: vec![
                Contestant::new(OURS, command(&["ours", &to, &people, &file])),
                Contestant::new(RAW, command(&["raw", &to, &mails])),
            ],
        };
        // A sink acknowledges at once: there nothing waits for that.
        if let Server::Aiosmtpd(_) = server {
            let prompt = Contestant::new(PROMPT, command(&["prompt", &to, &mails]));
            contest.contestants.push(prompt);
        }
        contest.run(
            self.places,
            rounds,
            |_| match std::fs::remove_file(&queue) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(format!("{} can not be removed: {error}", queue.display()))
                }
                _ => Ok(()),
            },
            |_, printed| {
                if !printed.is_empty() {
                    println!("      {}", printed.trim_end());
                }
                let taken = server.taken()?;
                if !taken.is_as_written(&self.written) {
                    return Err(format!("took {taken:?} instead of {:?}", self.written));
                }
                let counts = taken.counts.into_iter();
                Ok(counts.chain([taken.connections]).collect())
            },
        )?;
        Ok(contest)
    }
}

/// Where the mails are that were written before.
fn mails(folder: &Path) -> String {
    folder.join("mails").display().to_string()
}

fn aims(contests: &[Contest]) -> Vec<Aim> {
    let mut aims = Vec::new();
    for contest in contests {
        let Some(ours) = contest.find(OURS) else {
            continue;
        };
        for (name, shown) in [(RAW, "lettre's pool"), (PROMPT, "lettre with TCP_NODELAY")] {
            let other = contest.find(name).and_then(Contestant::wall);
            if let (Some(ours), Some(other)) = (ours.wall(), other) {
                aims.push(Aim {
                    what: format!("{}: time over that of {shown}", contest.title),
                    limit: Limit::AtMost(1.2),
                    measured: ours / other,
                });
            }
        }
        if let Some(memory) = ours.memory() {
            aims.push(Aim {
                what: format!("{}: the most memory held, MB", contest.title),
                limit: Limit::Memory(48.0),
                measured: memory,
            });
        }
    }
    aims
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn what_is_not_understood_is_refused() {
        let parsed = Options::parse(&["--rounds=1", "--no-write"]).unwrap();
        assert_eq!(
            parsed,
            Some(Options {
                rounds: 1,
                write: false
            })
        );
        assert_eq!(Options::parse(&["help"]), Ok(None));
        for args in [&["--rounds", "0"][..], &["slow"], &["--fast"]] {
            assert!(Options::parse(args).is_err(), "{args:?}");
        }
    }
}
