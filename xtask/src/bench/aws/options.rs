//! What `cargo xtask bench aws` is asked to do.

use std::path::PathBuf;

use lexopt::prelude::{Long, Short, Value, ValueExt};

use crate::Failure;

pub(crate) const HELP: &str = "\
cargo xtask bench aws [part…] [options]   our work on AWS next to that of others

  parts          sweep (keys of IAM) and archive (copies to S3); both unless told
  --rounds N     how often each command runs, in turn with the others; 3 unless told
  --no-write     leave docs/benchmarks.md as it is
  --data DIR     where the servers keep what is copied; /dev/shm unless told, which
                 takes the disk out of the measurement (3 GB)";

/// What can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// List users, disable their keys, verify.
    Sweep,
    /// Copy to S3, verify.
    Archive,
}

impl Part {
    const ALL: [Self; 2] = [Self::Sweep, Self::Archive];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Archive => "archive",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) parts: Vec<Part>,
    pub(crate) rounds: u32,
    pub(crate) write: bool,
    pub(crate) data: PathBuf,
}

impl Options {
    /// Nothing when help is asked for.
    pub(crate) fn parse(args: &[&str]) -> Result<Option<Self>, Failure> {
        let mut options = Self {
            parts: Vec::new(),
            rounds: 3,
            write: true,
            data: PathBuf::from("/dev/shm"),
        };
        let mut parser = lexopt::Parser::from_args(args);
        let wrong = |error: lexopt::Error| format!("{error}\n{HELP}");
        while let Some(arg) = parser.next().map_err(wrong)? {
            match arg {
                Long("rounds") => {
                    let value = parser.value();
                    options.rounds = value.and_then(|text| text.parse()).map_err(wrong)?;
                    if options.rounds == 0 {
                        return Err("--rounds must be 1 or more".to_owned());
                    }
                }
                Long("no-write") => options.write = false,
                Long("data") => options.data = PathBuf::from(parser.value().map_err(wrong)?),
                Long("help") | Short('h') => return Ok(None),
                Value(word) if word == "help" => return Ok(None),
                Value(word) => {
                    let part = Part::ALL.into_iter().find(|part| word == part.name());
                    let unknown = || format!("there is no part {}\n{HELP}", word.display());
                    options.parts.push(part.ok_or_else(unknown)?);
                }
                Long(_) | Short(_) => return Err(wrong(arg.unexpected())),
            }
        }
        if options.parts.is_empty() {
            options.parts.extend(Part::ALL);
        }
        options.parts.sort();
        options.parts.dedup();
        Ok(Some(options))
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn parsed(args: &[&str]) -> Options {
        Options::parse(args).unwrap().unwrap()
    }

    #[test]
    fn both_parts_are_measured_unless_told_otherwise_each_once() {
        assert_eq!(parsed(&[]).parts, Part::ALL);
        assert_eq!(parsed(&["sweep", "sweep"]).parts, [Part::Sweep]);
        let all = parsed(&["archive", "sweep", "--rounds", "5", "--no-write"]);
        assert_eq!(
            (all.parts, all.rounds, all.write),
            (Part::ALL.to_vec(), 5, false)
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for args in [
            &["keys"][..],
            &["--rounds", "0"],
            &["--rounds"],
            &["--quick"],
            &["-x"],
        ] {
            assert!(Options::parse(args).is_err(), "{args:?}");
        }
        assert_eq!(Options::parse(&["help"]), Ok(None));
    }
}
