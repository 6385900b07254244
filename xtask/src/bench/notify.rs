//! `cargo xtask bench notify`: ten thousand notices by mail, through a courier and by the
//! mail library alone, to the same server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lexopt::prelude::{Long, Short, Value, ValueExt};

use super::aim::{self, Aim, Limit};
use super::contest::{Contest, Contestant};
use super::{build_example, machine, marks};
use crate::servers::{Leashed, free};
use crate::{Failure, Places};

const HELP: &str = "\
cargo xtask bench notify [options]   ten thousand notices by mail

  --rounds N     how often each command runs, in turn with the other; 3 unless told
  --no-write     leave docs/benchmarks.md as it is";

const PEOPLE: u64 = 10_000;
/// How long the server takes for a message, in milliseconds.
const TAKES: [u32; 2] = [10, 0];
const OURS: &str = "**deprovision**: queue, deliver";
const RAW: &str = "lettre alone";
/// How long the server may take to start.
const READY: Duration = Duration::from_secs(10);

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
    let mut contests = Vec::new();
    for takes in TAKES {
        let contest = contest(&places, &program, &folder, takes, options.rounds)?;
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

fn contest(
    places: &Places,
    program: &Path,
    folder: &Path,
    takes: u32,
    rounds: u32,
) -> Result<Contest, Failure> {
    let [address] = free()?;
    let mut server = Command::new(program);
    server.args(["sink", &address.to_string(), &takes.to_string()]);
    let _server = Leashed::start("sink", folder, &mut server)?;
    let queue = folder.join("queue.redb");
    let command = |words: &[&str]| {
        let mut command = vec![program.display().to_string()];
        command.extend(words.iter().map(|&word| word.to_owned()));
        command
    };
    let (to, people) = (address.to_string(), PEOPLE.to_string());
    let file = queue.display().to_string();
    let mut contest = Contest {
        title: format!("10,000 people, {takes} ms a message"),
        columns: vec!["messages", "people"],
        contestants: vec![
            Contestant::new(OURS, command(&["ours", &to, &people, &file])),
            Contestant::new(RAW, command(&["raw", &to, &people])),
        ],
    };
    // What it counted before is nobody's.
    counted(address)?;
    contest.run(
        places,
        rounds,
        |_| match std::fs::remove_file(&queue) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("{} can not be removed: {error}", queue.display()))
            }
            _ => Ok(()),
        },
        |_, _| {
            let counts = counted(address)?;
            if counts == [PEOPLE, PEOPLE] {
                return Ok(counts);
            }
            Err(format!("messages and people: {counts:?}"))
        },
    )?;
    Ok(contest)
}

/// How many messages the server took since it was asked last, and for how many people.
fn counted(server: SocketAddr) -> Result<Vec<u64>, Failure> {
    let trouble = |error: std::io::Error| format!("the mail server does not tell: {error}");
    let begin = Instant::now();
    let mut stream = loop {
        match TcpStream::connect(server) {
            Ok(stream) => break stream,
            Err(error) if begin.elapsed() > READY => return Err(trouble(error)),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    stream.write_all(b"XCOUNT\r\n").map_err(trouble)?;
    let mut lines = BufReader::new(stream).lines();
    lines.next();
    let answer = lines.next().ok_or("the mail server said nothing")?;
    let answer = answer.map_err(trouble)?;
    read(&answer).ok_or_else(|| format!("the mail server said {answer:?}"))
}

fn read(answer: &str) -> Option<Vec<u64>> {
    let counts = answer.strip_prefix("250 ")?.split(' ');
    counts.map(|count| count.parse().ok()).collect()
}

fn aims(contests: &[Contest]) -> Vec<Aim> {
    let mut aims = Vec::new();
    for contest in contests {
        let (Some(ours), Some(raw)) = (contest.find(OURS), contest.find(RAW)) else {
            continue;
        };
        if let (Some(ours), Some(raw)) = (ours.wall(), raw.wall()) {
            aims.push(Aim {
                what: format!("{}: time over that of lettre alone", contest.title),
                limit: Limit::AtMost(1.2),
                measured: ours / raw,
            });
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

    #[test]
    fn the_server_s_counts_are_read() {
        assert_eq!(read("250 10000 9999"), Some(vec![10_000, 9_999]));
        assert_eq!(read("500 what?"), None);
        assert_eq!(read("250 ok"), None);
    }
}
